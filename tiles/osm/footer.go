package osm

import (
	"crypto/sha256"
	"encoding/binary"
)

const (
	magicName   = "pannier osm "          // first bytes of a file of any version
	magic       = magicName + "2\r\n\x00" // of this version
	endMagic    = "posm"                  // its last bytes
	trailerSize = 8 + sha256.Size + len(endMagic)
)

// sections are the parts of the file: one for each kind of element, then the uses.
const (
	sections   = 4
	useSection = kinds
)

// sum is half a SHA-256, enough to tell contents apart.
type sum [sha256.Size / 2]byte

func checksum(data []byte) sum {
	whole := sha256.Sum256(data)
	return sum(whole[:len(sum{})])
}

// frame is the place of compressed bytes in the file.
type frame struct {
	offset int64
	size   int
	sum    sum
}

// block is an entry of the index.
type block struct {
	first int64 // id of the first element
	count int
	shape frame
	facts frame // the uses have none
}

// size returns the number of stored bytes.
func (b block) size() int { return b.shape.size + b.facts.size }

// frames returns the frames that blocks of a kind have.
func (b *block) frames(kind int) []*frame {
	if kind == useSection {
		return []*frame{&b.shape}
	}
	return []*frame{&b.shape, &b.facts}
}

// same reports whether two blocks are the same bytes.
func (b block) same(o block) bool {
	return b.first == o.first && b.count == o.count && b.shape.sum == o.shape.sum && b.facts.sum == o.facts.sum
}

// index is what the footer holds.
type index struct {
	header Header
	blocks [sections][]block
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
	for kind, blocks := range x.blocks {
		dst = binary.AppendUvarint(dst, uint64(len(blocks)))
		last := int64(0)
		for _, b := range blocks {
			dst = binary.AppendVarint(dst, b.first-last)
			dst = binary.AppendUvarint(dst, uint64(b.count))
			for _, f := range b.frames(kind) {
				dst = binary.AppendUvarint(dst, uint64(f.size))
				dst = append(dst, f.sum[:]...)
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
	for kind := range x.blocks {
		n, last := c.size(), int64(0)
		for i := 0; i < n && !c.bad; i++ {
			b := block{first: last + c.int(), count: c.limited(maxBlockCount)}
			if i > 0 && b.first <= last {
				c.bad = true
			}
			for _, f := range b.frames(kind) {
				*f = frame{offset: offset, size: c.limited(maxFrame + 1<<16), sum: c.sum()}
				offset += int64(f.size)
			}
			x.blocks[kind] = append(x.blocks[kind], b)
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

func (c *column) sum() (s sum) {
	copy(s[:], c.bytes(len(s)))
	return s
}
