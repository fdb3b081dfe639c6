package feature

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Shape is a geometry's type, by its GeoJSON name.
type Shape string

// The shapes.
const (
	Point           Shape = "Point"
	LineString      Shape = "LineString"
	MultiLineString Shape = "MultiLineString"
	Polygon         Shape = "Polygon"
	MultiPolygon    Shape = "MultiPolygon"
)

// Values lists the shapes.
func (Shape) Values() []string {
	return []string{string(Point), string(LineString), string(MultiLineString), string(Polygon), string(MultiPolygon)}
}

// Line is a chain of positions: a point, a line or a closed ring. Heights are
// decimetres above the sea, one for each point, or nil when they are unknown.
type Line struct {
	Points  []cell.Point
	Heights []int32
}

// Geometry is a shape of lines. In its JSON form it is a GeoJSON geometry
// (RFC 7946). A box never crosses 180°: split such a geometry there, as the RFC
// asks.
type Geometry struct {
	Shape Shape
	// Lines holds, for Point one line of one point; for LineString one line; for
	// MultiLineString each line; for Polygon the outer ring, then the holes; for
	// MultiPolygon the same for one polygon after the other.
	Lines []Line
	// Rings counts the lines of each polygon of a MultiPolygon; else it is nil.
	Rings []int
}

// At returns a Point geometry.
func At(p cell.Point) Geometry {
	return Geometry{Shape: Point, Lines: []Line{{Points: []cell.Point{p}}}}
}

// Along returns a LineString of one line, a MultiLineString of several, and no
// geometry of none.
func Along(lines ...Line) Geometry {
	switch len(lines) {
	case 0:
		return Geometry{}
	case 1:
		return Geometry{Shape: LineString, Lines: lines}
	}
	return Geometry{Shape: MultiLineString, Lines: lines}
}

// IsZero reports whether there is no geometry.
func (g Geometry) IsZero() bool { return g.Shape == "" && len(g.Lines) == 0 }

// Count returns the number of points.
func (g Geometry) Count() (n int) {
	for _, l := range g.Lines {
		n += len(l.Points)
	}
	return n
}

// Polygons returns the rings of each polygon of a Polygon or MultiPolygon.
func (g Geometry) Polygons() [][]Line {
	switch g.Shape {
	case Polygon:
		return [][]Line{g.Lines}
	case MultiPolygon:
		var all [][]Line
		rest := g.Lines
		for _, n := range g.Rings {
			if n < 0 || n > len(rest) {
				return all
			}
			all, rest = append(all, rest[:n]), rest[n:]
		}
		return all
	}
	return nil
}

// Bounds returns the south-west and north-east corners of the box that holds the
// geometry, both zero without points.
func (g Geometry) Bounds() (southWest, northEast cell.Point) {
	if g.Count() == 0 {
		return
	}
	w, s, e, n := int32(math.MaxInt32), int32(math.MaxInt32), int32(math.MinInt32), int32(math.MinInt32)
	for _, l := range g.Lines {
		for _, p := range l.Points {
			w, e = min(w, p.LonE7), max(e, p.LonE7)
			s, n = min(s, p.LatE7), max(n, p.LatE7)
		}
	}
	return cell.Point{LonE7: w, LatE7: s}, cell.Point{LonE7: e, LatE7: n}
}
