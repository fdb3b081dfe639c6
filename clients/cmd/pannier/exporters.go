package main

import (
	"context"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/export/pmtiles"
)

func exportPMTiles(ctx context.Context, r *offline.Region, path string) error {
	d, err := r.Describe(ctx)
	if err != nil {
		return err
	}
	meta := pmtiles.Metadata{
		Name: d.Name, Attribution: d.Attribution, Bounds: d.Bounds,
		MinZoom: d.MinZoom, MaxZoom: d.MaxZoom, VectorLayers: d.VectorLayers,
	}
	return pmtiles.WriteFile(path, meta, func(yield func(pmtiles.Tile, error) bool) {
		for t, err := range r.Tiles(ctx) {
			if !yield(pmtiles.Tile{ID: t.ID, Data: t.Data}, err) || err != nil {
				return
			}
		}
	})
}
