package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// content makes a feature's content.
func content(t *testing.T, c *Catalog, id, hours string) Content {
	t.Helper()
	f := cafe(id, hours)
	raw, err := f.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := c.Keep(context.Background(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// put writes one record, expecting the content that it has.
func put(c *Catalog, ref Ref, was string, to Content, by string) error {
	stamp := Stamp{At: time.Unix(1700000000, 0), By: by}
	return c.Edit(context.Background(), "mura", stamp, to.Size(), func(j *Journal) error {
		r, err := j.Get(ref)
		if err != nil {
			return err
		}
		if r.Hash() != was {
			return fmt.Errorf("%w: it is %.8s", errStaleTest, r.Hash())
		}
		_, err = j.Put(ref, to)
		return err
	})
}

var errStaleTest = errors.New("changed meanwhile")

func TestHistory(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	ref := Ref{"cafes", "cafes/1"}
	large := content(t, c, "cafes/1", strings.Repeat("x", inlineRecord))
	if large.Blob == "" || len(large.Hash()) != 64 {
		t.Fatalf("large content lies in %q with hash %q", large.Blob, large.Hash())
	}
	steps := []Content{content(t, c, "cafes/1", "24/7"), large, {}, content(t, c, "cafes/1", "off")}
	was := ""
	for _, to := range steps {
		if err := put(c, ref, was, to, "user/a"); err != nil {
			t.Fatal(err)
		}
		was = to.Hash()
	}
	if err := put(c, ref, "", steps[0], "user/b"); !errors.Is(err, errStaleTest) {
		t.Errorf("a stale write: %v", err)
	}
	versions, err := c.History(ctx, "mura", ref, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range versions {
		got = append(got, fmt.Sprint(v.Rev, " ", v.Action, " ", v.By, " ", v.Number))
		if v.After != steps[v.Rev-1].Hash() || !v.Content.Same(steps[v.Rev-1]) {
			t.Errorf("version %d: after %q", v.Rev, v.After)
		}
	}
	if want := []string{"4 feature created user/a 4", "3 feature deleted user/a 3", "2 feature changed user/a 2", "1 feature created user/a 1"}; !slices.Equal(got, want) {
		t.Errorf("history %q, want %q", got, want)
	}
	if some, err := c.History(ctx, "mura", ref, 2, 1); err != nil || len(some) != 1 || some[0].Rev != 2 {
		t.Errorf("history from 2: %+v, %v", some, err)
	}
	raw, err := c.Read(ctx, versions[2].Content)
	if err != nil || len(raw) < inlineRecord {
		t.Errorf("version 2 has %d bytes, %v", len(raw), err)
	}
	lines, err := c.Lines(ctx, "mura", 3, 2)
	if err != nil || len(lines) != 2 || lines[0].Number != 3 || lines[1].After != large.Hash() {
		t.Errorf("lines %+v, %v", lines, err)
	}
}

func TestTombstones(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	ref := Ref{"cafes", "cafes/1"}
	one := content(t, c, "cafes/1", "24/7")
	for _, step := range [][2]Content{{{}, one}, {one, {}}} {
		if err := put(c, ref, step[0].Hash(), step[1], "user/a"); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, c, "mura"); len(got) != 0 {
		t.Errorf("a tombstone shows as %q", got)
	}
	deleted := time.Unix(1700000000, 0)
	for _, step := range []struct {
		before time.Time
		want   int
	}{{deleted, 0}, {deleted.Add(1), 1}, {deleted.Add(1), 0}} {
		if n, err := c.DropTombstones(ctx, "mura", step.before, 10); n != step.want || err != nil {
			t.Errorf("DropTombstones: %d, %v, want %d", n, err, step.want)
		}
	}
	if err := put(c, ref, "", one, "user/a"); err != nil {
		t.Fatal(err)
	}
	r, err := c.Get(ctx, "mura", ref)
	if err != nil || r.Rev != 3 || !r.Exists() {
		t.Errorf("after it came back: %+v, %v", r, err)
	}
}

// TestBeforeHistory imports again over large features that were kept before there
// was a history: it begins with them.
func TestBeforeHistory(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	var again []feature.Feature
	for i := range 40 {
		id := fmt.Sprint("cafes/", i)
		old := content(t, c, id, strings.Repeat("x", 50_000))
		err := c.meta.Update(ctx, func(txn store.Txn) error {
			return set(txn, key("feature", "mura", "cafes", id), Record{Content: old, Stamp: Stamp{At: time.Unix(1600000000, 0)}})
		})
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, cafe(id, strings.Repeat("y", 50_000)))
	}
	if done, err := c.ImportFeatures(ctx, "mura", Source{Name: "cafes"}, again); err != nil || done.Changed != 40 {
		t.Fatalf("%+v, %v", done, err)
	}
	versions, err := c.History(ctx, "mura", Ref{"cafes", "cafes/7"}, 0, 9)
	if err != nil || len(versions) != 2 || versions[0].Before != versions[1].After || versions[1].At.Unix() != 1600000000 {
		t.Errorf("%d versions, %v", len(versions), err)
	}
}

// TestEditTogether lets many editors write at once: each counts one number up.
func TestEditTogether(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	const editors, each = 16, 20
	ref := Ref{"cafes", "cafes/1"}
	var wg sync.WaitGroup
	for e := range editors {
		wg.Go(func() {
			for i := 0; i < each; {
				r, err := c.Get(ctx, "mura", ref)
				if err != nil {
					t.Error(err)
					return
				}
				err = put(c, ref, r.Hash(), content(t, c, "cafes/1", fmt.Sprint(e, i)), fmt.Sprint("user/", e))
				switch {
				case err == nil:
					i++
				case !errors.Is(err, errStaleTest):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	r, err := c.Get(ctx, "mura", ref)
	if err != nil || r.Rev != editors*each {
		t.Errorf("revision %d, %v, want %d", r.Rev, err, editors*each)
	}
	if n, err := c.Newest(ctx, "mura"); n != editors*each || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

// TestEditHalfway checks that an edit that fails or panics after writing writes
// nothing, and takes none of its neighbours with it.
func TestEditHalfway(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	halfway := errors.New("halfway")
	errs := make([]error, 30)
	var wg sync.WaitGroup
	for i := range errs {
		ref, to := Ref{"cafes", fmt.Sprint("cafes/", i)}, content(t, c, fmt.Sprint("cafes/", i), "24/7")
		wg.Go(func() {
			errs[i] = c.Edit(ctx, "mura", Stamp{}, to.Size(), func(j *Journal) error {
				if _, err := j.Put(ref, to); err != nil {
					return err
				}
				switch {
				case i%6 == 0:
					panic("halfway")
				case i%3 == 0:
					return halfway
				}
				return nil
			})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if want := i%3 == 0; (err != nil) != want || errors.Is(err, halfway) != (i%6 == 3) {
			t.Errorf("edit %d: %v", i, err)
		}
	}
	if got := len(ids(t, c, "mura")); got != 20 {
		t.Errorf("%d features, want 20", got)
	}
	if n, err := c.Newest(ctx, "mura"); n != 20 || err != nil {
		t.Errorf("%d lines, %v", n, err)
	}
}

// TestHold checks that others wait while a change has the region.
func TestHold(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	own := Stamp{Change: 7}
	if err := c.Edit(ctx, "mura", own, 0, func(j *Journal) error { return j.Hold(7) }); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := c.Edit(short, "mura", Stamp{}, 0, func(j *Journal) error { return j.Note("x", "") }); !errors.Is(err, ErrApplying) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another edit: %v", err)
	}
	waiting := make(chan error, 1)
	go func() {
		waiting <- put(c, Ref{"cafes", "cafes/1"}, "", content(t, c, "cafes/1", "24/7"), "user/b")
	}()
	err := c.Edit(ctx, "mura", own, 0, func(j *Journal) error {
		if err := j.Note("applied", "all of it"); err != nil {
			return err
		}
		return j.Release()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	lines, err := c.Lines(ctx, "mura", 0, 9)
	if err != nil || len(lines) != 2 || lines[1].Action != "applied" || lines[1].Change != 7 {
		t.Errorf("lines %+v, %v", lines, err)
	}
}

func BenchmarkEdit(b *testing.B) {
	c := openAt(b, b.TempDir())
	if _, err := c.CreateRegion(context.Background(), Region{ID: "mura"}); err != nil {
		b.Fatal(err)
	}
	var n int
	var mu sync.Mutex
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			id := fmt.Sprint("cafes/", n)
			mu.Unlock()
			f := cafe(id, "24/7")
			raw, err := f.Canonical()
			if err != nil {
				b.Fatal(err)
			}
			if err := put(c, Ref{"cafes", id}, "", Content{Feature: raw}, "user/a"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
