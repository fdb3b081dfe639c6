package compose

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/boundary"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// shelving makes a shelf of a base's features: of all, or of those that changed.
type shelving struct {
	base    *osm.Base
	area    orb.MultiPolygon
	heights *survey
	opts    fromosm.Options
	path    string
	print   string
	temp    string // folder for temporary files

	cells   map[cell.ID]*shelved
	parking parking
	beyond  []string // ids of routes that reach beyond the height model
}

// shelved is what is made for a cell.
type shelved struct {
	items  []item
	parked []parked // further items
	counts counts
}

// openShelf opens the region's shelf, or makes it when its base, its languages
// or its area are others: if it can be, of that of an earlier base.
func (c *Composer) openShelf(ctx context.Context, r catalog.Region, base *osm.Base, earlier *earlierBase, area orb.MultiPolygon, heights *survey) (_ *shelf, err error) {
	s := &shelving{
		base: base, area: area, heights: heights, opts: fromosm.Options{Languages: r.Languages, Workers: c.workers()},
		path: filepath.Join(c.Cache, r.ID+".shelf"), temp: c.TempDir, print: heights.sign(fingerprint(r, base)), cells: make(map[cell.ID]*shelved),
	}
	s.parking.dir = c.TempDir
	defer func() { err = errors.Join(err, s.parking.close()) }()
	if !c.Rebuild {
		if made, err := openShelf(s.path, s.print); err == nil {
			heights.remember(len(made.index.Beyond))
			return made, nil
		}
	}
	if len(area) > 0 {
		s.opts.Bounds = boundary.Box(area)
	}
	done := false
	if earlier != nil && !c.Rebuild {
		done, err = s.renew(ctx, heights.sign(fingerprint(r, earlier.Base)), earlier)
	}
	if err == nil && !done {
		err = s.make(ctx)
	}
	if err != nil {
		return nil, err
	}
	return openShelf(s.path, s.print)
}

// take keeps a feature that lies in the region.
func (s *shelving) take(f *feature.Feature) error {
	if !inside(s.area, f) {
		return nil
	}
	unknown := s.heights.unknown()
	f, err := s.heights.climb(f)
	if err != nil {
		return fmt.Errorf("heights of %s: %w", f.ID, err)
	}
	if s.heights.unknown() > unknown {
		s.beyond = append(s.beyond, f.ID)
	}
	it, err := itemOf(f)
	if err != nil {
		return err
	}
	to := s.cells[f.Cell()]
	if to == nil {
		to = new(shelved)
		s.cells[f.Cell()] = to
	}
	to.items = append(to.items, it)
	to.counts.add(f.Kind, 1)
	if s.parking.waiting += len(it.id) + cap(it.raw); s.parking.waiting < parkBytes {
		return nil
	}
	return s.parking.park(s.cells)
}

// write adds a cell to a shelf.
func (s *shelving) write(w *shelfWriter, id cell.ID) error {
	c := s.cells[id]
	items, err := s.parking.all(c)
	if err != nil {
		return fmt.Errorf("write shelf: %w", errors.Join(err, w.abort()))
	}
	w.add(id, c.counts, items)
	return nil
}

