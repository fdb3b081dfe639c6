package compose

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// featureCells is a region's features, sorted into cells. Those of OpenStreetMap
// lie on the shelf; what providers gave adds to them or, under the same id,
// amends them, the word given last having the last say.
type featureCells struct {
	shelf    *shelf  // nil without a base
	relief   *relief // nil without a height model
	touched  map[cell.ID]changes
	asGiven  map[string][]byte // canonical bytes of what stays as it was given, by id
	licence  map[manifest.Licence]bool
	box      osm.Box // around what providers gave
	counts   counts
	warnings []string
}

// changes says what differs in a cell from the shelf, by id: the feature that
// takes the place, or nil when it is gone from there.
type changes map[string]*feature.Feature

// features gathers the region's features.
func (c *Composer) features(ctx context.Context, r catalog.Region, base *osm.Base, area orb.MultiPolygon) (_ *featureCells, err error) {
	f := &featureCells{touched: make(map[cell.ID]changes), asGiven: make(map[string][]byte), licence: make(map[manifest.Licence]bool)}
	if f.relief, err = c.openRelief(ctx, r.ID); err != nil {
		return nil, fmt.Errorf("region %s: open its height model: %w", r.ID, err)
	}
	defer f.relief.close()
	if base != nil {
		if f.shelf, err = c.openShelf(ctx, r, base, area, f.relief); err != nil {
			return nil, fmt.Errorf("region %s: features of OpenStreetMap: %w", r.ID, err)
		}
		f.licence[osmLicence] = true
		for _, c := range f.shelf.index.Cells {
			f.counts.POIs, f.counts.Routes, f.counts.Notices = f.counts.POIs+c.Counts.POIs, f.counts.Routes+c.Counts.Routes, f.counts.Notices+c.Counts.Notices
		}
	}
	given, err := c.given(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(given)) {
		if err := f.place(id, given[id], area, len(r.Boundary) > 0); err != nil {
			return nil, err
		}
	}
	f.relief.credit(f)
	f.relief.tell(f)
	return f, nil
}

// place puts what was said of one id into its cell.
func (f *featureCells) place(id string, words []word, area orb.MultiPolygon, bounded bool) error {
	var own *feature.Feature
	if f.shelf != nil && strings.HasPrefix(id, fromosm.Collection+"/") {
		var in cell.ID
		var err error
		if own, in, err = f.shelf.find(id); err != nil {
			return err
		}
		if own != nil {
			f.change(in, id, nil)
			f.counts.add(own.Kind, -1)
			f.relief.forget(own)
		}
	}
	if own == nil {
		whole := slices.IndexFunc(words, func(w word) bool { return w.whole })
		if whole < 0 {
			f.warn("the change of %s by %s is left out: the region has no such object", id, words[0].Provenance.Provider)
			return nil
		}
		own = words[whole].Feature
		if len(words) == 1 {
			f.asGiven[id] = words[whole].raw
		}
		words = append(slices.Clone(words[:whole]), words[whole+1:]...)
	}
	own = f.amend(own, words)
	if bounded && !inside(area, own) {
		f.warn("%s lies outside the region's boundary and is left out", id)
		return nil
	}
	if own.Over(yesterday()) {
		f.warn("%s ended on %s and is left out", id, own.Valid.Until)
		return nil
	}
	climbed, err := f.relief.climb(own)
	if err != nil {
		return fmt.Errorf("heights of %s: %w", id, err)
	}
	if climbed != own {
		own = climbed
		delete(f.asGiven, id)
	}
	f.change(own.Cell(), id, own)
	f.counts.add(own.Kind, 1)
	f.licence[manifest.Licence{ID: own.Provenance.Licence, Attribution: own.Provenance.Attribution}] = true
	f.extend(own.Bounds())
	return nil
}

// yesterday is the day that is over everywhere: what ended before it is over for
// all riders.
func yesterday() string { return time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) }

func (f *featureCells) change(in cell.ID, id string, to *feature.Feature) {
	if f.touched[in] == nil {
		f.touched[in] = make(changes)
	}
	f.touched[in][id] = to
}

func (f *featureCells) extend(southWest, northEast cell.Point) {
	if f.box == (osm.Box{}) {
		f.box = osm.Box{Min: southWest, Max: northEast}
	}
	f.box.Min = cell.Point{LonE7: min(f.box.Min.LonE7, southWest.LonE7), LatE7: min(f.box.Min.LatE7, southWest.LatE7)}
	f.box.Max = cell.Point{LonE7: max(f.box.Max.LonE7, northEast.LonE7), LatE7: max(f.box.Max.LatE7, northEast.LatE7)}
}

