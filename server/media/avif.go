package media

import (
	"encoding/binary"
	"errors"
	"strings"
)

// errBoxes is a file whose boxes do not fit into each other.
var errBoxes = errors.New("its boxes do not fit into each other")

// engine is the memory that the AVIF decoder takes for a start, in bytes; it
// takes 50 or 60 for each pixel besides.
const engine = 100 << 20

// Limits of an AVIF's structure.
const (
	maxBoxes = 1000 // looked at
	maxItems = 64
)

// inspectAVIF reads the boxes of an AVIF (ISO/IEC 14496-12 and 23008-12) as far
// as a still picture of one piece needs them, and the sequence headers of the
// AV1 in it: those say what a decoder sets aside memory for, whatever the boxes
// say.
func inspectAVIF(data []byte) (h header, err error) {
	h.kind = "image/avif"
	f := boxes{data: data, kinds: map[uint32]string{}, places: map[uint32][][2]uint64{}, roles: map[uint32][]int{}}
	var kind string
	err = f.each(data, func(name string, body []byte) error {
		switch name {
		case "ftyp":
			kind = string(body)
		case "moov":
			return &Refusal{ErrKind, "The AVIF moves; send a still picture."}
		case "meta":
			if len(body) < 4 {
				return errBoxes
			}
			return f.each(body[4:], f.meta)
		}
		return nil
	})
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		return h, err
	case !strings.Contains(kind, "avif"):
		return h, &Refusal{ErrKind, "This is a HEIC photo, a video or the like; send a JPEG, PNG, WebP or AVIF. (An iPhone takes JPEGs as the most compatible format.)"}
	case err != nil || f.kinds[f.primary] == "":
		return h, broken("the AVIF's boxes do not fit into each other")
	}
	return h, f.read(&h)
}

// boxes gathers what the boxes of a file say.
type boxes struct {
	data    []byte
	left    int // boxes still to be looked at
	primary uint32
	kinds   map[uint32]string      // of items
	places  map[uint32][][2]uint64 // of items: offsets and lengths in the file
	props   []property
	roles   map[uint32][]int // properties of items, from 0
	inside  []byte           // of the box idat
	in      map[uint32]bool  // items that lie there
}

type property struct {
	name string
	body []byte
}

