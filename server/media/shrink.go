package media

import (
	"fmt"
	"image"
	"image/draw"
	"math/bits"
	"strconv"
)

// fit returns the size of a picture whose longer side is at most side, with the
// same proportions. Nothing is made larger.
func fit(width, height, side int) (w, h int) {
	longer := max(width, height)
	if longer <= side {
		return width, height
	}
	scale := func(v int) int { return max(1, (v*side+longer/2)/longer) }
	return scale(width), scale(height)
}

// strip is how many rows are converted at a time.
const strip = 16

// shrink lays a picture on white and averages it over the areas that make a
// pixel each of one of w by h. It takes little memory beside the two pictures,
// and whole numbers only: a product of fractions could differ from one machine
// to another.
//
// Along each side, a pixel of the source is as long as the target has pixels,
// and one of the target as long as the source has; so both cover the same length.
func shrink(src image.Image, w, h int) *image.RGBA {
	from := src.Bounds()
	sw, sh := from.Dx(), from.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	rows := image.NewRGBA(image.Rect(0, 0, sw, min(strip, sh)))
	line := make([]uint64, 3*w) // a source row, each target pixel times sw
	sum := make([]uint64, 3*w)  // a target row, each pixel times sw*sh
	y, room := 0, sh            // of the target row that is being made
	for sy := range sh {
		if sy%strip == 0 {
			draw.Draw(rows, rows.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(rows, rows.Rect, src, from.Min.Add(image.Pt(0, sy)), draw.Over)
		}
		pix := rows.Pix[(sy%strip)*rows.Stride:][:4*sw]
		squeeze(line, pix, w, sw)
		for left := h; left > 0; {
			part := min(left, room)
			for i, v := range line {
				sum[i] += v * uint64(part)
			}
			left, room = left-part, room-part
			if room == 0 {
				write(dst.Pix[y*dst.Stride:], sum, uint64(sw)*uint64(sh))
				clear(sum)
				y, room = y+1, sh
			}
		}
	}
	return dst
}

// squeeze averages one row.
func squeeze(line []uint64, pix []byte, w, sw int) {
	clear(line)
	x, room := 0, sw
	for sx := range sw {
		p := pix[4*sx : 4*sx+3 : 4*sx+3]
		for left := w; left > 0; {
			part := min(left, room)
			t, n := line[3*x:3*x+3:3*x+3], uint64(part)
			t[0] += n * uint64(p[0])
			t[1] += n * uint64(p[1])
			t[2] += n * uint64(p[2])
			left, room = left-part, room-part
			if room == 0 {
				x, room = x+1, sw
			}
		}
	}
}

func write(row []byte, sum []uint64, area uint64) {
	for i := 0; i < len(sum); i += 3 {
		to := row[4*(i/3):][:4]
		to[0], to[1], to[2], to[3] = byte((sum[i]+area/2)/area), byte((sum[i+1]+area/2)/area), byte((sum[i+2]+area/2)/area), 255
	}
}

// look returns a picture's difference hash: whether each of 8 by 8 spots is
// brighter than the one to its right.
func look(src *image.RGBA) uint64 {
	small := shrink(src, 9, 8)
	var hash uint64
	bright := func(x, y int) int {
		p := small.Pix[small.PixOffset(x, y):]
		return 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2])
	}
	for y := range 8 {
		for x := range 8 {
			hash <<= 1
			if bright(x, y) > bright(x+1, y) {
				hash |= 1
			}
		}
	}
	return hash
}

// alike is in how many of 64 bits photos differ that are told to look alike.
const alike = 6

// looksLike compares two looks as records have them.
func looksLike(a, b string) bool {
	x, errA := strconv.ParseUint(a, 16, 64)
	y, errB := strconv.ParseUint(b, 16, 64)
	return errA == nil && errB == nil && bits.OnesCount64(x^y) <= alike
}

func lookText(hash uint64) string { return fmt.Sprintf("%016x", hash) }
