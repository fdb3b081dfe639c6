package vector

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
)

// Value is an attribute's value: a string, a number or a truth value. It is kept
// as the bytes of the format's Value message, so values compare and sort as
// strings, and equal values are equal. The zero Value is none.
type Value string

// Tags of the Value message's fields.
const (
	tagString = 1<<3 | 2
	tagFloat  = 2<<3 | 5
	tagDouble = 3<<3 | 1
	tagInt    = 4 << 3
	tagUint   = 5 << 3
	tagSint   = 6 << 3
	tagBool   = 7 << 3
)

// String returns a text value.
func String(s string) Value {
	b := binary.AppendUvarint([]byte{tagString}, uint64(len(s)))
	return Value(append(b, s...))
}

// Int returns a whole number, in the shortest of the format's ways.
func Int(n int64) Value {
	if n >= 0 {
		return Value(binary.AppendUvarint([]byte{tagUint}, uint64(n)))
	}
	return Value(binary.AppendVarint([]byte{tagSint}, n))
}

// Float returns a number, in four bytes when they are enough.
func Float(n float64) Value {
	if single := float32(n); float64(single) == n {
		return Value(binary.LittleEndian.AppendUint32([]byte{tagFloat}, math.Float32bits(single)))
	}
	return Value(binary.LittleEndian.AppendUint64([]byte{tagDouble}, math.Float64bits(n)))
}

// Bool returns a truth value.
func Bool(b bool) Value {
	if b {
		return Value([]byte{tagBool, 1})
	}
	return Value([]byte{tagBool, 0})
}

// Any returns the value as a string, int64, uint64 (above the range of int64),
// float64 or bool.
func (v Value) Any() any {
	if v == "" {
		return nil
	}
	rest := []byte(v[1:])
	switch v[0] {
	case tagString:
		_, w := binary.Uvarint(rest)
		return string(rest[w:])
	case tagFloat:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(rest)))
	case tagDouble:
		return math.Float64frombits(binary.LittleEndian.Uint64(rest))
	case tagInt, tagUint:
		n, _ := binary.Uvarint(rest)
		if v[0] == tagUint && n > math.MaxInt64 {
			return n
		}
		return int64(n)
	case tagSint:
		n, _ := binary.Varint(rest)
		return n
	}
	return rest[0] != 0
}

// parseValue checks the bytes of a Value message: exactly one field, whole.
func parseValue(raw []byte) (Value, error) {
	bad := fmt.Errorf("%w: value %.20x", ErrCorrupt, raw)
	if len(raw) < 2 {
		return "", bad
	}
	rest := raw[1:]
	switch raw[0] {
	case tagString:
		n, w := binary.Uvarint(rest)
		if w <= 0 || n != uint64(len(rest)-w) {
			return "", bad
		}
	case tagFloat:
		if len(rest) != 4 {
			return "", bad
		}
	case tagDouble:
		if len(rest) != 8 {
			return "", bad
		}
	case tagInt, tagUint, tagSint, tagBool:
		if n, w := binary.Uvarint(rest); w != len(rest) || raw[0] == tagBool && n > 1 {
			return "", bad
		}
	default:
		return "", bad
	}
	return Value(raw), nil
}

// Attrs is a feature's attributes: pairs of key and value, made by AppendAttr.
// Equal attributes in equal order are equal strings.
type Attrs string

// AppendAttr adds a pair to the bytes of Attrs.
func AppendAttr(dst []byte, key string, v Value) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// All yields the pairs in order. It ends at bytes that AppendAttr did not write.
func (a Attrs) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for len(a) > 0 {
			key, rest, ok := cutField(string(a))
			value, rest, ok2 := cutField(rest)
			if !ok || !ok2 || !yield(key, Value(value)) {
				return
			}
			a = Attrs(rest)
		}
	}
}

// cutField splits a length-prefixed field off the front of s.
func cutField(s string) (field, rest string, ok bool) {
	var n uint64
	for i := 0; i < len(s) && i < 5; i++ {
		n |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			if s = s[i+1:]; n > uint64(len(s)) {
				return "", "", false
			}
			return s[:n], s[n:], true
		}
	}
	return "", "", false
}
