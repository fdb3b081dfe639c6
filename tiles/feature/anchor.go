package feature

import (
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Anchor returns a point on or in the geometry: the point itself, the middle of
// the longest line, or a point inside the first polygon.
func (g Geometry) Anchor() cell.Point {
	switch {
	case g.Count() == 0:
		return cell.Point{}
	case len(g.Polygons()) > 0:
		var rings [][]cell.Point
		for _, l := range g.Polygons()[0] {
			rings = append(rings, l.Points)
		}
		return Inside(rings...)
	}
	var longest []cell.Point
	best := -1.0
	for _, l := range g.Lines {
		if n := Length(l.Points); n > best && len(l.Points) > 0 {
			longest, best = l.Points, n
		}
	}
	return Middle(longest)
}

// Middle returns the point halfway along a line of at least one point.
func Middle(line []cell.Point) cell.Point {
	left := Length(line) / 2
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		d := Distance(a, b)
		if d >= left && d > 0 {
			t := left / d
			return cell.Point{
				LonE7: a.LonE7 + int32(t*float64(int64(b.LonE7)-int64(a.LonE7))),
				LatE7: a.LatE7 + int32(t*float64(int64(b.LatE7)-int64(a.LatE7))),
			}
		}
		left -= d
	}
	return line[len(line)-1]
}

// Inside returns a point inside the rings by the even-odd rule: the middle of
// the widest stretch on the parallel halfway up, or on another one where that
// touches nothing. It counts in whole units, so every machine gives the same
// point. Rings without an inside give their first point.
func Inside(rings ...[]cell.Point) cell.Point {
	var south, north int32
	var first *cell.Point
	for _, ring := range rings {
		for i, p := range ring {
			if first == nil {
				first, south, north = &ring[i], p.LatE7, p.LatE7
			}
			south, north = min(south, p.LatE7), max(north, p.LatE7)
		}
	}
	if first == nil {
		return cell.Point{}
	}
	span := int64(north) - int64(south)
	for _, part := range [...]int64{4, 3, 5, 2, 6, 1, 7} { // eighths
		lat := int32(int64(south) + span*part/8)
		xs := crossings(rings, lat)
		var at, width int64
		for i := 0; i+1 < len(xs); i += 2 {
			if w := xs[i+1] - xs[i]; w > width {
				at, width = xs[i]+w/2, w
			}
		}
		if width > 0 {
			return cell.Point{LonE7: int32(at), LatE7: lat}
		}
	}
	return *first
}

// crossings returns the sorted longitudes at which the rings cross a parallel.
func crossings(rings [][]cell.Point, lat int32) []int64 {
	var xs []int64
	for _, ring := range rings {
		for i := range ring {
			a, b := ring[i], ring[(i+1)%len(ring)]
			if (a.LatE7 <= lat) == (b.LatE7 <= lat) {
				continue
			}
			dx, dy := int64(b.LonE7)-int64(a.LonE7), int64(b.LatE7)-int64(a.LatE7)
			xs = append(xs, int64(a.LonE7)+dx*(int64(lat)-int64(a.LatE7))/dy)
		}
	}
	slices.Sort(xs)
	return xs
}
