package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/public"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
)

// fleet is devices that update from a server, and each time check that none goes
// back.
type fleet struct {
	t       *testing.T
	url     string
	stage   string
	seeds   [][]byte // nil: the device takes no part in rollouts
	devices []*sitetest.Device
	heads   []*head.Head
}

func newFleet(t *testing.T, url string, n int) *fleet {
	f := &fleet{t: t, url: url, stage: t.TempDir()}
	for i := range n {
		f.seeds = append(f.seeds, fmt.Appendf(nil, "device %d", i))
	}
	f.seeds[n-1] = nil
	f.devices, f.heads = make([]*sitetest.Device, n), make([]*head.Head, n)
	for i := range f.devices {
		f.devices[i] = new(sitetest.Device)
	}
	return f
}

// update updates all devices and counts them by the version that they have then.
func (f *fleet) update() map[uint64]int {
	f.t.Helper()
	versions := make(map[uint64]int)
	for i, d := range f.devices {
		c := pull.NewClient(f.url)
		result, err := c.Pull(context.Background(), "test", d, pull.Options{Stage: f.stage, Seed: f.seeds[i]})
		c.Close()
		if err != nil {
			f.t.Fatalf("device %d: %v", i, err)
		}
		if f.heads[i] != nil {
			if err := result.Head.Follows(f.heads[i]); err != nil {
				f.t.Fatalf("device %d: %v", i, err)
			}
		}
		f.heads[i] = result.Head
		versions[result.Head.Version]++
	}
	return versions
}

func (f *fleet) want(want map[uint64]int) {
	f.t.Helper()
	if got := f.update(); fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Fatalf("devices have versions %v, want %v", got, want)
	}
}

func serveSite(t *testing.T, h *Host) string {
	t.Helper()
	server := httptest.NewServer(public.New(public.Config{
		Blobs: h.Site, Updates: publish.NewUpdates(h.Site), Next: h.Catalog.Next, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRollout(t *testing.T) {
	h, region := newHost(t)
	ctx := context.Background()
	if _, err := h.Publisher(nil).Publish(ctx, region, content(1), publish.Note{Share: 5}); !errors.Is(err, publish.ErrFirst) {
		t.Fatalf("the first version to a share: %v", err)
	}
	issue := func(n, share int) error {
		_, err := h.Publisher(nil).Publish(ctx, region, content(n), publish.Note{Share: share})
		return err
	}
	for n := 1; n <= 2; n++ {
		if err := issue(n, 0); err != nil {
			t.Fatal(err)
		}
	}
	f := newFleet(t, serveSite(t, h), 100)
	f.want(map[uint64]int{2: 100})

	if err := issue(3, 10); err != nil {
		t.Fatal(err)
	}
	sound(t, h)
	first := f.update()
	if n := first[3]; n < 4 || n > 18 || first[2] != 100-n {
		t.Fatalf("of 10 %%, %v", first)
	}
	t.Logf("at 10 %% there are %d of 100", first[3])
	if f.heads[99].Version != 2 {
		t.Error("a device without a seed is among the first")
	}
	f.want(first)
	if err := issue(4, 0); !errors.Is(err, publish.ErrRollout) {
		t.Errorf("another version meanwhile: %v", err)
	}
	if report, err := h.Collect(ctx, gc.Collector{}, map[string]gc.Policy{"test": {Versions: 1}}); err != nil || report.Regions[0].First != 2 {
		t.Errorf("collected %+v, %v", report, err)
	}
	sound(t, h)
	f.want(first)

	// New heads for the same versions: nobody changes their version.
	later := *h.Publisher(nil)
	later.Now = func() time.Time { return time.Now().Add(20 * 24 * time.Hour) }
	if err := later.Renew(ctx); err != nil {
		t.Fatal(err)
	}
	f.want(first)

	if _, err := h.Publisher(nil).Offer(ctx, region, 50); err != nil {
		t.Fatal(err)
	}
	half := f.update()
	if n := half[3]; n < 35 || n > 65 || half[2] != 100-n {
		t.Fatalf("of 50 %%, %v", half)
	}
	if _, err := h.Publisher(nil).Offer(ctx, region, 1); err != nil { // who has it keeps it
		t.Fatal(err)
	}
	f.want(half)

	result, err := h.Publisher(nil).Stop(ctx, region, publish.Note{Message: "the new routes were wrong"})
	if err != nil || result.Version.Number != 4 || result.Version.Restores != 2 || result.Version.Share != 0 {
		t.Fatalf("Stop = %+v, %v", result.Version, err)
	}
	f.want(map[uint64]int{4: 100})
	versions, err := h.Catalog.Ledger().Versions(ctx, "test")
	if err != nil || versions[len(versions)-1].Manifest != versions[0].Manifest {
		t.Errorf("what follows the stop is not what was before: %v", err)
	}
	if _, err := h.Publisher(nil).Stop(ctx, region, publish.Note{}); !errors.Is(err, publish.ErrNoRollout) {
		t.Errorf("stopped twice: %v", err)
	}
	if _, err := h.Publisher(nil).Offer(ctx, region, 50); !errors.Is(err, publish.ErrNoRollout) {
		t.Errorf("offered after the stop: %v", err)
	}
	sound(t, h)

	// The next one goes well.
	if err := issue(5, 25); err != nil {
		t.Fatal(err)
	}
	if quarter := f.update(); quarter[5] < 12 || quarter[5] > 40 {
		t.Fatalf("of 25 %%, %v", quarter)
	}
	if _, err := h.Publisher(nil).Offer(ctx, region, publish.Everybody); err != nil {
		t.Fatal(err)
	}
	f.want(map[uint64]int{5: 100})
	sound(t, h)
	lines, err := h.Catalog.Lines(ctx, "test", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, l := range lines {
		told = append(told, fmt.Sprintf("%s %d %d%%", l.Action, l.Version, l.Share))
	}
	if got, want := fmt.Sprint(told), "[version offered 5 0% version published 5 25% version rolled back 4 0% version offered 3 1% version offered 3 50% version published 3 10% version published 2 0% version published 1 0%]"; got != want {
		t.Errorf("the journal says %s, want %s", got, want)
	}
}

// TestRolloutOutlivesARestart also looks at what a static site has meanwhile.
func TestRolloutOutlivesARestart(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	open := func() *Host {
		h, err := Open(ctx, dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := open()
	r, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := addRoot(ctx, h); err != nil {
		t.Fatal(err)
	}
	region, err := h.Catalog.Signing(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	for n, share := range []int{0, 40} {
		if _, err := h.Publisher(nil).Publish(ctx, region, content(n), publish.Note{Share: share}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	h = open()
	defer h.Close()
	sound(t, h)
	f := newFleet(t, serveSite(t, h), 20)
	if got := f.update(); got[1] == 0 || got[2] == 0 {
		t.Errorf("after a restart %v", got)
	}
	static := httptest.NewServer(public.New(public.Config{Blobs: h.Site, Log: slog.New(slog.DiscardHandler)}))
	defer static.Close()
	newFleet(t, static.URL, 20).want(map[uint64]int{1: 20})
}
