package osm

import (
	"cmp"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// nested is a ring with its place among the others.
type nested struct {
	ring
	area   float64
	box    Box
	parent int // the smallest ring around it, -1 for none
	depth  int // the number of rings around it
}

// NestRings makes polygons of rings, as AssembleMultipolygon does: rings without the
// first place again at the end, of any direction. What encloses no area is left out.
func NestRings(rings [][]cell.Point) [][][]cell.Point {
	var all []ring
	for _, points := range rings {
		if len(points) >= 3 && area(points) != 0 {
			all = append(all, ring{points: points})
		}
	}
	polygons, _ := nest(all) // nothing is said to be an inner ring
	return polygons
}

// nest makes polygons of rings.
func nest(rings []ring) (polygons [][][]cell.Point, problems []Problem) {
	all := make([]nested, len(rings))
	for i, r := range rings {
		box := Box{r.points[0], r.points[0]}
		for _, p := range r.points {
			box = box.extend(p)
		}
		all[i] = nested{ring: r, area: area(r.points), box: box, parent: -1}
	}
	slices.SortStableFunc(all, func(a, b nested) int { return cmp.Compare(math.Abs(b.area), math.Abs(a.area)) })
	place := make([]int, len(all)) // of outer rings, in polygons
	for i := range all {
		r := &all[i]
		for k := i - 1; k >= 0 && r.parent < 0; k-- { // smaller ones first
			if all[k].contains(r) {
				r.parent, r.depth = k, all[k].depth+1
			}
		}
		place[i] = -1
		switch {
		case r.depth%2 == 1:
			if at := place[r.parent]; at >= 0 {
				polygons[at] = append(polygons[at], r.closed(false))
			}
		case r.depth == 0 && r.inner:
			problems = append(problems, Problem{"inner ring outside of all others", r.ways})
		default:
			place[i] = len(polygons)
			polygons = append(polygons, [][]cell.Point{r.closed(true)})
		}
	}
	return polygons, problems
}

// closed returns the ring with its first point repeated, in the wanted direction.
func (r *nested) closed(counterClockwise bool) []cell.Point {
	points := append(slices.Clone(r.points), r.points[0])
	if (r.area > 0) != counterClockwise {
		slices.Reverse(points)
	}
	return points
}

// contains reports whether o lies in r. The two may touch, but not cross: the
// first of o's points, or of the middles of its edges, that is not on r decides.
func (r *nested) contains(o *nested) bool {
	if o.box.Min.LonE7 < r.box.Min.LonE7 || o.box.Min.LatE7 < r.box.Min.LatE7 ||
		o.box.Max.LonE7 > r.box.Max.LonE7 || o.box.Max.LatE7 > r.box.Max.LatE7 {
		return false
	}
	for _, p := range o.points {
		if in, on := within(r.points, p); !on {
			return in
		}
	}
	for i, p := range o.points {
		q := o.points[(i+1)%len(o.points)]
		middle := cell.Point{LonE7: int32((int64(p.LonE7) + int64(q.LonE7)) / 2), LatE7: int32((int64(p.LatE7) + int64(q.LatE7)) / 2)}
		if in, on := within(r.points, middle); !on {
			return in
		}
	}
	return false
}

// within reports whether p lies in the ring, or on its line.
func within(ring []cell.Point, p cell.Point) (in, on bool) {
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if a.LatE7 > b.LatE7 {
			a, b = b, a
		}
		if p.LatE7 < a.LatE7 || p.LatE7 > b.LatE7 {
			continue
		}
		s := side(a, b, p)
		if s == 0 && p.LonE7 >= min(a.LonE7, b.LonE7) && p.LonE7 <= max(a.LonE7, b.LonE7) {
			return false, true
		}
		// A ray to the east: edges that are left of p don't count, nor does an upper end.
		if s > 0 && p.LatE7 < b.LatE7 {
			in = !in
		}
	}
	return in, false
}
