package build

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
)

// drawer writes a drawing: new tiles, and between them those of an old drawing.
type drawer struct {
	made  Drawing
	path  string
	print [sha256.Size]byte
	out   *bufio.Writer
	at    int64
	stats Stats

	old  *Drawing // nil for none
	next int      // of its tiles, the first that was not looked at

	// The cell at work.
	cell    cell.ID
	raws    [][]byte // of its tiles; nil for those of the old drawing
	touched bool     // it is not the old drawing's
}

func newDrawer(path string, base *osm.Base, opts Options, old *Drawing) (*drawer, error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*-drawing")
	if err != nil {
		return nil, err
	}
	w := &drawer{path: path, print: opts.print(base), old: old, out: bufio.NewWriterSize(file, 256<<10)}
	w.made.file, w.made.base = file, base.ID()
	w.stats.Features = make(map[string]int64)
	w.write(w.made.head(w.print))
	return w, nil
}

// write adds bytes; errors stay in w.out.
func (w *drawer) write(b []byte) {
	w.out.Write(b)
	w.at += int64(len(b))
}

// draw adds a tile, or nothing in the place of an old one.
func (w *drawer) draw(t *task, e *encoded) error {
	if err := w.copyTo(t.place); err != nil {
		return err
	}
	if w.old != nil && w.next < len(w.old.tiles) && w.old.tiles[w.next].place == t.place {
		w.next++
	}
	if err := w.begin(t.place); err != nil {
		return err
	}
	w.touched = true
	if len(e.raw) == 0 {
		return nil
	}
	w.made.tiles = append(w.made.tiles, drawnTile{t.place, w.at, len(e.tile), len(e.records)})
	w.raws = append(w.raws, e.raw)
	w.write(e.tile)
	w.write(e.records)
	w.stats.Tiles++
	w.stats.Bytes += int64(len(e.raw))
	for i, n := range e.features {
		if n > 0 {
			w.stats.Features[schema.Layers[i].Name] += n
		}
	}
	return nil
}

// copyTo takes over the old tiles before a place.
func (w *drawer) copyTo(before place) error {
	if w.old == nil {
		return nil
	}
	tiles := w.old.tiles
	for w.next < len(tiles) && tiles[w.next].place < before {
		// All of one cell at once: they follow on each other.
		if err := w.begin(tiles[w.next].place); err != nil {
			return err
		}
		from := tiles[w.next].at
		to := from
		for ; w.next < len(tiles) && tiles[w.next].place < before && tiles[w.next].place.cell() == w.cell; w.next++ {
			t := tiles[w.next]
			to = t.at + int64(t.bytes+t.records)
			t.at += w.at - from
			w.made.tiles = append(w.made.tiles, t)
			w.raws = append(w.raws, nil)
		}
		if _, err := io.Copy(w.out, io.NewSectionReader(w.old.file, from, to-from)); err != nil {
			return err
		}
		w.at += to - from
	}
	return nil
}

// begin moves on to the cell of a place.
func (w *drawer) begin(p place) error {
	if w.cell == p.cell() {
		return nil
	}
	if err := w.end(); err != nil {
		return err
	}
	w.cell = p.cell()
	return nil
}

// end completes the cell at work.
func (w *drawer) end() error {
	defer func() {
		clear(w.raws)
		w.raws, w.touched = w.raws[:0], false
	}()
	if len(w.raws) == 0 {
		return nil
	}
	c := DrawnCell{ID: w.cell, first: len(w.made.tiles) - len(w.raws), end: len(w.made.tiles)}
	switch {
	case w.touched:
		w.stats.Cells++
		if err := w.sum(&c); err != nil {
			return err
		}
	default:
		was := w.old.cellOf(w.cell)
		c.Hash, c.Bytes = was.Hash, was.Bytes
	}
	w.made.cells = append(w.made.cells, c)
	return nil
}

// sum works out the canonical bytes' hash and number.
func (w *drawer) sum(c *DrawnCell) error {
	hash := sha256.New()
	var item []byte
	for i, raw := range w.raws {
		at := w.made.tiles[c.first+i].place
		if raw == nil {
			var err error
			if raw, err = w.old.tile(*w.old.find(at)); err != nil {
				return err
			}
		}
		item = cell.AppendItem(item[:0], cell.TileKey(at.tile()), raw)
		hash.Write(item)
		c.Bytes += len(item)
	}
	if c.Bytes > cell.MaxCellBytes {
		return fmt.Errorf("cell %s: more than %d bytes", c.ID, cell.MaxCellBytes)
	}
	hash.Sum(c.Hash[:0])
	return nil
}

// finish completes the file, unless err says that it cannot be.
func (w *drawer) finish(found findings, err error) error {
	if err == nil {
		err = w.copyTo(^place(0))
	}
	if err == nil {
		err = w.end()
	}
	if err == nil {
		w.made.findings = found
		w.write(w.made.encodeIndex(w.made.head(w.print)))
		err = w.out.Flush()
	}
	err = errors.Join(err, w.made.file.Close())
	if err == nil {
		// Not synced: what a power cut leaves of it is noticed.
		err = os.Rename(w.made.file.Name(), w.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(w.made.file.Name()))
	}
	return nil
}
