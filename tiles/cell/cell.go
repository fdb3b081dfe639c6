// Package cell names pieces of the world.
//
// A tile is one square of the Web Mercator quadtree (x to the east, y to the
// south, 2^z by 2^z squares at zoom z). A cell is one layer's content under one
// such square; it is what a bundle is made of and what a delta changes.
//
// Cells lie on three zooms only (Zooms), so that they hold some hundred
// kilobytes each: tiles of z11 to z14 are grouped under their z11 ancestor, z7
// to z10 under z7 and the rest under z0. A feature lies in the smallest such
// square that holds its bounding box.
//
// All functions are pure and safe for concurrent use. The byte forms are
// described in FORMAT.md beside this file.
package cell

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// MaxZoom is the deepest zoom an ID can name.
const MaxZoom = 29

// ErrInvalid is returned for text or numbers that name no square.
var ErrInvalid = errors.New("invalid cell")

// ID names a square of the quadtree: a leading 1 bit, then two bits for each
// zoom from the root, the y bit before the x bit. So 1 is the whole world, an
// ancestor is a right shift, and the natural order is by zoom, then by Z-curve.
// The zero ID names nothing.
type ID uint64

// World is the single square of zoom 0.
const World ID = 1

// New returns the ID of the square z/x/y. It panics when z > MaxZoom or x or y
// lies outside 0..2^z-1; use Parse for text from outside.
func New(z uint8, x, y uint32) ID {
	if z > MaxZoom || x>>z != 0 || y>>z != 0 {
		panic(fmt.Sprintf("cell.New(%d, %d, %d): outside the quadtree", z, x, y))
	}
	return ID(1)<<(2*z) | ID(spread(x)) | ID(spread(y))<<1
}

// Parse reads the form "z/x/y" that String writes.
func Parse(s string) (ID, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return 0, fmt.Errorf("%w: %q is not z/x/y", ErrInvalid, s)
	}
	var n [3]uint64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is not z/x/y", ErrInvalid, s)
		}
		n[i] = v
	}
	if n[0] > MaxZoom || n[1]>>n[0] != 0 || n[2]>>n[0] != 0 {
		return 0, fmt.Errorf("%w: %q lies outside the quadtree", ErrInvalid, s)
	}
	return New(uint8(n[0]), uint32(n[1]), uint32(n[2])), nil
}

// Valid reports whether id names a square.
func (id ID) Valid() bool {
	return id != 0 && bits.Len64(uint64(id))%2 == 1 && id.Zoom() <= MaxZoom
}

// Zoom returns the square's zoom, 0 to MaxZoom.
func (id ID) Zoom() uint8 { return uint8((bits.Len64(uint64(id)) - 1) / 2) }

// X returns the column, 0 at 180° west.
func (id ID) X() uint32 { return squash(uint64(id) &^ (1 << (2 * id.Zoom()))) }

// Y returns the row, 0 at 85.05° north.
func (id ID) Y() uint32 { return squash(uint64(id) &^ (1 << (2 * id.Zoom())) >> 1) }

// Ancestor returns the square of zoom z that holds id, or id itself when it is
// not deeper than z.
func (id ID) Ancestor(z uint8) ID {
	if own := id.Zoom(); own > z {
		return id >> (2 * (own - z))
	}
	return id
}

// Contains reports whether other lies in id (or is id).
func (id ID) Contains(other ID) bool {
	return other.Zoom() >= id.Zoom() && other.Ancestor(id.Zoom()) == id
}

// Beside returns the square so many columns to the east and rows to the south, of
// the same zoom: around the world, and at its northern and southern edge the
// outermost.
func (id ID) Beside(east, south int) ID {
	z := id.Zoom()
	n := int64(1) << z
	x, y := (int64(id.X())+int64(east))%n, int64(id.Y())+int64(south)
	return New(z, uint32((x+n)%n), uint32(max(0, min(y, n-1))))
}

// String returns "z/x/y".
func (id ID) String() string {
	return fmt.Sprintf("%d/%d/%d", id.Zoom(), id.X(), id.Y())
}

// spread puts a zero bit above each bit of v.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	x = (x | x<<1) & 0x5555555555555555
	return x
}

// squash undoes spread, ignoring the odd bits.
func squash(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	x = (x | x>>16) & 0x00000000ffffffff
	return uint32(x)
}
