package osm

import (
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// AssembleCoast makes polygons of the sea in a box of coastline ways, which have
// the water to their right. Polygons are as those of AssembleMultipolygon.
//
// Ways are joined at shared nodes, in their direction, cut at the box and closed
// along its edges. A coast that ends inside the box, because the extract was cut
// along another line, goes straight on to the nearest edge when that is not far.
// Where there are islands only, the sea is all around them; where there are no
// ways at all there is no sea. A coast that is broken is a Problem and left out;
// so is, of parts that contradict each other, the shorter.
//
// The result depends on nothing but the ways, their order and the box.
func AssembleCoast(ways []MemberWay, box Box) (polygons [][][]cell.Point, problems []Problem) {
	s := shore{box: box}
	for _, c := range joinCoast(ways) {
		s.add(c)
	}
	s.close()
	if !s.open && len(s.rings) > 0 && !slices.ContainsFunc(s.rings, func(r ring) bool { return !r.inner }) {
		s.rings = append(s.rings, ring{points: s.corners(0, s.perimeter())})
	}
	polygons, stray := nest(s.rings)
	for _, p := range stray {
		s.problems = append(s.problems, Problem{"island that no sea is around", p.Ways})
	}
	return polygons, s.problems
}

// coast is a row of coastline ways.
type coast struct {
	points []cell.Point
	ways   []int64
	closed bool
}

// joinCoast joins ways that follow on each other: first those that no other leads
// to, then what is left, the islands.
func joinCoast(ways []MemberWay) (coasts []coast) {
	starts, ends := make(map[int64][]int), make(map[int64]bool)
	for i, w := range ways {
		if len(w.Nodes) > 1 {
			starts[w.first()] = append(starts[w.first()], i)
			ends[w.last()] = true
		}
	}
	used := make([]bool, len(ways))
	next := func(node int64) int {
		for _, i := range starts[node] {
			if !used[i] {
				return i
			}
		}
		return -1
	}
	for _, islands := range []bool{false, true} {
		for i, w := range ways {
			if used[i] || len(w.Nodes) < 2 || !islands && ends[w.first()] {
				continue
			}
			c := coast{points: []cell.Point{w.Points[0]}}
			for k := i; k >= 0 && !c.closed; k = next(ways[k].last()) {
				used[k] = true
				c.points, c.ways = append(c.points, ways[k].Points[1:]...), append(c.ways, ways[k].ID)
				c.closed = ways[k].last() == w.first()
			}
			c.points = slices.Compact(c.points)
			coasts = append(coasts, c)
		}
	}
	return coasts
}

// farFromEdge is the part of a box's shorter side that a coast may end before its
// edge.
const farFromEdge = 8

// shore makes rings of coasts.
type shore struct {
	box      Box
	open     bool    // there is a coast that is no island
	pieces   []coast // from edge to edge of the box
	rings    []ring  // inner ones are land
	problems []Problem
}

func (s *shore) add(c coast) {
	outside := slices.IndexFunc(c.points, func(p cell.Point) bool { return !s.holds(p) })
	switch {
	case c.closed && outside < 0:
		s.ring(c.points[:len(c.points)-1], c.ways)
		return
	case c.closed: // begin outside
		c.points = slices.Concat(c.points[outside:], c.points[1:outside+1])
	default:
		s.open = true
		if !s.extend(&c) {
			s.problems = append(s.problems, Problem{"coastline is broken", c.ways})
			return
		}
	}
	for _, points := range s.clip(c.points) {
		s.open = true
		s.pieces = append(s.pieces, coast{points: points, ways: c.ways})
	}
}

func (s *shore) holds(p cell.Point) bool {
	return p.LonE7 >= s.box.Min.LonE7 && p.LonE7 <= s.box.Max.LonE7 && p.LatE7 >= s.box.Min.LatE7 && p.LatE7 <= s.box.Max.LatE7
}

// ring keeps a ring: water when it runs clockwise, else land.
func (s *shore) ring(points []cell.Point, ways []int64) {
	if a := area(points); len(points) >= 3 && a != 0 {
		s.rings = append(s.rings, ring{points, a > 0, ways})
	}
}

// extend leads both ends of a coast out of the box; it reports false when they lie
// too far inside.
func (s *shore) extend(c *coast) bool {
	width, height := s.sides()
	most := min(width, height) / farFromEdge
	edge := func(p cell.Point) (cell.Point, bool) {
		if !s.holds(p) {
			return p, true
		}
		best, near := p, most+1
		for _, q := range []cell.Point{
			{LonE7: p.LonE7, LatE7: s.box.Max.LatE7}, {LonE7: s.box.Max.LonE7, LatE7: p.LatE7},
			{LonE7: p.LonE7, LatE7: s.box.Min.LatE7}, {LonE7: s.box.Min.LonE7, LatE7: p.LatE7},
		} {
			if d := distance(p.LonE7, q.LonE7) + distance(p.LatE7, q.LatE7); d < near {
				best, near = q, d
			}
		}
		return best, near <= most
	}
	first, ok := edge(c.points[0])
	last, also := edge(c.points[len(c.points)-1])
	if ok && also {
		c.points = slices.Compact(slices.Concat([]cell.Point{first}, c.points, []cell.Point{last}))
	}
	return ok && also
}

func distance(a, b int32) int64 { return max(int64(a)-int64(b), int64(b)-int64(a)) }
