package media

import (
	"encoding/binary"
	"testing"
)

// FuzzInspect reads headers of anything: it ends, and what it lets through is
// within the limits.
func FuzzInspect(f *testing.F) {
	seeds := pictures(f)
	for _, file := range seeds {
		f.Add(file[:min(len(file), 4096)])
	}
	for _, name := range []string{"avif", "avif 10 bit"} {
		f.Add(seeds[name])
	}
	f.Add(segment(asJPEG(f, scene(20, 20, 1)), 0xe1, append([]byte("Exif\x00\x00"), bled(6)...)))
	f.Add(chunk(asPNG(f, scene(20, 20, 1)), "eXIf", bled(3)))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := inspect(data)
		if err != nil {
			return
		}
		if h.width*h.height > MaxPixels || h.width < MinSide || h.height < MinSide || h.memory <= 0 || h.kind == "" {
			t.Errorf("let through %+v", h)
		}
		if p := h.position; p != nil && !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			t.Errorf("position %+v", p)
		}
	})
}

// FuzzExif reads Exif and XMP of anything.
func FuzzExif(f *testing.F) {
	f.Add(bled(1))
	f.Add(exif(binary.BigEndian, 6, [3][2]uint32{{33, 1}, {5550, 100}, {0, 1}}, [3][2]uint32{{70, 1}, {30, 1}, {0, 0}}, "S", "W"))
	f.Add([]byte(`<a exif:GPSLatitude="46,21.8388N" exif:GPSLongitude='14,5.18E'/>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := metadata{exif: data, xmp: data}
		turn, p := m.read()
		if turn.quarters < 0 || turn.quarters > 3 {
			t.Errorf("turn %+v", turn)
		}
		if p != nil && !(p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180) {
			t.Errorf("position %+v", p)
		}
	})
}

// FuzzPhoto decodes what the header readers let through, AVIFs too: whatever a
// decoder meets, it ends, with a photo of what the header said or an error.
func FuzzPhoto(f *testing.F) {
	for _, file := range pictures(f) {
		if len(file) < 64<<10 {
			f.Add(file)
		}
	}
	f.Add(asJPEG(f, scene(20, 20, 1)))
	f.Add(asPNG(f, scene(20, 20, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := inspect(data); err != nil || h.width*h.height > 1<<20 {
			return
		}
		m := testMaker()
		if one, err := m.photo(t.Context(), data); err == nil && (len(one.files) != len(sizes) || one.Width < 1 || max(one.Width, one.Height) > Large) {
			t.Errorf("made %+v", one.Picture)
		}
		if !m.memory.TryAcquire(m.most) {
			t.Error("memory was not given back")
		}
	})
}
