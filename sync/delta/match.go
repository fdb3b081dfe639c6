package delta

import "encoding/binary"

const (
	seed       = 6   // bytes that a match has at least
	chainLimit = 256 // places looked at for a match
)

// index finds where bytes stand in old content: a hash of the seed bytes at each
// place, with the places of one hash in a chain, the last one first.
type index struct {
	old   []byte
	shift uint
	first []int32 // by hash, place + 1
	next  []int32 // by place, place + 1
}

func newIndex(old []byte) *index {
	bits := uint(10)
	for 1<<bits < len(old) && bits < 22 {
		bits++
	}
	x := &index{old: old, shift: 64 - bits, first: make([]int32, 1<<bits), next: make([]int32, len(old))}
	for i := 0; i+8 <= len(old); i++ {
		h := x.hash(old[i:])
		x.next[i] = x.first[h]
		x.first[h] = int32(i) + 1
	}
	return x
}

// hash needs 8 bytes.
func (x *index) hash(b []byte) uint64 {
	return binary.LittleEndian.Uint64(b) << (64 - 8*seed) * 0x9e3779b97f4a7c15 >> x.shift
}

// longest returns the longest match found for the start of raw, and where it
// stands in the old content. Of equal ones it prefers the place near.
func (x *index) longest(raw []byte, near int) (length, place int) {
	if near >= 0 && near < len(x.old) {
		length, place = common(x.old[near:], raw), near
	}
	if len(raw) < 8 {
		return length, place
	}
	looked := 0
	for at := x.first[x.hash(raw)]; at != 0 && looked < chainLimit; at = x.next[at-1] {
		looked++
		p := int(at) - 1
		if length > 0 && (p+length >= len(x.old) || length >= len(raw) || x.old[p+length] != raw[length]) {
			continue // cannot be longer
		}
		if n := common(x.old[p:], raw); n > length {
			length, place = n, p
		}
	}
	return length, place
}

// common returns how many bytes a and b have in common at their start.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if binary.LittleEndian.Uint64(a[i:]) != binary.LittleEndian.Uint64(b[i:]) {
			break
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
