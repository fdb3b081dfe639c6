package feature

import (
	"fmt"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// geometry checks that a geometry has the form its shape asks for.
func (c *checker) geometry(g Geometry) {
	const coordinates = "geometry.coordinates"
	if g.IsZero() {
		c.fail("geometry", "missing")
		return
	}
	if n := g.Count(); n > MaxPoints {
		c.fail(coordinates, fmt.Sprintf("%d positions, more than %d", n, MaxPoints))
	}
	if len(g.Lines) == 0 {
		c.fail(coordinates, "must not be empty")
	}
	for _, l := range g.Lines {
		if l.Heights != nil && len(l.Heights) != len(l.Points) {
			c.fail(coordinates, "some positions have a height and some have none")
		}
		for _, p := range l.Points {
			if p.LonE7 < -180e7 || p.LonE7 > 180e7 || p.LatE7 < -90e7 || p.LatE7 > 90e7 {
				c.fail(coordinates, fmt.Sprintf("%v, %v is outside the world", float64(p.LonE7)/1e7, float64(p.LatE7)/1e7))
			}
		}
	}
	switch g.Shape {
	case Point:
		if g.Count() != 1 || len(g.Lines) != 1 {
			c.fail(coordinates, "a Point has exactly one position")
		}
	case LineString, MultiLineString:
		if g.Shape == LineString && len(g.Lines) > 1 {
			c.fail(coordinates, "a LineString has exactly one line")
		}
		for _, l := range g.Lines {
			if len(l.Points) < 2 {
				c.fail(coordinates, fmt.Sprintf("a line needs at least 2 positions, not %d", len(l.Points)))
			}
		}
	case Polygon, MultiPolygon:
		c.polygons(g)
	default:
		c.fail("geometry.type", fmt.Sprintf("%.40q is not one of Point, LineString, MultiLineString, Polygon, MultiPolygon", string(g.Shape)))
	}
}

func (c *checker) polygons(g Geometry) {
	const coordinates = "geometry.coordinates"
	rings := 0
	for _, polygon := range g.Polygons() {
		if len(polygon) == 0 {
			c.fail(coordinates, "a polygon needs an outer ring")
		}
		rings += len(polygon)
		for _, l := range polygon {
			switch n := len(l.Points); {
			case n < 4:
				c.fail(coordinates, fmt.Sprintf("a ring needs at least 4 positions, not %d", n))
			case l.Points[0] != l.Points[n-1]:
				c.fail(coordinates, "a ring must end where it begins; "+describe(l.Points[0])+" and "+describe(l.Points[n-1])+" differ")
			}
		}
	}
	if rings != len(g.Lines) {
		c.fail(coordinates, "rings do not add up to polygons")
	}
}

func describe(p cell.Point) string {
	raw := appendDecimal(nil, int64(p.LonE7), 7)
	return string(appendDecimal(append(raw, ' '), int64(p.LatE7), 7))
}
