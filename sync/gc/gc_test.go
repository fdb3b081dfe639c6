package gc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

var errInjected = errors.New("injected fault")

// world is a site, its ledger and its list of unlinked objects. Each call that
// changes something is counted; from number failAt on they fail, the first of
// them after its work if late.
type world struct {
	*sitetest.Objects
	ledger *sitetest.Ledger
	since  map[string]time.Time
	now    time.Time

	calls, failAt int
	late          bool
}

func (w *world) change(do func() error) error {
	w.calls++
	switch {
	case w.failAt == 0 || w.calls < w.failAt:
		return do()
	case w.calls == w.failAt && w.late:
		return errors.Join(do(), errInjected)
	}
	return errInjected
}

func (w *world) Replace(ctx context.Context, name string, data []byte) error {
	return w.change(func() error { return w.Objects.Replace(ctx, name, data) })
}

func (w *world) Delete(_ context.Context, name string) error {
	return w.change(func() error { w.Objects.Delete(name); return nil })
}

func (w *world) Size(ctx context.Context, name string) (int64, error) {
	data, err := w.Get(ctx, name)
	return int64(len(data)), err
}

func (w *world) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range w.Names() {
			if strings.HasPrefix(name, prefix) && !yield(name, nil) {
				return
			}
		}
	}
}

func (w *world) Unlinked(context.Context) (map[string]time.Time, error) {
	return maps.Clone(w.since), nil
}

func (w *world) SetUnlinked(_ context.Context, since map[string]time.Time) error {
	return w.change(func() error { w.since = maps.Clone(since); return nil })
}

type ledger struct{ *world }

func (l ledger) Regions(ctx context.Context) ([]publish.Region, error) { return l.ledger.Regions(ctx) }

func (l ledger) Versions(ctx context.Context, region string) ([]publish.Version, error) {
	return l.ledger.Versions(ctx, region)
}

func (l ledger) Append(ctx context.Context, region string, v publish.Version) error {
	return l.ledger.Append(ctx, region, v)
}

func (l ledger) Roots(ctx context.Context) ([][]byte, error) { return l.ledger.Roots(ctx) }

func (l ledger) Resign(ctx context.Context, region string, was, head []byte) error {
	return l.ledger.Resign(ctx, region, was, head)
}

func (l ledger) Offer(ctx context.Context, region string, number uint64, share int) error {
	return l.ledger.Offer(ctx, region, number, share)
}

func (l ledger) Drop(ctx context.Context, region string, before uint64) error {
	return l.change(func() error { return l.ledger.Drop(ctx, region, before) })
}

// content is what version n holds: a cell that stays, one that changes each
// time, and one that is there in that version only.
func content(n int) map[cell.Key][]byte {
	text := bytes.Repeat([]byte("some text of a cell, "), 100)
	return map[cell.Key][]byte{
		{Layer: cell.Tiles, ID: cell.World}:                 text,
		{Layer: cell.Features, ID: cell.New(11, 1, 1)}:      fmt.Append(text, "version ", n),
		{Layer: cell.Media, ID: cell.New(11, uint32(n), 1)}: fmt.Append(nil, "photo of version ", n),
	}
}

