package build

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// openData makes a base of a file of the shared data.
func openData(tb testing.TB, name string) *osm.Base {
	tb.Helper()
	if env := os.Getenv("PANNIER_PBF"); env != "" {
		name = env
	} else {
		name = filepath.Join(dataFolder(tb), "osm", name)
	}
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

func TestLiechtenstein(t *testing.T) {
	base := openData(t, "liechtenstein-2019-11-18.osm.pbf")
	var packed, largest int
	var largestName string
	sum := sha256.New()
	var last cell.Key
	start := time.Now()
	features := make(map[string]int)
	zooms := make(map[uint8]int)
	var raws [][]byte
	stats, err := Tiles(context.Background(), base, Options{Languages: []string{"de", "en"}}, func(key cell.Key, raw []byte) error {
		if key.Compare(last) <= 0 {
			t.Errorf("%s after %s", key, last)
		}
		last = key
		sum.Write(raw)
		raws = append(raws, raw)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	for _, raw := range raws {
		for item, err := range cell.Items(raw) {
			if err != nil {
				t.Fatal(err)
			}
			tile, err := cell.TileOfKey(item.Key)
			if err != nil {
				t.Fatal(err)
			}
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			z.Write(item.Value)
			z.Close()
			packed += zipped.Len()
			zooms[tile.Zoom()] += len(item.Value)
			if len(item.Value) > largest {
				largest, largestName = len(item.Value), tile.String()
			}
			layers, err := vector.Decode(item.Value)
			if err != nil {
				t.Fatalf("tile %s: %v", tile, err)
			}
			checkLayers(t, tile, layers)
			for _, l := range layers {
				features[l.Name] += len(l.Features)
			}
		}
	}
	for name, n := range features {
		if int64(n) != stats.Features[name] {
			t.Errorf("%d features of %s, stats say %d", n, name, stats.Features[name])
		}
	}
	t.Logf("%v: %d tiles, %d cells, %d bytes, gzip %d, largest %s %d, spilled %d\n%v\n%v\n%x", took, stats.Tiles, stats.Cells, stats.Bytes, packed, largestName, largest, stats.Spilled, stats.Features, zooms, sum.Sum(nil)[:8])
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
