package vector

// Tolerance returns how far, in world units, a simplified line may lie from the
// original at a zoom: one tile unit at the last zoom, which readers enlarge, and
// four before it (half a pixel of a 512-pixel tile).
func Tolerance(z, last uint8) int64 {
	if z >= last {
		return 1 << (unitBits - z)
	}
	return 4 << (unitBits - z)
}

// Simplifier thins out lines and polygons by the method of Douglas and Peucker.
type Simplifier struct {
	keep     []bool // by point
	spans    [][2]int
	turn     []WorldPoint
	segments []segment
	zoom     uint8
}

// Line appends to dst the points of a line that a tolerance needs. The first and
// the last point always stay.
func (s *Simplifier) Line(dst, line []WorldPoint, tolerance int64) []WorldPoint {
	if len(line) < 3 {
		return append(dst, line...)
	}
	s.reset(len(line))
	s.mark(s.keep, line, tolerance)
	for i, p := range line {
		if s.keep[i] {
			dst = append(dst, p)
		}
	}
	return dst
}

// Polygon sets dst to what a tolerance needs of a polygon. Where edges would
// cross, once they are rounded to the tile units of zoom z, points come back. A
// ring of which fewer than three points are left is dropped, and with the
// exterior ring the polygon.
func (s *Simplifier) Polygon(dst, polygon *World, z uint8, tolerance int64) {
	s.zoom = z
	dst.Reset()
	s.reset(len(polygon.Points))
	from := 0
	for _, to := range polygon.Ends {
		// The ring becomes a line that starts and ends at its first point; mark
		// measures from that point then, and so splits at the farthest.
		s.turn = append(append(s.turn[:0], polygon.Points[from:to]...), polygon.Points[from])
		s.mark(s.keep[from:to+1], s.turn, tolerance)
		from = to
	}
	s.untangle(polygon)
	from = 0
	for i, to := range polygon.Ends {
		start := len(dst.Points)
		for j := from; j < to; j++ {
			if s.keep[j] {
				dst.Points = append(dst.Points, polygon.Points[j])
			}
		}
		if from = to; len(dst.Points)-start >= 3 {
			dst.Close()
		} else if dst.Points = dst.Points[:start]; i == 0 {
			return
		}
	}
}

// reset makes keep false for n points, and one more.
func (s *Simplifier) reset(n int) {
	if cap(s.keep) < n+1 {
		s.keep = make([]bool, 2*n+1)
	}
	s.keep = s.keep[:n+1]
	clear(s.keep)
}

// mark sets keep for the points of a line that the tolerance needs.
func (s *Simplifier) mark(keep []bool, line []WorldPoint, tolerance int64) {
	last := len(line) - 1
	keep[0], keep[last] = true, true
	limit := float64(tolerance * tolerance)
	s.spans = append(s.spans[:0], [2]int{0, last})
	for len(s.spans) > 0 {
		from, to := s.spans[len(s.spans)-1][0], s.spans[len(s.spans)-1][1]
		s.spans = s.spans[:len(s.spans)-1]
		if at := farthest(line, from, to, limit); at > 0 {
			keep[at] = true
			s.spans = append(s.spans, [2]int{from, at}, [2]int{at, to})
		}
	}
}

// farthest returns the point of a line between two others that lies farthest from
// their segment, 0 when none is farther than the root of limit.
func farthest(line []WorldPoint, from, to int, limit float64) (at int) {
	a, b := line[from], line[to]
	for i := from + 1; i < to; i++ {
		if d := squareDistance(line[i], a, b); d > limit {
			limit, at = d, i
		}
	}
	return at
}

// squareDistance returns the squared distance from p to the segment ab. All its
// sums are whole, so no machine can fuse them with a product.
func squareDistance(p, a, b WorldPoint) float64 {
	px, py := int64(p.X-a.X), int64(p.Y-a.Y)
	bx, by := int64(b.X-a.X), int64(b.Y-a.Y)
	length, dot := bx*bx+by*by, px*bx+py*by
	switch {
	case dot <= 0:
		return float64(px*px + py*py)
	case dot >= length:
		px, py = px-bx, py-by
		return float64(px*px + py*py)
	}
	cross := float64(px*by - py*bx)
	return cross * cross / float64(length)
}
