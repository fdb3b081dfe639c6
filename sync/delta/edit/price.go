package edit

import (
	"math"
	"math/bits"
)

// cost is in 1/64 bit.
type cost uint32

const (
	bitCost cost = 64
	never   cost = math.MaxUint32
)

// bitCosts is what a bit costs by its probability in 1/4096.
var bitCosts [4096]cost

func init() {
	for i := range bitCosts {
		bitCosts[i] = cost(math.Round(-math.Log2((float64(i)+0.5)/4096) * float64(bitCost)))
	}
}

func (p prob) cost(bit uint32) cost {
	if bit == 1 {
		return bitCosts[p.p>>4]
	}
	return bitCosts[4095-p.p>>4]
}

func treeCost(p []prob, bits int, v uint32) (sum cost) {
	node := uint32(1)
	for i := bits - 1; i >= 0; i-- {
		bit := v >> i & 1
		sum += p[node].cost(bit)
		node = node<<1 | bit
	}
	return sum
}

// prices is what steps cost under a model.
type prices struct {
	kinds   [8][2]cost
	ways    [4][ways]cost
	lengths [3][nice]cost
	sizes   [2][32]cost // of seeks and backs, by their bits
	model   *model
}

func newPrices(m *model) *prices {
	p := &prices{model: m}
	for i := range p.kinds {
		p.kinds[i] = [2]cost{m.kinds[i].cost(0), m.kinds[i].cost(1)}
	}
	for i := range p.ways {
		for way := range p.ways[i] {
			p.ways[i][way] = treeCost(m.ways[i][:], 3, uint32(way))
		}
	}
	for i := range p.lengths {
		for n := range p.lengths[i] {
			p.lengths[i][n] = m.lengths[i].cost(uint32(n))
		}
	}
	for i, n := range []*number{&m.seeks, &m.backs} {
		for size := range p.sizes[i] {
			p.sizes[i][size] = treeCost(n.size[:], 5, uint32(size)) + bitCost*cost(max(size-1, 0))
		}
	}
	return p
}

// firstPrices is a guess at what steps cost.
func firstPrices() *prices {
	p := newPrices(newModel())
	for i := range p.kinds {
		p.kinds[i] = [2]cost{bitCost / 2, bitCost * 3 / 2}
	}
	for i := range p.ways {
		p.ways[i] = [ways]cost{bitCost, 3 * bitCost, 4 * bitCost, 5 * bitCost, 5 * bitCost, 5 * bitCost, 5 * bitCost / 2, 5 * bitCost / 2}
	}
	return p
}

func (n *number) cost(v uint32) cost {
	size := bits.Len32(v)
	sum := treeCost(n.size[:], 5, uint32(size))
	if size < 2 {
		return sum
	}
	learned := min(size-1, 2)
	rest := size - 1 - learned
	return sum + treeCost(n.high[size][:], learned, v>>rest&(1<<learned-1)) + bitCost*cost(rest)
}

// copy is what a copy costs, but for its length.
func (p *prices) copy(s *state, o step, at int) cost {
	sum := p.kinds[s.kinds][1] + p.ways[s.kinds&3][o.way]
	switch o.way {
	case seek:
		sum += p.sizes[0][bits.Len32(zigzag(o.from-(at-s.shift[0])))]
	case back:
		sum += p.sizes[1][bits.Len32(uint32(at-1-o.from))]
	}
	return sum
}

// literal is what model.literal costs.
func (p *prices) literal(s *state, before, guess int, b byte) cost {
	sum := p.kinds[s.kinds][0]
	node := uint32(1)
	table := &p.model.literals[before]
	for i := 7; i >= 0; i-- {
		bit := uint32(b >> i & 1)
		if guess >= 0 {
			likely := uint32(guess >> i & 1)
			sum += p.model.after[likely][node].cost(bit)
			if bit != likely {
				guess = -1
			}
		} else {
			sum += table[node].cost(bit)
		}
		node = node<<1 | bit
	}
	return sum
}
