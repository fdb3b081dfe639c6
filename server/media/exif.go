package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"strconv"
)

// metadata is what a file carries besides its picture: Exif (a TIFF, from its
// byte order mark on) and XMP.
type metadata struct{ exif, xmp []byte }

// app1 takes what a JPEG's APP1 segment holds.
func (m *metadata) app1(body []byte) {
	if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
		m.exif = first(m.exif, tiff)
	}
	if text, ok := bytes.CutPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
		m.xmp = first(m.xmp, text)
	}
}

// read returns which way up the picture is, and where it was taken. What cannot
// be read is not there: it is no reason to refuse a photo.
func (m *metadata) read() (turn, *Position) {
	t, p := readExif(m.exif)
	if p == nil {
		p = readXMP(m.xmp)
	}
	return t, p
}

// Tags of Exif 3.0.
const (
	tagOrientation = 0x0112
	tagGPS         = 0x8825
	tagLatRef      = 1
	tagLat         = 2
	tagLonRef      = 3
	tagLon         = 4
)

// maxEntries bounds a folder of Exif.
const maxEntries = 512

// readExif reads the two folders that matter, each once: whatever they point to
// is not followed further, so nothing can go round.
func readExif(b []byte) (t turn, p *Position) {
	x := tiff{data: b}
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		x.order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		x.order = binary.BigEndian
	default:
		return t, nil
	}
	var gps uint32
	x.folder(x.uint32(4), func(tag, kind uint16, count uint32, value []byte) {
		switch {
		case tag == tagOrientation && kind == 3 && count == 1:
			t = turnOf(x.order.Uint16(value))
		case tag == tagGPS && kind == 4 && count == 1:
			gps = x.order.Uint32(value)
		}
	})
	if gps == 0 {
		return t, nil
	}
	lat, lon := math.NaN(), math.NaN()
	var south, west bool
	x.folder(gps, func(tag, kind uint16, count uint32, value []byte) {
		switch {
		case tag == tagLatRef && kind == 2:
			south = value[0] == 'S'
		case tag == tagLonRef && kind == 2:
			west = value[0] == 'W'
		case tag == tagLat && kind == 5 && count == 3:
			lat = x.degrees(x.order.Uint32(value))
		case tag == tagLon && kind == 5 && count == 3:
			lon = x.degrees(x.order.Uint32(value))
		}
	})
	return t, place(lat, lon, south, west)
}

// tiff is the structure that Exif lies in.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

func (x tiff) uint32(at uint32) uint32 {
	if uint64(at)+4 > uint64(len(x.data)) {
		return 0
	}
	return x.order.Uint32(x.data[at:])
}

// folder calls fn with each entry of an image file directory; value is the four
// bytes that hold it, or its offset.
func (x tiff) folder(at uint32, fn func(tag, kind uint16, count uint32, value []byte)) {
	if at == 0 || uint64(at)+2 > uint64(len(x.data)) {
		return
	}
	n := min(int(x.order.Uint16(x.data[at:])), maxEntries)
	for rest := x.data[at+2:]; n > 0 && len(rest) >= 12; n, rest = n-1, rest[12:] {
		fn(x.order.Uint16(rest), x.order.Uint16(rest[2:]), x.order.Uint32(rest[4:]), rest[8:12])
	}
}

// degrees reads three fractions: degrees, minutes, seconds.
func (x tiff) degrees(at uint32) float64 {
	if uint64(at)+24 > uint64(len(x.data)) {
		return math.NaN()
	}
	sum, unit := 0.0, 1.0
	for i := range uint32(3) {
		over, under := x.uint32(at+8*i), x.uint32(at+8*i+4)
		if under == 0 && over != 0 || i == 0 && under == 0 {
			return math.NaN()
		}
		sum += float64(over) / float64(max(under, 1)) / unit
		unit *= 60
	}
	return sum
}

// place returns a position, rounded to about a metre; nil when it is none, or
// the zero that cameras write before they know.
func place(lat, lon float64, south, west bool) *Position {
	if !(lat >= 0 && lat <= 90 && lon >= 0 && lon <= 180) || lat == 0 && lon == 0 {
		return nil
	}
	round := func(v float64, negative bool) float64 {
		if v = math.Round(v*1e5) / 1e5; negative {
			v = 0 - v
		}
		return v
	}
	return &Position{Lon: round(lon, west), Lat: round(lat, south)}
}

// XMP writes positions as "46,33.2917N" or "46,33,17.5N", in an attribute or an
// element (Exif for XMP, ISO 16684-2).
var (
	xmpLat = regexp.MustCompile(`exif:GPSLatitude(?:\s*=\s*["']|>)\s*(\d{1,2}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NS])`)
	xmpLon = regexp.MustCompile(`exif:GPSLongitude(?:\s*=\s*["']|>)\s*(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([EW])`)
)

// maxXMP is how much of it is looked at.
const maxXMP = 1 << 20

func readXMP(b []byte) *Position {
	b = b[:min(len(b), maxXMP)]
	lat, lon := xmpLat.FindSubmatch(b), xmpLon.FindSubmatch(b)
	if lat == nil || lon == nil {
		return nil
	}
	value := func(m [][]byte) (sum float64) {
		for i, unit := range [...]float64{1, 60, 3600} {
			if v, err := strconv.ParseFloat(string(m[i+1]), 64); err == nil {
				sum += v / unit
			}
		}
		return sum
	}
	return place(value(lat), value(lon), lat[4][0] == 'S', lon[4][0] == 'W')
}
