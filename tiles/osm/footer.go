package osm

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	magic       = "pannier osm 1\r\n\x00" // first bytes of a file
	endMagic    = "posm"                  // its last bytes
	trailerSize = 8 + 32 + 4 + len(endMagic)
)

// checksum is CRC-32C.
func checksum(data []byte) uint32 {
	return crc32.Checksum(data, castagnoli)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is the place of compressed bytes in the file.
type frame struct {
	offset int64
	size   int
	sum    uint32
}

// block is an entry of the index.
type block struct {
	first int64 // id of the first element
	count int
	shape frame
	facts frame
}

// same reports whether two blocks hold the same, as far as their checksums tell.
func (b block) same(o block) bool {
	b.shape.offset, b.facts.offset = o.shape.offset, o.facts.offset
	return b == o
}

// index is what the footer holds.
type index struct {
	header Header
	blocks [kinds][]block
}

func (x *index) encode() []byte {
	b := x.header.Bounds
	var dst []byte
	for _, v := range []int64{
		int64(b.Min.LonE7), int64(b.Min.LatE7), int64(b.Max.LonE7), int64(b.Max.LatE7),
		x.header.Timestamp, x.header.Sequence,
	} {
		dst = binary.AppendVarint(dst, v)
	}
	dst = binary.AppendUvarint(dst, uint64(len(x.header.Source)))
	dst = append(dst, x.header.Source...)
	for _, blocks := range x.blocks {
		dst = binary.AppendUvarint(dst, uint64(len(blocks)))
		last := int64(0)
		for _, b := range blocks {
			dst = binary.AppendVarint(dst, b.first-last)
			dst = binary.AppendUvarint(dst, uint64(b.count))
			for _, f := range []frame{b.shape, b.facts} {
				dst = binary.AppendUvarint(dst, uint64(f.size))
				dst = binary.LittleEndian.AppendUint32(dst, f.sum)
			}
			last = b.first
		}
	}
	return dst
}

// decodeIndex reads a footer that stands at byte end of the file.
func decodeIndex(footer []byte, end int64) (*index, error) {
	c := column{data: footer}
	x := &index{}
	b := &x.header.Bounds
	for _, v := range []*int32{&b.Min.LonE7, &b.Min.LatE7, &b.Max.LonE7, &b.Max.LatE7} {
		*v = c.int32(c.int())
	}
	x.header.Timestamp, x.header.Sequence = c.int(), c.int()
	x.header.Source = string(c.bytes(c.size()))

	offset := int64(len(magic))
	for k := range x.blocks {
		n, last := c.size(), int64(0)
		for i := 0; i < n && !c.bad; i++ {
			b := block{first: last + c.int(), count: c.limited(maxBlockCount)}
			if i > 0 && b.first <= last {
				c.bad = true
			}
			for _, f := range []*frame{&b.shape, &b.facts} {
				*f = frame{offset: offset, size: c.limited(maxFrame + 1<<16), sum: c.fixed32()}
				offset += int64(f.size)
			}
			x.blocks[k] = append(x.blocks[k], b)
			last = b.first
		}
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	if offset != end {
		return nil, errBlock
	}
	return x, nil
}

func (c *column) limited(limit uint64) int {
	v := c.uint()
	if v > limit {
		c.bad = true
		return 0
	}
	return int(v)
}

func (c *column) fixed32() uint32 {
	if b := c.bytes(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}
