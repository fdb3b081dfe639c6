package dem

import (
	"bytes"
	"io"
	"math"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/image/tiff/lzw"
)

// maxBlock is the largest strip or tile, unpacked, in bytes.
const maxBlock = 64 << 20

// Compressions and predictors of TIFF.
const (
	plain, lzwPacked, deflated, oldDeflated = 1, 5, 8, 32946
	noPredictor, horizontal, floating       = 1, 2, 3
)

// image is how an image's blocks, strips or tiles, are laid out.
type image struct {
	*tiff
	Shape
	blockCols, blockRows int
	tiled                bool // then blocks at the edge have their full size
	offsets, lengths     []int64
	bytes                int // of a sample: 2 or 4
	format               int64
	packing, predictor   int64
	noData               float64
}

// readTIFF reads a GeoTIFF of heights.
func readTIFF(r io.ReaderAt, size int64) (*Grid, error) {
	t, err := openTIFF(r, size)
	if err != nil {
		return nil, err
	}
	m := &image{tiff: t}
	if m.Shape, err = t.shape(); err != nil {
		return nil, err
	}
	if err := m.layout(); err != nil {
		return nil, err
	}
	g := &Grid{Shape: m.Shape, Levels: make([]Level, m.Cols*m.Rows)}
	across := (m.Cols + m.blockCols - 1) / m.blockCols
	for i := range m.offsets {
		if err := m.block(i, i%across*m.blockCols, i/across*m.blockRows, g); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// layout reads and checks how the image is stored.
func (m *image) layout() (err error) {
	number := func(tag int, absent int64) (n int64) {
		if err == nil {
			n, err = m.int(tag, absent)
		}
		return n
	}
	samples, bits := number(tagSamples, 1), number(tagBits, 1)
	m.format = number(tagFormat, formatUint)
	m.packing, m.predictor = number(tagCompression, plain), number(tagPredictor, noPredictor)
	where, sizes := tagStrips, tagStripBytes
	cols, rows := int64(m.Cols), min(number(tagRowsPerStrip, int64(m.Rows)), int64(m.Rows))
	if _, m.tiled = m.tags[tagTileWidth]; m.tiled {
		where, sizes = tagTiles, tagTileBytes
		cols, rows = number(tagTileWidth, 0), number(tagTileLength, 0)
	}
	if err != nil {
		return err
	}
	m.bytes = int(bits / 8)
	switch {
	case samples != 1:
		return invalid("it has %d bands, want heights alone", samples)
	case !(bits == 16 && (m.format == formatInt || m.format == formatUint) || bits == 32 && m.format == formatReal):
		return invalid("its samples have %d bits in format %d, want Int16, UInt16 or Float32 (gdal_translate -ot Float32)", bits, m.format)
	case m.packing != plain && m.packing != lzwPacked && m.packing != deflated && m.packing != oldDeflated:
		return invalid("it is packed by method %d, want none, LZW or deflate (gdal_translate -co COMPRESS=DEFLATE)", m.packing)
	case m.predictor != noPredictor && m.predictor != horizontal && m.predictor != floating || m.predictor == floating && m.format != formatReal || m.predictor == horizontal && m.format == formatReal:
		return invalid("predictor %d does not fit samples of format %d", m.predictor, m.format)
	case cols < 1 || rows < 1 || cols > MaxSide || rows > MaxSide || cols*rows*int64(m.bytes) > maxBlock:
		return invalid("its strips or tiles of %d × %d points are larger than %d MiB; make it with tiles (gdal_translate -co TILED=YES)", cols, rows, maxBlock>>20)
	}
	m.blockCols, m.blockRows = int(cols), int(rows)
	if m.offsets, err = m.ints(where); err != nil {
		return err
	}
	if m.lengths, err = m.ints(sizes); err != nil {
		return err
	}
	blocks := (m.Cols + m.blockCols - 1) / m.blockCols * ((m.Rows + m.blockRows - 1) / m.blockRows)
	if len(m.offsets) != blocks || len(m.lengths) != blocks {
		return invalid("it names %d strips or tiles with %d sizes, want %d", len(m.offsets), len(m.lengths), blocks)
	}
	m.noData, err = m.tiff.noData()
	return err
}

// block reads a strip or tile into the grid, its first point at col and row.
func (m *image) block(i, col, row int, g *Grid) error {
	cols, rows := min(m.blockCols, m.Cols-col), min(m.blockRows, m.Rows-row)
	if m.lengths[i] == 0 { // left out where nothing is known
		for y := range rows {
			for x := range cols {
				g.Levels[(row+y)*m.Cols+col+x] = Void
			}
		}
		return nil
	}
	stored := rows
	if m.tiled {
		stored = m.blockRows
	}
	raw, err := m.unpack(m.offsets[i], m.lengths[i], m.blockCols*stored*m.bytes)
	if err != nil {
		return err
	}
	width := m.blockCols * m.bytes
	scratch := make([]byte, width)
	for y := range rows {
		line := raw[y*width : (y+1)*width]
		m.undo(line, scratch)
		for x := range cols {
			g.Levels[(row+y)*m.Cols+col+x] = m.level(line[x*m.bytes:])
		}
	}
	return nil
}

// unpack returns the n bytes of a block.
func (m *image) unpack(at, length int64, n int) ([]byte, error) {
	if at < 0 || at+length > m.size {
		return nil, invalid("a strip or tile at byte %d lies beyond its end (%d); is it cut off?", at, m.size)
	}
	packed := io.NewSectionReader(m.r, at, length)
	var r io.Reader = packed
	switch m.packing {
	case lzwPacked:
		z := lzw.NewReader(packed, lzw.MSB, 8)
		defer z.Close()
		r = z
	case deflated, oldDeflated:
		z, err := zlib.NewReader(packed)
		if err != nil {
			return nil, invalid("strip or tile at byte %d: %w", at, err)
		}
		defer z.Close()
		r = z
	}
	// Grow with what is there, not with what the file says.
	var raw bytes.Buffer
	if _, err := io.CopyN(&raw, r, int64(n)); err != nil {
		return nil, invalid("strip or tile at byte %d: %w", at, err)
	}
	return raw.Bytes(), nil
}

// undo takes back the predictor from a row.
func (m *image) undo(line, scratch []byte) {
	switch m.predictor {
	case horizontal:
		var sum uint16
		for i := 0; i < len(line); i += 2 {
			sum += m.order.Uint16(line[i:])
			m.order.PutUint16(line[i:], sum)
		}
	case floating: // differences of bytes, all first bytes of samples first
		for i := 1; i < len(line); i++ {
			line[i] += line[i-1]
		}
		copy(scratch, line)
		count := len(line) / 4
		for i := range count {
			bits := uint32(scratch[i])<<24 | uint32(scratch[count+i])<<16 | uint32(scratch[2*count+i])<<8 | uint32(scratch[3*count+i])
			m.order.PutUint32(line[4*i:], bits)
		}
	}
}

func (m *image) level(sample []byte) Level {
	var metres float64
	switch {
	case m.format == formatReal:
		metres = float64(math.Float32frombits(m.order.Uint32(sample)))
		if float32(metres) == float32(m.noData) {
			return Void
		}
	case m.format == formatInt:
		metres = float64(int16(m.order.Uint16(sample)))
	default:
		metres = float64(m.order.Uint16(sample))
	}
	if metres == m.noData {
		return Void
	}
	return LevelOf(metres)
}
