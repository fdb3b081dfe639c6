package vector

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// WorldBits is the depth of world units: 2^WorldBits of them make the side of
// the world.
const WorldBits = 30

// unitBits is the depth of tile units at zoom 0.
const unitBits = WorldBits - 12

// WorldPoint is a place in Web Mercator, in world units from the north-west
// corner: x 0 at 180° west, y 0 at 85.05° north.
type WorldPoint struct{ X, Y int32 }

// Project maps a place to world units. It rounds every product by itself, so
// that machines with fused multiply-add give the same numbers as those without.
func Project(p cell.Point) WorldPoint {
	const side = 1 << WorldBits
	x := ((int64(p.LonE7)+180e7)*side + 180e7) / 360e7
	lat := math.Max(-cell.MaxLat, math.Min(cell.MaxLat, float64(p.LatE7)/1e7))
	s := sine(lat * (math.Pi / 180))
	y := 0.5 - logarithm((1+s)/(1-s))/(4*math.Pi)
	return WorldPoint{int32(x), int32(math.Floor(float64(y*side) + 0.5))}
}

// ProjectAll appends the projection of places to dst, leaving out those that
// fall on the point before.
func ProjectAll(dst []WorldPoint, places []cell.Point) []WorldPoint {
	start := len(dst)
	for _, p := range places {
		if w := Project(p); len(dst) == start || dst[len(dst)-1] != w {
			dst = append(dst, w)
		}
	}
	return dst
}

// sine is the Taylor series, for |x| <= π/2.
func sine(x float64) float64 {
	square := float64(x * x)
	term, sum := x, x
	for n := 2.0; n <= 24; n += 2 {
		term = float64(term*square) / -(n * (n + 1))
		sum += term
	}
	return sum
}

// logarithm is 2 artanh((m-1)/(m+1)) of the mantissa, for finite x > 0.
func logarithm(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	f := (m - 1) / (m + 1)
	square := float64(f * f)
	sum := 0.0
	for n := 23.0; n >= 1; n -= 2 {
		sum = float64(sum*square) + 1/n
	}
	return float64(2*float64(f*sum)) + float64(float64(e)*math.Ln2)
}
