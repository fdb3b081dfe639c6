package media

// reader reads numbers, big-endian. After the end it gives zeros and is bad.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint(n int) (v uint64) {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return 0
	}
	for _, c := range r.b[:n] {
		v = v<<8 | uint64(c)
	}
	r.b = r.b[n:]
	return v
}

// bitReader reads bits, the highest of each byte first.
type bitReader struct {
	b   []byte
	at  int
	bad bool
}

func (r *bitReader) bits(n int) (v int) {
	for range n {
		if r.at>>3 >= len(r.b) {
			r.bad = true
			return 0
		}
		v = v<<1 | int(r.b[r.at>>3]>>(7-r.at&7)&1)
		r.at++
	}
	return v
}

// leb128 reads a number in groups of seven bits, the lowest first.
func leb128(b []byte) (v uint64, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 8; i++ {
		v |= uint64(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, b[i+1:], true
		}
	}
	return 0, nil, false
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
