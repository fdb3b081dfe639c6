package vector

// edge is a half of the plane: the points with a coordinate (y when vertical is
// set, else x) of at most, or at least, a limit.
type edge struct {
	vertical bool
	below    bool
	limit    int32
}

func (e edge) of(p WorldPoint) int32 {
	if e.vertical {
		return p.Y
	}
	return p.X
}

func (e edge) holds(p WorldPoint) bool {
	if e.below {
		return e.of(p) <= e.limit
	}
	return e.of(p) >= e.limit
}

// cross returns where ab meets the limit, which lies between a and b. It does not
// depend on the direction, so that neighbours keep sharing their border.
func (e edge) cross(a, b WorldPoint) WorldPoint {
	if e.of(a) > e.of(b) {
		a, b = b, a
	}
	if e.vertical {
		return WorldPoint{a.X + share(e.limit-a.Y, b.Y-a.Y, b.X-a.X), e.limit}
	}
	return WorldPoint{e.limit, a.Y + share(e.limit-a.X, b.X-a.X, b.Y-a.Y)}
}

// share returns part/whole of n, rounded, for 0 <= part <= whole, whole > 0.
func share(part, whole, n int32) int32 {
	v, half := int64(part)*int64(n), int64(whole)/2
	if v < 0 {
		half = -half
	}
	return int32((v + half) / int64(whole))
}

// clipLines appends to dst what of the lines of src lies in e.
func (e edge) clipLines(dst, src *World) {
	for i := range src.Len() {
		line := src.Part(i)
		inside := false
		for j, p := range line {
			now := e.holds(p)
			if j > 0 && now != inside {
				dst.Points = append(dst.Points, e.cross(line[j-1], p))
			}
			if now {
				dst.Points = append(dst.Points, p)
			} else if inside {
				dst.closeLine()
			}
			inside = now
		}
		dst.closeLine()
	}
}

// closeLine makes a part of the open points when they can be a line.
func (g *Parts[P]) closeLine() {
	if n := len(g.Points) - g.open(); n >= 2 {
		g.Close()
	} else {
		g.Points = g.Points[:len(g.Points)-n]
	}
}

// clipPolygon appends to dst what of a polygon lies in e (Sutherland and
// Hodgman). When nothing of the exterior ring does, nothing is added.
func (e edge) clipPolygon(dst, src *World) {
	for i := range src.Len() {
		ring := src.Part(i)
		last := ring[len(ring)-1]
		inside := e.holds(last)
		for _, p := range ring {
			now := e.holds(p)
			if now != inside {
				dst.Points = append(dst.Points, e.cross(last, p))
			}
			if now {
				dst.Points = append(dst.Points, p)
			}
			last, inside = p, now
		}
		if n := len(dst.Points) - dst.open(); n >= 3 {
			dst.Close()
		} else if dst.Points = dst.Points[:len(dst.Points)-n]; i == 0 {
			return
		}
	}
}