// openShelf opens the region's shelf, or makes it when its base, its languages
// or its area are others.
func (c *Composer) openShelf(ctx context.Context, r catalog.Region, base *osm.Base, area orb.MultiPolygon, heights *relief) (*shelf, error) {
	path, print := filepath.Join(c.Cache, r.ID+".shelf"), heights.sign(fingerprint(r, base))
	if !c.Rebuild {
		if s, err := openShelf(path, print); err == nil {
			heights.remember(s.index.Beyond)
			return s, nil
		}
	}
	opts := fromosm.Options{Languages: r.Languages, Workers: c.workers()}
	if len(area) > 0 {
		b := area.Bound()
		opts.Bounds = osm.Box{Min: cell.Point{LonE7: e7(b.Left()), LatE7: e7(b.Bottom())}, Max: cell.Point{LonE7: e7(b.Right()), LatE7: e7(b.Top())}}
	}
	cells := make(map[cell.ID][]*feature.Feature)
	_, err := fromosm.Features(ctx, base, opts, func(o *feature.Feature) error {
		if !inside(area, o) {
			return nil
		}
		o, err := heights.climb(o)
		if err != nil {
			return fmt.Errorf("heights of %s: %w", o.ID, err)
		}
		cells[o.Cell()] = append(cells[o.Cell()], o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := writeShelf(path, print, cells, heights.unknown()); err != nil {
		return nil, fmt.Errorf("write shelf: %w", err)
	}
	return openShelf(path, print)
}

// amend applies amendments in order. One that changes nothing leaves no trace,
// and one that would spoil the feature is left out with a warning.
func (f *featureCells) amend(base *feature.Feature, amendments []word) *feature.Feature {
	for _, a := range amendments {
		merged := feature.Merge(*base, *a.Feature)
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

// kept lists the cells that stay as they are in the version before.
func (f *featureCells) kept(last *manifest.Manifest) (entries []manifest.Entry) {
	if f.shelf == nil || last == nil {
		return nil
	}
	for _, c := range f.shelf.index.Cells {
		if f.touched[c.ID] != nil {
			continue
		}
		if e, ok := last.Find(cell.Key{Layer: cell.Features, ID: c.ID}); ok && e.Hash == c.Hash {
			entries = append(entries, e)
		}
	}
	return entries
}

// emit gives away the other cells.
func (f *featureCells) emit(kept []manifest.Entry, emit func(key cell.Key, raw []byte) error) error {
	done := make(map[cell.ID]bool, len(kept))
	for _, e := range kept {
		done[e.Key.ID] = true
	}
	ids := slices.Collect(maps.Keys(f.touched))
	if f.shelf != nil {
		for _, c := range f.shelf.index.Cells {
			if f.touched[c.ID] == nil && !done[c.ID] {
				ids = append(ids, c.ID)
			}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		raw, err := f.content(id)
		if err != nil {
			return err
		}
		if len(raw) == 0 {
			continue // the last feature of the cell is gone
		}
		if err := emit(cell.Key{Layer: cell.Features, ID: id}, raw); err != nil {
			return err
		}
	}
	return nil
}

// content returns a cell's canonical bytes: the shelf's, with its changes.
func (f *featureCells) content(id cell.ID) ([]byte, error) {
	var own []byte
	if f.shelf != nil {
		var err error
		if own, err = f.shelf.content(id); err != nil {
			return nil, err
		}
	}
	changes := f.touched[id]
	if changes == nil {
		return own, nil
	}
	values := make(map[string][]byte)
	for it, err := range cell.Items(own) {
		if err != nil {
			return nil, err
		}
		values[string(it.Key)] = it.Value
	}
	for id, to := range changes {
		delete(values, id)
		if to == nil {
			continue
		}
		raw := f.asGiven[id]
		if raw == nil {
			var err error
			if raw, err = to.Canonical(); err != nil {
				return nil, fmt.Errorf("feature %s: %w", id, err)
			}
		}
		values[id] = raw
	}
	var raw []byte
	for _, id := range slices.Sorted(maps.Keys(values)) {
		raw = cell.AppendItem(raw, []byte(id), values[id])
	}
	return raw, nil
}

func (f *featureCells) close() error {
	if f.shelf == nil {
		return nil
	}
	return f.shelf.close()
}

func (f *featureCells) warn(format string, args ...any) {
	f.warnings = append(f.warnings, fmt.Sprintf(format, args...))
}

func e7(degrees float64) int32 { return int32(math.Round(degrees * 1e7)) }
