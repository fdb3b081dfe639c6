package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/public"
	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// newHost opens a data folder with one region.
func newHost(t *testing.T) (*Host, publish.Region) {
	t.Helper()
	ctx := context.Background()
	h, err := Open(ctx, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := addRoot(ctx, h); err != nil {
		t.Fatal(err)
	}
	signing, err := h.Catalog.Signing(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return h, signing
}

// content is what a version holds that n tells from others.
func content(n int) publish.Content {
	text := bytes.Repeat([]byte("some text of a cell, "), 200)
	return sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Tiles, ID: cell.World}:                   text,
		{Layer: cell.Features, ID: cell.New(11, 1, 1)}:        fmt.Append(text, "version ", n),
		{Layer: cell.Media, ID: cell.New(11, uint32(n%5), 1)}: fmt.Append(nil, "photo ", n%7),
	})
}

func sound(t *testing.T, h *Host) fsck.Report {
	t.Helper()
	report, err := fsck.Check(context.Background(), h.Site, fsck.Options{})
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("fsck: %v, %v", report.Problems, err)
	}
	if differing, err := h.Publisher(nil).Differing(context.Background()); len(differing) > 0 || err != nil {
		t.Fatalf("the site differs from the ledger: %v, %v", differing, err)
	}
	return report
}

// TestTwoPublishers lets two publish a region at once: one wins, the other is
// told.
func TestTwoPublishers(t *testing.T) {
	h, region := newHost(t)
	ctx := context.Background()
	for round := range 3 {
		var meet sync.WaitGroup // both have read the ledger before either writes it
		meet.Add(2)
		results, errs := make([]publish.Result, 2), make([]error, 2)
		var g errgroup.Group
		for i := range 2 {
			g.Go(func() error {
				c := content(2*round + i)
				cells := c.Cells
				c.Cells = func(ctx context.Context, emit func(cell.Key, []byte) error) error {
					meet.Done()
					meet.Wait()
					return cells(ctx, emit)
				}
				results[i], errs[i] = h.Publisher(nil).Publish(ctx, region, c, publish.Note{})
				return nil
			})
		}
		g.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil || !errors.Is(errs[1-winner], publish.ErrConflict) {
			t.Fatalf("round %d: %v", round, errs)
		}
		if got := results[winner].Version.Number; got != uint64(round+1) {
			t.Errorf("round %d: version %d", round, got)
		}
		versions, err := h.Catalog.Ledger().Versions(ctx, region.ID)
		if err != nil || len(versions) != round+1 || versions[round].Manifest != results[winner].Version.Manifest {
			t.Fatalf("round %d: the ledger has %d versions, %v", round, len(versions), err)
		}
		sound(t, h)
	}
}

// TestCollectMeanwhile collects garbage while versions are published and phones
// update from a server.
func TestCollectMeanwhile(t *testing.T) {
	h, region := newHost(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	publishOne := func(n int) error {
		release, err := h.Hold(ctx)
		if err != nil {
			return err
		}
		defer release()
		_, err = h.Publisher(nil).Publish(ctx, region, content(n), publish.Note{})
		return err
	}
	if err := publishOne(0); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(public.New(public.Config{Blobs: h.Site, Updates: publish.NewUpdates(h.Site), Log: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	const versions = 8
	done := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(done)
		for n := 1; n < versions; n++ {
			if err := publishOne(n); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
		return nil
	})
	until := func(what string, work func() error) {
		g.Go(func() error {
			for i := 0; ; i++ {
				if err := work(); err != nil {
					return fmt.Errorf("%s %d: %w", what, i, err)
				}
				select {
				case <-done:
					return nil
				default:
				}
			}
		})
	}
	keep := map[string]gc.Policy{"test": {Versions: 3}}
	until("collect", func() error {
		_, err := h.Collect(ctx, gc.Collector{Grace: gc.Grace}, keep)
		return err
	})
	for range 2 {
		stage, device := t.TempDir(), new(sitetest.Device)
		until("pull", func() error {
			c := pull.NewClient(server.URL)
			defer c.Close()
			_, err := c.Pull(ctx, "test", device, pull.Options{Stage: stage})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	sound(t, h)
	report, err := h.Collect(context.Background(), gc.Collector{}, keep)
	if err != nil || report.Deleted.Objects == 0 {
		t.Errorf("Collect = %+v, %v", report, err)
	}
	if got := sound(t, h); got.Versions != 3 || got.Unused != 0 {
		t.Errorf("fsck: %+v", got)
	}
	if err := publishOne(versions); err != nil {
		t.Fatal(err)
	}
	all, err := h.Catalog.Ledger().Versions(context.Background(), "test")
	if err != nil || all[len(all)-1].Number != versions+1 {
		t.Errorf("%d versions, %v", len(all), err)
	}
}
