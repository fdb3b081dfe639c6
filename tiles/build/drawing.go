package build

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
)

// Drawing is a file with a base's tiles and the records that they were made of,
// so that Redraw can make the tiles of a later base of it. It can be made again
// at any time: one that is torn, damaged or of something else is noticed and of
// no use. FORMAT.md beside this file has its bytes. A Drawing is safe for
// concurrent use.
type Drawing struct {
	file *os.File
	base [sha256.Size]byte
	findings
	cells []DrawnCell // IDs rising
	tiles []drawnTile // places rising
}

// DrawnCell is a cell of a drawing.
type DrawnCell struct {
	ID    cell.ID
	Hash  [sha256.Size]byte // SHA-256 of the canonical bytes
	Bytes int               // their number

	first, end int // numbers of its tiles
}

// drawnTile says where a tile lies in the file: first its bytes, then the records.
type drawnTile struct {
	place   place
	at      int64
	bytes   int // of the tile's frame
	records int // of the records' frame
}

// Errors of drawings. Both mean that it has to be drawn anew.
var (
	ErrStale   = errors.New("the drawing is of something else")
	ErrDamaged = errors.New("the drawing is damaged")
)

// drawingVersion goes into the fingerprint of a drawing. Raise it when the
// records of the same elements or the tiles of the same records become others.
const drawingVersion = 2

// print names what a drawing depends on besides the elements.
func (o *Options) print(base *osm.Base) [sha256.Size]byte {
	var box osm.Box // of the sea
	if len(o.Bounds) == 0 {
		box = base.Header().Bounds
	}
	parts := []any{drawingVersion, o.Schema, o.Languages, o.Bounds, box}
	if o.Water != nil {
		parts = append(parts, o.Water.Name)
	}
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // plain data cannot fail
	}
	return sha256.Sum256(data)
}

// Draw makes the drawing of a base, in a file beside path until it is complete.
func Draw(ctx context.Context, base *osm.Base, opts Options, path string) (stats Stats, err error) {
	opts.setDefaults()
	s := newSorter(opts)
	defer func() { err = errors.Join(err, s.close()) }()
	found, err := cutElements(ctx, base, opts, s)
	if err != nil {
		return Stats{}, fmt.Errorf("draw: %w", err)
	}
	m, err := s.merge()
	if err != nil {
		return Stats{}, fmt.Errorf("draw: %w", err)
	}
	w, err := newDrawer(path, base, opts, nil)
	if err != nil {
		return Stats{}, fmt.Errorf("draw: %w", err)
	}
	err = encodeTiles(ctx, opts, s.records, nil, func() (*task, error) {
		records, err := m.tile()
		if len(records) == 0 {
			return nil, err
		}
		return &task{place: records[0].place, more: records, weight: len(records)}, err
	}, w.draw)
	if err = w.finish(found, err); err != nil {
		return Stats{}, fmt.Errorf("draw: %w", err)
	}
	w.stats.Spilled, w.stats.Coast, w.stats.Broken = s.written, found.sea.problems, found.broken
	return w.stats, nil
}

// OpenDrawing opens a drawing that was made with the same options; base may be a
// later one. It returns ErrStale or ErrDamaged for one that is of no use.
func OpenDrawing(path string, base *osm.Base, opts Options) (_ *Drawing, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open drawing: %w", err)
	}
	d := &Drawing{file: file}
	if err := d.readIndex(opts.print(base)); err != nil {
		return nil, errors.Join(fmt.Errorf("open drawing %s: %w", path, err), file.Close())
	}
	return d, nil
}

// Close closes the file. No other call may be running or follow.
func (d *Drawing) Close() error { return d.file.Close() }

// Base returns the ID of the base that was drawn.
func (d *Drawing) Base() [32]byte { return d.base }

// Cells returns the cells, IDs rising. They are the drawing's: read them.
func (d *Drawing) Cells() []DrawnCell { return d.cells }

// Coast returns what could not be drawn of the coastline.
func (d *Drawing) Coast() []osm.Problem { return d.sea.problems }

// Broken returns the areas that could not be drawn as they are meant.
func (d *Drawing) Broken() []Broken { return d.broken }

// Content returns a cell's canonical bytes.
func (d *Drawing) Content(c DrawnCell) ([]byte, error) {
	raw := make([]byte, 0, c.Bytes)
	for _, t := range d.tiles[c.first:c.end] {
		tile, err := d.tile(t)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", c.ID, err)
		}
		raw = cell.AppendItem(raw, cell.TileKey(t.place.tile()), tile)
	}
	if sha256.Sum256(raw) != c.Hash {
		return nil, fmt.Errorf("cell %s: %w", c.ID, ErrDamaged)
	}
	return raw, nil
}

// cellOf returns the cell with an ID.
func (d *Drawing) cellOf(id cell.ID) (c DrawnCell) {
	if i, ok := slices.BinarySearchFunc(d.cells, id, func(c DrawnCell, id cell.ID) int { return cmp.Compare(c.ID, id) }); ok {
		c = d.cells[i]
	}
	return c
}

func (d *Drawing) tile(t drawnTile) ([]byte, error) { return d.frame(t.at, t.bytes) }

// find returns the tile at a place, nil when there is none.
func (d *Drawing) find(at place) *drawnTile {
	i, ok := slices.BinarySearchFunc(d.tiles, at, func(t drawnTile, at place) int { return cmp.Compare(t.place, at) })
	if !ok {
		return nil
	}
	return &d.tiles[i]
}

// recordsOf returns the records of a tile, in order.
func (d *Drawing) recordsOf(t drawnTile) ([]record, error) {
	raw, err := d.frame(t.at+int64(t.bytes), t.records)
	if err != nil {
		return nil, err
	}
	return parseRecords(raw, t.place)
}

// parseRecords reads what packRecords packed.
func parseRecords(raw []byte, at place) (records []record, err error) {
	records = make([]record, 0, len(raw)/32)
	for r := (record{place: at}); len(raw) > 0; {
		if raw, err = parseRecord(raw, &r); err != nil || r.place != at || int(r.layer) >= len(schema.Layers) || !soundTile(r.geometry) {
			return nil, fmt.Errorf("%w: tile %s", ErrDamaged, at.tile())
		}
		records = append(records, r)
	}
	return records, nil
}

// packRecords packs the records of a tile.
func packRecords(dst []byte, records []record) []byte {
	last := record{place: records[0].place}
	for i := range records {
		dst = appendRecord(dst, &last, &records[i])
		last = records[i]
	}
	return dst
}

// A frame is a CRC-32C and an S2 block.
const frameHead = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func packFrame(raw []byte) []byte {
	frame := make([]byte, frameHead+s2.MaxEncodedLen(len(raw)))
	packed := s2.Encode(frame[frameHead:], raw)
	order.PutUint32(frame, crc32.Checksum(packed, castagnoli))
	return frame[:frameHead+len(packed)]
}

func (d *Drawing) frame(at int64, size int) ([]byte, error) {
	if size < frameHead {
		return nil, ErrDamaged
	}
	frame := make([]byte, size)
	if _, err := d.file.ReadAt(frame, at); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	packed := frame[frameHead:]
	if crc32.Checksum(packed, castagnoli) != order.Uint32(frame) {
		return nil, fmt.Errorf("%w: byte %d: bad checksum", ErrDamaged, at)
	}
	if n, err := s2.DecodedLen(packed); err != nil || n > cell.MaxCellBytes {
		return nil, fmt.Errorf("%w: byte %d: bad frame", ErrDamaged, at)
	}
	raw, err := s2.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("%w: byte %d: %w", ErrDamaged, at, err)
	}
	return raw, nil
}
