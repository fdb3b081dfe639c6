package vector

// Tolerance returns how far, in world units, a simplified line may lie from the
// original at a zoom: one tile unit at the last zoom, three before it (less than
// half a pixel on a 512-pixel tile).
func Tolerance(z, last uint8) int64 {
	if z >= last {
		return 1 << (unitBits - z)
	}
	return 3 << (unitBits - z)
}

// Simplifier thins out lines and rings by the method of Douglas and Peucker.
type Simplifier struct {
	keep  []bool
	spans [][2]int
	turn  []WorldPoint
}

// Line appends to dst the points of a line that a tolerance needs. The first and
// the last point always stay.
func (s *Simplifier) Line(dst, line []WorldPoint, tolerance int64) []WorldPoint {
	if len(line) < 3 {
		return append(dst, line...)
	}
	s.mark(line, tolerance)
	for i, p := range line {
		if s.keep[i] {
			dst = append(dst, p)
		}
	}
	return dst
}

// Ring appends to dst the points of a ring that a tolerance needs, or nothing
// when fewer than three are left.
func (s *Simplifier) Ring(dst, ring []WorldPoint, tolerance int64) []WorldPoint {
	if len(ring) < 3 {
		return dst
	}
	// The ring becomes a line that starts and ends at its first point; mark
	// measures from that point then, and so splits at the farthest.
	s.turn = append(append(s.turn[:0], ring...), ring[0])
	s.mark(s.turn, tolerance)
	start := len(dst)
	for i, p := range ring {
		if s.keep[i] {
			dst = append(dst, p)
		}
	}
	if len(dst)-start < 3 {
		return dst[:start]
	}
	return dst
}

// mark sets keep for the points of a line that the tolerance needs.
func (s *Simplifier) mark(line []WorldPoint, tolerance int64) {
	if cap(s.keep) < len(line) {
		s.keep = make([]bool, 2*len(line))
	}
	s.keep = s.keep[:len(line)]
	clear(s.keep)
	last := len(line) - 1
	s.keep[0], s.keep[last] = true, true
	limit := float64(tolerance * tolerance)
	s.spans = append(s.spans[:0], [2]int{0, last})
	for len(s.spans) > 0 {
		from, to := s.spans[len(s.spans)-1][0], s.spans[len(s.spans)-1][1]
		s.spans = s.spans[:len(s.spans)-1]
		far, at := limit, 0
		for i := from + 1; i < to; i++ {
			if d := squareDistance(line[i], line[from], line[to]); d > far {
				far, at = d, i
			}
		}
		if at > 0 {
			s.keep[at] = true
			s.spans = append(s.spans, [2]int{from, at}, [2]int{at, to})
		}
	}
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
