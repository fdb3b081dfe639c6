package host

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

// mosaic makes a base of n copies of Andorra, side by side to the east and north.
func mosaic(b *testing.B, path string, n int) {
	b.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/paulmach/osm").Output()
	if err != nil {
		b.Skipf("the extract is not at hand: %v", err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		b.Fatal(err)
	}
	extract := filepath.Join(module.Dir, "testdata", "andorra-latest.osm.bz2")
	one := filepath.Join(b.TempDir(), "one.osm")
	err = osm.Collect(b.Context(), one, 256<<20, func(h osm.Handler) error {
		f, _, err := source.Open(extract)
		if err != nil {
			return err
		}
		defer f.Close()
		return osmxml.Read(b.Context(), f, h)
	})
	if err != nil {
		b.Fatal(err)
	}
	base, err := osm.OpenBase(one, 64<<20)
	if err != nil {
		b.Fatal(err)
	}
	defer base.Close()
	const apart, stride = 4_500_000, 10_000_000_000 // 1e-7 degrees; ids
	place := func(i int) (east, north int32) { return int32(i%10) * apart, int32(i/10) * apart }
	header := base.Header()
	east, north := place(n - 1)
	header.Bounds.Max.LonE7 += max(east, int32(min(n-1, 9))*apart)
	header.Bounds.Max.LatE7 += north
	w, err := osm.Create(path, header)
	if err != nil {
		b.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		east, north := place(i)
		for k := range base.NodeBlocks() {
			nodes, err := base.ReadNodes(k)
			must(err)
			for _, node := range nodes {
				node.ID += int64(i) * stride
				node.Point.LonE7, node.Point.LatE7 = node.Point.LonE7+east, node.Point.LatE7+north
				must(w.Node(node))
			}
		}
	}
	for i := range n {
		for k := range base.WayBlocks() {
			ways, err := base.ReadWays(k)
			must(err)
			for _, way := range ways {
				way.ID += int64(i) * stride
				refs := make([]int64, len(way.Nodes))
				for j, ref := range way.Nodes {
					refs[j] = ref + int64(i)*stride
				}
				way.Nodes = refs
				must(w.Way(way))
			}
		}
	}
	for i := range n {
		for k := range base.RelationBlocks() {
			relations, err := base.ReadRelations(k)
			must(err)
			for _, r := range relations {
				r.ID += int64(i) * stride
				members := make([]osm.Member, len(r.Members))
				for j, m := range r.Members {
					m.Ref += int64(i) * stride
					members[j] = m
				}
				r.Members = members
				must(w.Relation(r))
			}
		}
	}
	must(w.Finish())
}

// BenchmarkPublishOneEdit measures the way from one place's new hours to a
// signed head, in regions of 1, 10 and 100 times the size of Andorra.
func BenchmarkPublishOneEdit(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%dx", n), func(b *testing.B) {
			ctx := context.Background()
			h, err := Open(ctx, filepath.Join(b.TempDir(), "data"), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			if _, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "mosaic", Languages: []string{"ca"}}); err != nil {
				b.Fatal(err)
			}
			if err := addRoot(ctx, h); err != nil {
				b.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(h.Dir, "osm", "mosaic"), 0o700); err != nil {
				b.Fatal(err)
			}
			mosaic(b, filepath.Join(h.Dir, "osm", "mosaic", "x.osm"), n)
			if err := h.Catalog.SetBase(ctx, "mosaic", "", catalog.Base{File: "x.osm"}); err != nil {
				b.Fatal(err)
			}
			first := publishOnce(b, h, "mosaic")
			edit := 0
			for b.Loop() {
				edit++
				f := feature.Feature{
					ID: "osm/way/202606316", OpeningHours: fmt.Sprintf("Mo 10:%02d-18:%02d", edit%60, edit/60%60), Provenance: feature.Provenance{Provider: "bench"},
				}
				if _, err := h.Catalog.ImportFeatures(ctx, "mosaic", catalog.Source{Name: "bench"}, []feature.Feature{f}); err != nil {
					b.Fatal(err)
				}
				if v := publishOnce(b, h, "mosaic"); v.Number != first.Number+uint64(edit) {
					b.Fatalf("version %d after edit %d", v.Number, edit)
				}
			}
			b.ReportMetric(float64(first.Bytes), "bundle-B")
			b.ReportMetric(float64(first.Cells), "cells")
		})
	}
}

func publishOnce(b *testing.B, h *Host, region string) publish.Version {
	b.Helper()
	result, _, err := h.Publish(b.Context(), region, PublishOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return result.Version
}
