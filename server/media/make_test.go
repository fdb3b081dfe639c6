package media

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/semaphore"
)

// scene draws a picture that looks like no other of another seed.
func scene(w, h, seed int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			wave := math.Sin(float64(seed)+float64(x*(3+seed%5))/float64(w)*4) + math.Cos(float64(y*(2+seed%3))/float64(h)*5+float64(seed))
			v := uint8(127 + 60*wave)
			m.SetRGBA(x, y, color.RGBA{v, uint8(255 * x / w), uint8(255 * y / h), 255})
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment puts a segment behind the start of a JPEG.
func segment(file []byte, marker byte, body []byte) []byte {
	out := append([]byte{0xff, 0xd8, 0xff, marker}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(out, body...), file[2:]...)
}

// chunk puts a chunk behind the header of a PNG.
func chunk(file []byte, name string, body []byte) []byte {
	at := len(pngMagic) + 12 + 13
	return append(append(append([]byte(nil), file[:at]...), pngChunk(name, body)...), file[at:]...)
}

func pngChunk(name string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// exif makes Exif with an orientation and a position, each fraction as given.
func exif(order binary.AppendByteOrder, orientation uint16, lat, lon [3][2]uint32, latRef, lonRef string) []byte {
	b := []byte("II*\x00")
	if order.String() == "BigEndian" {
		b = []byte("MM\x00*")
	}
	entry := func(tag, kind uint16, count uint32, value []byte) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = append(order.AppendUint32(b, count), append(value, 0, 0, 0, 0)[:4]...)
	}
	const gps = 8 + 2 + 2*12 + 4
	const fractions = gps + 2 + 4*12 + 4
	b = order.AppendUint16(order.AppendUint32(b, 8), 2)
	entry(tagOrientation, 3, 1, order.AppendUint16(nil, orientation))
	entry(tagGPS, 4, 1, order.AppendUint32(nil, gps))
	b = order.AppendUint16(order.AppendUint32(b, 0), 4)
	entry(tagLatRef, 2, 2, []byte(latRef))
	entry(tagLat, 5, 3, order.AppendUint32(nil, fractions))
	entry(tagLonRef, 2, 2, []byte(lonRef))
	entry(tagLon, 5, 3, order.AppendUint32(nil, fractions+24))
	b = order.AppendUint32(b, 0)
	for _, f := range append(lat[:], lon[:]...) {
		b = order.AppendUint32(order.AppendUint32(b, f[0]), f[1])
	}
	return b
}

// bled is a position by the lake of Bled, and as it is read.
func bled(orientation uint16) []byte {
	return exif(binary.LittleEndian, orientation, [3][2]uint32{{46, 1}, {21, 1}, {5033, 100}}, [3][2]uint32{{14, 1}, {5, 1}, {1080, 100}}, "N", "E")
}

var atBled = Position{Lon: 14.08633, Lat: 46.36398}

// moduleFile reads a file that ships inside a module.
func moduleFile(t testing.TB, module, path string) []byte {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Skipf("%s is not at hand: %v", module, err)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(m.Dir, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func testMaker() *maker { return &maker{semaphore.NewWeighted(1 << 30), 1 << 30, patience} }