// each calls fn with each box of a sequence.
func (f *boxes) each(b []byte, fn func(name string, body []byte) error) error {
	for len(b) > 0 {
		if f.left++; f.left > maxBoxes || len(b) < 8 {
			return errBoxes
		}
		n, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case n == 1 && len(b) >= 16:
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		case n == 0:
			n = uint64(len(b))
		}
		if n < head || n > uint64(len(b)) {
			return errBoxes
		}
		if err := fn(string(b[4:8]), b[head:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// meta takes one box of the box meta.
func (f *boxes) meta(name string, body []byte) error {
	r := reader{b: body}
	switch name {
	case "pitm":
		wide := r.uint(1) > 0
		r.uint(3)
		f.primary = uint32(r.uint(2 + 2*b2i(wide)))
	case "iinf":
		wide := r.uint(1) > 0
		r.uint(3)
		r.uint(2 + 2*b2i(wide))
		if r.bad {
			return errBoxes
		}
		return f.each(r.b, f.item)
	case "iloc":
		return f.locate(&r)
	case "idat":
		f.inside = body
	case "iprp":
		return f.each(body, func(name string, body []byte) error {
			if name == "ipma" {
				return f.associate(&reader{b: body})
			}
			if name != "ipco" {
				return nil
			}
			return f.each(body, func(name string, body []byte) error {
				f.props = append(f.props, property{name, body})
				return nil
			})
		})
	}
	if r.bad {
		return errBoxes
	}
	return nil
}

// item takes an item's entry: its id and what it is.
func (f *boxes) item(name string, body []byte) error {
	r := reader{b: body}
	version := r.uint(1)
	r.uint(3)
	if name != "infe" || version < 2 {
		return nil
	}
	id := uint32(r.uint(2 + 2*b2i(version > 2)))
	r.uint(2)
	if r.bad || len(r.b) < 4 || len(f.kinds) == maxItems {
		return errBoxes
	}
	kind := string(r.b[:4])
	if kind == "mime" && strings.Contains(string(r.b), "application/rdf+xml") {
		kind = "xmp"
	}
	f.kinds[id] = kind
	return nil
}

// locate reads where items lie.
func (f *boxes) locate(r *reader) error {
	version := r.uint(1)
	r.uint(3)
	sizes := r.uint(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)*b2i(version > 0)
	count := r.uint(2 + 2*b2i(version > 1))
	if version > 2 || max(offset, length, base, index) > 8 || count > maxItems {
		return errBoxes
	}
	f.in = make(map[uint32]bool)
	for range count {
		id := uint32(r.uint(2 + 2*b2i(version > 1)))
		if version > 0 {
			method := r.uint(2) & 15
			if method > 1 {
				return errBoxes
			}
			f.in[id] = method == 1
		}
		r.uint(2)
		start := r.uint(base)
		extents := r.uint(2)
		if extents > maxItems {
			return errBoxes
		}
		for range extents {
			r.uint(index)
			at := start + r.uint(offset)
			f.places[id] = append(f.places[id], [2]uint64{at, r.uint(length)})
		}
	}
	if r.bad {
		return errBoxes
	}
	return nil
}

// associate reads which properties items have.
func (f *boxes) associate(r *reader) error {
	version := r.uint(1)
	wide := r.uint(3)&1 == 1
	count := r.uint(4)
	if count > maxItems {
		return errBoxes
	}
	for range count {
		id := uint32(r.uint(2 + 2*b2i(version > 0)))
		for range r.uint(1) {
			n := r.uint(1 + b2i(wide))
			if wide {
				n &= 0x7fff
			} else {
				n &= 0x7f
			}
			if n > 0 {
				f.roles[id] = append(f.roles[id], int(n)-1)
			}
		}
	}
	if r.bad {
		return errBoxes
	}
	return nil
}

// content returns an item's bytes; nil when they are not all there.
func (f *boxes) content(id uint32) (all []byte) {
	from := f.data
	if f.in[id] {
		from = f.inside
	}
	for _, p := range f.places[id] {
		n := p[1]
		if p[0] > uint64(len(from)) || n > uint64(len(from))-p[0] || uint64(len(all))+n > uint64(len(f.data)) {
			return nil
		}
		if n == 0 && len(f.places[id]) == 1 { // to the end
			n = uint64(len(from)) - p[0]
		}
		all = append(all, from[p[0]:p[0]+n]...)
	}
	return all
}

// read puts together what the items say.
func (f *boxes) read(h *header) error {
	var meta metadata
	each, pictures := int64(64), 0
	for id, kind := range f.kinds {
		switch kind {
		case "grid", "iovl", "iden":
			return &Refusal{ErrKind, "The AVIF is put together of several pictures; save it as one, or as a JPEG."}
		case "Exif":
			if b := f.content(id); len(b) > 4 {
				if skip := uint64(binary.BigEndian.Uint32(b)); skip < uint64(len(b))-4 {
					meta.exif = first(meta.exif, b[4+skip:])
				}
			}
		case "xmp":
			meta.xmp = first(meta.xmp, f.content(id))
		case "av01":
			pictures++
			w, t, err := readSequences(f.content(id))
			if err != nil {
				return err
			}
			h.width, h.height = max(h.width, w), max(h.height, t)
		}
	}
	if f.kinds[f.primary] != "av01" || pictures == 0 {
		return broken("the AVIF has no picture in it")
	}
	h.opaque = pictures == 1
	for _, p := range f.props {
		r := reader{b: p.body}
		switch p.name {
		case "ispe":
			r.uint(4)
			h.width, h.height = max(h.width, int(r.uint(4))), max(h.height, int(r.uint(4)))
		case "av1C":
			if r.uint(3)&0x40 != 0 { // more than 8 bits
				each = 96
			}
		}
	}
	for _, i := range f.roles[f.primary] {
		if i >= len(f.props) || len(f.props[i].body) < 1 {
			continue
		}
		switch p := f.props[i]; p.name {
		case "irot": // anticlockwise
			h.turn.quarters = int(4-p.body[0]&3) % 4
		case "imir":
			h.turn.mirrored = true
			if p.body[0]&1 == 0 { // top and bottom
				h.turn.quarters = (h.turn.quarters + 2) % 4
			}
		}
	}
	h.memory = engine + int64(min(h.width, MaxSide))*int64(min(h.height, MaxSide))*each
	_, h.position = meta.read() // the turn is said by the boxes
	return nil
}
