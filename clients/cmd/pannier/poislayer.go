package main

import (
	"context"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/schema/pois"
)

// places are those of a region, for the layer of them.
type places struct {
	pois.Places
	languages []string
}

func placesOf(ctx context.Context, r *offline.Region) (p places, err error) {
	m, err := r.Manifest(ctx)
	if err != nil {
		return p, err
	}
	p = places{make(pois.Places), m.Meta.Languages}
	for f, err := range r.Features(ctx) {
		if err != nil {
			return p, err
		}
		p.Add(f, p.languages)
	}
	return p, nil
}

// describe adds the layer to what an archive says of itself.
func (p places) describe(m *archive.Metadata) (err error) {
	if len(p.Places) == 0 {
		return nil
	}
	layers := archive.ParseLayers(m.VectorLayers)
	layers[pois.Name] = pois.Describe(p.languages)
	m.VectorLayers, err = layers.List()
	return err
}
