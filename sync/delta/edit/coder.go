package edit

import (
	"math"
	"math/bits"
)

// coder is a binary arithmetic coder: LZMA's range coder (I. Pavlov) with
// probabilities that learn fast at first. One walk over the model serves both
// ways: bit takes a bit and returns it, or returns the bit it reads.
type coder struct {
	reading bool
	data    []byte
	at      int    // reading: the next byte; behind the end there are zeros
	span    uint32 // of the interval that all coming bits lie in, 1<<24 or more
	value   uint32 // reading: where the data lies in the interval
	low     uint32 // writing: where the interval begins
}

// prob is the probability that a bit is 1, in 1/65536, and how often it was met,
// up to steady.
type prob struct{ p, n uint16 }

const (
	even   = 1 << 15
	steady = 60
)

// rates are the parts by which a probability moves when it has been met n times,
// in 1/65536.
var rates [64]uint32

func init() {
	for n := range steady + 1 {
		rates[n] = uint32(1 << 17 / (2*n + 5))
	}
}

// fill makes probabilities even.
func fill(all []prob) {
	for i := range all {
		all[i] = prob{p: even}
	}
}

func newReader(data []byte) *coder {
	c := &coder{reading: true, data: data, span: math.MaxUint32}
	for range 4 {
		c.value = c.value<<8 | c.next()
	}
	return c
}

func newWriter() *coder { return &coder{span: math.MaxUint32} }

func (c *coder) next() (b uint32) {
	if c.at < len(c.data) {
		b = uint32(c.data[c.at])
	}
	c.at++
	return b
}

// bit codes a bit, and the probability learns from it. A 1 goes to the lower part
// of the interval.
func (c *coder) bit(p *prob, bit uint32) uint32 {
	bound := c.span >> 12 * uint32(p.p>>4)
	if c.reading {
		bit = 0
		if c.value < bound {
			bit = 1
		} else {
			c.value -= bound
		}
	}
	p.learn(bit)
	if bit == 1 {
		c.span = bound
	} else {
		c.span -= bound
		if !c.reading {
			c.add(bound)
		}
	}
	for ; c.span < 1<<24; c.span <<= 8 {
		if c.reading {
			c.value = c.value<<8 | c.next()
		} else {
			c.data = append(c.data, byte(c.low>>24))
			c.low <<= 8
		}
	}
	return bit
}

func (p *prob) learn(bit uint32) {
	rate := rates[p.n&63]
	if bit == 1 {
		p.p += uint16((math.MaxUint16 - uint32(p.p)) * rate >> 16)
	} else {
		p.p -= uint16(uint32(p.p) * rate >> 16)
	}
	if p.n < steady {
		p.n++
	}
}

// add moves the beginning of the interval upwards; what runs over goes to the
// bytes before.
func (c *coder) add(n uint32) {
	c.low += n
	if c.low >= n {
		return
	}
	for i := len(c.data) - 1; ; i-- {
		if c.data[i]++; c.data[i] != 0 {
			return
		}
	}
}

// finish returns the shortest bytes that lie in the interval when zeros follow.
func (c *coder) finish() []byte {
	for free := uint32(math.MaxUint32); ; free >>= 8 {
		if up := -c.low & free; up < c.span { // to the next number that ends in zeros
			c.add(up)
			break
		}
	}
	for range 4 {
		c.data = append(c.data, byte(c.low>>24))
		c.low <<= 8
	}
	for n := len(c.data); n > 0 && c.data[n-1] == 0; n-- {
		c.data = c.data[:n-1]
	}
	return c.data
}

// spent reports whether all data has been read.
func (c *coder) spent() bool { return c.at >= len(c.data) }

// flat codes the lower n bits of v, which are as likely 0 as 1.
func (c *coder) flat(v uint32, n int) (out uint32) {
	for n--; n >= 0; n-- {
		out = out<<1 | c.bit(&prob{p: even}, v>>n&1)
	}
	return out
}

// tree codes a number of some bits, the highest first, each by those before it.
func (c *coder) tree(p []prob, size int, v uint32) uint32 {
	return c.below(p, 1, 1<<size, v) - 1<<size
}

// below goes from a node of a tree down to its ends and returns where it comes to.
// It is bit for each bit of v; reading, it keeps the interval in registers.
func (c *coder) below(p []prob, node, ends, v uint32) uint32 {
	if !c.reading {
		for i := bits.Len32(ends) - bits.Len32(node) - 1; i >= 0; i-- {
			node = node<<1 | c.bit(&p[node], v>>i&1)
		}
		return node
	}
	span, value, at := c.span, c.value, c.at
	for node < ends {
		q := &p[node]
		bound := span >> 12 * uint32(q.p>>4)
		if value < bound {
			q.learn(1)
			span = bound
			node = node<<1 | 1
		} else {
			q.learn(0)
			span -= bound
			value -= bound
			node <<= 1
		}
		for ; span < 1<<24; span <<= 8 {
			value <<= 8
			if at < len(c.data) {
				value |= uint32(c.data[at])
			}
			at++
		}
	}
	c.span, c.value, c.at = span, value, at
	return node
}
