package compose

import (
	"maps"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// sorting is what the words of a region's providers come to, sorted into cells.
// Sorting an id again first takes back what it came to before.
type sorting struct {
	print    string // of what went into it besides the words
	places   map[string]place
	cells    map[cell.ID]*sortedCell
	counts   counts
	licences map[manifest.Licence]int
	beyond   int                 // routes that reach beyond the height model
	unsound  map[string]bool     // routes that it contradicts
	warnings map[string][]string // by id
}

// sortedCell is what differs in a cell from the shelf. Drafts read it while the
// next ones are made, so nobody changes it after it was sorted; entry is the
// cell in a version that was published, and comes later.
type sortedCell struct {
	values map[string][]byte   // canonical; nil for what is gone from here
	photos map[string][]string // hashes by id, of those that name any
	entry  atomic.Pointer[manifest.Entry]
}

func newSorting(print string) *sorting {
	return &sorting{
		print: print, places: make(map[string]place), cells: make(map[cell.ID]*sortedCell), licences: make(map[manifest.Licence]int),
		unsound: make(map[string]bool), warnings: make(map[string][]string),
	}
}

// sort sorts the words of some ids, which rise. After an error the sorting is of
// no use.
func (s *sorting) sort(p *placer, of map[string][]word, ids []string, workers int) error {
	places := make([]place, len(ids))
	g := new(errgroup.Group)
	step := max(1, (len(ids)+workers-1)/workers)
	for from := 0; from < len(ids); from += step {
		g.Go(func() (err error) {
			for i := from; i < min(from+step, len(ids)) && err == nil; i++ {
				if words := of[ids[i]]; len(words) > 0 {
					places[i], err = p.place(ids[i], words)
				}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	opened := make(map[cell.ID]bool)
	for i, id := range ids {
		if old, ok := s.places[id]; ok {
			s.take(id, old, opened)
		}
		if len(of[id]) > 0 {
			s.add(id, places[i], opened)
		}
	}
	for in := range opened {
		if len(s.cells[in].values) == 0 {
			delete(s.cells, in)
		}
	}
	return nil
}

// open returns a cell that may be changed.
func (s *sorting) open(in cell.ID, opened map[cell.ID]bool) *sortedCell {
	if !opened[in] {
		opened[in] = true
		c := &sortedCell{values: make(map[string][]byte), photos: make(map[string][]string)}
		if old := s.cells[in]; old != nil {
			maps.Copy(c.values, old.values)
			maps.Copy(c.photos, old.photos)
		}
		s.cells[in] = c
	}
	return s.cells[in]
}

func (s *sorting) add(id string, p place, opened map[cell.ID]bool) {
	s.places[id] = p
	s.counts.sum(p.counts, 1)
	if p.amends {
		s.open(p.from, opened).values[id] = nil
	}
	if p.raw != nil {
		c := s.open(p.in, opened)
		c.values[id] = p.raw
		if len(p.photos) > 0 {
			c.photos[id] = p.photos
		}
		s.licences[p.licence]++
	}
	if p.beyond {
		s.beyond++
	}
	if p.unsound {
		s.unsound[id] = true
	}
	if len(p.warnings) > 0 {
		s.warnings[id] = p.warnings
	}
}

// take undoes add.
func (s *sorting) take(id string, p place, opened map[cell.ID]bool) {
	delete(s.places, id)
	s.counts.sum(p.counts, -1)
	if p.amends {
		delete(s.open(p.from, opened).values, id)
	}
	if p.raw != nil {
		c := s.open(p.in, opened)
		delete(c.values, id)
		delete(c.photos, id)
		if s.licences[p.licence]--; s.licences[p.licence] == 0 {
			delete(s.licences, p.licence)
		}
	}
	if p.beyond {
		s.beyond--
	}
	delete(s.unsound, id)
	delete(s.warnings, id)
}

// box returns the box around what providers gave.
func (s *sorting) box() (box osm.Box) {
	first := true
	for _, p := range s.places {
		switch {
		case p.raw == nil:
		case first:
			box, first = p.box, false
		default:
			box.Min = cell.Point{LonE7: min(box.Min.LonE7, p.box.Min.LonE7), LatE7: min(box.Min.LatE7, p.box.Min.LatE7)}
			box.Max = cell.Point{LonE7: max(box.Max.LonE7, p.box.Max.LonE7), LatE7: max(box.Max.LatE7, p.box.Max.LatE7)}
		}
	}
	return box
}

// into tells a draft's features what was sorted; the box only if it is asked for.
func (s *sorting) into(f *featureCells, boxed bool) {
	f.touched = maps.Clone(s.cells)
	f.counts.sum(s.counts, 1)
	for l := range s.licences {
		f.licence[l] = true
	}
	if boxed {
		f.box = s.box()
	}
	for _, id := range slices.Sorted(maps.Keys(s.warnings)) {
		f.warnings = append(f.warnings, s.warnings[id]...)
	}
	f.heights.remember(s.beyond, slices.Sorted(maps.Keys(s.unsound))...)
}
