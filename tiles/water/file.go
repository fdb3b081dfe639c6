package water

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

const magic = "PNSW\x01"

// encode returns the bytes of FORMAT.md.
func (s *Sea) encode() []byte {
	data := []byte(magic)
	for _, v := range [...]int32{s.Box.Min.LonE7, s.Box.Min.LatE7, s.Box.Max.LonE7, s.Box.Max.LatE7} {
		data = binary.BigEndian.AppendUint32(data, uint32(v))
	}
	all := s.sorted()
	data = binary.AppendUvarint(data, uint64(len(all)))
	for _, p := range all {
		data = append(data, p...)
	}
	return data
}

func appendPolygon(data []byte, rings [][]cell.Point) []byte {
	var last cell.Point
	data = binary.AppendUvarint(data, uint64(len(rings)))
	for _, ring := range rings {
		ring = ring[:len(ring)-1] // the first again
		data = binary.AppendUvarint(data, uint64(len(ring)))
		for _, p := range ring {
			data = binary.AppendVarint(data, int64(p.LonE7)-int64(last.LonE7))
			data = binary.AppendVarint(data, int64(p.LatE7)-int64(last.LatE7))
			last = p
		}
	}
	return data
}

// decode reads what encode wrote, and nothing else.
func (s *Sea) decode(data []byte) error {
	d := decoder{data: data}
	if !bytes.HasPrefix(data, []byte(magic)) || len(data) < len(magic)+16 {
		return fmt.Errorf("%w: its beginning is another", ErrCorrupt)
	}
	d.at = len(magic)
	for _, v := range [...]*int32{&s.Box.Min.LonE7, &s.Box.Min.LatE7, &s.Box.Max.LonE7, &s.Box.Max.LatE7} {
		*v = int32(binary.BigEndian.Uint32(data[d.at:]))
		d.at += 4
	}
	for range d.count(1 + 1 + 6) {
		s.Polygons = append(s.Polygons, d.polygon())
	}
	if d.bad || d.at != len(data) || !bytes.Equal(s.encode(), data) {
		return fmt.Errorf("%w: at byte %d of %d", ErrCorrupt, d.at, len(data))
	}
	return nil
}

// decoder reads numbers. After a bad one it gives zeros.
type decoder struct {
	data []byte
	at   int
	bad  bool
}

// count reads how many things follow that take some bytes or more each.
func (d *decoder) count(least int) int {
	n, size := binary.Uvarint(d.data[d.at:])
	if d.bad = d.bad || size <= 0 || n > uint64(len(d.data)-d.at)/uint64(least); d.bad {
		return 0
	}
	d.at += size
	return int(n)
}

// step reads a difference from a number to the next one, which is at most limit.
func (d *decoder) step(from, limit int32) int32 {
	n, size := binary.Varint(d.data[d.at:])
	if d.bad = d.bad || size <= 0 || n > math.MaxUint32 || n < -math.MaxUint32; d.bad {
		return 0
	}
	n += int64(from)
	if d.bad = n > int64(limit) || n < -int64(limit); d.bad {
		return 0
	}
	d.at += size
	return int32(n)
}

func (d *decoder) polygon() (rings [][]cell.Point) {
	var last cell.Point
	for range d.count(1 + 6) {
		n := d.count(2)
		if d.bad = d.bad || n < 3; d.bad {
			return nil
		}
		ring := make([]cell.Point, 0, n+1)
		for range n {
			last = cell.Point{LonE7: d.step(last.LonE7, 180e7), LatE7: d.step(last.LatE7, 90e7)}
			ring = append(ring, last)
		}
		rings = append(rings, append(ring, ring[0]))
	}
	d.bad = d.bad || len(rings) == 0
	return rings
}
