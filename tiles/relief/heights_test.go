package relief

import (
	"bytes"
	"errors"
	"image/png"
	"slices"
	"testing"
)

// flat is a tile at one height, with the given pixels.
func flat(metres int32, other map[int]int32) []int32 {
	heights := slices.Repeat([]int32{metres * Unit}, Side*Side)
	for i, m := range other {
		heights[i] = m * Unit
	}
	return heights
}

// TestForm checks the worked example, and that heights come back.
func TestForm(t *testing.T) {
	data := encode(flat(455, nil), Side, 11)
	if want := append([]byte{1, 1, 0x8e, 7}, make([]byte, Side*Side-1)...); !bytes.Equal(data, want) {
		t.Errorf("%d bytes, begins %x", len(data), data[:8])
	}
	other := map[int]int32{0: -430, 255: 8848, 256: 8, 70: -1, 65535: 9000}
	for zoom, step := range map[uint8]int32{12: 1, 11: 1, 10: 2, 5: 64} {
		h, err := Decode(encode(flat(100, other), Side, zoom))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range h {
			want, ok := other[i]
			if !ok {
				want = 100
			}
			if d := got - want; got%step != 0 || d > step/2 || d < -step/2 {
				t.Fatalf("z%d: pixel %d is %d m, want %d", zoom, i, got, want)
			}
		}
	}
}

// TestTerrarium reads heights back from a PNG as map programs do.
func TestTerrarium(t *testing.T) {
	data, err := Terrarium(encode(flat(455, map[int]int32{7: -30, 8: 4000}), Side, 12))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Dx() != Side || img.Bounds().Dy() != Side {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	for x, want := range map[int]float64{6: 455, 7: -30, 8: 4000} {
		r, g, b, a := img.At(x, 0).RGBA()
		if got := float64(r>>8)*256 + float64(g>>8) + float64(b>>8)/256 - 32768; got != want || a != 0xffff {
			t.Errorf("pixel %d is %v m, want %v", x, got, want)
		}
	}
	if _, err := Terrarium([]byte("no tile")); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// TestRefused changes what must not be taken for a tile.
func TestRefused(t *testing.T) {
	good := encode(flat(455, nil), Side, 11)
	for name, data := range map[string][]byte{
		"empty":            nil,
		"another form":     append([]byte{2}, good[1:]...),
		"no step":          append([]byte{1, 0}, good[2:]...),
		"a step too large": append([]byte{1, 0x81, 8}, good[2:]...),
		"cut":              good[:len(good)-1],
		"longer":           append(slices.Clone(good), 0),
		"too high":         append([]byte{1, 1, 0x80, 0x80, 4}, good[4:]...),
		"a longer form":    append([]byte{1, 1, 0x8e, 0x87, 0}, good[4:]...),
		"a huge number":    append([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, good[4:]...),
	} {
		if _, err := Decode(data); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode reads anything as a tile of 8 × 8 pixels: heights that are written as
// they were, or ErrInvalid.
func FuzzDecode(f *testing.F) {
	const side = 8
	for zoom := uint8(5); zoom <= 11; zoom++ {
		f.Add(encode(flat(455, map[int]int32{9: -30, 12: 8848, 63: 456})[:side*side], side, zoom))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		heights := make([]int32, side*side)
		if err := decode(data, side, heights); err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		for i := range heights {
			heights[i] *= Unit
		}
		for zoom := uint8(5); zoom <= 11; zoom++ {
			if int(data[1]) == Step(zoom) && !bytes.Equal(encode(heights, side, zoom), data) {
				t.Fatal("heights are written otherwise than they were read")
			}
		}
	})
}
