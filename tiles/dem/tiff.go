package dem

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"
)

// Tags of TIFF and GeoTIFF.
const (
	tagWidth, tagLength               = 256, 257
	tagBits, tagCompression           = 258, 259
	tagStrips, tagSamples             = 273, 277
	tagRowsPerStrip, tagStripBytes    = 278, 279
	tagPredictor                      = 317
	tagTileWidth, tagTileLength       = 322, 323
	tagTiles, tagTileBytes            = 324, 325
	tagFormat                         = 339
	tagScale, tagTie, tagTransform    = 33550, 33922, 34264
	tagGeoKeys, tagNoData             = 34735, 42113
	typeASCII, typeShort, typeLong    = 2, 3, 4
	typeDouble                        = 12
	formatUint, formatInt, formatReal = 1, 2, 3
)

// maxValues bounds the values of one tag, such as the places of strips.
const maxValues = 1 << 20

// tiff is the first image of a file.
type tiff struct {
	r     io.ReaderAt
	size  int64
	order binary.ByteOrder
	tags  map[int]tiffTag
}

type tiffTag struct {
	kind  int
	count int64
	value [4]byte // or where the values are
}

// isTIFF reports whether a file begins as a TIFF or a BigTIFF.
func isTIFF(head []byte) bool {
	return bytes.HasPrefix(head, []byte("II*\x00")) || bytes.HasPrefix(head, []byte("MM\x00*")) ||
		bytes.HasPrefix(head, []byte("II+\x00")) || bytes.HasPrefix(head, []byte("MM\x00+"))
}

// openTIFF reads the directory of the first image.
func openTIFF(r io.ReaderAt, size int64) (*tiff, error) {
	t := &tiff{r: r, size: size, order: binary.LittleEndian, tags: make(map[int]tiffTag)}
	head, err := t.read(0, 8)
	if err != nil {
		return nil, err
	}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	if t.order.Uint16(head[2:]) != 42 {
		return nil, invalid("it is a BigTIFF; make a classic one (gdal_translate -co BIGTIFF=NO)")
	}
	at := int64(t.order.Uint32(head[4:]))
	number, err := t.read(at, 2)
	if err != nil {
		return nil, err
	}
	n := int64(t.order.Uint16(number))
	rows, err := t.read(at+2, n*12)
	if err != nil {
		return nil, err
	}
	for ; len(rows) > 0; rows = rows[12:] {
		t.tags[int(t.order.Uint16(rows))] = tiffTag{int(t.order.Uint16(rows[2:])), int64(t.order.Uint32(rows[4:])), [4]byte(rows[8:12])}
	}
	return t, nil
}

// read returns bytes of the file, of which n must be small.
func (t *tiff) read(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at+n > t.size {
		return nil, invalid("bytes %d to %d lie beyond its end (%d); is it cut off?", at, at+n, t.size)
	}
	raw := make([]byte, n)
	if _, err := t.r.ReadAt(raw, at); err != nil && err != io.EOF {
		return nil, err
	}
	return raw, nil
}

// values returns a tag's raw values, nil when it is absent.
func (t *tiff) values(tag int) (raw []byte, width int, err error) {
	e, ok := t.tags[tag]
	if !ok {
		return nil, 0, nil
	}
	switch e.kind {
	case typeASCII:
		width = 1
	case typeShort:
		width = 2
	case typeLong:
		width = 4
	case typeDouble:
		width = 8
	default:
		return nil, 0, invalid("tag %d has values of type %d", tag, e.kind)
	}
	if e.count > maxValues {
		return nil, 0, invalid("tag %d has %d values, more than %d", tag, e.count, maxValues)
	}
	n := e.count * int64(width)
	if n <= 4 {
		return e.value[:n], width, nil
	}
	raw, err = t.read(int64(t.order.Uint32(e.value[:])), n)
	return raw, width, err
}

// ints returns a tag's whole numbers.
func (t *tiff) ints(tag int) ([]int64, error) {
	raw, width, err := t.values(tag)
	if err != nil {
		return nil, err
	}
	var all []int64
	for ; len(raw) > 0; raw = raw[width:] {
		switch width {
		case 2:
			all = append(all, int64(t.order.Uint16(raw)))
		case 4:
			all = append(all, int64(t.order.Uint32(raw)))
		default:
			return nil, invalid("tag %d is not of whole numbers", tag)
		}
	}
	return all, nil
}

// int returns a tag's only number, or what stands for it when it is absent.
func (t *tiff) int(tag int, absent int64) (int64, error) {
	all, err := t.ints(tag)
	if err != nil || len(all) == 0 {
		return absent, err
	}
	return all[0], nil
}

// floats returns a tag's real numbers.
func (t *tiff) floats(tag int) ([]float64, error) {
	raw, width, err := t.values(tag)
	if err != nil {
		return nil, err
	}
	if width != 0 && width != 8 {
		return nil, invalid("tag %d is not of real numbers", tag)
	}
	var all []float64
	for ; len(raw) > 0; raw = raw[8:] {
		all = append(all, math.Float64frombits(t.order.Uint64(raw)))
	}
	return all, nil
}

// noData returns the value that stands for a void, NaN when none is named.
func (t *tiff) noData() (float64, error) {
	raw, width, err := t.values(tagNoData)
	if err != nil || width != 1 {
		return math.NaN(), err
	}
	text := strings.TrimSpace(strings.TrimRight(string(raw), "\x00"))
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, invalid("its value for voids, %.40q, is no number", text)
	}
	return value, nil
}
