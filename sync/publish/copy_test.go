package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// A pruned copy is the site, whatever call fails on the way, and at each moment
// what its heads lead to is there.
func TestPrune(t *testing.T) {
	ctx := t.Context()
	site, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	p := &publish.Publisher{Objects: site, Ledger: ledger}
	add := func(n int) {
		t.Helper()
		content := sitetest.Content(map[cell.Key][]byte{{Layer: cell.Features, ID: cell.New(11, 1, 1)}: fmt.Append(nil, "version ", n)})
		if _, err := p.Publish(ctx, ledger.Region, content, publish.Note{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		add(n)
	}
	before := sitetest.NewObjects() // the copy, so far
	if _, err := publish.Copy(ctx, folder{site}, before, nil); err != nil {
		t.Fatal(err)
	}
	add(4)
	if err := ledger.Drop(ctx, "test", 5); err != nil { // as garbage is collected
		t.Fatal(err)
	}
	if err := p.Repair(ctx); err != nil {
		t.Fatal(err)
	}
	versions, _ := ledger.Versions(ctx, "test")
	last := versions[0]
	keep := map[string]bool{
		layout.Regions: true, layout.Root(1): true, layout.Head("test"): true, layout.History("test"): true,
		layout.Manifest("test", last.Manifest): true, layout.PastHead("test", blob.Sum(last.Head).Short()): true,
	}
	m, err := publish.ReadManifest(ctx, site, "test", last.Manifest, last.Raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Entries {
		keep[layout.Blob(e.Hash)] = true
	}
	for _, name := range site.Names() {
		if !keep[name] {
			site.Delete(name)
		}
	}

	for fail := 0; ; fail++ {
		copied := sitetest.NewObjects()
		for _, name := range before.Names() {
			data, _ := before.Get(ctx, name)
			copied.Replace(ctx, name, data)
		}
		if _, err := publish.Copy(ctx, folder{site}, copied, nil); err != nil {
			t.Fatal(err)
		}
		calls := 0
		deleted, err := publish.Prune(ctx, folder{site}, folder{copied}, func(_ context.Context, name string) error {
			if calls++; calls > fail {
				return errInjected
			}
			copied.Delete(name)
			return nil
		})
		if int(deleted) != min(calls, fail) || err != nil && !errors.Is(err, errInjected) {
			t.Fatalf("%d deleted, %d wanted: %v", deleted, min(calls, fail), err)
		}
		if report, err := fsck.Check(ctx, folder{copied}, fsck.Options{}); err != nil || len(report.Problems) > 0 {
			t.Fatalf("after %d deletions: %v, %v", deleted, report.Problems, err)
		}
		server := httptest.NewServer(copied)
		take(t, server.URL, new(sitetest.Device))
		server.Close()
		if err == nil {
			if got, want := copied.Names(), site.Names(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("the copy holds\n%q\nthe site\n%q", got, want)
			}
			if deleted < 10 {
				t.Errorf("only %d objects were deleted", deleted)
			}
			break
		}
	}

	other, foreign := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	if _, err := (&publish.Publisher{Objects: other, Ledger: foreign}).Publish(ctx, foreign.Region, sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Features, ID: cell.World}: bytes.Repeat([]byte("x"), 100),
	}), publish.Note{}); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]*sitetest.Objects{"another site": other, "an empty site": sitetest.NewObjects()} {
		_, err := publish.Prune(ctx, folder{from}, folder{before}, func(context.Context, string) error {
			t.Errorf("%s: something was deleted", name)
			return nil
		})
		if !errors.Is(err, publish.ErrOtherSite) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
