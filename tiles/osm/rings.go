package osm

import (
	"fmt"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Problem is a fault of the geometry of a relation, or of the coast. What it names
// is left out, or a part of it.
type Problem struct {
	What string
	Ways []int64
}

func (p Problem) Error() string { return fmt.Sprintf("%s: ways %v", p.What, p.Ways) }

// AssembleMultipolygon makes polygons of the member ways of a multipolygon or
// boundary relation. Each polygon is an outer ring and the inner rings in it; a
// ring's last point is its first; outer rings run counter-clockwise, inner ones
// clockwise. The largest polygon comes first.
//
// Ways are joined at shared nodes. What is outer and what is inner follows from
// how the rings lie in each other: every second one inwards is a hole, each hole
// belongs to the smallest ring around it, an island in a hole is a polygon of its
// own. Roles say only that a ring of "inner" ways outside all others is no area.
// Rings may touch at points; rings that share a line
// stay two rings. Whatever can't be part of a ring is a Problem.
//
// The result depends on nothing but the members and their order.
func AssembleMultipolygon(members []MemberWay) (polygons [][][]cell.Point, problems []Problem) {
	a := assembly{seen: make(map[int64]bool), at: make(map[int64][]int)}
	for _, way := range members {
		a.add(way)
	}
	a.prune()
	for i := range a.ways {
		if !a.used[i] {
			a.walk(i)
		}
	}
	polygons, more := nest(a.rings)
	return polygons, append(a.problems, more...)
}

// assembly joins ways to rings.
type assembly struct {
	ways     []MemberWay
	used     []bool
	seen     map[int64]bool  // ids of ways
	at       map[int64][]int // open ways by their end nodes
	rings    []ring
	problems []Problem
}

// ring is a closed row of places, without the last one.
type ring struct {
	points []cell.Point
	inner  bool // all its ways say so
	ways   []int64
}

func (a *assembly) add(way MemberWay) {
	if len(way.Nodes) < 2 || a.seen[way.ID] {
		return
	}
	a.seen[way.ID] = true
	if !way.closed() {
		a.at[way.first()] = append(a.at[way.first()], len(a.ways))
		a.at[way.last()] = append(a.at[way.last()], len(a.ways))
	}
	a.ways = append(a.ways, way)
	a.used = append(a.used, false)
}

// prune takes out ways that end where no other goes on.
func (a *assembly) prune() {
	var check []int64
	for _, way := range a.ways {
		if !way.closed() {
			check = append(check, way.first(), way.last())
		}
	}
	for len(check) > 0 {
		node := check[0]
		check = check[1:]
		open := a.unused(node)
		if len(open) != 1 {
			continue
		}
		way := a.ways[open[0]]
		a.used[open[0]] = true
		a.problems = append(a.problems, Problem{"ring is not closed", []int64{way.ID}})
		check = append(check, way.first(), way.last())
	}
}

// unused returns the ways that can go on from a node.
func (a *assembly) unused(node int64) (ways []int) {
	for _, i := range a.at[node] {
		if !a.used[i] {
			ways = append(ways, i)
		}
	}
	return ways
}

// walk joins ways from way i on until they are closed, or end.
func (a *assembly) walk(i int) {
	chain := a.ways[i].vertices()
	a.used[i] = true
	ids, inner := []int64{a.ways[i].ID}, a.ways[i].Role == "inner"
	for chain[0].id != chain[len(chain)-1].id {
		end := chain[len(chain)-1]
		open := a.unused(end.id)
		if len(open) == 0 {
			break
		}
		next, best := -1, []vertex(nil)
		for _, k := range open {
			v := a.ways[k].vertices()
			if v[0].id != end.id {
				slices.Reverse(v)
			}
			// Of several, the sharpest turn to the left: rings that touch never cross then.
			if next < 0 || turn(chain[len(chain)-2].at, end.at, v[1].at, best[1].at) {
				next, best = k, v
			}
		}
		a.used[next] = true
		chain = append(chain, best[1:]...)
		ids = append(ids, a.ways[next].ID)
		inner = inner && a.ways[next].Role == "inner"
	}
	a.cut(chain, inner, ids)
}

// cut takes simple rings out of a chain, at each node that it visits twice.
func (a *assembly) cut(chain []vertex, inner bool, ways []int64) {
	before := len(a.rings)
	var path []vertex
	at := make(map[int64]int) // in path, by node
	for _, v := range chain {
		start, seen := at[v.id]
		if !seen {
			at[v.id] = len(path)
			path = append(path, v)
			continue
		}
		r := ring{points: points(path[start:]), inner: inner, ways: ways}
		for _, gone := range path[start+1:] {
			delete(at, gone.id)
		}
		path = path[:start+1]
		r.points = slices.Compact(r.points)
		if len(r.points) > 1 && r.points[0] == r.points[len(r.points)-1] {
			r.points = r.points[:len(r.points)-1]
		}
		if len(r.points) >= 3 && area(r.points) != 0 { // else a spike
			a.rings = append(a.rings, r)
		}
	}
	switch {
	case len(path) > 1:
		a.problems = append(a.problems, Problem{"ring is not closed", ways})
	case len(a.rings) == before:
		a.problems = append(a.problems, Problem{"ring without area", ways})
	}
}

// turn reports whether, coming from a to b, going on to c is a sharper turn to
// the left than going on to d.
func turn(a, b, c, d cell.Point) bool {
	ac, ad := side(b, a, c), side(b, a, d)
	// The sharpest left turn is the first direction clockwise from the way back.
	switch {
	case ac < 0 && ad >= 0:
		return true
	case ac >= 0 && ad < 0:
		return false
	}
	return side(b, c, d) < 0
}

// side is positive when c lies to the left of the line from a to b, negative to
// the right. The conversions keep the compiler from fusing the operations, which
// would give other results on other processors.
func side(a, b, c cell.Point) float64 {
	bx, by := float64(b.LonE7)-float64(a.LonE7), float64(b.LatE7)-float64(a.LatE7)
	cx, cy := float64(c.LonE7)-float64(a.LonE7), float64(c.LatE7)-float64(a.LatE7)
	return float64(bx*cy) - float64(by*cx)
}

// area is twice the area of a ring, positive when it runs counter-clockwise.
func area(points []cell.Point) float64 {
	sum := 0.0
	for i := 1; i+1 < len(points); i++ {
		sum += side(points[0], points[i], points[i+1])
	}
	return sum
}
