package vector

import (
	"cmp"
	"slices"
)

// interiorRows is how many horizontal lines Interior tries.
const interiorRows = 7

// Interior returns a point inside a polygon that suits a label: the middle of the
// longest stretch inside it along some horizontal lines, the central one first.
// It reports false when the polygon is too flat to have one.
func Interior(polygon *World) (WorldPoint, bool) {
	low, high := Bounds(polygon.Points)
	var best WorldPoint
	var longest int32
	var xs []int32
	for i := int32(1); i <= interiorRows; i++ {
		// 1/2, 3/8, 5/8, 2/8, 6/8, 1/8, 7/8 of the height
		eighths := 4 + i/2*(1-2*(i%2))
		y := low.Y + int32(int64(high.Y-low.Y)*int64(eighths)/8)
		xs = crossings(xs[:0], polygon, y)
		slices.SortFunc(xs, cmp.Compare[int32])
		for j := 0; j+1 < len(xs); j += 2 {
			if length := xs[j+1] - xs[j]; length > longest {
				longest, best = length, WorldPoint{xs[j] + length/2, y}
			}
		}
	}
	return best, longest > 0
}

// crossings appends where the rings cross the line just below y.
func crossings(xs []int32, polygon *World, y int32) []int32 {
	for i := range polygon.Len() {
		ring := polygon.Part(i)
		a := ring[len(ring)-1]
		for _, b := range ring {
			if (a.Y <= y) != (b.Y <= y) {
				xs = append(xs, edge{vertical: true, limit: y}.cross(a, b).X)
			}
			a = b
		}
	}
	return xs
}
