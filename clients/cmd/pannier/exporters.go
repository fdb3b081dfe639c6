package main

import (
	"context"
	"errors"
	"iter"
	"os"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/export/geojson"
	"github.com/pannier-maps/pannier/tiles/export/gpx"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// exporters write a region to a new file, by format.
var exporters = map[string]func(ctx context.Context, a *app, r *offline.Region, path string) error{
	"mbtiles": exportMap(mbtiles.WriteFile),
	"pmtiles": exportMap(pmtiles.WriteFile),
	"geojson": exportGeoJSON,
	"gpx":     exportGPX,
	"bundle":  exportBundle,
}

// exportMap exports the base map as an archive of tiles.
func exportMap(write func(path string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) error) func(context.Context, *app, *offline.Region, string) error {
	return func(ctx context.Context, _ *app, r *offline.Region, path string) error {
		m, err := r.Describe(ctx)
		if err != nil {
			return err
		}
		return write(path, &m, r.Tiles(ctx))
	}
}

func exportGeoJSON(ctx context.Context, a *app, r *offline.Region, path string) error {
	return create(path, func(f *os.File) error {
		w := geojson.NewWriter(f, a.languages...)
		for record, err := range r.Features(ctx) {
			if err != nil {
				return err
			}
			if err := w.Write(record); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

func exportGPX(ctx context.Context, a *app, r *offline.Region, path string) error {
	d, err := r.Describe(ctx)
	if err != nil {
		return err
	}
	var all []*feature.Feature
	for record, err := range r.Features(ctx) {
		if err != nil {
			return err
		}
		all = append(all, record)
	}
	return create(path, func(f *os.File) error {
		return gpx.Write(f, all, gpx.Options{Name: d.Name, Languages: a.languages})
	})
}

// create makes a file and lets write fill it.
func create(path string, write func(f *os.File) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
