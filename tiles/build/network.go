package build

import "github.com/pannier-maps/pannier/tiles/vector"

// lastNetwork is the deepest zoom at which lines are drawn as a network: two
// carriageways are one line there, and it does not matter which way it runs.
const lastNetwork = 10

// pixel is a pixel of a 256-pixel tile, in tile units.
const pixel = vector.Extent / 256

// network draws lines anew: each piece between two points once, with as few lines
// as there can be, and without parts that hang together within a pixel. Else two
// carriageways that run over each other make many short lines, to and fro.
type network struct {
	seen   map[[2]vector.TilePoint]bool
	at     map[vector.TilePoint]int // number of a point
	points []vector.TilePoint
	ways   [][]int // of each point, the pieces that touch it
	pieces [][2]int
	used   []bool
	parent []int // of points that hang together
	low    []vector.TilePoint
	high   []vector.TilePoint
	out    vector.Tile
}

// draw replaces the lines of g; at the end there may be none.
func (n *network) draw(g *vector.Tile) {
	n.reset()
	for i := range g.Len() {
		part := g.Part(i)
		for j := 1; j < len(part); j++ {
			n.add(part[j-1], part[j])
		}
	}
	n.used = append(n.used[:0], make([]bool, len(n.pieces))...)
	// First from junctions and ends, then what is left: circles.
	for _, circles := range []bool{false, true} {
		for from := range n.points {
			if !circles && len(n.ways[from]) == 2 || !n.visible(from) {
				continue
			}
			for _, piece := range n.ways[from] {
				if !n.used[piece] {
					n.follow(from, piece)
				}
			}
		}
	}
	g.Reset()
	g.Points = append(g.Points, n.out.Points...)
	g.Ends = append(g.Ends, n.out.Ends...)
}

func (n *network) reset() {
	if n.seen == nil {
		n.seen, n.at = make(map[[2]vector.TilePoint]bool), make(map[vector.TilePoint]int)
	}
	clear(n.seen)
	clear(n.at)
	n.points, n.pieces, n.parent, n.low, n.high = n.points[:0], n.pieces[:0], n.parent[:0], n.low[:0], n.high[:0]
	for i := range n.ways {
		n.ways[i] = n.ways[i][:0]
	}
	n.out.Reset()
}

// add adds the piece between two points, unless it is there.
func (n *network) add(a, b vector.TilePoint) {
	if b.X < a.X || b.X == a.X && b.Y < a.Y {
		a, b = b, a
	}
	if a == b || n.seen[[2]vector.TilePoint{a, b}] {
		return
	}
	n.seen[[2]vector.TilePoint{a, b}] = true
	from, to := n.number(a), n.number(b)
	n.ways[from] = append(n.ways[from], len(n.pieces))
	n.ways[to] = append(n.ways[to], len(n.pieces))
	n.pieces = append(n.pieces, [2]int{from, to})
	n.connect(n.root(from), n.root(to))
}

func (n *network) number(p vector.TilePoint) int {
	i, ok := n.at[p]
	if !ok {
		i = len(n.points)
		n.at[p] = i
		n.points, n.parent, n.low, n.high = append(n.points, p), append(n.parent, i), append(n.low, p), append(n.high, p)
		if i == len(n.ways) {
			n.ways = append(n.ways, nil)
		}
	}
	return i
}

// root returns the point that stands for those that hang together with one.
func (n *network) root(i int) int {
	for n.parent[i] != i {
		n.parent[i] = n.parent[n.parent[i]]
		i = n.parent[i]
	}
	return i
}

func (n *network) connect(a, b int) {
	if a == b {
		return
	}
	n.parent[b] = a
	n.low[a] = vector.TilePoint{X: min(n.low[a].X, n.low[b].X), Y: min(n.low[a].Y, n.low[b].Y)}
	n.high[a] = vector.TilePoint{X: max(n.high[a].X, n.high[b].X), Y: max(n.high[a].Y, n.high[b].Y)}
}

// visible reports whether what hangs together with a point is a pixel or more.
func (n *network) visible(point int) bool {
	r := n.root(point)
	return n.high[r].X-n.low[r].X >= pixel || n.high[r].Y-n.low[r].Y >= pixel
}

// follow adds the line that begins with a piece, up to a junction, an end, or
// where it began.
func (n *network) follow(from, piece int) {
	n.out.Points = append(n.out.Points, n.points[from])
	for {
		n.used[piece] = true
		from = n.pieces[piece][0] + n.pieces[piece][1] - from
		n.out.Points = append(n.out.Points, n.points[from])
		ways := n.ways[from]
		if len(ways) != 2 || n.used[ways[0]] && n.used[ways[1]] {
			break
		}
		if piece = ways[0]; n.used[piece] {
			piece = ways[1]
		}
	}
	n.out.Close()
}
