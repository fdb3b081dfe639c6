package offline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/build"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// liechtenstein is a real region.
func liechtenstein(tb testing.TB) offlinetest.Content {
	tb.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "osm", "liechtenstein-2024-03-04.osm.pbf")
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("needs the extract of Liechtenstein: %v", err)
	}
	c, err := realRegion(path, filepath.Join(tb.TempDir(), "base"))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func realRegion(path, basePath string) (c offlinetest.Content, err error) {
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer f.Close()
	err = osm.Collect(ctx, basePath, 64<<20, func(h osm.Handler) error { return osmpbf.Read(ctx, f, h) })
	if err != nil {
		return c, err
	}
	base, err := osm.OpenBase(basePath, 64<<20)
	if err != nil {
		return c, err
	}
	defer base.Close()
	c.Other = map[cell.Key][]byte{}
	languages := []string{"de", "en", "fr"}
	_, err = build.Tiles(ctx, base, build.Options{Languages: languages}, func(key cell.Key, raw []byte) error {
		c.Other[key] = raw
		return nil
	})
	if err != nil {
		return c, err
	}
	_, err = fromosm.Features(ctx, base, fromosm.Options{Languages: languages}, func(f *feature.Feature) error {
		c.Features = append(c.Features, f)
		return nil
	})
	return c, err
}

func TestRealRegion(t *testing.T) {
	c := liechtenstein(t)
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, c)
	sameCells(t, r, c)
	for text, want := range map[string]string{"vaduz schloss": "Schloss Vaduz", "bushaltestelle esche": "Eschen Brühl"} {
		found, err := r.Search(ctx, text, 10)
		if err != nil || len(found) == 0 || found[0].Name("de") != want {
			t.Errorf("%q found %d, %v; want %s first", text, len(found), err, want)
			for _, f := range found {
				t.Log(f.Category, f.Names)
			}
		}
	}
	for _, category := range []string{"", "food", "water.drinking", "route"} {
		hits, err := r.Near(ctx, 47.141, 9.5209, category, 10, 0)
		if err != nil || len(hits) != 10 {
			t.Fatalf("near %q: %d hits, %v", category, len(hits), err)
		}
		for i := 1; i < len(hits); i++ {
			if hits[i].Meters < hits[i-1].Meters {
				t.Errorf("near %q: hit %d at %.0f m comes after one at %.0f m", category, i, hits[i].Meters, hits[i-1].Meters)
			}
		}
	}
}

func BenchmarkApply(b *testing.B) {
	c := liechtenstein(b)
	next := offlinetest.Version(b, "drava", 1, c, pull.State{})
	var raw, stored int64
	for _, data := range c.Cells(b) {
		packed, err := blob.Pack(data)
		if err != nil {
			b.Fatal(err)
		}
		raw, stored = raw+int64(len(data)), stored+int64(len(packed))
	}
	var file int64
	for b.Loop() {
		r := open(b, filepath.Join(b.TempDir(), "drava.mbtiles"))
		if err := r.Apply(ctx, next); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(r.Path())
		if err != nil {
			b.Fatal(err)
		}
		file = info.Size()
	}
	b.ReportMetric(float64(raw)/1e6, "raw-MB")
	b.ReportMetric(float64(stored)/1e6, "bundle-MB")
	b.ReportMetric(float64(file)/1e6, "file-MB")
}

// BenchmarkUpdate changes one record.
func BenchmarkUpdate(b *testing.B) {
	c := liechtenstein(b)
	r := open(b, filepath.Join(b.TempDir(), "drava.mbtiles"))
	install(b, r, 1, c)
	hours := []string{"Mo-Fr 10:00-12:00", "Mo-Fr 10:00-13:00"}
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		c.Features[0].OpeningHours = hours[i%2]
		next := offlinetest.Version(b, "drava", uint64(2+i), c, state(b, r))
		b.StartTimer()
		if err := r.Apply(ctx, next); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueries(b *testing.B) {
	c := liechtenstein(b)
	r := open(b, filepath.Join(b.TempDir(), "drava.mbtiles"))
	install(b, r, 1, c)
	vaduz := cell.At(cell.Point{LonE7: 95209000, LatE7: 471410000}, 14)
	for name, query := range map[string]func() error{
		"search": func() error { _, err := r.Search(ctx, "gasthaus vad", 10); return err },
		"near":   func() error { _, err := r.Near(ctx, 47.141, 9.5209, "food", 10, 0); return err },
		"tile":   func() error { _, err := r.Tile(ctx, vaduz); return err },
		"show":   func() error { _, err := r.Feature(ctx, c.Features[0].ID); return err },
		"verify": func() error { return r.Verify(ctx, nil) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := query(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
