package build

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// openData makes a base of a file of the shared data.
func openData(tb testing.TB, name string) *osm.Base {
	tb.Helper()
	return openExtract(tb, filepath.Join(dataFolder(tb), "osm", name))
}

func openExtract(tb testing.TB, name string) *osm.Base {
	tb.Helper()
	file, err := os.Open(name)
	if err != nil {
		tb.Skipf("no shared data: %v", err)
	}
	defer file.Close()
	path := filepath.Join(tb.TempDir(), "base")
	ctx := context.Background()
	err = osm.Collect(ctx, path, 256<<20, func(h osm.Handler) error { return osmpbf.Read(ctx, file, h) })
	if err != nil {
		tb.Fatal(err)
	}
	base, err := osm.OpenBase(path, 128<<20)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { base.Close() })
	return base
}

// dataFolder is ../shared/data beside the repository.
func dataFolder(tb testing.TB) string {
	dir, err := filepath.Abs(".")
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		up := filepath.Dir(dir)
		if up == dir {
			tb.Skip("no go.mod above the package, so no shared data")
		}
		dir = up
	}
}

func TestRealRegions(t *testing.T) {
	for _, name := range []string{"liechtenstein-2019-11-18.osm.pbf", "andorra-2021-06-22.osm.pbf"} {
		t.Run(name, func(t *testing.T) {
			tiles, stats := tilesOf(t, openData(t, name), Options{Languages: []string{"de", "en", "ca"}})
			features := make(map[string]int64)
			for _, layers := range tiles {
				for i := range layers {
					features[layers[i].Name] += int64(len(layers[i].Features))
				}
			}
			if !maps.Equal(features, stats.Features) {
				t.Errorf("features %v, stats say %v", features, stats.Features)
			}
			if stats.Tiles < 200 || stats.Bytes < 1<<20 || stats.Bytes > 4<<20 {
				t.Errorf("%d tiles of %d bytes", stats.Tiles, stats.Bytes)
			}
			for _, layer := range []string{"land", "water_polygons", "buildings", "streets", "street_labels", "boundaries", "cycle_routes", "place_labels",
				"addresses", "public_transport"} {
				if features[layer] == 0 {
					t.Errorf("nothing in layer %s", layer)
				}
			}
		})
	}
}

func BenchmarkTiles(b *testing.B) {
	base := openData(b, "liechtenstein-2019-11-18.osm.pbf")
	b.ReportAllocs()
	for b.Loop() {
		stats, err := Tiles(context.Background(), base, Options{}, func(cell.Key, []byte) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(stats.Bytes), "tile-bytes")
	}
}

// checkLayers checks that rings are wound and placed as they should.
func checkLayers(t *testing.T, tile cell.ID, layers []vector.Layer) {
	t.Helper()
	for _, l := range layers {
		for i := range l.Features {
			f := &l.Features[i]
			buffer := map[vector.GeomType]int32{vector.Points: 0, vector.Lines: vector.LineBuffer, vector.Polygons: vector.AreaBuffer}[f.Type]
			for _, p := range f.Geometry.Points {
				if p.X < -buffer || p.Y < -buffer || p.X > vector.Extent+buffer || p.Y > vector.Extent+buffer {
					t.Errorf("%s %s: point %v outside the buffer", tile, l.Name, p)
				}
			}
			if f.Type == vector.Polygons && area(f.Geometry.Part(0)) <= 0 {
				t.Errorf("%s %s: first ring is not an exterior one", tile, l.Name)
			}
			for j := range f.Geometry.Len() {
				if part := f.Geometry.Part(j); f.Type == vector.Polygons && (len(part) < 3 || area(part) == 0) {
					t.Errorf("%s %s: ring %v has no area", tile, l.Name, part)
				}
			}
		}
	}
}

func area(ring []vector.TilePoint) (sum int64) {
	a := ring[len(ring)-1]
	for _, b := range ring {
		sum += int64(a.X)*int64(b.Y) - int64(b.X)*int64(a.Y)
		a = b
	}
	return sum
}
