package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// featureCells is a region's features, sorted into cells. Those of OpenStreetMap
// lie on the shelf; what providers gave differs from it in the touched cells.
type featureCells struct {
	shelf    *shelf  // nil without a base
	heights  *survey // nil without a height model
	touched  map[cell.ID]*sortedCell
	licence  map[manifest.Licence]bool
	box      osm.Box // around what providers gave, where the region has no area
	counts   counts
	warnings []string
}

// features gathers the region's features. Earlier is a base of before, nil for
// none. Close them after an error, too.
func (c *Composer) features(ctx context.Context, r catalog.Region, base *osm.Base, earlier *earlierBase, area orb.MultiPolygon) (f *featureCells, err error) {
	f = &featureCells{licence: make(map[manifest.Licence]bool)}
	if f.heights, err = c.openSurvey(ctx, r.ID); err != nil {
		return f, fmt.Errorf("region %s: open its height model: %w", r.ID, err)
	}
	print := string(r.Boundary)
	if base != nil {
		if f.shelf, err = c.openShelf(ctx, r, base, earlier, area, f.heights); err != nil {
			return f, fmt.Errorf("region %s: features of OpenStreetMap: %w", r.ID, err)
		}
		f.licence[osmLicence] = true
		for _, c := range f.shelf.index.Cells {
			f.counts.sum(c.Counts, 1)
		}
		print = fingerprint(r, base)
	}
	day := yesterday()
	p := &placer{shelf: f.shelf, heights: f.heights, area: area, bounded: len(r.Boundary) > 0, day: day, print: day + f.heights.sign(print)}
	if err := c.sort(ctx, r.ID, p, f); err != nil {
		return f, err
	}
	f.heights.credit(f)
	f.heights.tell(f)
	return f, nil
}

// kept lists the cells that stay as they are in the version before.
func (f *featureCells) kept(last *manifest.Manifest) (entries []manifest.Entry) {
	if last == nil {
		return nil
	}
	keep := func(id cell.ID, hash blob.Hash) {
		if e, ok := last.Find(cell.Key{Layer: cell.Features, ID: id}); ok && e.Hash == hash {
			entries = append(entries, e)
		}
	}
	for id, c := range f.touched {
		if e := c.entry.Load(); e != nil {
			keep(id, e.Hash)
		}
	}
	if f.shelf != nil {
		for _, c := range f.shelf.index.Cells {
			if f.touched[c.ID] == nil {
				keep(c.ID, c.Hash)
			}
		}
	}
	return entries
}

// remember notes what the touched cells are in the manifest that they went into.
func (f *featureCells) remember(m *manifest.Manifest) {
	for id, c := range f.touched {
		if e, ok := m.Find(cell.Key{Layer: cell.Features, ID: id}); ok {
			c.entry.Store(&e)
		}
	}
}

// emit gives away the other cells.
func (f *featureCells) emit(kept []manifest.Entry, emit func(key cell.Key, raw []byte) error) error {
	done := make(map[cell.ID]bool, len(kept))
	for _, e := range kept {
		done[e.Key.ID] = true
	}
	var ids []cell.ID
	for id := range f.touched {
		if !done[id] {
			ids = append(ids, id)
		}
	}
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
	touched := f.touched[id]
	if touched == nil {
		return own, nil
	}
	values := make(map[string][]byte)
	for it, err := range cell.Items(own) {
		if err != nil {
			return nil, err
		}
		values[string(it.Key)] = it.Value
	}
	for id, value := range touched.values {
		if values[id] = value; value == nil {
			delete(values, id)
		}
	}
	var raw []byte
	for _, id := range slices.Sorted(maps.Keys(values)) {
		raw = cell.AppendItem(raw, []byte(id), values[id])
	}
	return raw, nil
}

func (f *featureCells) close() error {
	err := f.heights.close()
	if f.shelf != nil {
		err = errors.Join(err, f.shelf.close())
	}
	return err
}

func (f *featureCells) warn(format string, args ...any) {
	f.warnings = append(f.warnings, fmt.Sprintf(format, args...))
}
