package vector

import (
	"cmp"
	"slices"
)

// untangleRounds bounds the work on polygons that cross themselves from the
// start.
const untangleRounds = 6

// segment is an edge of a thinned out ring, with the points that it stands for:
// those of the polygon between two indexes. The second may be the end of the
// ring, which is its first point again.
type segment struct {
	a, b     WorldPoint // rounded, a west of b
	from, to int
}

// untangle brings back points of a polygon where thinning it out has made edges
// cross. Rings of fewer than three points are about to go and don't count.
func (s *Simplifier) untangle(polygon *World) {
	for range untangleRounds {
		whole := s.collect(polygon)
		if whole || !s.separate(polygon) {
			return
		}
	}
}

// collect lists the edges of the thinned out rings by their western end. It
// reports whether nothing was thinned out at all.
func (s *Simplifier) collect(polygon *World) (whole bool) {
	s.segments = s.segments[:0]
	whole = true
	home := 0
	for _, end := range polygon.Ends {
		start, from := len(s.segments), home
		for i := home + 1; i <= end; i++ {
			if i < end && !s.keep[i] {
				whole = false
				continue
			}
			to := polygon.Points[home]
			if i < end {
				to = polygon.Points[i]
			}
			e := segment{s.round(polygon.Points[from]), s.round(to), from, i}
			if e.a.X > e.b.X {
				e.a, e.b = e.b, e.a
			}
			s.segments = append(s.segments, e)
			from = i
		}
		if len(s.segments)-start < 3 {
			s.segments = s.segments[:start]
		}
		home = end
	}
	if !whole {
		slices.SortFunc(s.segments, func(e, f segment) int {
			return cmp.Or(cmp.Compare(e.a.X, f.a.X), cmp.Compare(e.from, f.from))
		})
	}
	return whole
}

// round returns p as it will be after rounding to tile units.
func (s *Simplifier) round(p WorldPoint) WorldPoint {
	shift := unitBits - s.zoom
	return WorldPoint{quantise(p.X, s.zoom) << shift, quantise(p.Y, s.zoom) << shift}
}

// separate keeps one more point of each edge that crosses another. It reports
// whether there was one to keep.
func (s *Simplifier) separate(polygon *World) (changed bool) {
	for i := range s.segments {
		e := &s.segments[i]
		low, high := min(e.a.Y, e.b.Y), max(e.a.Y, e.b.Y)
		for j := i + 1; j < len(s.segments) && s.segments[j].a.X <= e.b.X; j++ {
			f := &s.segments[j]
			if min(f.a.Y, f.b.Y) > high || max(f.a.Y, f.b.Y) < low || !e.crosses(f) {
				continue
			}
			changed = s.restore(polygon, e) || changed
			changed = s.restore(polygon, f) || changed
		}
	}
	return changed
}

// restore keeps the point that lies farthest from an edge that stands for it.
func (s *Simplifier) restore(polygon *World, e *segment) bool {
	best, at := -1.0, -1
	for i := e.from + 1; i < e.to; i++ {
		if d := squareDistance(polygon.Points[i], e.a, e.b); d > best {
			best, at = d, i
		}
	}
	if at < 0 || s.keep[at] {
		return false
	}
	s.keep[at] = true
	return true
}

// crosses reports whether the inner points of two edges meet in one point.
func (e *segment) crosses(f *segment) bool {
	return opposite(side(e.a, e.b, f.a), side(e.a, e.b, f.b)) &&
		opposite(side(f.a, f.b, e.a), side(f.a, f.b, e.b))
}

func opposite(a, b int64) bool { return a < 0 && b > 0 || a > 0 && b < 0 }

// side is positive, zero or negative as p lies to one side of ab, on it, or to
// the other.
func side(a, b, p WorldPoint) int64 {
	return int64(b.X-a.X)*int64(p.Y-a.Y) - int64(b.Y-a.Y)*int64(p.X-a.X)
}
