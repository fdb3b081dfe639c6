package relief

import (
	"bytes"
	"image"
	"image/png"
)

// Terrarium returns a tile, in the form of FORMAT.md, as a PNG of which map
// programs read heights: metres = red × 256 + green + blue / 256 − 32768. Errors
// wrap ErrInvalid.
func Terrarium(data []byte) ([]byte, error) {
	h, err := Decode(data)
	if err != nil {
		return nil, err
	}
	img := image.NewNRGBA(image.Rect(0, 0, Side, Side))
	for i, metres := range h {
		above := uint16(metres + 32768)
		pixel := img.Pix[4*i:]
		pixel[0], pixel[1], pixel[3] = uint8(above>>8), uint8(above), 0xff
	}
	var out bytes.Buffer
	err = png.Encode(&out, img)
	return out.Bytes(), err
}
