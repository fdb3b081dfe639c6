package offline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/export/pmtiles"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// florence is a real base map of some 4 MB and 5,000 made-up places.
func florence(tb testing.TB) offlinetest.Content {
	tb.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "tiles", "firenze-2022-10-22.pmtiles")
	archive, err := pmtiles.Open(path)
	if err != nil {
		tb.Skipf("needs the base map of Florence: %v", err)
	}
	defer archive.Close()
	c := offlinetest.Content{Tiles: map[cell.ID][]byte{}}
	for id, err := range archive.Tiles() {
		if err != nil {
			tb.Fatal(err)
		}
		if id.Zoom() > cell.MaxTileZoom {
			continue
		}
		if c.Tiles[id], err = archive.Tile(id); err != nil {
			tb.Fatal(err)
		}
	}
	names := []string{"Trattoria", "Čaj", "Straße", "Győr", "Caffè", "Biciclette"}
	for i := range 5000 {
		lon, lat := 11.15+float64(i%100)/600, 43.72+float64(i/100)/600
		f := offlinetest.POI(fmt.Sprintf("osm/node/%d", 1000000+i*977), "food.restaurant", lon, lat,
			"und", fmt.Sprintf("%s %d", names[i%len(names)], i), "de", fmt.Sprintf("Haus %d", i*7))
		f.OpeningHours = "Mo-Sa 12:00-15:00,19:00-23:00"
		f.Contact = &feature.Contact{Phone: fmt.Sprintf("+39 055 %06d", i*131%1000000)}
		c.Features = append(c.Features, f)
	}
	return c
}

func BenchmarkApply(b *testing.B) {
	c := florence(b)
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
	c := florence(b)
	r := open(b, filepath.Join(b.TempDir(), "drava.mbtiles"))
	install(b, r, 1, c)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		c.Features[77].OpeningHours = fmt.Sprintf("Mo 10:00-12:%02d", i%60)
		next := offlinetest.Version(b, "drava", uint64(2+i), c, state(b, r))
		b.StartTimer()
		if err := r.Apply(ctx, next); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueries(b *testing.B) {
	c := florence(b)
	r := open(b, filepath.Join(b.TempDir(), "drava.mbtiles"))
	install(b, r, 1, c)
	queries := map[string]func() error{
		"search": func() error { _, err := r.Search(ctx, "trattoria 12", 10); return err },
		"near":   func() error { _, err := r.Near(ctx, 43.77, 11.25, "food", 10, 0); return err },
		"tile":   func() error { _, err := r.Tile(ctx, cell.New(12, 2176, 1493)); return err },
		"show":   func() error { _, err := r.Feature(ctx, "osm/node/1000000"); return err },
	}
	for name, query := range queries {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := query(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if err := r.Verify(ctx, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

