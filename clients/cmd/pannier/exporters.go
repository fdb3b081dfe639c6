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
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/export/geojson"
	"github.com/pannier-maps/pannier/tiles/export/gpx"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// exporters write a region to a new file, by format.
var exporters = map[string]func(ctx context.Context, a *app, r *offline.Region, path string) error{
	"mbtiles": exportMap(mbtiles.WriteFile),
	"pmtiles": exportMap(pmtiles.WriteFile),
	"relief":  exportRelief,
	"geojson": exportGeoJSON,
	"gpx":     exportGPX,
	"bundle":  exportBundle,
}

// exportMap exports the base map as an archive of tiles. In one of our schema the
// places have their layer there too, which devices draw of the features.
func exportMap(write func(path string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) error) func(context.Context, *app, *offline.Region, string) error {
	return func(ctx context.Context, _ *app, r *offline.Region, path string) error {
		m, ours, err := r.Describe(ctx)
		if err != nil {
			return err
		}
		if !ours {
			return write(path, &m, m.Follow(r.Tiles(ctx)))
		}
		places, err := placesOf(ctx, r)
		if err != nil {
			return err
		}
		if err := places.describe(&m); err != nil {
			return err
		}
		return write(path, &m, m.Follow(places.Into(r.Tiles(ctx))))
	}
}

// exportRelief exports heights as PMTiles of PNG in Terrarium encoding.
func exportRelief(ctx context.Context, _ *app, r *offline.Region, path string) error {
	about, _, err := r.Describe(ctx)
	if err != nil {
		return err
	}
	m := archive.Metadata{Format: archive.PNG, Encoding: "terrarium", Name: about.Name, Attribution: about.Attribution, Type: archive.Overlay, Bounds: about.Bounds, MinZoom: cell.MaxZoom}
	err = pmtiles.WriteFile(path, &m, func(yield func(archive.Tile, error) bool) {
		for t, err := range r.Reliefs(ctx) {
			if err == nil {
				m.MinZoom, m.MaxZoom = min(m.MinZoom, t.ID.Zoom()), max(m.MaxZoom, t.ID.Zoom())
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	})
	if errors.Is(err, archive.ErrNoTiles) {
		return errors.New("no heights are installed for it")
	}
	return err
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
	d, _, err := r.Describe(ctx)
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
