package osm

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
)

// pair says that a way runs through a node.
type pair struct{ node, way int64 }

// pairs sorts pairs by node, those of a node in the order in which they came.
// Runs that fill the memory go to a file, each sorted, and are merged at the end.
type pairs struct {
	path  string // of the file
	limit int    // pairs in memory

	waiting []pair
	spare   []pair // for sorting
	file    *os.File
	out     *bufio.Writer
	size    int64
	runs    []int64 // where each begins in the file
}

const (
	pairSize = 2 * 16 // bytes in memory, with those for sorting
	maxPairs = 1 << 18
)

// newPairs takes at most about memory bytes, and no more than is of use.
func newPairs(path string, memory int) *pairs {
	return &pairs{path: path, limit: max(1<<10, min(memory/pairSize, maxPairs))}
}

// add takes the nodes of a way.
func (p *pairs) add(way int64, nodes []int64) error {
	for _, node := range nodes {
		if len(p.waiting) == p.limit {
			if err := p.spill(); err != nil {
				return err
			}
		}
		if n := len(p.waiting); n == cap(p.waiting) { // append would grow a large one by little
			p.waiting = slices.Grow(p.waiting, min(max(n, 1<<10), p.limit-n))
		}
		p.waiting = append(p.waiting, pair{node, way})
	}
	return nil
}

// digit is what the sort looks at in one round, in bits.
const digit = 11

// sort puts the waiting pairs in order (LSD radix sort).
func (p *pairs) sort() {
	if len(p.waiting) == 0 {
		return
	}
	low, high := p.waiting[0].node, p.waiting[0].node
	for _, v := range p.waiting {
		low, high = min(low, v.node), max(high, v.node)
	}
	if cap(p.spare) < len(p.waiting) {
		p.spare = make([]pair, len(p.waiting))
	}
	from, to := p.waiting, p.spare[:len(p.waiting)]
	for shift := 0; shift < bits.Len64(uint64(high-low)); shift += digit {
		var starts [1 << digit]int
		at := func(v pair) *int { return &starts[uint64(v.node-low)>>shift%(1<<digit)] }
		for _, v := range from {
			*at(v)++
		}
		sum := 0
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, v := range from {
			n := at(v)
			to[*n] = v
			*n++
		}
		from, to = to, from
	}
	p.waiting, p.spare = from, to
}

// spill writes the waiting pairs to the file.
func (p *pairs) spill() (err error) {
	if p.file == nil {
		if p.file, err = os.Create(p.path); err != nil {
			return fmt.Errorf("write base: %w", err)
		}
		p.out = bufio.NewWriterSize(p.file, 256<<10)
	}
	p.sort()
	p.runs = append(p.runs, p.size)
	var last pair
	var buf [2 * binary.MaxVarintLen64]byte
	for _, v := range p.waiting {
		b := binary.AppendVarint(binary.AppendVarint(buf[:0], v.node-last.node), v.way-last.way)
		if _, err := p.out.Write(b); err != nil {
			return fmt.Errorf("write base: %w", err)
		}
		p.size += int64(len(b))
		last = v
	}
	p.waiting = p.waiting[:0]
	return nil
}

// each calls f with the pairs in order.
func (p *pairs) each(f func(pair) error) error {
	if p.file == nil {
		p.sort()
		for _, v := range p.waiting {
			if err := f(v); err != nil {
				return err
			}
		}
		return nil
	}
	if err := p.spill(); err != nil {
		return err
	}
	p.waiting, p.spare = nil, nil
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write base: %w", err)
	}
	var runs pairRuns
	for i, start := range p.runs {
		end := p.size
		if i+1 < len(p.runs) {
			end = p.runs[i+1]
		}
		r := &pairRun{number: i, file: p.file, at: start, end: end}
		if err := r.next(); err == nil {
			runs = append(runs, r)
		} else if err != io.EOF {
			return err
		}
	}
	heap.Init(&runs)
	for len(runs) > 0 {
		if err := f(runs[0].pair); err != nil {
			return err
		}
		switch err := runs[0].next(); err {
		case nil:
			if len(runs) > 1 && runs.Less(1, 0) || len(runs) > 2 && runs.Less(2, 0) { // mostly not
				heap.Fix(&runs, 0)
			}
		case io.EOF:
			heap.Pop(&runs)
		default:
			return err
		}
	}
	return nil
}

// drop removes the file.
func (p *pairs) drop() error {
	p.waiting, p.spare = nil, nil
	if p.file == nil {
		return nil
	}
	return errors.Join(p.file.Close(), os.Remove(p.path))
}

// pairRun reads one run.
type pairRun struct {
	pair
	number  int
	file    *os.File
	at, end int64  // what is still to be read
	ahead   []byte // what is read already
}

// readAhead is what a run reads at a time, in bytes.
const readAhead = 16 << 10

// next goes to the next pair; io.EOF after the last.
func (r *pairRun) next() error {
	if len(r.ahead) < 2*binary.MaxVarintLen64 && r.at < r.end {
		buf := make([]byte, len(r.ahead)+int(min(readAhead, r.end-r.at)))
		n := copy(buf, r.ahead)
		if _, err := r.file.ReadAt(buf[n:], r.at); err != nil {
			return fmt.Errorf("write base: read what was sorted: %w", err)
		}
		r.at += int64(len(buf) - n)
		r.ahead = buf
	}
	if len(r.ahead) == 0 {
		return io.EOF
	}
	node, n := binary.Varint(r.ahead)
	way, m := binary.Varint(r.ahead[max(n, 0):])
	if n <= 0 || m <= 0 {
		return fmt.Errorf("write base: %s was changed", r.file.Name())
	}
	r.ahead = r.ahead[n+m:]
	r.node += node
	r.way += way
	return nil
}

// pairRuns is a heap: the lowest node first, then the earlier run.
type pairRuns []*pairRun

func (h pairRuns) Len() int { return len(h) }
func (h pairRuns) Less(i, k int) bool {
	return h[i].node < h[k].node || h[i].node == h[k].node && h[i].number < h[k].number
}
func (h pairRuns) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *pairRuns) Push(any)     { panic("a run comes from nowhere") }
func (h *pairRuns) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
