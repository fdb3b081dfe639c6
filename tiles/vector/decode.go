package vector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// MaxTileBytes is the size of the largest tile that Decode takes.
const MaxTileBytes = 16 << 20

// ErrCorrupt is returned for bytes that are not a valid vector tile.
var ErrCorrupt = errors.New("corrupt vector tile")

// Layer is a layer as Decode reads it.
type Layer struct {
	Name     string
	Extent   uint32
	Keys     []string
	Values   []Value
	Features []DecodedFeature
}

// DecodedFeature is a feature whose attributes are pairs of indexes in its
// layer's Keys and Values; see Layer.Attrs.
type DecodedFeature struct {
	ID       uint64 // 0 when absent
	Type     GeomType
	Tags     []uint32
	Geometry Tile
}

// Attrs returns a feature's attributes by key, each as Value.Any gives it.
func (l *Layer) Attrs(f *DecodedFeature) map[string]any {
	attrs := make(map[string]any, len(f.Tags)/2)
	for i := 0; i+1 < len(f.Tags); i += 2 {
		attrs[l.Keys[f.Tags[i]]] = l.Values[f.Tags[i+1]].Any()
	}
	return attrs
}

// Decode reads a tile. Strings and geometry are copied. Beyond the structure it
// checks what the specification demands: version 1 or 2, which are alike here, layer
// names unique, indexes within their tables, every geometry complete for its type.
// A geometry of type Unknown is left out.
func Decode(raw []byte) ([]Layer, error) {
	if len(raw) > MaxTileBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(raw), MaxTileBytes)
	}
	var layers []Layer
	names := make(map[string]bool)
	for f, err := range fields(raw) {
		if err != nil {
			return nil, err
		}
		if f.tag != tagLayer {
			return nil, fmt.Errorf("%w: field %d in a tile", ErrCorrupt, f.tag>>3)
		}
		layer, err := decodeLayer(f.data)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", len(layers), err)
		}
		if names[layer.Name] {
			return nil, fmt.Errorf("%w: layer %q twice", ErrCorrupt, layer.Name)
		}
		names[layer.Name] = true
		layers = append(layers, layer)
	}
	return layers, nil
}

func decodeLayer(raw []byte) (Layer, error) {
	l := Layer{Extent: Extent}
	var version uint64
	for f, err := range fields(raw) {
		if err != nil {
			return l, err
		}
		switch f.tag {
		case tagName:
			l.Name = string(f.data)
		case tagFeature:
			feature, err := decodeFeature(f.data)
			if err != nil {
				return l, fmt.Errorf("feature %d: %w", len(l.Features), err)
			}
			l.Features = append(l.Features, feature)
		case tagKey:
			l.Keys = append(l.Keys, string(f.data))
		case tagValue:
			value, err := parseValue(f.data)
			if err != nil {
				return l, err
			}
			l.Values = append(l.Values, value)
		case tagExtent:
			if f.number == 0 || f.number > 1<<31-1 {
				return l, fmt.Errorf("%w: extent %d", ErrCorrupt, f.number)
			}
			l.Extent = uint32(f.number)
		case tagVersion:
			version = f.number
		default:
			return l, fmt.Errorf("%w: field %d in a layer", ErrCorrupt, f.tag>>3)
		}
	}
	if l.Name == "" || version < 1 || version > Version {
		return l, fmt.Errorf("%w: layer %q of version %d", ErrCorrupt, l.Name, version)
	}
	for i := range l.Features {
		tags := l.Features[i].Tags
		for j := 0; j < len(tags); j += 2 {
			if tags[j] >= uint32(len(l.Keys)) || tags[j+1] >= uint32(len(l.Values)) {
				return l, fmt.Errorf("%w: feature %d names an attribute outside the tables", ErrCorrupt, i)
			}
		}
	}
	return l, nil
}

func decodeFeature(raw []byte) (DecodedFeature, error) {
	var f DecodedFeature
	var geometry []byte
	typed := false
	for field, err := range fields(raw) {
		if err != nil {
			return f, err
		}
		switch field.tag {
		case tagID:
			f.ID = field.number
		case tagTags:
			r := geometryReader{raw: field.data}
			for len(r.raw) > 0 {
				f.Tags = append(f.Tags, r.number())
			}
			if r.failed || len(f.Tags)%2 != 0 {
				return f, fmt.Errorf("%w: bad tags", ErrCorrupt)
			}
		case tagType:
			if field.number > uint64(Polygons) {
				return f, fmt.Errorf("%w: geometry type %d", ErrCorrupt, field.number)
			}
			f.Type, typed = GeomType(field.number), true
		case tagGeometry:
			if geometry != nil {
				return f, fmt.Errorf("%w: two geometries", ErrCorrupt)
			}
			geometry = field.data
		default:
			return f, fmt.Errorf("%w: field %d in a feature", ErrCorrupt, field.tag>>3)
		}
	}
	if !typed {
		return f, fmt.Errorf("%w: no geometry type", ErrCorrupt)
	}
	if f.Type == Unknown {
		return f, nil
	}
	var err error
	f.Geometry, err = parseGeometry(geometry, f.Type)
	return f, err
}

// field is one field of a message: its tag (number and wire type), and a number
// or bytes.
type field struct {
	tag    uint64
	number uint64
	data   []byte
}

// fields yields the fields of a message. Only the wire types that the format
// uses are known: varints and bytes.
func fields(raw []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(raw) > 0 {
			tag, w := binary.Uvarint(raw)
			if w <= 0 {
				yield(field{}, fmt.Errorf("%w: bad tag", ErrCorrupt))
				return
			}
			n, w2 := binary.Uvarint(raw[w:])
			if w2 <= 0 {
				yield(field{}, fmt.Errorf("%w: field cut short", ErrCorrupt))
				return
			}
			f := field{tag: tag, number: n}
			raw = raw[w+w2:]
			switch tag & 7 {
			case 0:
			case 2:
				if n > uint64(len(raw)) {
					yield(field{}, fmt.Errorf("%w: field of %d bytes, %d left", ErrCorrupt, n, len(raw)))
					return
				}
				f.data, raw = raw[:n:n], raw[n:]
			default:
				yield(field{}, fmt.Errorf("%w: wire type %d", ErrCorrupt, tag&7))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}
