package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// defaultLicence is that of features and heights of which nobody says another.
const defaultLicence = "CC-BY-4.0"

// features brings a provider's file into a region: its sound objects, or none.
func (im *Importer) features(ctx context.Context, region, file string, kind source.Kind, opts Options) (Result, error) {
	s := catalog.Source{Name: SourceName(cmp.Or(opts.Source, file)), File: file, Kind: string(kind)}
	if s.Name == fromosm.Collection {
		return Result{}, fmt.Errorf("%s: the name %q belongs to OpenStreetMap; choose another with --source", file, s.Name)
	}
	opts.Source = s.Name
	opts.Provider = cmp.Or(opts.Provider, s.Name)
	opts.Licence = cmp.Or(opts.Licence, defaultLicence)
	opts.Attribution = cmp.Or(opts.Attribution, opts.Provider)
	sources, err := im.Catalog.Sources(ctx, region)
	if err != nil {
		return Result{}, err
	}
	var collections []string
	for _, known := range sources {
		collections = append(collections, known.Name)
		if known.Name == s.Name {
			s.Organisation = known.Organisation
		}
	}
	all, err := im.read(file, kind, collections, opts)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	done, err := im.Catalog.ImportFeatures(ctx, region, s, all.Features())
	return Result{
		New: done.New, Changed: done.Changed, Unchanged: done.Unchanged,
		Rejected: all.Rejected, Omitted: all.Omitted, Notes: all.Notes,
	}, err
}

// read returns a file's features and amendments, each checked. When none is sound,
// or one is not and the options are strict, that is an error.
func (im *Importer) read(file string, kind source.Kind, collections []string, opts Options) (*records.File, error) {
	f, done, err := im.open(file)
	if err != nil {
		return nil, err
	}
	defer done()
	all, err := source.Read(f, kind, records.Options{
		Source: opts.Source, Provider: opts.Provider, Licence: opts.Licence, Attribution: opts.Attribution, Collections: collections,
	})
	if err != nil {
		return nil, err
	}
	all.Items = slices.DeleteFunc(all.Items, func(item records.Item) bool {
		if !item.Amends {
			return false
		}
		err := checkAmendment(&item.Feature)
		if err != nil {
			all.Rejected = append(all.Rejected, records.Rejected{Line: item.Line, Where: "change of " + item.Feature.ID, Reason: err.Error()})
		}
		return err != nil
	})
	if len(all.Rejected) > 0 && (opts.Strict || len(all.Items) == 0) {
		return nil, &rejectedError{all}
	}
	return all, f.End()
}

// rejectedError refuses a file because of some of its objects.
type rejectedError struct{ file *records.File }

// Error names the first of them.
func (e *rejectedError) Error() string {
	first := e.file.Rejected[0].String()
	if more := len(e.file.Rejected) + e.file.Omitted - 1; more > 0 {
		return fmt.Sprintf("%s; and %d more: nothing of the file was imported", first, more)
	}
	return first
}

// Unwrap returns feature.ErrInvalid.
func (e *rejectedError) Unwrap() error { return feature.ErrInvalid }

// checkAmendment checks the members that an amendment has, as if it stood on a
// sound object: the one it is for may come later.
func checkAmendment(f *feature.Feature) error {
	sound := feature.Feature{
		ID: f.ID, Kind: feature.POI, Collection: "x", Category: "sight.attraction",
		Geometry:   feature.At(cell.Point{}),
		Names:      map[string]string{feature.Und: "x"},
		Provenance: feature.Provenance{Provider: "x", SourceID: "x", Licence: "CC0-1.0", Attribution: "x"},
	}
	merged := feature.Merge(sound, *f)
	if f.Geometry.IsZero() {
		merged.Kind = feature.POI // what kind of object it is for shows only there
	}
	return merged.Validate()
}
