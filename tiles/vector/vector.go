// Package vector makes Mapbox Vector Tiles (version 2.1) from geometry and reads
// them back.
//
// Geometry goes through four steps, each of them in whole numbers, so that every
// machine makes the same bytes:
//
//  1. Project maps degrees to world units, 2^30 to the side of the world (3.7 cm
//     at the equator, a sixteenth of a tile unit at zoom 14).
//  2. A Simplifier thins a line or a ring out for one zoom. It sees the whole
//     geometry, before it is cut, so that neighbouring tiles agree at their seam.
//  3. A Cutter cuts it to tiles with a small buffer and rounds it to tile units,
//     Extent to the side of a tile, y to the south.
//  4. An Encoder writes layers of such features. Equal features in equal order
//     give equal bytes.
//
// Rings do not repeat their first point. A polygon is one exterior ring and the
// interior rings after it; in tile units an exterior ring has positive area by
// the surveyor's formula and an interior one negative, as the specification asks.
//
// Decode returns ErrCorrupt for whatever is not a valid tile and keeps memory
// within a small multiple of its input. A Simplifier, Cutter or Encoder holds
// scratch space and serves one goroutine at a time; functions are pure.
//
// Specification: https://github.com/mapbox/vector-tile-spec/tree/master/2.1.
// FORMAT.md beside this file says which of its freedoms the package uses.
package vector

// Extent is the side of a tile in tile units.
const Extent = 4096

// Version is the version of the specification that layers declare.
const Version = 2

// GeomType is the type of a feature's geometry, with the numbers of the format.
type GeomType uint8

// The geometry types.
const (
	Unknown  GeomType = 0 // read only
	Points   GeomType = 1
	Lines    GeomType = 2
	Polygons GeomType = 3
)

// TilePoint is a place in a tile, in units of which Extent make its side, from
// the north-west corner. Points in the buffer lie outside 0..Extent.
type TilePoint struct{ X, Y int32 }

// Parts is a geometry of several parts: points of a multi-point, lines, or rings.
// All points lie in one slice; part i ends before point Ends[i].
type Parts[P any] struct {
	Points []P
	Ends   []int
}

// World is a geometry in world units.
type World = Parts[WorldPoint]

// Tile is a geometry in tile units.
type Tile = Parts[TilePoint]

// Len returns the number of parts.
func (g *Parts[P]) Len() int { return len(g.Ends) }

// Part returns the points of part i, which alias g.
func (g *Parts[P]) Part(i int) []P {
	from := 0
	if i > 0 {
		from = g.Ends[i-1]
	}
	return g.Points[from:g.Ends[i]:g.Ends[i]]
}

// Add appends a part.
func (g *Parts[P]) Add(points []P) {
	g.Points = append(g.Points, points...)
	g.Close()
}

// Close makes a part of the points appended to g.Points since the last part.
func (g *Parts[P]) Close() { g.Ends = append(g.Ends, len(g.Points)) }

// Reset empties g and keeps its space.
func (g *Parts[P]) Reset() { g.Points, g.Ends = g.Points[:0], g.Ends[:0] }

// open returns the index of the first point that belongs to no part yet.
func (g *Parts[P]) open() int {
	if len(g.Ends) == 0 {
		return 0
	}
	return g.Ends[len(g.Ends)-1]
}

// FilterRings drops the rings of a polygon that keep refuses; with the exterior
// ring goes all of it.
func FilterRings(g *World, keep func(ring []WorldPoint) bool) {
	n, from, points := 0, 0, 0
	for i, to := range g.Ends {
		ring := g.Points[from:to]
		from = to
		if keep(ring) {
			points += copy(g.Points[points:], ring)
			g.Ends[n] = points
			n++
		} else if i == 0 {
			break
		}
	}
	g.Points, g.Ends = g.Points[:points], g.Ends[:n]
}
