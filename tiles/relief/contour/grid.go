package contour

import (
	"slices"

	"github.com/pannier-maps/pannier/tiles/relief"
)

// side is how many heights a grid has each way: the centres of a tile's pixels, and
// one more on each side.
const side = relief.Side + 2

// weight is what a metre counts in a grid: heights are sums of their neighbours'.
const weight = 16

// grid is smoothed heights in 1/16 m.
type grid [side * side]int32

// newGrid smooths the heights of a tile, with those around it.
func newGrid(around func(right, down int) (*relief.Heights, error)) (*grid, error) {
	const wide = side + 2
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
			col, row := x-2+relief.Side, y-2+relief.Side // from the first pixel of the tile to the north-west
			h := near[row/relief.Side][col/relief.Side]
			if h == nil { // as at the tile's edge
				h = near[1][1]
				col, row = max(relief.Side, min(col, 2*relief.Side-1)), max(relief.Side, min(row, 2*relief.Side-1))
			}
			metres[y*wide+x] = h[row%relief.Side*relief.Side+col%relief.Side]
		}
	}
	g := new(grid)
	for y := range side {
		for x := range side {
			a, b, c := metres[y*wide+x:], metres[(y+1)*wide+x:], metres[(y+2)*wide+x:]
			g[y*side+x] = a[0] + 2*a[1] + a[2] + 2*(b[0]+2*b[1]+b[2]) + c[0] + 2*c[1] + c[2]
		}
	}
	return g, nil
}

func (g *grid) bounds() (low, high int32) { return slices.Min(g[:]), slices.Max(g[:]) }
