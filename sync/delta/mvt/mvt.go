// Package mvt rewrites cells of Mapbox Vector Tiles in a form that changes little
// when the map changes little.
//
// In a tile, a new name moves the numbers of others in the layer's tables, a
// feature's length stands before it, and a line begins where the line before it
// ended. The form has one dictionary for the whole cell, which goes on from that
// of the old content, no lengths, and absolute beginnings. It is meant for
// comparing and coding, and kept nowhere.
//
// Only tiles as package tiles/vector writes them have a form. Which features
// there are is unknown here: this is about the wire alone. ../FORMAT.md describes
// the form. A Form is safe for concurrent use.
package mvt

import (
	"encoding/binary"
	"errors"
)

// Errors.
var (
	ErrNoForm  = errors.New("not tiles that have a form") // of content
	ErrCorrupt = errors.New("corrupt form of tiles")
)

// MaxBytes is the longest form that content of a length may have: more than any
// map needs.
func MaxBytes(rawLen int) int { return 2*rawLen + 64 }

// Fields of a tile, a layer and a feature.
const (
	tagLayer    = 3<<3 | 2
	tagName     = 1<<3 | 2
	tagFeature  = 2<<3 | 2
	tagKey      = 3<<3 | 2
	tagValue    = 4<<3 | 2
	tagExtent   = 5 << 3
	tagVersion  = 15 << 3
	tagTags     = 2<<3 | 2
	tagType     = 3 << 3
	tagGeometry = 4<<3 | 2

	extent  = 4096
	version = 2
)

// Geometry types and commands.
const (
	points   = 1
	lines    = 2
	polygons = 3

	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

// The tables of a dictionary.
const (
	names = iota
	keys
	values
	tables
)

// dictionary holds the distinct bytes of each table.
type dictionary [tables][]string

// appendFrom writes the entries behind those that another dictionary has.
func (d *dictionary) appendFrom(dst []byte, known *dictionary) []byte {
	for t, all := range d {
		all = all[len(known[t]):]
		dst = binary.AppendUvarint(dst, uint64(len(all)))
		for _, s := range all {
			dst = binary.AppendUvarint(dst, uint64(len(s)))
			dst = append(dst, s...)
		}
	}
	return dst
}

// Form is the old content of a cell in its form.
type Form struct {
	Bytes []byte
	known dictionary
	ids   [tables]map[string]uint32
}

// New returns the form of old content.
func New(old []byte) (*Form, error) {
	f := new(Form)
	for t := range f.ids {
		f.ids[t] = make(map[string]uint32)
	}
	u := unfolder{known: f}
	var err error
	if f.Bytes, err = u.unfold(old); err != nil {
		return nil, err
	}
	f.known, f.ids = u.all, u.added
	return f, nil
}

// Unfold returns the form of new content, with the old content's dictionary.
func (f *Form) Unfold(raw []byte) ([]byte, error) {
	u := unfolder{known: f, all: f.known}
	return u.unfold(raw)
}

// reader walks bytes; bad is set by the first read that does not fit.
type reader struct {
	data []byte
	at   int
	bad  bool
}

func (r *reader) done() bool { return r.bad || r.at == len(r.data) }

// number reads an unsigned varint below 1<<32.
func (r *reader) number() uint32 {
	if r.at+1 < len(r.data) {
		a, b := r.data[r.at], r.data[r.at+1]
		if a < 0x80 {
			r.at++
			return uint32(a)
		}
		if b < 0x80 {
			r.at += 2
			return uint32(a&0x7f) | uint32(b)<<7
		}
	}
	return r.longNumber()
}

func (r *reader) longNumber() uint32 {
	n, w := binary.Uvarint(r.data[r.at:])
	if w <= 0 || n >= 1<<32 {
		r.bad, r.at = true, len(r.data)
		return 0
	}
	r.at += w
	return uint32(n)
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.data)-r.at) {
		r.bad, r.at = true, len(r.data)
		return nil
	}
	r.at += int(n)
	return r.data[r.at-int(n) : r.at]
}

// field reads bytes behind their length.
func (r *reader) field() []byte { return r.bytes(r.number()) }

// next reports whether the next byte is tag, and takes it if so.
func (r *reader) next(tag byte) bool {
	if r.at < len(r.data) && r.data[r.at] == tag {
		r.at++
		return true
	}
	return false
}

// want takes a byte that must be there.
func (r *reader) want(tag byte) {
	if !r.next(tag) {
		r.bad, r.at = true, len(r.data)
	}
}

func zigzag(n int32) uint32   { return uint32(n<<1 ^ n>>31) }
func unzigzag(n uint32) int32 { return int32(n>>1) ^ -int32(n&1) }

// offset is added to the coordinates of a beginning, which makes them positive.
const offset = 1 << 15
