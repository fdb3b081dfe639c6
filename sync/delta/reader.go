package delta

import "encoding/binary"

// reader walks a prelude; bad is set by the first read beyond its end.
type reader struct {
	data []byte
	at   int
	bad  bool
}

func (r *reader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.data)-r.at) {
		r.bad = true
		return nil
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) varint() int64 {
	if r.bad {
		return 0
	}
	n, w := binary.Varint(r.data[r.at:])
	if w <= 0 {
		r.bad = true
		return 0
	}
	r.at += w
	return n
}

func (r *reader) uvarint() uint64 {
	if r.bad {
		return 0
	}
	n, w := binary.Uvarint(r.data[r.at:])
	if w <= 0 {
		r.bad = true
		return 0
	}
	r.at += w
	return n
}

// part reads what append wrote.
func (r *reader) part(limit int) (p part, rawLen int, ok bool) {
	n := r.uvarint()
	p.codec = Codec(n & 3)
	length := n >> 2
	if p.codec != Raw {
		length = r.uvarint()
	}
	p.data = r.bytes(n >> 2)
	return p, int(length), !r.bad && length <= uint64(limit)
}
