package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/gpx"
)

// features brings a provider's file into a region.
func (im *Importer) features(ctx context.Context, region, file string, kind source.Kind, opts Options) (Result, error) {
	s := catalog.Source{Name: SourceName(cmp.Or(opts.Source, file)), File: file, Kind: string(kind)}
	provider := cmp.Or(opts.Provider, s.Name)
	features, err := im.read(file, kind, feature.Provenance{
		Provider: provider, Licence: cmp.Or(opts.Licence, "CC-BY-4.0"), Attribution: cmp.Or(opts.Attribution, provider),
	}, s.Name)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	for i := range features {
		if err := check(&features[i]); err != nil {
			return Result{}, fmt.Errorf("%s: feature %d (%s): %w", file, i+1, features[i].ID, err)
		}
	}
	done, err := im.Catalog.ImportFeatures(ctx, region, s, features)
	return Result{New: done.New, Changed: done.Changed, Unchanged: done.Unchanged}, err
}

func (im *Importer) read(file string, kind source.Kind, p feature.Provenance, name string) ([]feature.Feature, error) {
	f, done, err := im.open(file)
	if err != nil {
		return nil, err
	}
	defer done()
	if kind == source.GPX {
		return gpx.Read(f, gpx.Options{Source: name, Provider: p.Provider, Licence: p.Licence, Attribution: p.Attribution})
	}
	return nil, errors.ErrUnsupported
}

// check validates a feature. One without geometry amends another, so it is
// checked as if it stood on a sound one.
func check(f *feature.Feature) error {
	if !f.Geometry.IsZero() {
		return f.Validate()
	}
	sound := feature.Feature{
		ID: f.ID, Kind: feature.POI, Collection: f.Collection, Category: "other",
		Geometry:   feature.Geometry{Shape: feature.Point, Lines: []feature.Line{{}}},
		Names:      map[string]string{feature.Und: "x"},
		Provenance: feature.Provenance{Provider: "x", SourceID: "x", Licence: "x", Attribution: "x"},
	}
	merged := feature.Merge(sound, *f)
	return merged.Validate()
}
