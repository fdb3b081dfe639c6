package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
)

// open opens a catalog with one region in a folder.
func open(t *testing.T, dir string) (c *catalog.Catalog, shut func()) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	meta, err := badgerstore.Open(filepath.Join(dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	must(err)
	private, err := localstore.Open(filepath.Join(dir, "private"))
	must(err)
	c, err = catalog.Open(t.Context(), meta, private)
	must(err)
	_, err = c.CreateRegion(t.Context(), catalog.Region{ID: "alps"})
	if err != nil && !errors.Is(err, catalog.ErrExists) {
		t.Fatal(err)
	}
	return c, func() {
		must(meta.Close())
		must(private.Close())
	}
}

func TestTypes(t *testing.T) {
	for action, want := range map[string]Type{catalog.Changed: "feature.changed", "change proposed": "change.proposed", catalog.RolledBack: "version.rolled_back"} {
		if got := TypeOf(action); got != want {
			t.Errorf("%s: %s", action, got)
		}
	}
	for pattern, want := range map[string]bool{"feature.changed": true, "feature.*": true, "*": true, "feature.change": false, "change.*": false, "": false} {
		if Type("feature.changed").Matches(pattern) != want {
			t.Errorf("%q matches: %v", pattern, !want)
		}
	}
}

// TestAfter reads all events from any point on, also after a restart.
func TestAfter(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	c, shut := open(t, dir)
	l := New(c)
	ref := catalog.Ref{Source: "inn", ID: "inn/1"}
	stamp := catalog.Stamp{At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), By: "user/a", Organisation: "inn", Change: 4}
	err := c.Edit(ctx, "alps", stamp, 1000, func(j *catalog.Journal) error {
		_, err := j.Put(ref, catalog.Content{Feature: []byte(`{"id":"inn/1"}`)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const all = 2*Page + 17
	for i := 2; i <= all; i++ {
		if err := l.Note(ctx, "alps", stamp, "feed failed", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	shut()
	c, shut = open(t, dir)
	defer shut()
	l = New(c)
	for _, after := range []uint64{0, 1, Page - 1, Page, all - 1, all, all + 9} {
		for n := after; ; {
			page, err := l.After(ctx, "alps", n)
			if err != nil || len(page) > Page {
				t.Fatalf("%d events, %v", len(page), err)
			}
			for _, e := range page {
				if n++; e.Number != n || e.ID != fmt.Sprintf("alps/%d", n) {
					t.Fatalf("event %s, want number %d", e.ID, n)
				}
			}
			if len(page) == 0 {
				if n != max(all, after) {
					t.Errorf("after %d it ends with %d", after, n)
				}
				break
			}
		}
	}
	page, err := l.After(ctx, "alps", 0)
	if err != nil {
		t.Fatal(err)
	}
	first := page[0]
	if first.Type != "feature.created" || first.Feature != "inn/1" || first.Source != "inn" || first.By != "user/a" || first.Change != 4 || !first.At.Equal(stamp.At) || first.After == "" {
		t.Errorf("%+v", first)
	}
	if !first.Concerns("inn") || first.Concerns("museum") || first.Concerns("") || !(Event{Version: 3}).Concerns("museum") ||
		!(Event{Source: "inn.rooms"}).Concerns("inn") || (Event{Source: "inn.rooms"}).Concerns("inn.rooms.x") || (Event{}).Concerns("") {
		t.Error("events are for the wrong organisations")
	}
	if none, err := l.After(ctx, "coast", 0); len(none) > 0 || err != nil {
		t.Errorf("another region: %v, %v", none, err)
	}
}

// TestFollow lets several follow while several write: each gets all, once, in order.
func TestFollow(t *testing.T) {
	c, shut := open(t, t.TempDir())
	defer shut()
	l := New(c)
	const writers, each, readers = 4, 25, 6
	done := errors.New("all are there")
	var all sync.WaitGroup
	for range readers {
		all.Go(func() {
			next := uint64(1)
			err := l.Follow(t.Context(), "alps", 0, time.Minute, func(page []Event) error {
				for _, e := range page {
					if e.Number != next {
						t.Errorf("event %d, want %d", e.Number, next)
					}
					next++
				}
				if next > writers*each {
					return done
				}
				return nil
			})
			if !errors.Is(err, done) {
				t.Error(err)
			}
		})
	}
	start := time.Now()
	for range writers {
		all.Go(func() {
			for range each {
				if err := l.Note(t.Context(), "alps", catalog.Stamp{}, "feed failed", ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d events to %d in %v", writers*each, readers, time.Since(start))
}

func TestFollowTellsOfQuiet(t *testing.T) {
	c, shut := open(t, t.TempDir())
	defer shut()
	ctx, cancel := context.WithCancel(t.Context())
	quiet := 0
	err := New(c).Follow(ctx, "alps", 0, 5*time.Millisecond, func(page []Event) error {
		if quiet++; len(page) > 0 {
			t.Errorf("events of nothing: %v", page)
		}
		if quiet == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || quiet != 3 {
		t.Errorf("%v after %d", err, quiet)
	}
}
