package build

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// record is one geometry of one layer in one tile.
type record struct {
	place    place
	id       uint64 // of the element, see elementID
	rank     int32
	layer    uint8 // index in schema.Layers
	attrs    vector.Attrs
	geometry []byte // see appendTile
}

// recordBytes is the memory that a record takes besides its geometry.
const recordBytes = 72

// place is a tile in the order in which cells and their items are emitted: the
// cell's ID above the tile's.
type place uint64

func placeOf(tile cell.ID) place { return place(cell.OfTile(tile))<<32 | place(tile) }

func (p place) tile() cell.ID { return cell.ID(p & (1<<32 - 1)) }
func (p place) cell() cell.ID { return cell.ID(p >> 32) }

// elementID numbers elements of all kinds.
func elementID(kind osm.MemberKind, id int64) uint64 {
	return uint64(kind)<<62 | uint64(id)&(1<<62-1)
}

// compare orders records: by tile, then as they are drawn, and then so that what
// becomes one feature stands together.
func (r *record) compare(o *record) int {
	if r.place != o.place {
		return cmp.Compare(r.place, o.place)
	}
	if r.layer != o.layer {
		return cmp.Compare(r.layer, o.layer)
	}
	if r.rank != o.rank {
		return cmp.Compare(r.rank, o.rank)
	}
	if r.attrs != o.attrs {
		return strings.Compare(string(r.attrs), string(o.attrs))
	}
	if r.geometry[0] != o.geometry[0] {
		return cmp.Compare(r.geometry[0], o.geometry[0])
	}
	if r.id != o.id {
		return cmp.Compare(r.id, o.id)
	}
	return bytes.Compare(r.geometry, o.geometry)
}

// joins reports whether r and o become one feature.
func (r *record) joins(o *record) bool {
	return r.rank == o.rank && r.attrs == o.attrs && r.geometry[0] == o.geometry[0]
}

func (r *record) geomType() vector.GeomType { return vector.GeomType(r.geometry[0]) }

// appendTile packs a geometry: its type, then for each part the number of points
// and their steps.
func appendTile(dst []byte, t vector.GeomType, g *vector.Tile) []byte {
	dst = append(dst, byte(t))
	var at vector.TilePoint
	for i := range g.Len() {
		part := g.Part(i)
		dst = binary.AppendUvarint(dst, uint64(len(part)))
		for _, p := range part {
			dst = binary.AppendVarint(dst, int64(p.X-at.X))
			dst = binary.AppendVarint(dst, int64(p.Y-at.Y))
			at = p
		}
	}
	return dst
}

// parseTile appends the parts of a packed geometry to g.
func parseTile(raw []byte, g *vector.Tile) {
	var at vector.TilePoint
	step := func() int32 {
		v, w := binary.Varint(raw)
		raw = raw[w:]
		return int32(v)
	}
	for raw = raw[1:]; len(raw) > 0; {
		n, w := binary.Uvarint(raw)
		raw = raw[w:]
		for range n {
			at.X += step()
			at.Y += step()
			g.Points = append(g.Points, at)
		}
		g.Close()
	}
}

// soundTile reports whether parseTile can read a packed geometry.
func soundTile(raw []byte) bool {
	if t := vector.GeomType(raw[0]); t < vector.Points || t > vector.Polygons {
		return false
	}
	for raw = raw[1:]; len(raw) > 0; {
		n, w := binary.Uvarint(raw)
		if w <= 0 || n == 0 || n > uint64(len(raw)) {
			return false
		}
		for raw = raw[w:]; n > 0; n-- {
			for range 2 {
				if _, w := binary.Varint(raw); w > 0 {
					raw = raw[w:]
				} else {
					return false
				}
			}
		}
	}
	return true
}

// appendRecord packs r for a run, after last.
func appendRecord(dst []byte, last, r *record) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.place-last.place))
	dst = append(dst, r.layer)
	dst = binary.AppendVarint(dst, int64(r.rank))
	dst = binary.AppendUvarint(dst, r.id)
	if r.attrs == last.attrs {
		dst = append(dst, 0)
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(r.attrs))+1)
		dst = append(dst, r.attrs...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.geometry)))
	return append(dst, r.geometry...)
}

var errRun = errors.New("temporary file is damaged")

// parseRecord unpacks what appendRecord wrote into r, which holds the record
// before. The geometry aliases raw.
func parseRecord(raw []byte, r *record) (rest []byte, err error) {
	number := func() uint64 {
		n, w := binary.Uvarint(raw)
		if w <= 0 {
			err, w = errRun, 0
		}
		raw = raw[w:]
		return n
	}
	piece := func(n uint64) []byte {
		if n > uint64(len(raw)) {
			err, n = errRun, 0
		}
		b := raw[:n:n]
		raw = raw[n:]
		return b
	}
	r.place += place(number())
	if layer := piece(1); err == nil {
		r.layer = layer[0]
	}
	rank := number()
	r.rank = int32(rank>>1) ^ -int32(rank&1)
	r.id = number()
	if n := number(); n > 0 {
		r.attrs = vector.Attrs(piece(n - 1))
	}
	if r.geometry = piece(number()); len(r.geometry) == 0 {
		err = errRun
	}
	return raw, err
}
