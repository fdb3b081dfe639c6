package vector

// DoubleArea returns twice the signed area of a ring, positive when it runs
// clockwise on the map (y to the south). The sum may wrap on the way, the result
// does not.
func DoubleArea(ring []WorldPoint) int64 {
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

// Pixels returns an area in world units as square pixels of a 256-pixel tile at
// a zoom.
func Pixels(area int64, z uint8) float64 {
	side := int64(1) << (WorldBits - 8 - z)
	return float64(area) / float64(side*side)
}

// Bounds returns the box around all points, low to the north-west. It is empty,
// with low beyond high, when there is no point.
func Bounds(points []WorldPoint) (low, high WorldPoint) {
	low, high = WorldPoint{1 << WorldBits, 1 << WorldBits}, WorldPoint{-1, -1}
	for _, p := range points {
		low.X, high.X = min(low.X, p.X), max(high.X, p.X)
		low.Y, high.Y = min(low.Y, p.Y), max(high.Y, p.Y)
	}
	return low, high
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
