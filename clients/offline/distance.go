package offline

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// halfEarth is the distance of the farthest place, in metres.
const halfEarth = math.Pi * feature.EarthRadius

// box is bounds in 1e-7 degrees.
type box struct{ west, south, east, north int32 }

// around returns the box, or the two boxes on either side of 180°, that hold
// every place within so many metres of p.
func around(p cell.Point, meters float64) []box {
	const deg = math.Pi / 180
	lat, lon := float64(p.LatE7)/1e7, float64(p.LonE7)/1e7
	angle := meters/feature.EarthRadius + 1e-8 // some centimetres for rounding
	south, north := lat-angle/deg, lat+angle/deg
	if south <= -90 || north >= 90 {
		return []box{{e7(-180), e7(max(south, -90)), e7(180), e7(min(north, 90))}}
	}
	half := math.Asin(min(1, math.Sin(angle)/math.Cos(lat*deg))) / deg
	west, east := lon-half, lon+half
	switch {
	case west < -180:
		return []box{{e7(-180), e7(south), e7(east), e7(north)}, {e7(west + 360), e7(south), e7(180), e7(north)}}
	case east > 180:
		return []box{{e7(west), e7(south), e7(180), e7(north)}, {e7(-180), e7(south), e7(east - 360), e7(north)}}
	}
	return []box{{e7(west), e7(south), e7(east), e7(north)}}
}

func e7(degrees float64) int32 { return int32(math.Round(degrees * 1e7)) }

// distance returns the metres from p to the nearest point of a geometry, 0
// inside an area.
func distance(p cell.Point, g feature.Geometry) float64 {
	if (g.Shape == feature.Polygon || g.Shape == feature.MultiPolygon) && inside(p, g.Lines) {
		return 0
	}
	best := math.Inf(1)
	for _, l := range g.Lines {
		for i, b := range l.Points {
			a := b
			if i > 0 {
				a = l.Points[i-1]
			}
			best = min(best, feature.Distance(p, closest(p, a, b)))
		}
	}
	return best
}

// closest returns the point of a segment that is nearest to p, on a plane that
// touches the Earth at p.
func closest(p, a, b cell.Point) cell.Point {
	shrink := math.Cos(float64(p.LatE7) / 1e7 * math.Pi / 180)
	flat := func(q cell.Point) (x, y float64) {
		dLon := math.Remainder(float64(q.LonE7)-float64(p.LonE7), 360e7)
		return dLon * shrink, float64(q.LatE7) - float64(p.LatE7)
	}
	ax, ay := flat(a)
	bx, by := flat(b)
	dx, dy := bx-ax, by-ay
	if dx == 0 && dy == 0 {
		return a
	}
	t := max(0, min(1, -(ax*dx+ay*dy)/(dx*dx+dy*dy)))
	return cell.Point{
		LonE7: a.LonE7 + int32(t*(float64(b.LonE7)-float64(a.LonE7))),
		LatE7: a.LatE7 + int32(t*(float64(b.LatE7)-float64(a.LatE7))),
	}
}

// inside reports whether p lies inside the rings by the even-odd rule.
func inside(p cell.Point, rings []feature.Line) (in bool) {
	for _, ring := range rings {
		for i, a := range ring.Points {
			b := ring.Points[(i+1)%len(ring.Points)]
			if (a.LatE7 > p.LatE7) == (b.LatE7 > p.LatE7) {
				continue
			}
			t := (float64(p.LatE7) - float64(a.LatE7)) / (float64(b.LatE7) - float64(a.LatE7))
			if float64(p.LonE7) < float64(a.LonE7)+t*(float64(b.LonE7)-float64(a.LonE7)) {
				in = !in
			}
		}
	}
	return in
}
