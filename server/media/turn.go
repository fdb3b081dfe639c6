package media

import "image"

// turn is how to get a picture upright: quarters of a circle clockwise, then
// left and right exchanged.
type turn struct {
	quarters int // 0 to 3
	mirrored bool
}

// turnOf returns what Exif's orientation asks for; values it does not know, nothing.
func turnOf(orientation uint16) turn {
	if orientation < 1 || orientation > 8 {
		return turn{}
	}
	return [...]turn{{0, false}, {0, true}, {2, false}, {2, true}, {1, true}, {1, false}, {3, true}, {3, false}}[orientation-1]
}

// apply returns the picture upright.
func (t turn) apply(src *image.RGBA) *image.RGBA {
	if t == (turn{}) {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if t.quarters%2 == 1 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			var tx, ty int
			switch t.quarters {
			case 0:
				tx, ty = x, y
			case 1:
				tx, ty = w-1-y, x
			case 2:
				tx, ty = w-1-x, h-1-y
			case 3:
				tx, ty = y, h-1-x
			}
			if t.mirrored {
				tx = w - 1 - tx
			}
			copy(dst.Pix[dst.PixOffset(tx, ty):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}
