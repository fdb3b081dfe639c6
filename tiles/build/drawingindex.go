package build

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

var order = binary.LittleEndian

const (
	drawingMagic = "pannier drawing 1\r\n\x00"
	drawingHead  = len(drawingMagic) + 2*sha256.Size // magic, print, base
	drawingTail  = 8 + 4                             // length of the index, checksum of head and index
)

// head returns the first bytes of the file.
func (d *Drawing) head(print [sha256.Size]byte) []byte {
	head := append([]byte(drawingMagic), print[:]...)
	return append(head, d.base[:]...)
}

// encodeIndex returns the last bytes of the file.
func (d *Drawing) encodeIndex(head []byte) []byte {
	dst := appendIDs(nil, d.sea.ways)
	dst = binary.AppendUvarint(dst, uint64(len(d.sea.problems)))
	for _, p := range d.sea.problems {
		dst = appendProblem(dst, p)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.broken)))
	for _, b := range d.broken {
		dst = appendProblem(binary.AppendVarint(dst, b.Relation), b.Problem)
	}
	dst = binary.AppendUvarint(dst, uint64(len(d.cells)))
	var last place
	for _, c := range d.cells {
		dst = append(dst, c.Hash[:]...)
		dst = binary.AppendUvarint(dst, uint64(c.Bytes))
		dst = binary.AppendUvarint(dst, uint64(c.end-c.first))
		for _, t := range d.tiles[c.first:c.end] {
			dst = binary.AppendUvarint(dst, uint64(t.place-last))
			dst = binary.AppendUvarint(dst, uint64(t.bytes))
			dst = binary.AppendUvarint(dst, uint64(t.records))
			last = t.place
		}
	}
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, dst)
	dst = order.AppendUint64(dst, uint64(len(dst)))
	return order.AppendUint32(dst, sum)
}

func appendProblem(dst []byte, p osm.Problem) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p.What)))
	return appendIDs(append(dst, p.What...), p.Ways)
}

func appendIDs(dst []byte, ids []int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	last := int64(0)
	for _, id := range ids {
		dst = binary.AppendVarint(dst, id-last)
		last = id
	}
	return dst
}

// readIndex reads head and index of a drawing made under a fingerprint.
func (d *Drawing) readIndex(print [sha256.Size]byte) error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if size < int64(drawingHead+drawingTail) {
		return ErrDamaged
	}
	head, tail := make([]byte, drawingHead), make([]byte, drawingTail)
	if _, err := d.file.ReadAt(head, 0); err != nil {
		return err
	}
	if string(head[:len(drawingMagic)]) != drawingMagic || [sha256.Size]byte(head[len(drawingMagic):]) != print {
		return ErrStale
	}
	d.base = [sha256.Size]byte(head[len(drawingMagic)+sha256.Size:])
	if _, err := d.file.ReadAt(tail, size-int64(drawingTail)); err != nil {
		return err
	}
	length := order.Uint64(tail)
	if length > uint64(size)-uint64(drawingHead+drawingTail) {
		return ErrDamaged
	}
	end := size - int64(drawingTail) - int64(length)
	index := make([]byte, length)
	if _, err := d.file.ReadAt(index, end); err != nil {
		return err
	}
	if crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, index) != order.Uint32(tail[8:]) {
		return ErrDamaged
	}
	return d.decodeIndex(index, end)
}

// decodeIndex reads an index that stands at byte end of the file.
func (d *Drawing) decodeIndex(index []byte, end int64) error {
	x := &reader{raw: index}
	d.sea.ways = x.ids()
	for range x.count() {
		d.sea.problems = append(d.sea.problems, x.problem())
	}
	for range x.count() {
		d.broken = append(d.broken, Broken{x.int(), x.problem()})
	}
	at, last := int64(drawingHead), place(0)
	for range x.count() {
		c := DrawnCell{first: len(d.tiles)}
		copy(c.Hash[:], x.bytes(sha256.Size))
		c.Bytes = x.limited(cell.MaxCellBytes)
		for range x.count() {
			t := drawnTile{place: last + place(x.uint()), at: at, bytes: x.limited(math.MaxInt32), records: x.limited(math.MaxInt32)}
			at += int64(t.bytes) + int64(t.records)
			if c.ID = t.place.cell(); t.place <= last || len(d.tiles) > c.first && d.tiles[c.first].place.cell() != c.ID {
				x.bad = true
			}
			d.tiles, last = append(d.tiles, t), t.place
			if x.bad {
				return ErrDamaged
			}
		}
		if c.end = len(d.tiles); c.end == c.first {
			x.bad = true
		}
		d.cells = append(d.cells, c)
		if x.bad {
			return ErrDamaged
		}
	}
	if x.bad || len(x.raw) > 0 || at != end {
		return ErrDamaged
	}
	return nil
}

// reader reads numbers and bytes; after what cannot be, it is bad and reads zeros.
type reader struct {
	raw []byte
	bad bool
}

func (r *reader) uint() uint64 {
	n, w := binary.Uvarint(r.raw)
	if w <= 0 {
		r.bad, r.raw = true, nil
		return 0
	}
	r.raw = r.raw[w:]
	return n
}

func (r *reader) int() int64 {
	n := r.uint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) limited(limit uint64) int {
	n := r.uint()
	if n > limit {
		r.bad, r.raw = true, nil
		return 0
	}
	return int(n)
}

// count reads a number of things that take a byte or more each.
func (r *reader) count() int { return r.limited(uint64(len(r.raw))) }

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.raw)) {
		r.bad, r.raw = true, nil
		return nil
	}
	b := r.raw[:n]
	r.raw = r.raw[n:]
	return b
}

func (r *reader) ids() []int64 {
	var ids []int64
	last := int64(0)
	for range r.count() {
		last += r.int()
		ids = append(ids, last)
	}
	return ids
}

func (r *reader) problem() osm.Problem {
	p := osm.Problem{What: string(r.bytes(r.uint()))}
	p.Ways = r.ids()
	r.bad = r.bad || len(p.Ways) == 0
	return p
}
