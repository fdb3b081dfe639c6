package edit

import (
	"encoding/binary"
	"math/bits"
)

const (
	hashed = 4       // bytes that a match found by its hash has at least
	dense  = 4 << 20 // content up to this length is indexed at each place
)

// finder finds the bytes at a place again, in the old content and in the new
// before that place.
type finder struct {
	all    []byte // the old content, the new behind it
	oldLen int
	stride int // every so many places are indexed
	shift  int
	first  []int32 // of old places: by hash, where they begin in places
	places []int32 // rising for each hash
	head   []int32 // of new places: by hash, the last one, plus one
	prev   []int32 // the one before, by place
	filled int
}

func newFinder(old, raw []byte) *finder {
	f := &finder{all: append(append(make([]byte, 0, len(old)+len(raw)), old...), raw...), oldLen: len(old), stride: 1}
	for len(f.all)/f.stride > 2*dense {
		f.stride *= 2
	}
	size := min(bits.Len(uint(len(f.all)/f.stride))+1, 20)
	f.shift = 32 - size
	f.first, f.head = make([]int32, 1<<size+1), make([]int32, 1<<size)
	f.prev = make([]int32, len(raw)/f.stride+1)
	for at := 0; at+hashed <= len(old); at += f.stride {
		f.first[f.hash(at)+1]++
	}
	for i := range f.head {
		f.first[i+1] += f.first[i]
	}
	f.places = make([]int32, f.first[len(f.head)])
	fill := append([]int32(nil), f.first...)
	for at := 0; at+hashed <= len(old); at += f.stride {
		h := f.hash(at)
		f.places[fill[h]] = int32(at)
		fill[h]++
	}
	f.reset()
	return f
}

// reset forgets the new content.
func (f *finder) reset() {
	clear(f.head)
	f.filled = f.oldLen
}

func (f *finder) hash(at int) uint32 {
	return binary.LittleEndian.Uint32(f.all[at:]) * 0x9e3779b1 >> f.shift
}

// common returns how many bytes a copy from one place to another can have.
func (f *finder) common(from, at int) int {
	a, b := f.all[from:], f.all[at:]
	if from < f.oldLen {
		a = f.all[from:f.oldLen]
	}
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// find appends copies to a place: from the old content those that become longer
// the further they lie from near, then the same from the new. It looks at so many
// places of each.
func (f *finder) find(dst []step, at, near, depth int) []step {
	if at+hashed > len(f.all) {
		return dst
	}
	h := f.hash(at)
	best := 0
	try := func(way, from int) {
		if at+best < len(f.all) && f.all[from+best] != f.all[at+best] {
			return
		}
		if n := f.common(from, at); n >= hashed && n > best {
			best = n
			dst = append(dst, step{n, way, from})
		}
	}
	places := f.places[f.first[h]:f.first[h+1]]
	up, end := 0, len(places)
	for up < end {
		if m := (up + end) / 2; int(places[m]) < near {
			up = m + 1
		} else {
			end = m
		}
	}
	down := up - 1
	for range depth {
		switch {
		case down >= 0 && (up == len(places) || near-int(places[down]) < int(places[up])-near):
			try(seek, int(places[down]))
			down--
		case up < len(places):
			try(seek, int(places[up]))
			up++
		}
	}
	for ; f.filled < at && f.filled+hashed <= len(f.all); f.filled += f.stride {
		h, i := f.hash(f.filled), (f.filled-f.oldLen)/f.stride
		f.prev[i], f.head[h] = f.head[h], int32(f.filled)+1
	}
	best = 0
	for from, n := int(f.head[h])-1, 0; from >= 0 && n < depth; n++ {
		try(back, from)
		from = int(f.prev[(from-f.oldLen)/f.stride]) - 1
	}
	return dst
}