// newWorld has versions 1 to n, a day apart; now is an hour after the last.
func newWorld(t *testing.T, n int) *world {
	t.Helper()
	w := &world{Objects: sitetest.NewObjects(), ledger: sitetest.NewLedger(t, "test"), now: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	for v := 1; v <= n; v++ {
		w.now = w.now.AddDate(0, 0, 1)
		w.publish(t, v)
	}
	w.now = w.now.Add(time.Hour)
	return w
}

func (w *world) publisher() *publish.Publisher {
	return &publish.Publisher{Objects: w.Objects, Ledger: w.ledger, Now: func() time.Time { return w.now }}
}

func (w *world) publish(t *testing.T, n int) publish.Version {
	t.Helper()
	r, err := w.publisher().Publish(context.Background(), w.ledger.Region, sitetest.Content(content(n)), publish.Note{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Version
}

func (w *world) collect(p gc.Policy) (gc.Report, error) {
	c := &gc.Collector{Objects: w, Ledger: ledger{w}, Unlinked: w, Grace: gc.Grace, Now: func() time.Time { return w.now }}
	return c.Collect(context.Background(), map[string]gc.Policy{"test": p})
}

func (w *world) check(t *testing.T, where string) fsck.Report {
	t.Helper()
	report, err := fsck.Check(context.Background(), w, fsck.Options{})
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("%s: fsck: %v, %v", where, report.Problems, err)
	}
	return report
}

func (w *world) versions() []publish.Version {
	all, _ := w.ledger.Versions(context.Background(), "test")
	return all
}

func TestTwoPhases(t *testing.T) {
	w := newWorld(t, 8)
	before := len(w.Names())
	report, err := w.collect(gc.Policy{Versions: 3})
	if err != nil {
		t.Fatal(err)
	}
	if r := report.Regions[0]; r.Dropped != 5 || r.First != 6 || r.Last != 8 {
		t.Errorf("dropped %+v", r)
	}
	if report.Unlinked.Objects == 0 || report.Unlinked != report.Waiting || report.Deleted.Objects != 0 || len(w.Names()) != before {
		t.Errorf("the first run deleted something: %+v", report)
	}
	if got := w.check(t, "unlinked"); got.Versions != 3 || got.Unused != report.Unlinked.Objects {
		t.Errorf("fsck: %+v", got)
	}
	w.now = w.now.Add(gc.Grace - time.Hour)
	if again, err := w.collect(gc.Policy{Versions: 3}); err != nil || again.Deleted.Objects != 0 || again.Unlinked.Objects != 0 || again.Waiting != report.Waiting {
		t.Errorf("within the grace: %+v, %v", again, err)
	}
	w.now = w.now.Add(time.Hour)
	if again, err := w.collect(gc.Policy{Versions: 3}); err != nil || again.Deleted != report.Unlinked || again.Waiting.Objects != 0 {
		t.Errorf("after the grace: %+v, %v", again, err)
	}
	if got := w.check(t, "deleted"); got.Unused != 0 || int64(len(w.Names())) != int64(before)-report.Unlinked.Objects {
		t.Errorf("fsck: %+v", got)
	}
	// Numbers go on, and what was collected is refused.
	if v := w.publish(t, 9); v.Number != 9 {
		t.Errorf("the next version is %d", v.Number)
	}
	w.check(t, "after the next publish")
	for _, test := range []struct {
		number uint64
		want   error
	}{{0, publish.ErrNoVersion}, {1, publish.ErrCollected}, {5, publish.ErrCollected}, {10, publish.ErrNoVersion}, {6, nil}} {
		if _, err := w.publisher().Rollback(context.Background(), w.ledger.Region, test.number, publish.Note{}); !errors.Is(err, test.want) {
			t.Errorf("rollback to %d: %v, want %v", test.number, err, test.want)
		}
	}
	w.check(t, "after a rollback")
}

// TestInUseAgain brings back the content of a collected version within its grace.
func TestInUseAgain(t *testing.T) {
	w := newWorld(t, 4)
	if _, err := w.collect(gc.Policy{Versions: 1}); err != nil {
		t.Fatal(err)
	}
	w.publish(t, 2)
	w.now = w.now.Add(2 * gc.Grace)
	if _, err := w.collect(gc.Policy{Versions: 1}); err != nil {
		t.Fatal(err)
	}
	if got := w.check(t, "in use again"); got.Versions != 1 {
		t.Errorf("fsck: %+v", got)
	}
}

func TestPolicy(t *testing.T) {
	for _, test := range []struct {
		policy gc.Policy
		want   uint64 // the first version kept of 8, a day apart
	}{
		{gc.Policy{}, 1}, {gc.Policy{Versions: 400}, 1}, {gc.Policy{Versions: 8}, 1}, {gc.Policy{Versions: 7}, 2}, {gc.Policy{Versions: 1}, 8},
		{gc.Policy{Days: 1}, 7}, {gc.Policy{Days: 2}, 6}, {gc.Policy{Days: 100}, 1}, {gc.Policy{Versions: 2, Days: 4}, 4}, {gc.Policy{Versions: 6, Days: 1}, 3},
	} {
		w := newWorld(t, 8)
		report, err := w.collect(test.policy)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Regions[0].First; got != test.want {
			t.Errorf("%+v keeps versions from %d, want %d", test.policy, got, test.want)
		}
	}
}

func TestDryRun(t *testing.T) {
	w := newWorld(t, 6)
	names := w.Names()
	c := &gc.Collector{Objects: w, Ledger: ledger{w}, Unlinked: w, DryRun: true, Now: func() time.Time { return w.now }}
	report, err := c.Collect(context.Background(), map[string]gc.Policy{"test": {Versions: 2}})
	if err != nil || w.calls != 0 || len(w.Names()) != len(names) || len(w.versions()) != 6 {
		t.Fatalf("a dry run made %d changes: %v", w.calls, err)
	}
	c.DryRun = false
	done, err := c.Collect(context.Background(), map[string]gc.Policy{"test": {Versions: 2}})
	if err != nil || done.Deleted != report.Deleted || done.Deleted.Objects == 0 || len(w.Names()) != len(names)-int(report.Deleted.Objects) {
		t.Errorf("it said %+v, then did %+v, %v", report, done, err)
	}
}

// TestDamage deletes nothing when it cannot tell what is needed.
func TestDamage(t *testing.T) {
	for name, damage := range map[string]func(w *world){
		"manifest lost": func(w *world) { w.Objects.Delete(layout.Manifest("test", w.versions()[4].Manifest)) },
		"foreign region": func(w *world) {
			w.Objects.Replace(context.Background(), "v1/regions/other/manifests/00", []byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 6)
			damage(w)
			before := len(w.Names())
			c := &gc.Collector{Objects: w, Ledger: ledger{w}, Unlinked: w}
			if _, err := c.Collect(context.Background(), map[string]gc.Policy{"test": {Versions: 2}}); err == nil {
				t.Error("no error")
			}
			if len(w.Names()) != before {
				t.Error("objects were deleted")
			}
		})
	}
}

// TestUnknownKindsStay leaves alone what it does not know.
func TestUnknownKindsStay(t *testing.T) {
	w := newWorld(t, 3)
	for _, name := range []string{"v1/root/1", "v1/regions/test/notes", "v1/regions/test/later/x", "v1/blobs/aa/not-a-hash"} {
		w.Objects.Replace(context.Background(), name, []byte("x"))
	}
	needed := blob.Sum([]byte("photo of version 1"))
	c := &gc.Collector{Objects: w, Ledger: ledger{w}, Unlinked: w, Blobs: func(context.Context) ([]blob.Hash, error) { return []blob.Hash{needed}, nil }}
	if _, err := c.Collect(context.Background(), map[string]gc.Policy{"test": {Versions: 1}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v1/root/1", "v1/regions/test/notes", "v1/regions/test/later/x", "v1/blobs/aa/not-a-hash", layout.Blob(needed)} {
		if _, err := w.Get(context.Background(), name); err != nil {
			t.Error(err)
		}
	}
}

// TestEachChangeFails stops a run at each of its writes and deletes, before and
// after them, looks at the site, and runs again.
func TestEachChangeFails(t *testing.T) {
	trials := 0
	for _, late := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t, 5)
			if _, err := w.collect(gc.Policy{Versions: 4}); err != nil { // something waits already
				t.Fatal(err)
			}
			w.now = w.now.Add(gc.Grace)
			w.calls, w.failAt, w.late = 0, n, late
			_, err := w.collect(gc.Policy{Versions: 2})
			failed := w.calls >= n
			if failed != (err != nil) {
				t.Fatalf("change %d of %d failed, Collect said %v", n, w.calls, err)
			}
			w.failAt = 0
			where := fmt.Sprintf("change %d (late: %v)", n, late)
			w.check(t, where)
			if err := w.publisher().Repair(context.Background()); err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			w.check(t, where+", repaired")
			for range 2 {
				if _, err := w.collect(gc.Policy{Versions: 2}); err != nil {
					t.Fatalf("%s: again: %v", where, err)
				}
				w.check(t, where+", again")
				w.now = w.now.Add(gc.Grace)
			}
			if got := w.check(t, where); got.Unused != 0 || got.Versions != 2 {
				t.Fatalf("%s: left behind: %+v", where, got)
			}
			trials++
			if !failed {
				break
			}
		}
	}
	t.Logf("%d trials", trials)
	if trials < 15 {
		t.Errorf("only %d trials", trials)
	}
}

