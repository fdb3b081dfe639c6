package vector

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Feature is a geometry with attributes. Points have one point a part.
type Feature struct {
	Type     GeomType
	Attrs    Attrs
	Geometry Tile
}

// Encoder writes layers. The zero Encoder is ready.
type Encoder struct {
	keys, values table
	tags, geom   []byte
	body         []byte
}

// Field tags of the Tile, Layer and Feature messages.
const (
	tagLayer = 3<<3 | 2

	tagName     = 1<<3 | 2
	tagFeature  = 2<<3 | 2
	tagKey      = 3<<3 | 2
	tagValue    = 4<<3 | 2
	tagExtent   = 5 << 3
	tagVersion  = 15 << 3
	tagID       = 1 << 3
	tagTags     = 2<<3 | 2
	tagType     = 3 << 3
	tagGeometry = 4<<3 | 2
)

// AppendLayer appends a layer to the bytes of a tile: its features in the given
// order, its keys and values sorted. Nothing is added without features. The
// names of a tile's layers must differ.
func (e *Encoder) AppendLayer(dst []byte, name string, features []Feature) []byte {
	if len(features) == 0 {
		return dst
	}
	e.keys.reset()
	e.values.reset()
	for i := range features {
		if i > 0 && features[i].Attrs == features[i-1].Attrs {
			continue
		}
		for key, value := range features[i].Attrs.All() {
			e.keys.add(key)
			e.values.add(string(value))
		}
	}
	e.keys.sort()
	e.values.sort()

	b := appendField(e.body[:0], tagName, name)
	for i := range features {
		b = e.appendFeature(b, &features[i])
	}
	for _, key := range e.keys.sorted {
		b = appendField(b, tagKey, key)
	}
	for _, value := range e.values.sorted {
		b = appendField(b, tagValue, value)
	}
	b = binary.AppendUvarint(append(b, tagExtent), Extent)
	b = append(b, tagVersion, Version)
	e.body = b
	return appendField(dst, tagLayer, b)
}

func (e *Encoder) appendFeature(dst []byte, f *Feature) []byte {
	e.tags = e.tags[:0]
	for key, value := range f.Attrs.All() {
		e.tags = binary.AppendUvarint(e.tags, uint64(e.keys.index[key]))
		e.tags = binary.AppendUvarint(e.tags, uint64(e.values.index[string(value)]))
	}
	e.geom = appendGeometry(e.geom[:0], f.Type, &f.Geometry)
	size := 2 + 1 + varintLen(len(e.geom)) + len(e.geom)
	if len(e.tags) > 0 {
		size += 1 + varintLen(len(e.tags)) + len(e.tags)
	}
	dst = binary.AppendUvarint(append(dst, tagFeature), uint64(size))
	if len(e.tags) > 0 {
		dst = appendField(dst, tagTags, e.tags)
	}
	dst = append(dst, tagType, byte(f.Type))
	return appendField(dst, tagGeometry, e.geom)
}

// table is a set of strings that get numbers by their order.
type table struct {
	index  map[string]uint32
	sorted []string
}

func (t *table) reset() {
	if t.index == nil {
		t.index = make(map[string]uint32)
	}
	clear(t.index)
	t.sorted = t.sorted[:0]
}

func (t *table) add(s string) {
	if _, ok := t.index[s]; !ok {
		t.index[s] = 0
		t.sorted = append(t.sorted, s)
	}
}

func (t *table) sort() {
	slices.SortFunc(t.sorted, strings.Compare)
	for i, s := range t.sorted {
		t.index[s] = uint32(i)
	}
}

func appendField[B []byte | string](dst []byte, tag byte, field B) []byte {
	dst = binary.AppendUvarint(append(dst, tag), uint64(len(field)))
	return append(dst, field...)
}

func varintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
