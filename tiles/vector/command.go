package vector

import (
	"encoding/binary"
	"fmt"
)

// Commands of the geometry stream, section 4.3 of the specification.
const (
	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

func command(id, count int) uint64 { return uint64(count)<<3 | uint64(id) }

func zigzag(v int32) uint64 { return uint64(uint32(v<<1) ^ uint32(v>>31)) }

func unzigzag(v uint32) int32 { return int32(v>>1) ^ -int32(v&1) }

// appendGeometry writes the command stream of a geometry.
func appendGeometry(dst []byte, t GeomType, g *Tile) []byte {
	var at TilePoint
	step := func(p TilePoint) {
		dst = binary.AppendUvarint(dst, zigzag(p.X-at.X))
		dst = binary.AppendUvarint(dst, zigzag(p.Y-at.Y))
		at = p
	}
	if t == Points {
		dst = binary.AppendUvarint(dst, command(moveTo, len(g.Points)))
		for _, p := range g.Points {
			step(p)
		}
		return dst
	}
	for i := range g.Len() {
		part := g.Part(i)
		dst = append(dst, byte(command(moveTo, 1)))
		step(part[0])
		dst = binary.AppendUvarint(dst, command(lineTo, len(part)-1))
		for _, p := range part[1:] {
			step(p)
		}
		if t == Polygons {
			dst = append(dst, byte(command(closePath, 1)))
		}
	}
	return dst
}

// parseGeometry reads a command stream. Points take two bytes at the least, so
// the result is at most four times its input.
func parseGeometry(raw []byte, t GeomType) (Tile, error) {
	var g Tile
	r := geometryReader{raw: raw}
	for len(r.raw) > 0 {
		id, count := r.command()
		if r.failed || id != moveTo || count == 0 || t != Points && count != 1 {
			return Tile{}, fmt.Errorf("%w: geometry does not start with a move", ErrCorrupt)
		}
		if t == Points {
			for range count {
				g.Points = append(g.Points, r.point())
				if g.Close(); r.failed {
					break
				}
			}
			if r.failed || len(r.raw) > 0 {
				return Tile{}, fmt.Errorf("%w: bad points", ErrCorrupt)
			}
			return g, nil
		}
		g.Points = append(g.Points, r.point())
		least := 1
		if t == Polygons {
			least = 2
		}
		if id, count = r.command(); r.failed || id != lineTo || count < least {
			return Tile{}, fmt.Errorf("%w: line of too few points", ErrCorrupt)
		}
		for range count {
			if g.Points = append(g.Points, r.point()); r.failed {
				return Tile{}, fmt.Errorf("%w: line cut short", ErrCorrupt)
			}
		}
		if t == Polygons {
			if id, count = r.command(); r.failed || id != closePath || count != 1 {
				return Tile{}, fmt.Errorf("%w: ring not closed", ErrCorrupt)
			}
		}
		g.Close()
	}
	if g.Len() == 0 {
		return Tile{}, fmt.Errorf("%w: no geometry", ErrCorrupt)
	}
	return g, nil
}

// geometryReader reads commands and points; failed stays set after an error.
type geometryReader struct {
	raw    []byte
	at     TilePoint
	failed bool
}

func (r *geometryReader) number() uint32 {
	n, w := binary.Uvarint(r.raw)
	if w <= 0 || n > 1<<32-1 {
		r.failed, r.raw = true, nil
		return 0
	}
	r.raw = r.raw[w:]
	return uint32(n)
}

func (r *geometryReader) command() (id, count int) {
	n := r.number()
	return int(n & 7), int(n >> 3)
}

func (r *geometryReader) point() TilePoint {
	r.at.X += unzigzag(r.number())
	r.at.Y += unzigzag(r.number())
	return r.at
}
