package contour

import "github.com/pannier-maps/pannier/tiles/vector"

// clip cuts a piece of a line to the tile. The tile beside cuts the same piece at
// the same place.
func clip(p, q vector.WorldPoint) (_, _ vector.WorldPoint, ok bool) {
	if p, q, ok = clipColumns(p, q); !ok {
		return p, q, false
	}
	p, q, ok = clipColumns(turn(p), turn(q))
	return turn(p), turn(q), ok
}

func turn(p vector.WorldPoint) vector.WorldPoint { return vector.WorldPoint{X: p.Y, Y: p.X} }

// clipColumns cuts at the western and the eastern edge.
func clipColumns(p, q vector.WorldPoint) (_, _ vector.WorldPoint, ok bool) {
	if min(p.X, q.X) >= 0 && max(p.X, q.X) <= edge {
		return p, q, true
	}
	if max(p.X, q.X) < 0 || min(p.X, q.X) > edge {
		return p, q, false
	}
	limit := int32(0) // a piece is too short to cross both
	if max(p.X, q.X) > edge {
		limit = edge
	}
	cut := vector.WorldPoint{X: limit, Y: p.Y + int32(int64(q.Y-p.Y)*int64(limit-p.X)/int64(q.X-p.X))}
	if p.X < 0 || p.X > edge {
		return cut, q, true
	}
	return p, cut, true
}
