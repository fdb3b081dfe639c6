package cell

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Limits of the canonical bytes.
const (
	MaxKeyBytes  = 512      // an item's key
	MaxCellBytes = 64 << 20 // a cell
)

// ErrCorrupt is returned for bytes that are not a cell's canonical form.
var ErrCorrupt = errors.New("corrupt cell")

// Item is one record of a cell.
type Item struct{ Key, Value []byte }

// AppendItem adds an item to a cell's canonical bytes: the key and the value,
// each after its length as an unsigned varint. Items must be added in rising
// order of their keys, compared as bytes.
func AppendItem(dst, key, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// Items yields the items of canonical bytes in order. Keys and values alias
// raw. It ends with an ErrCorrupt, naming the offset, when the bytes are cut
// short, over a limit, in non-minimal form, or not in rising order.
func Items(raw []byte) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if len(raw) > MaxCellBytes {
			yield(Item{}, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(raw), MaxCellBytes))
			return
		}
		var last []byte
		for at := 0; at < len(raw); {
			start := at
			key, at1, ok1 := field(raw, at, MaxKeyBytes)
			value, at2, ok2 := field(raw, at1, MaxCellBytes)
			if !ok1 || !ok2 {
				yield(Item{}, fmt.Errorf("%w: bad item at byte %d", ErrCorrupt, start))
				return
			}
			if start > 0 && bytes.Compare(last, key) >= 0 {
				yield(Item{}, fmt.Errorf("%w: keys out of order at byte %d", ErrCorrupt, start))
				return
			}
			if !yield(Item{key, value}, nil) {
				return
			}
			last, at = key, at2
		}
	}
}

// field reads one length-prefixed field at byte at.
func field(raw []byte, at, limit int) (data []byte, next int, ok bool) {
	n, w := binary.Uvarint(raw[at:])
	if w <= 0 || (w > 1 && raw[at+w-1] == 0) || n > uint64(limit) || n > uint64(len(raw)-at-w) {
		return nil, at, false
	}
	start := at + w
	return raw[start : start+int(n) : start+int(n)], start + int(n), true
}

// TileKey returns the item key of a base map tile: its ID, big-endian.
func TileKey(tile ID) []byte { return binary.BigEndian.AppendUint64(nil, uint64(tile)) }

// TileOfKey reads an item key written by TileKey.
func TileOfKey(key []byte) (ID, error) {
	if len(key) != 8 {
		return 0, fmt.Errorf("%w: tile key of %d bytes", ErrCorrupt, len(key))
	}
	id := ID(binary.BigEndian.Uint64(key))
	if !id.Valid() {
		return 0, fmt.Errorf("%w: tile key %x", ErrCorrupt, key)
	}
	return id, nil
}
