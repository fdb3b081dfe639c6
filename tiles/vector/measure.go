package vector

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// DoubleArea returns twice the signed area of a ring, positive when it runs
// clockwise on the map (y to the south). The sum may wrap on the way, the result
// does not.
func DoubleArea(ring []WorldPoint) int64 {
	if len(ring) < 3 {
		return 0
	}
	var sum int64
	o, a := ring[0], ring[1]
	for _, b := range ring[2:] {
		sum += int64(a.X-o.X)*int64(b.Y-o.Y) - int64(b.X-o.X)*int64(a.Y-o.Y)
		a = b
	}
	return sum
}

// Pixels returns an area in world units as square pixels of a 256-pixel tile at
// a zoom.
func Pixels(area int64, z uint8) float64 {
	side := int64(1) << (WorldBits - 8 - z)
	return float64(area) / float64(side*side)
}

// equator is the length of the equator, in metres: the side of the world in Web
// Mercator.
const equator = 2 * math.Pi * 6378137

// SquareMetres returns an area in world units as square metres of Web Mercator,
// which are larger than those on the ground, but at the equator.
func SquareMetres(area int64) float64 {
	const unit = equator / (1 << WorldBits)
	return float64(area) * (unit * unit)
}

// GroundArea returns the area on the ground, in square metres, of a ring whose
// last point is its first. It takes the earth for a sphere, and edges for
// straight lines of an equal-area map.
func GroundArea(ring []cell.Point) float64 {
	const radian, radius = math.Pi / 180, 6371008.8
	var sum, last float64
	for i, p := range ring {
		s := sine(float64(p.LatE7) / 1e7 * radian)
		if i > 0 {
			width := float64(int64(p.LonE7)-int64(ring[i-1].LonE7)) / 1e7 * radian
			sum += float64(width * (s + last))
		}
		last = s
	}
	return math.Abs(sum) / 2 * (radius * radius)
}

// Bounds returns the box around all points, low to the north-west. It is empty,
// with low beyond high, when there is no point.
func Bounds(points []WorldPoint) (low, high WorldPoint) {
	low, high = WorldPoint{1 << WorldBits, 1 << WorldBits}, WorldPoint{-1, -1}
	for _, p := range points {
		low.X, high.X = min(low.X, p.X), max(high.X, p.X)
		low.Y, high.Y = min(low.Y, p.Y), max(high.Y, p.Y)
	}
	return low, high
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