// TestOlderThanHorizon updates a client whose version was collected: from a
// static site and from a server.
func TestOlderThanHorizon(t *testing.T) {
	w := newWorld(t, 3)
	served := httptest.NewServer(w.Objects)
	defer served.Close()
	devices := make([]*sitetest.Device, 2)
	for i := range devices {
		devices[i] = new(sitetest.Device)
		w.pull(t, served.URL, devices[i])
	}
	for n := 4; n <= 12; n++ {
		w.now = w.now.AddDate(0, 0, 1)
		w.publish(t, n)
	}
	if _, err := w.collect(gc.Policy{Versions: 4}); err != nil {
		t.Fatal(err)
	}
	// Unlinked objects do not disturb, nor do deleted ones.
	if r := w.pull(t, served.URL, devices[0]); r.Head.Version != 12 {
		t.Errorf("version %d", r.Head.Version)
	}
	w.now = w.now.Add(gc.Grace)
	if _, err := w.collect(gc.Policy{Versions: 4}); err != nil {
		t.Fatal(err)
	}
	if r := w.pull(t, served.URL, devices[1]); r.Head.Version != 12 {
		t.Errorf("version %d", r.Head.Version)
	}
	for i, d := range devices {
		want := content(12)
		got := d.Cells()
		if len(got) != len(want) {
			t.Errorf("device %d has %d cells, want %d", i, len(got), len(want))
		}
		for key, raw := range want {
			if !bytes.Equal(got[key], raw) {
				t.Errorf("device %d: cell %s differs", i, key)
			}
		}
	}
}

func (w *world) pull(t *testing.T, url string, d *sitetest.Device) pull.Result {
	t.Helper()
	c := pull.NewClient(url)
	defer c.Close()
	r, err := c.Pull(context.Background(), "test", d, pull.Options{Stage: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
