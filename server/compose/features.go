package compose

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// featureCells sorts features into cells.
type featureCells struct {
	cells    map[cell.ID][]item
	licence  map[manifest.Licence]bool
	box      osm.Box
	pois     int
	routes   int
	notices  int
	warnings []string
}

type item struct {
	id  string
	raw []byte
}

// features gathers the region's features. Those of OpenStreetMap come first;
// what providers gave adds to them or, under the same id, amends them, the
// source imported last having the last word.
func (c *Composer) features(ctx context.Context, r catalog.Region, base *osm.Base, area orb.MultiPolygon) (*featureCells, error) {
	given, err := c.given(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	f := &featureCells{cells: make(map[cell.ID][]item), licence: make(map[manifest.Licence]bool)}
	if base != nil {
		opts := fromosm.Options{Languages: r.Languages, Workers: c.workers()}
		if len(area) > 0 {
			b := area.Bound()
			opts.Bounds = osm.Box{Min: cell.Point{LonE7: e7(b.Left()), LatE7: e7(b.Bottom())}, Max: cell.Point{LonE7: e7(b.Right()), LatE7: e7(b.Top())}}
		}
		_, err := fromosm.Features(ctx, base, opts, func(o *feature.Feature) error {
			amendments := given[o.ID]
			delete(given, o.ID)
			o = f.amend(o, amendments)
			if !inside(area, o) {
				return nil
			}
			return f.add(o)
		})
		if err != nil {
			return nil, fmt.Errorf("region %s: features of OpenStreetMap: %w", r.ID, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(given)) {
		all := given[id]
		whole := slices.IndexFunc(all, func(o *feature.Feature) bool { return o.Validate() == nil })
		if whole < 0 {
			f.warn("the change of %s by %s is left out: the region has no such object", id, all[0].Provenance.Provider)
			continue
		}
		o := all[whole]
		o = f.amend(o, slices.Delete(all, whole, whole+1))
		if len(r.Boundary) > 0 && !inside(area, o) {
			f.warn("%s lies outside the region's boundary and is left out", id)
			continue
		}
		if err := f.add(o); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// given returns what providers gave, by id, the oldest source's word first.
func (c *Composer) given(ctx context.Context, region string) (map[string][]*feature.Feature, error) {
	sources, err := c.Catalog.Sources(ctx, region)
	if err != nil {
		return nil, err
	}
	age := make(map[string]int)
	slices.SortStableFunc(sources, func(a, b catalog.Source) int {
		return cmp.Or(a.Imported.Compare(b.Imported), cmp.Compare(a.Name, b.Name))
	})
	for i, s := range sources {
		age[s.Name] = i
	}
	type word struct {
		age int
		*feature.Feature
	}
	words := make(map[string][]word)
	err = c.Catalog.Features(ctx, region, func(source string, f *feature.Feature) error {
		words[f.ID] = append(words[f.ID], word{age[source], f})
		return nil
	})
	if err != nil {
		return nil, err
	}
	given := make(map[string][]*feature.Feature)
	for id, all := range words {
		slices.SortStableFunc(all, func(a, b word) int { return cmp.Compare(a.age, b.age) })
		for _, w := range all {
			given[id] = append(given[id], w.Feature)
		}
	}
	return given, nil
}

// amend applies amendments in order. One that changes nothing leaves no trace,
// and one that would spoil the feature is left out with a warning.
func (f *featureCells) amend(base *feature.Feature, amendments []*feature.Feature) *feature.Feature {
	for _, a := range amendments {
		merged := feature.Merge(*base, *a)
		unsigned := merged
		unsigned.Provenance.AmendedBy = base.Provenance.AmendedBy
		if same(base, &unsigned) {
			continue
		}
		if err := merged.Validate(); err != nil {
			f.warn("the change of %s by %s is left out: %v", base.ID, a.Provenance.Provider, err)
			continue
		}
		base = &merged
	}
	return base
}

// same reports whether two features have the same bytes.
func same(a, b *feature.Feature) bool {
	rawA, errA := a.Canonical()
	rawB, errB := b.Canonical()
	return errA == nil && errB == nil && bytes.Equal(rawA, rawB)
}

// add puts a feature into its cell.
func (f *featureCells) add(o *feature.Feature) error {
	raw, err := o.Canonical()
	if err != nil {
		return fmt.Errorf("feature %s: %w", o.ID, err)
	}
	id := o.Cell()
	f.cells[id] = append(f.cells[id], item{o.ID, raw})
	f.licence[manifest.Licence{ID: o.Provenance.Licence, Attribution: o.Provenance.Attribution}] = true
	southWest, northEast := o.Bounds()
	if f.pois+f.routes+f.notices == 0 {
		f.box = osm.Box{Min: southWest, Max: northEast}
	}
	f.box.Min = cell.Point{LonE7: min(f.box.Min.LonE7, southWest.LonE7), LatE7: min(f.box.Min.LatE7, southWest.LatE7)}
	f.box.Max = cell.Point{LonE7: max(f.box.Max.LonE7, northEast.LonE7), LatE7: max(f.box.Max.LatE7, northEast.LatE7)}
	switch o.Kind {
	case feature.Route:
		f.routes++
	case feature.Notice:
		f.notices++
	default:
		f.pois++
	}
	return nil
}

// inside reports whether a point of the feature lies within the area; no area
// holds everything.
func inside(area orb.MultiPolygon, o *feature.Feature) bool {
	if len(area) == 0 {
		return true
	}
	for _, line := range o.Geometry.Lines {
		for _, p := range line.Points {
			if planar.MultiPolygonContains(area, orb.Point{float64(p.LonE7) / 1e7, float64(p.LatE7) / 1e7}) {
				return true
			}
		}
	}
	return false
}

// emit gives the cells away, in rising order.
func (f *featureCells) emit(emit func(key cell.Key, raw []byte) error) error {
	for _, id := range slices.Sorted(maps.Keys(f.cells)) {
		items := f.cells[id]
		slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.id, b.id) })
		var raw []byte
		for _, it := range items {
			raw = cell.AppendItem(raw, []byte(it.id), it.raw)
		}
		if err := emit(cell.Key{Layer: cell.Features, ID: id}, raw); err != nil {
			return err
		}
	}
	return nil
}

func (f *featureCells) warn(format string, args ...any) {
	f.warnings = append(f.warnings, fmt.Sprintf(format, args...))
}

func e7(degrees float64) int32 { return int32(math.Round(degrees * 1e7)) }
