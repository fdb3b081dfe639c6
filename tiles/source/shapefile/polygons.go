package shapefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// Limits of a polygon that is wanted.
const (
	MaxRecord = 32 << 20 // bytes: two million points
	MaxRings  = 20_000
)

// Types of shapes.
const (
	null     = 0
	polygon  = 5
	polygonZ = 15
	polygonM = 25
)

var kinds = map[uint32]string{1: "points", 3: "lines", 8: "groups of points", 11: "points", 13: "lines", 18: "groups of points", 21: "points", 23: "lines", 28: "groups of points", 31: "surfaces"}

// fixed is the part of a polygon's record before its rings: type, box, numbers of
// rings and of points.
const fixed = 4 + 4*8 + 2*4

// Polygons yields the rings of each polygon whose box is wanted: rows of three
// places or more, without the first again at the end, of no certain direction. It
// reads the file to its end, so it can be called once. It stops after an error.
func (f *File) Polygons(wanted func(osm.Box) bool) iter.Seq2[[][]cell.Point, error] {
	return func(yield func([][]cell.Point, error) bool) {
		for n := 1; f.at < f.size; n++ {
			if f.Watch != nil {
				if err := f.Watch(); err != nil {
					yield(nil, err)
					return
				}
			}
			at := f.at
			rings, err := f.record(wanted)
			if err != nil {
				if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
					err = errors.New("the file ends too early")
				}
				yield(nil, invalid("record %d at byte %d: %w", n, at, err))
				return
			}
			if len(rings) > 0 && !yield(rings, nil) {
				return
			}
		}
		if _, err := f.in.ReadByte(); err != io.EOF { // of an archive this checks the checksum
			if err == nil {
				err = errors.New("it goes on behind its end")
			}
			yield(nil, invalid("%w", err))
		}
	}
}

// read reads the next bytes.
func (f *File) read(n int) ([]byte, error) {
	data := make([]byte, n)
	got, err := io.ReadFull(f.in, data)
	f.at += int64(got)
	return data, err
}

// skip passes over bytes.
func (f *File) skip(n int64) error {
	for n > 0 {
		got, err := f.in.Discard(int(min(n, 1<<30)))
		f.at += int64(got)
		n -= int64(got)
		if err != nil {
			return err
		}
	}
	return nil
}

// record reads a record; one that is not wanted has no rings.
func (f *File) record(wanted func(osm.Box) bool) ([][]cell.Point, error) {
	head, err := f.read(8)
	if err != nil {
		return nil, err
	}
	length := 2 * int64(binary.BigEndian.Uint32(head[4:]))
	if length < 4 || length > f.size-f.at {
		return nil, fmt.Errorf("it has %d bytes, and %d are left", length, f.size-f.at)
	}
	kind, err := f.read(4)
	if err != nil {
		return nil, err
	}
	switch is := binary.LittleEndian.Uint32(kind); {
	case is == null:
		return nil, f.skip(length - 4)
	case is != f.shapes:
		return nil, fmt.Errorf("it has type %d, the file is of type %d", is, f.shapes)
	case length < fixed:
		return nil, fmt.Errorf("%d bytes are too few for a polygon", length)
	}
	head, err = f.read(fixed - 4)
	if err != nil {
		return nil, err
	}
	rest := length - fixed
	box, err := f.box(head)
	if err != nil {
		return nil, err
	}
	if !wanted(box) {
		return nil, f.skip(rest)
	}
	rings, points := int64(binary.LittleEndian.Uint32(head[32:])), int64(binary.LittleEndian.Uint32(head[36:]))
	switch {
	case rings > MaxRings || length > MaxRecord:
		return nil, fmt.Errorf("a polygon of %d rings and %d bytes, allowed are %d and %d; take the polygons that are split for use", rings, length, MaxRings, MaxRecord)
	case rings == 0 || 4*rings+16*points > rest:
		return nil, fmt.Errorf("%d rings of %d points do not fit into %d bytes", rings, points, length)
	}
	body, err := f.read(int(4*rings + 16*points))
	if err != nil {
		return nil, err
	}
	if err := f.skip(rest - int64(len(body))); err != nil { // heights and measures
		return nil, err
	}
	return f.rings(body, int(rings), int(points))
}

func number(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }

// box reads a polygon's box.
func (f *File) box(data []byte) (osm.Box, error) {
	low, ok := f.Projection.point(number(data), number(data[8:]))
	high, also := f.Projection.point(number(data[16:]), number(data[24:]))
	if !ok || !also {
		return osm.Box{}, fmt.Errorf("its box is not in the world")
	}
	return osm.Box{Min: low, Max: high}, nil
}

// rings reads where each ring begins, and the points. Rings that shrink to a line
// when places are rounded are left out.
func (f *File) rings(data []byte, rings, points int) (all [][]cell.Point, err error) {
	starts, data := data[:4*rings], data[4*rings:]
	for i := range rings {
		from, to := int(binary.LittleEndian.Uint32(starts[4*i:])), points
		if i+1 < rings {
			to = int(binary.LittleEndian.Uint32(starts[4*(i+1):]))
		}
		if i == 0 && from != 0 || from >= to || to > points {
			return nil, fmt.Errorf("ring %d has the points from %d to %d of %d", i+1, from, to, points)
		}
		ring := make([]cell.Point, 0, to-from)
		for k := from; k < to; k++ {
			x, y := number(data[16*k:]), number(data[16*k+8:])
			p, ok := f.Projection.point(x, y)
			if !ok {
				return nil, fmt.Errorf("point %d is not in the world: %g, %g", k+1, x, y)
			}
			ring = append(ring, p)
		}
		ring = slices.Compact(ring)
		if last := len(ring) - 1; last > 0 && ring[0] == ring[last] {
			ring = ring[:last]
		}
		if len(ring) >= 3 {
			all = append(all, ring)
		}
	}
	return all, nil
}
