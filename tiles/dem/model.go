package dem

import (
	"cmp"
	"errors"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// maxBlocks bounds the blocks in memory, 32 KiB each.
const maxBlocks = 512

// Model is the heights of several files, of which those with points closer
// together come first, and those before others in the list that it was opened
// with. Close it.
type Model struct {
	files  []*File
	blocks map[place]*block
	last   place // that was asked for, and what is there
	block  *block
}

type place struct{ file, block int }

// OpenModel opens the files of a model.
func OpenModel(names ...string) (*Model, error) {
	m := &Model{blocks: make(map[place]*block), last: place{file: -1}}
	for _, name := range names {
		f, err := Open(name)
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.files = append(m.files, f)
	}
	slices.SortStableFunc(m.files, func(a, b *File) int { return cmp.Compare(a.StepLat*a.StepLon, b.StepLat*b.StepLon) })
	return m, nil
}

// Close closes the files.
func (m *Model) Close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Shapes tells where the points of the files lie, the finest first.
func (m *Model) Shapes() []Shape {
	var all []Shape
	for _, f := range m.files {
		all = append(all, f.Shape)
	}
	return all
}

// Height returns the metres above the sea at a point, between the four points of
// the survey around it; ok is false where no file tells.
func (m *Model) Height(p cell.Point) (metres float64, ok bool, err error) {
	lon, lat := float64(p.LonE7)/1e7, float64(p.LatE7)/1e7
	for i, f := range m.files {
		col, row, right, down, in := f.place(lon, lat)
		if !in {
			continue
		}
		var corner [4]Level
		for k := range corner {
			if corner[k], err = m.level(i, col+k%2, row+k/2); err != nil {
				return 0, false, err
			}
		}
		if metres, ok = between(corner, right, down); ok {
			return metres, true, nil
		}
	}
	return 0, false, nil
}

// level returns a point of a file.
func (m *Model) level(file, col, row int) (Level, error) {
	f := m.files[file]
	across, _ := f.blocks()
	at := place{file, row/blockSide*across + col/blockSide}
	if at != m.last {
		b, ok := m.blocks[at]
		if !ok {
			var err error
			if b, err = f.read(at.block); err != nil {
				return Void, err
			}
			if len(m.blocks) >= maxBlocks {
				clear(m.blocks) // ways stay in few blocks for long
			}
			m.blocks[at] = b
		}
		m.last, m.block = at, b
	}
	if m.block == nil {
		return Void, nil
	}
	return m.block[row%blockSide*blockSide+col%blockSide], nil
}