// make makes the shelf of all features.
func (s *shelving) make(ctx context.Context) error {
	if err := s.base.Unpack(ctx, s.temp); err != nil {
		return err
	}
	if _, err := fromosm.Features(ctx, s.base, s.opts, s.take); err != nil {
		return err
	}
	w, err := newShelfWriter(s.path, s.print)
	if err != nil {
		return fmt.Errorf("write shelf: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(s.cells)) {
		if err := s.write(w, id); err != nil {
			return err
		}
	}
	if err := w.finish(s.beyond); err != nil {
		return fmt.Errorf("write shelf: %w", err)
	}
	return nil
}

// renew makes the shelf of that of an earlier base, made under a fingerprint. It
// reports false when there is none that is of use, or when much changed.
func (s *shelving) renew(ctx context.Context, print string, earlier *earlierBase) (bool, error) {
	old, err := openShelf(s.path, print)
	if err != nil {
		return false, nil
	}
	defer old.close()
	if earlier.Header().Bounds != s.base.Header().Bounds {
		return false, nil
	}
	changed, err := fromosm.Depending(ctx, s.base, earlier.said)
	if err != nil {
		return false, err
	}
	if muchOf(changed, s.base) {
		return false, nil
	}
	unknown := s.heights.unknown()
	if _, err := fromosm.Some(ctx, s.base, s.opts, changed, s.take); err != nil {
		return false, err
	}
	gone := make(map[string]bool)
	for _, id := range fromosm.IDs(changed) {
		gone[id] = true
	}
	if s.keep(old, gone) != nil { // it is damaged
		s.cells, s.beyond = make(map[cell.ID]*shelved), nil
		s.heights.remember(unknown - s.heights.unknown())
		return false, nil
	}
	return true, s.merge(old)
}

// muchOf reports whether more than a third of a base's elements changed: then all
// is made anew with less work.
func muchOf(c osm.Changed, base *osm.Base) bool {
	nodes, ways, relations := base.Counts()
	return 3*int64(len(c.Nodes)+len(c.Ways)+len(c.Relations)) > nodes+ways+relations
}

// keep takes over what stays of an old shelf in the cells that have features
// that are gone or made.
func (s *shelving) keep(old *shelf, gone map[string]bool) error {
	for id := range gone {
		err := old.search(id, func(number int) bool {
			if in := old.index.Cells[number].ID; s.cells[in] == nil {
				s.cells[in] = new(shelved)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	for _, c := range old.index.Cells {
		to := s.cells[c.ID]
		if to == nil {
			continue
		}
		raw, err := old.content(c.ID)
		if err != nil {
			return err
		}
		to.counts.sum(c.Counts, 1)
		for it, err := range cell.Items(raw) {
			if err != nil {
				return err
			}
			if !gone[string(it.Key)] {
				to.items = append(to.items, item{string(it.Key), it.Value})
				continue
			}
			f, err := feature.Parse(it.Value)
			if err != nil {
				return err
			}
			to.counts.add(f.Kind, -1)
		}
	}
	for _, id := range old.index.Beyond {
		if !gone[id] {
			s.beyond = append(s.beyond, id)
			s.heights.remember(1)
		}
	}
	return nil
}

// merge writes the cells that were made, and the others of the old shelf.
func (s *shelving) merge(old *shelf) error {
	w, err := newShelfWriter(s.path, s.print)
	if err != nil {
		return fmt.Errorf("write shelf: %w", err)
	}
	hashes, err := old.hashes()
	if err != nil {
		return fmt.Errorf("write shelf: %w", errors.Join(err, w.abort()))
	}
	was := make(map[cell.ID]int, len(old.index.Cells))
	ids := slices.Collect(maps.Keys(s.cells))
	for i, c := range old.index.Cells {
		if was[c.ID] = i; s.cells[c.ID] == nil {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		i, there := was[id]
		made := s.cells[id]
		if there && made == nil {
			if err := w.copy(old, old.index.Cells[i], hashes[i]); err != nil {
				return fmt.Errorf("write shelf: %w", errors.Join(err, w.abort()))
			}
			continue
		}
		if err := s.write(w, id); err != nil {
			return err
		}
	}
	if err := w.finish(s.beyond); err != nil {
		return fmt.Errorf("write shelf: %w", err)
	}
	return nil
}

// hashes returns the hashes of the ids in each cell.
func (s *shelf) hashes() ([][]uint64, error) {
	table := make([]byte, s.index.Count*idRow)
	if _, err := s.file.ReadAt(table, s.index.IDs); err != nil {
		return nil, err
	}
	hashes := make([][]uint64, len(s.index.Cells))
	for row := range slices.Chunk(table, idRow) {
		number := int(binary.BigEndian.Uint32(row[8:]))
		if number >= len(hashes) {
			return nil, errStale
		}
		hashes[number] = append(hashes[number], binary.BigEndian.Uint64(row))
	}
	return hashes, nil
}
