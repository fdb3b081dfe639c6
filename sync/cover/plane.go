package cover

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// earthRadius is the mean radius in metres (IUGG).
const earthRadius = 6371008.8

// point lies in the unit square of Web Mercator, or beside it by whole turns.
type point struct{ x, y float64 }

func project(p cell.Point) point {
	x, y := cell.Project(float64(p.LonE7)/1e7, float64(p.LatE7)/1e7)
	return point{x, y}
}

// metersBetween returns the distance on a sphere (haversine).
func metersBetween(a, b point) float64 {
	const rad = math.Pi / 180
	lonA, latA := cell.Unproject(a.x, a.y)
	lonB, latB := cell.Unproject(b.x, b.y)
	s := math.Sin((latB - latA) * rad / 2)
	t := math.Sin((lonB - lonA) * rad / 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, s*s+math.Cos(latA*rad)*math.Cos(latB*rad)*t*t)))
}

// closest returns the point of a segment that is nearest to p. Mercator keeps
// angles, so for the distances of a corridor the nearest on the map is the
// nearest on Earth.
func (p point) closest(a, b point) point {
	dx, dy := b.x-a.x, b.y-a.y
	if dx == 0 && dy == 0 {
		return a
	}
	t := max(0, min(1, ((p.x-a.x)*dx+(p.y-a.y)*dy)/(dx*dx+dy*dy)))
	return point{a.x + t*dx, a.y + t*dy}
}

// rect is a square of the quadtree on the map.
type rect struct{ min, max point }

func rectOf(z uint8, x, y float64) rect {
	n := float64(uint32(1) << z)
	return rect{point{x / n, y / n}, point{(x + 1) / n, (y + 1) / n}}
}

// clamp returns the point of the square that is nearest to p.
func (r rect) clamp(p point) point {
	return point{max(r.min.x, min(r.max.x, p.x)), max(r.min.y, min(r.max.y, p.y))}
}

// crosses reports whether a segment touches the square (Liang and Barsky, 1984).
func (r rect) crosses(a, b point) bool {
	from, to := 0.0, 1.0
	for _, side := range [4][2]float64{
		{a.x - b.x, a.x - r.min.x}, {b.x - a.x, r.max.x - a.x},
		{a.y - b.y, a.y - r.min.y}, {b.y - a.y, r.max.y - a.y},
	} {
		switch p, q := side[0], side[1]; {
		case p == 0 && q < 0:
			return false
		case p < 0:
			from = max(from, q/p)
		case p > 0:
			to = min(to, q/p)
		}
	}
	return from <= to
}

// meters returns the distance from a segment to the square, 0 where they touch:
// else one of the segment's ends or of the square's corners is nearest.
func (r rect) meters(a, b point) float64 {
	if r.crosses(a, b) {
		return 0
	}
	best := min(metersBetween(a, r.clamp(a)), metersBetween(b, r.clamp(b)))
	for _, corner := range [4]point{r.min, {r.min.x, r.max.y}, {r.max.x, r.min.y}, r.max} {
		best = min(best, metersBetween(corner, corner.closest(a, b)))
	}
	return best
}
