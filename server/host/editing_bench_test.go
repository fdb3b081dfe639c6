package host

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// guesthouse is the n-th of features that lie within 200 by 150 km.
func guesthouse(n int, hours string) feature.Feature {
	return feature.Feature{
		ID: fmt.Sprint("farm/", n), Kind: feature.POI, Collection: "farm", Category: "food.restaurant",
		Geometry:     feature.At(cell.Point{LonE7: 5_000_000 + int32(n%250)*80_000, LatE7: 420_000_000 + int32(n/250)*60_000}),
		Names:        map[string]string{"ca": fmt.Sprint("Restaurant ", n), "es": fmt.Sprint("Restaurante ", n)},
		Descriptions: map[string]string{"en": fmt.Sprintf("House %d is open all year but in week %d, has %d rooms, and a shed for %d bicycles.", n, n%52, n%23, n%19)},
		OpeningHours: hours,
		Provenance:   feature.Provenance{Provider: "Farm", SourceID: fmt.Sprint(n), Licence: "CC-BY-4.0", Attribution: "Farm"},
	}
}

// BenchmarkPublishEditAmongMany measures the way from one place's new hours to a
// signed head, in regions where providers gave so many features.
func BenchmarkPublishEditAmongMany(b *testing.B) {
	for _, n := range []int{500, 5_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx := context.Background()
			h, err := Open(ctx, filepath.Join(b.TempDir(), "data"), slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			if _, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "many", Languages: []string{"ca"}}); err != nil {
				b.Fatal(err)
			}
			if err := addRoot(ctx, h); err != nil {
				b.Fatal(err)
			}
			give := func(features ...feature.Feature) {
				if _, err := h.Catalog.ImportFeatures(ctx, "many", catalog.Source{Name: "farm"}, features); err != nil {
					b.Fatal(err)
				}
			}
			all := make([]feature.Feature, n)
			for i := range all {
				all[i] = guesthouse(i, "24/7")
			}
			give(all...)
			first := publishOnce(b, h, "many")
			edit := 0
			for b.Loop() {
				edit++
				give(guesthouse(edit*37%n, fmt.Sprintf("Mo 10:%02d-18:%02d", edit%60, edit/60%60)))
				if v := publishOnce(b, h, "many"); v.Number != first.Number+uint64(edit) {
					b.Fatalf("version %d after edit %d", v.Number, edit)
				}
			}
			b.ReportMetric(float64(first.Cells), "cells")
		})
	}
}
