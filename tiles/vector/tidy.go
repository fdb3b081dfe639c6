package vector

import "slices"

// tidyLine makes a part of the open points of g, without repeated points and
// points in the middle of a straight line, when at least two are left.
func tidyLine(g *Tile) {
	from := g.open()
	line := g.Points[from:]
	n := 0
	for _, p := range line {
		if n > 0 && line[n-1] == p {
			continue
		}
		if n > 1 && straight(line[n-2], line[n-1], p) && onwards(line[n-2], line[n-1], p) {
			n--
		}
		line[n] = p
		n++
	}
	g.Points = g.Points[:from+n]
	g.closeLine()
}

// tidyRing makes a ring of the open points of g: without repeated points, points
// in the middle of a straight line and spikes, and wound as its role asks. It
// reports whether anything was left.
func tidyRing(g *Tile, exterior bool) bool {
	from := g.open()
	ring := g.Points[from:]
	n := 0
	for _, p := range ring {
		for n > 0 && ring[n-1] == p || n > 1 && straight(ring[n-2], ring[n-1], p) {
			n--
		}
		ring[n] = p
		n++
	}
	for ring = ring[:n]; len(ring) >= 3; {
		last := len(ring) - 1
		if straight(ring[last-1], ring[last], ring[0]) {
			ring = ring[:last]
		} else if straight(ring[last], ring[0], ring[1]) {
			ring = ring[1:]
		} else {
			break
		}
	}
	area := doubleTileArea(ring)
	if area == 0 {
		g.Points = g.Points[:from]
		return false
	}
	if area > 0 != exterior {
		slices.Reverse(ring)
	}
	g.Points = append(g.Points[:from], ring...)
	g.Close()
	return true
}

// straight reports whether b adds nothing between a and c.
func straight(a, b, c TilePoint) bool {
	return int64(b.X-a.X)*int64(c.Y-b.Y) == int64(c.X-b.X)*int64(b.Y-a.Y)
}

// onwards reports whether the way from b to c goes in the direction from a to b.
func onwards(a, b, c TilePoint) bool {
	return int64(b.X-a.X)*int64(c.X-b.X)+int64(b.Y-a.Y)*int64(c.Y-b.Y) > 0
}

// doubleTileArea is the surveyor's formula.
func doubleTileArea(ring []TilePoint) int64 {
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
