package changes

import (
	"fmt"
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Place is where the reader is or means to go: lines, or points as lines of one.
type Place struct{ Lines [][]cell.Point }

// meters returns the distance from the nearest part of the place; 0 without one.
func (p *Place) meters(at cell.Point) float64 {
	if p == nil || len(p.Lines) == 0 {
		return 0
	}
	best := math.Inf(1)
	for _, line := range p.Lines {
		for i, b := range line {
			a := b
			if i > 0 {
				a = line[i-1]
			}
			best = min(best, feature.Distance(at, closest(at, a, b)))
		}
	}
	return best
}

// closest returns the point of a segment that is nearest to p, on a plane that
// touches the Earth at p.
func closest(p, a, b cell.Point) cell.Point {
	shrink := math.Cos(float64(p.LatE7) / 1e7 * math.Pi / 180)
	flat := func(q cell.Point) (x, y float64) {
		return math.Remainder(float64(q.LonE7)-float64(p.LonE7), 360e7) * shrink, float64(q.LatE7) - float64(p.LatE7)
	}
	ax, ay := flat(a)
	bx, by := flat(b)
	dx, dy := bx-ax, by-ay
	if dx == 0 && dy == 0 {
		return a
	}
	t := max(0, min(1, -(ax*dx+ay*dy)/(dx*dx+dy*dy)))
	return cell.Point{
		LonE7: a.LonE7 + int32(t*math.Remainder(float64(b.LonE7)-float64(a.LonE7), 360e7)),
		LatE7: a.LatE7 + int32(t*(float64(b.LatE7)-float64(a.LatE7))),
	}
}

// distance writes metres as people say them.
func distance(meters float64) string {
	switch {
	case meters < 995:
		return fmt.Sprintf("%.0f m", meters)
	case meters < 9950:
		return fmt.Sprintf("%.1f km", meters/1000)
	}
	return fmt.Sprintf("%.0f km", meters/1000)
}
