package edit

import "math/bits"

// step is a literal byte when length is 0, else a copy.
type step struct {
	length int
	way    int // how the source is told: by the number of a kept alignment, by seek or by back
	from   int // source: a place in the old content with the new behind it
}

const (
	kept = 6 // alignments that are kept: those of the last copies, each once
	seek = 6 // so far from where the last copy would go on
	back = 7 // so far back in the new content
	ways = 8
)

// model holds the probabilities of a walk over the steps.
type model struct {
	kinds    [8]prob       // literal or copy, by the last three kinds
	ways     [4][ways]prob // by the last two kinds
	lengths  [3]number     // of copies that go on, that seek, that go back
	seeks    number        // zigzag
	backs    number        // less one
	literals [64][256]prob // by the bytes before
	after    [2][256]prob  // of the first literal behind a copy, while its bits agree with the byte that the copy would give: by that byte's bit
}

func newModel() *model {
	m := new(model)
	fill(m.kinds[:])
	for i := range m.ways {
		fill(m.ways[i][:])
	}
	for _, n := range []*number{&m.lengths[0], &m.lengths[1], &m.lengths[2], &m.seeks, &m.backs} {
		n.reset()
	}
	for i := range m.literals {
		fill(m.literals[i][:])
	}
	fill(m.after[0][:])
	fill(m.after[1][:])
	return m
}

// state is what a step depends on beside the model.
type state struct {
	shift [kept]int // alignments, that is place less source, the last one first
	kinds int       // the last three: bit 0 is the last, 1 for a copy
}

func newState(oldLen int) state {
	var s state
	for i := range s.shift {
		s.shift[i] = oldLen
	}
	return s
}

// after brings the state behind a step at a place.
func (s *state) after(o step, at int) {
	if o.length == 0 {
		s.kinds = s.kinds << 1 & 7
		return
	}
	s.kinds = (s.kinds<<1 | 1) & 7
	shift, i := at-o.from, 0
	for i < kept-1 && s.shift[i] != shift {
		i++
	}
	copy(s.shift[1:i+1], s.shift[:i])
	s.shift[0] = shift
}

func zigzag(n int) uint32   { return uint32(n<<1) ^ uint32(int32(n)>>31) }
func unzigzag(n uint32) int { return int(n>>1) ^ -int(n&1) }

// step codes a step at a place, but for the byte of a literal. Places count from
// the old content's beginning to end, that of the new.
func (m *model) step(c *coder, s *state, o step, at, end int) step {
	isCopy := uint32(0)
	if o.length > 0 {
		isCopy = 1
	}
	if c.bit(&m.kinds[s.kinds], isCopy) == 0 {
		return step{}
	}
	o.way = int(c.tree(m.ways[s.kinds&3][:], 3, uint32(o.way)))
	switch {
	case o.way < kept:
		o.from = at - s.shift[o.way]
	case o.way == seek:
		on := at - s.shift[0]
		o.from = on + unzigzag(m.seeks.code(c, zigzag(o.from-on)))
	default:
		o.from = at - 1 - int(m.backs.code(c, uint32(at-1-o.from)))
	}
	length := uint32(o.length)
	if o.length == end-at {
		length = 0
	}
	o.length = int(m.lengths[class(o.way)].code(c, length))
	if o.length == 0 {
		o.length = end - at
	}
	return o
}

// class is which lengths a way has.
func class(way int) int { return max(0, way-kept+1) }

// before tells which literals a byte at the end of the new content has: by the
// upper three bits of the last two bytes.
func before(raw []byte) int {
	switch n := len(raw); n {
	case 0:
		return 0
	case 1:
		return int(raw[0] >> 5 << 3)
	default:
		return int(raw[n-1]>>5<<3 | raw[n-2]>>5)
	}
}

// literal codes a byte. guess is what the copy before it would give, -1 when no
// copy is before it.
func (m *model) literal(c *coder, before, guess int, b byte) byte {
	node := uint32(1)
	for i := 7; guess >= 0 && i >= 0; i-- {
		likely := uint32(guess >> i & 1)
		bit := c.bit(&m.after[likely][node], uint32(b>>i&1))
		node = node<<1 | bit
		if bit != likely {
			guess = -1
		}
	}
	return byte(c.below(m.literals[before][:], node, 256, uint32(b)))
}

// number codes numbers below 1<<31: how many bits they have, then the bits after
// the first, of which two learn.
type number struct {
	size [32]prob
	high [32][4]prob
}

func (n *number) reset() {
	fill(n.size[:])
	for i := range n.high {
		fill(n.high[i][:])
	}
}

func (n *number) code(c *coder, v uint32) uint32 {
	size := int(c.tree(n.size[:], 5, uint32(bits.Len32(v))))
	if size < 2 {
		return uint32(size)
	}
	rest := size - 1
	learned := min(rest, 2)
	rest -= learned
	high := c.tree(n.high[size][:], learned, v>>rest&(1<<learned-1))
	return (1<<learned|high)<<rest | c.flat(v, rest)
}
