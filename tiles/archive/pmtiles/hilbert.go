package pmtiles

import (
	"math/bits"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// The number of a tile counts the tiles of all lower zooms and then the steps
// along the Hilbert curve of its own zoom.

// firstOf returns the number of the first tile of a zoom.
func firstOf(zoom uint8) uint64 { return (1<<(2*zoom) - 1) / 3 }

// numberOf returns a tile's number.
func numberOf(id cell.ID) uint64 {
	zoom, x, y := id.Zoom(), id.X(), id.Y()
	n := uint64(0)
	for side := uint32(1) << zoom >> 1; side > 0; side >>= 1 {
		var right, down uint32
		if x&side != 0 {
			right = 1
		}
		if y&side != 0 {
			down = 1
		}
		n += uint64(side) * uint64(side) * uint64(3*right^down)
		x, y = turn(side, x, y, right, down)
	}
	return firstOf(zoom) + n
}

// tileOf returns the tile of a number, or false past cell.MaxZoom.
func tileOf(number uint64) (cell.ID, bool) {
	// 3n+1 lies between 4^zoom and 4^(zoom+1).
	if number >= firstOf(cell.MaxZoom+1) {
		return 0, false
	}
	zoom := uint8(bits.Len64(3*number+1)-1) / 2
	n := number - firstOf(zoom)
	var x, y uint32
	for side := uint32(1); side < 1<<zoom; side <<= 1 {
		right := uint32(n>>1) & 1
		down := uint32(n)&1 ^ right
		x, y = turn(side, x, y, right, down)
		x += side * right
		y += side * down
		n >>= 2
	}
	return cell.New(zoom, x, y), true
}

// turn brings the curve inside a quadrant into the curve's own direction.
func turn(side, x, y, right, down uint32) (uint32, uint32) {
	if down != 0 {
		return x, y
	}
	if right != 0 {
		x, y = side-1-x, side-1-y
	}
	return y, x
}
