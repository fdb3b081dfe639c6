package contour

import (
	"slices"

	"github.com/pannier-maps/pannier/tiles/relief"
)

// side is how many heights a grid has each way: the centres of a tile's pixels, and
// one more on each side.
const side = relief.Side + 2

// Heights are sums of their neighbours' in a square of 5 × 5, with binomial weights:
// an interpolated survey has edges, which lines would show as corners.
const (
	reach  = 2
	weight = 256 // of a metre
)

// grid is smoothed heights in 1/256 m.
type grid [side * side]int32

// newGrid smooths the heights of a tile, with those around it.
func newGrid(around func(right, down int) (*relief.Heights, error)) (*grid, error) {
	const wide, outside = side + 2*reach, 1 + reach
	var near [3][3]*relief.Heights
	for down := range near {
		for right := range near {
			h, err := around(right-1, down-1)
			if err != nil {
				return nil, err
			}
			near[down][right] = h
		}
	}
	if near[1][1] == nil {
		return new(grid), nil
	}
	metres := make([]int32, wide*wide)
	for y := range wide {
		for x := range wide {
			col, row := x-outside+relief.Side, y-outside+relief.Side // from the first pixel of the tile to the north-west
			h := near[row/relief.Side][col/relief.Side]
			if h == nil { // as at the tile's edge
				h = near[1][1]
				col, row = max(relief.Side, min(col, 2*relief.Side-1)), max(relief.Side, min(row, 2*relief.Side-1))
			}
			metres[y*wide+x] = h[row%relief.Side*relief.Side+col%relief.Side]
		}
	}
	across := make([]int32, wide*side)
	for y := range wide {
		for x := range side {
			across[y*side+x] = smooth(metres[y*wide+x:], 1)
		}
	}
	g := new(grid)
	for i := range g {
		g[i] = smooth(across[i:], side)
	}
	return g, nil
}

// smooth sums five heights that lie so many places apart.
func smooth(h []int32, step int) int32 {
	return h[0] + 4*h[step] + 6*h[2*step] + 4*h[3*step] + h[4*step]
}

func (g *grid) bounds() (low, high int32) { return slices.Min(g[:]), slices.Max(g[:]) }
