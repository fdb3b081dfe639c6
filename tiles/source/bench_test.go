package source_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// BenchmarkPBF reads an extract, to nowhere and into a base.
func BenchmarkPBF(b *testing.B) {
	data, err := os.ReadFile(shared(b, "liechtenstein-2024-03-04.osm.pbf"))
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	count := 0
	counting := osm.Handler{
		Nodes:     func(n []osm.Node) error { count += len(n); return nil },
		Ways:      func(w []osm.Way) error { count += len(w); return nil },
		Relations: func(r []osm.Relation) error { count += len(r); return nil },
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if err := osmpbf.Read(ctx, bytes.NewReader(data), counting); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("collect", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		path := filepath.Join(b.TempDir(), "base")
		for b.Loop() {
			err := osm.Collect(ctx, path, 64<<20, func(h osm.Handler) error {
				return osmpbf.Read(ctx, bytes.NewReader(data), h)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
