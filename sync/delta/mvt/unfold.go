package mvt

import (
	"encoding/binary"
	"fmt"
)

// unfolder writes the form of one content.
type unfolder struct {
	known *Form
	all   dictionary
	added [tables]map[string]uint32 // ids of entries behind those known
	out   []byte
	ids   [tables][]uint32 // of the layer's keys and values
}

func (u *unfolder) unfold(raw []byte) ([]byte, error) {
	for t := range u.added {
		u.added[t] = make(map[string]uint32)
		u.all[t] = u.all[t][:len(u.all[t]):len(u.all[t])]
	}
	u.out = make([]byte, 0, len(raw)+len(raw)/8)
	cell := reader{data: raw}
	for !cell.done() {
		key := cell.field()
		tile := reader{data: cell.field()}
		u.number(uint32(len(key)))
		u.out = append(u.out, key...)
		for !tile.done() {
			tile.want(tagLayer)
			layer := reader{data: tile.field()}
			u.layer(&layer)
			tile.bad = tile.bad || !layer.done() || layer.bad
		}
		u.out = append(u.out, 0)
		if cell.bad || tile.bad {
			return nil, fmt.Errorf("%w: near byte %d", ErrNoForm, cell.at)
		}
	}
	form := append(u.all.appendFrom(nil, &u.known.known), u.out...)
	if len(form) > MaxBytes(len(raw)) {
		return nil, fmt.Errorf("%w: it would be too long", ErrNoForm)
	}
	return form, nil
}

func (u *unfolder) number(n uint32) {
	if n < 0x80 {
		u.out = append(u.out, byte(n))
	} else {
		u.out = binary.AppendUvarint(u.out, uint64(n))
	}
}

// id returns the number of an entry, and adds it when it is new.
func (u *unfolder) id(table int, entry []byte) uint32 {
	if id, ok := u.known.ids[table][string(entry)]; ok {
		return id
	}
	id, ok := u.added[table][string(entry)]
	if !ok {
		id = uint32(len(u.all[table]))
		u.added[table][string(entry)] = id
		u.all[table] = append(u.all[table], string(entry))
	}
	return id
}

func (u *unfolder) layer(r *reader) {
	r.want(tagName)
	u.number(u.id(names, r.field()) + 1)
	features := *r
	for r.next(tagFeature) {
		r.field()
	}
	u.table(r, keys, tagKey)
	u.table(r, values, tagValue)
	r.want(tagExtent)
	r.bad = r.bad || r.number() != extent
	r.want(tagVersion)
	r.bad = r.bad || r.number() != version
	for !r.bad && features.next(tagFeature) {
		f := reader{data: features.field()}
		u.feature(&f)
		r.bad = f.bad || !f.done()
	}
	u.out = append(u.out, 0)
}

func (u *unfolder) table(r *reader, table int, tag byte) {
	u.ids[table] = u.ids[table][:0]
	for r.next(tag) {
		u.ids[table] = append(u.ids[table], u.id(table, r.field()))
	}
}

func (u *unfolder) feature(r *reader) {
	tags := reader{}
	if r.next(tagTags) {
		tags.data = r.field()
	}
	r.want(tagType)
	kind := r.number()
	r.want(tagGeometry)
	geometry := reader{data: r.field()}
	u.number(kind)
	for !tags.done() {
		k, v := tags.number(), tags.number()
		if tags.bad || int(k) >= len(u.ids[keys]) || int(v) >= len(u.ids[values]) {
			r.bad = true
			return
		}
		u.number(u.ids[keys][k] + 1)
		u.number(u.ids[values][v])
	}
	u.out = append(u.out, 0)
	switch kind {
	case points:
		u.points(&geometry)
	case lines, polygons:
		u.lines(&geometry, kind == polygons)
	default:
		r.bad = true
	}
	u.out = append(u.out, 0)
	r.bad = r.bad || tags.bad || geometry.bad
}

// begin writes where a part begins, and how many points it has.
func (u *unfolder) begin(r *reader, count uint32, x, y int32) {
	x += offset
	y += offset
	if count == 0 || x < 0 || y < 0 || x >= 2*offset || y >= 2*offset {
		r.bad = true
	}
	u.number(count)
	u.out = append(u.out, byte(x>>8), byte(x), byte(y>>8), byte(y))
}

func (u *unfolder) points(r *reader) {
	var x, y int32
	n := r.number()
	r.bad = r.bad || n&7 != moveTo
	for n >>= 3; n > 0 && !r.bad; n-- {
		x += unzigzag(r.number())
		y += unzigzag(r.number())
		u.begin(r, 1, x, y)
	}
	r.bad = r.bad || !r.done()
}

func (u *unfolder) lines(r *reader, closed bool) {
	var x, y int32
	for !r.done() {
		r.want(1<<3 | moveTo)
		x += unzigzag(r.number())
		y += unzigzag(r.number())
		n := r.number()
		r.bad = r.bad || n&7 != lineTo
		n >>= 3
		u.begin(r, n+1, x, y)
		start := r.at
		for ; n > 0 && !r.bad; n-- {
			x += unzigzag(r.number())
			y += unzigzag(r.number())
		}
		u.out = append(u.out, r.data[start:r.at]...)
		if closed {
			r.want(1<<3 | closePath)
		}
	}
}
