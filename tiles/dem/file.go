package dem

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"os"

	"github.com/klauspost/compress/zstd"
)

const (
	magic     = "PNDM\x01"
	headSize  = len(magic) + 4*8 + 2*4
	blockSide = 128
	maxPacked = 4 * blockSide * blockSide // bytes of a block, with room to spare
)

// Write writes a grid in the form of FORMAT.md.
func (g *Grid) Write(w io.Writer) error {
	if err := g.check(); err != nil {
		return err
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer packer.Close()
	out := bufio.NewWriterSize(w, 1<<16)
	head := []byte(magic)
	for _, v := range [...]float64{g.West, g.North, g.StepLon, g.StepLat} {
		head = binary.BigEndian.AppendUint64(head, math.Float64bits(v))
	}
	head = binary.BigEndian.AppendUint32(head, uint32(g.Cols))
	head = binary.BigEndian.AppendUint32(head, uint32(g.Rows))
	out.Write(head) // errors stay in out
	var table, raw, packed []byte
	across, down := g.blocks()
	for b := range across * down {
		var known bool
		if raw, known = g.cut(raw[:0], b%across*blockSide, b/across*blockSide); known {
			packed = packer.EncodeAll(raw, packed[:0])
		} else {
			packed = packed[:0]
		}
		out.Write(packed)
		table = binary.BigEndian.AppendUint32(table, uint32(len(packed)))
	}
	out.Write(table)
	return out.Flush()
}

// blocks returns how many blocks there are each way.
func (s Shape) blocks() (across, down int) {
	return (s.Cols + blockSide - 1) / blockSide, (s.Rows + blockSide - 1) / blockSide
}

// cut appends a block: the difference of each level to the one before it in its
// row, of a row's first to the first of the row above. Beyond the grid's edge the
// levels go on.
func (g *Grid) cut(raw []byte, col, row int) (_ []byte, known bool) {
	var first Level
	for y := range blockSide {
		at := min(row+y, g.Rows-1) * g.Cols
		last := first
		for x := range blockSide {
			l := g.Levels[at+min(col+x, g.Cols-1)]
			raw = binary.LittleEndian.AppendUint16(raw, uint16(l-last))
			known, last = known || l != Void, l
			if x == 0 {
				first = l
			}
		}
	}
	return raw, known
}

type block [blockSide * blockSide]Level

// File is a grid in a file, read a block at a time.
type File struct {
	Shape
	file    *os.File
	lengths []uint32
	offsets []int64
	unpack  *zstd.Decoder
}

// Open opens a file that Write made. Callers close it.
func Open(name string) (_ *File, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f := &File{file: file}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	head := make([]byte, headSize)
	if _, err := file.ReadAt(head, 0); err != nil || string(head[:len(magic)]) != magic {
		return nil, invalid("%s: it does not begin as a height model of this program; import it again", name)
	}
	rest := head[len(magic):]
	for _, v := range [...]*float64{&f.West, &f.North, &f.StepLon, &f.StepLat} {
		*v, rest = math.Float64frombits(binary.BigEndian.Uint64(rest)), rest[8:]
	}
	f.Cols, f.Rows = int(binary.BigEndian.Uint32(rest)), int(binary.BigEndian.Uint32(rest[4:]))
	if err := f.check(); err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	across, down := f.blocks()
	table := make([]byte, across*down*4)
	start := info.Size() - int64(len(table))
	if start < int64(headSize) {
		return nil, invalid("%s: its end is missing; import it again", name)
	}
	if _, err := file.ReadAt(table, start); err != nil {
		return nil, err
	}
	at := int64(headSize)
	for ; len(table) > 0; table = table[4:] {
		n := binary.BigEndian.Uint32(table)
		if n > maxPacked {
			return nil, invalid("%s: a block has %d bytes; import it again", name, n)
		}
		f.lengths, f.offsets = append(f.lengths, n), append(f.offsets, at)
		at += int64(n)
	}
	if at != start {
		return nil, invalid("%s: its blocks end at byte %d, not %d; import it again", name, at, start)
	}
	f.unpack, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<20))
	return f, err
}

// Close closes the file.
func (f *File) Close() error {
	if f.unpack != nil {
		f.unpack.Close()
	}
	return f.file.Close()
}

// read returns a block, nil when it is all voids.
func (f *File) read(number int) (*block, error) {
	if f.lengths[number] == 0 {
		return nil, nil
	}
	packed := make([]byte, f.lengths[number])
	if _, err := f.file.ReadAt(packed, f.offsets[number]); err != nil {
		return nil, err
	}
	b := new(block)
	raw, err := f.unpack.DecodeAll(packed, make([]byte, 0, 2*len(b)))
	if err != nil || len(raw) != 2*len(b) {
		return nil, invalid("%s: the block at byte %d is spoilt; import it again", f.file.Name(), f.offsets[number])
	}
	var first, last Level
	for i := range b {
		if i%blockSide == 0 {
			last = first
		}
		last += Level(binary.LittleEndian.Uint16(raw[2*i:]))
		if b[i] = last; i%blockSide == 0 {
			first = last
		}
	}
	return b, nil
}
