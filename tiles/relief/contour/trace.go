package contour

import "github.com/pannier-maps/pannier/tiles/vector"

// tracer joins the pieces of lines at one level.
type tracer struct {
	nodes []node
	known map[int32]int32 // nodes by the side of a square that they lie on
}

// node is where a line crosses a side of a square, or the tile's edge.
type node struct {
	at    vector.WorldPoint // in parts
	links [2]int32          // nodes, plus 1; 0: none
	done  bool
}

// cross adds the pieces of lines in the square whose north-western corner is a
// point of the grid.
func (t *tracer) cross(g *grid, x, y, level int32) {
	nw, ne, sw, se := g[y*side+x], g[y*side+x+1], g[(y+1)*side+x], g[(y+1)*side+x+1]
	above := 0
	for i, h := range [4]int32{nw, ne, se, sw} {
		if h >= level {
			above |= 1 << i
		}
	}
	if above == 0 || above == 15 {
		return
	}
	const north, east, south, west = 0, 1, 2, 3
	crossing := func(which int) crossing {
		switch which {
		case north:
			return crossing{(y*side + x) * 2, vector.WorldPoint{X: place(x) + share(nw, ne, level), Y: place(y)}}
		case south:
			return crossing{((y+1)*side + x) * 2, vector.WorldPoint{X: place(x) + share(sw, se, level), Y: place(y + 1)}}
		case west:
			return crossing{(y*side+x)*2 + 1, vector.WorldPoint{X: place(x), Y: place(y) + share(nw, sw, level)}}
		}
		return crossing{(y*side+x+1)*2 + 1, vector.WorldPoint{X: place(x + 1), Y: place(y) + share(ne, se, level)}}
	}
	switch above {
	case 1, 14:
		t.link(crossing(north), crossing(west))
	case 2, 13:
		t.link(crossing(north), crossing(east))
	case 4, 11:
		t.link(crossing(east), crossing(south))
	case 8, 7:
		t.link(crossing(south), crossing(west))
	case 3, 12:
		t.link(crossing(west), crossing(east))
	case 6, 9:
		t.link(crossing(north), crossing(south))
	default: // a saddle: its middle says which corners belong together
		if (nw+ne+sw+se >= 4*level) == (above == 5) {
			t.link(crossing(north), crossing(east))
			t.link(crossing(south), crossing(west))
		} else {
			t.link(crossing(north), crossing(west))
			t.link(crossing(east), crossing(south))
		}
	}
}

// crossing is where a line crosses the side of a square.
type crossing struct {
	side int32
	at   vector.WorldPoint
}

// place returns where a row or column of the grid lies: at the centres of pixels,
// of which the first belongs to the tile before.
func place(i int32) int32 { return i*pixel - pixel/2 }

// share returns how far from a to b, a pixel apart, the level is reached.
func share(a, b, level int32) int32 { return int32((2*int64(level-a)*pixel/int64(b-a) + 1) / 2) }

// link joins two crossings, as far as that lies in the tile.
func (t *tracer) link(a, b crossing) {
	p, q, ok := clip(a.at, b.at)
	if !ok {
		return
	}
	from, to := t.node(a, p), t.node(b, q)
	t.join(from, to)
	t.join(to, from)
}

// node returns the node of a crossing, which clipping may have moved to the edge.
func (t *tracer) node(c crossing, at vector.WorldPoint) int32 {
	if at == c.at {
		if n, ok := t.known[c.side]; ok {
			return n
		}
		if t.known == nil {
			t.known = make(map[int32]int32)
		}
		t.known[c.side] = int32(len(t.nodes))
	}
	t.nodes = append(t.nodes, node{at: at})
	return int32(len(t.nodes) - 1)
}

func (t *tracer) join(from, to int32) {
	n := &t.nodes[from]
	if n.links[0] == 0 {
		n.links[0] = to + 1
	} else {
		n.links[1] = to + 1
	}
}

// lines yields the lines: those with ends first, then those that are closed, of
// which the first point comes again at the end. They are valid until the next.
func (t *tracer) lines(yield func(line []vector.WorldPoint) bool) {
	var line []vector.WorldPoint
	for _, closed := range []bool{false, true} {
		for i := range t.nodes {
			if n := &t.nodes[i]; n.done || (n.links[1] != 0) != closed {
				continue
			}
			line = t.walk(line[:0], int32(i))
			if closed {
				line = append(line, line[0])
			}
			if len(line) > 1 && !yield(line) {
				return
			}
		}
	}
}

// walk follows the links from a node.
func (t *tracer) walk(line []vector.WorldPoint, at int32) []vector.WorldPoint {
	for {
		n := &t.nodes[at]
		n.done = true
		line = append(line, n.at)
		next := int32(-1)
		for _, l := range n.links {
			if l != 0 && !t.nodes[l-1].done {
				next = l - 1
				break
			}
		}
		if next < 0 {
			return line
		}
		at = next
	}
}
