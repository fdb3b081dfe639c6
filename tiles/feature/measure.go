package feature

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// EarthRadius is the mean radius of the Earth in metres (IUGG).
const EarthRadius = 6371008.8

// Distance returns the metres between two points along a great circle of a
// sphere (haversine): within 0.6 % of the ellipsoid.
func Distance(a, b cell.Point) float64 {
	const rad = math.Pi / 180 / 1e7
	latA, latB := float64(a.LatE7)*rad, float64(b.LatE7)*rad
	s := math.Sin((latB - latA) / 2)
	t := math.Sin((float64(b.LonE7) - float64(a.LonE7)) * rad / 2)
	h := s*s + math.Cos(latA)*math.Cos(latB)*t*t
	return 2 * EarthRadius * math.Asin(math.Sqrt(min(1, h)))
}

// Length returns the metres along a line.
func Length(line []cell.Point) (metres float64) {
	for i := 1; i < len(line); i++ {
		metres += Distance(line[i-1], line[i])
	}
	return metres
}

// Length returns the metres along all lines of the geometry.
func (g Geometry) Length() (metres float64) {
	for _, l := range g.Lines {
		metres += Length(l.Points)
	}
	return metres
}
