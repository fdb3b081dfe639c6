// Package delta holds the way from one manifest of a region to another.
//
// A delta carries the new manifest, coded against the old one, and one segment
// for each cell whose content is new or changed, coded against the cell's old
// content. Which cells those are follows from the two manifests, so the delta
// only lists a codec and a length for each; and since no segment depends on
// another, a device that holds part of a region fetches only its ranges.
//
// A delta is not trusted: the manifest that comes out must have the hash that a
// signed head names, and each cell the hash that the manifest names.
//
// FORMAT.md beside this file describes the bytes. All functions are pure and
// safe for concurrent use.
package delta

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
)

const magic = "PNDL\x01"

// Limits of a delta.
const (
	MaxPrelude = 48 << 20 // everything before the first segment
	MaxBytes   = 1 << 30
)

// Errors of reading.
var (
	ErrCorrupt = errors.New("corrupt delta")
	ErrBase    = errors.New("delta starts from another version")
	ErrTooNew  = errors.New("delta needs a newer reader")
)

// Segment says where a cell's new content lies in the delta and how it is coded.
type Segment struct {
	Codec  Codec
	Offset int64 // from the delta's first byte
	Length int64
}

// Delta is what a delta's prelude tells.
type Delta struct {
	From     [8]byte // first bytes of the old manifest's hash
	Segments []Segment
	Length   int64 // of the whole delta
	manifest part
}

// PreludeLength reads from the delta's first bytes (16 are enough) how many
// bytes Parse needs.
func PreludeLength(start []byte) (int, error) {
	if len(start) < len(magic) || string(start[:4]) != magic[:4] {
		return 0, fmt.Errorf("%w: it does not start with %q", ErrCorrupt, magic)
	}
	if start[4] != magic[4] {
		return 0, fmt.Errorf("%w: format %d", ErrTooNew, start[4])
	}
	n, w := binary.Uvarint(start[len(magic):])
	if w <= 0 || n > MaxPrelude {
		return 0, fmt.Errorf("%w: bad length at byte %d", ErrCorrupt, len(magic))
	}
	return len(magic) + w + int(n), nil
}

// Parse reads a delta's prelude. It needs PreludeLength bytes; more may follow.
func Parse(data []byte) (*Delta, error) {
	end, err := PreludeLength(data)
	if err != nil {
		return nil, err
	}
	if end > len(data) {
		return nil, fmt.Errorf("%w: cut short at byte %d of %d", ErrCorrupt, len(data), end)
	}
	r := reader{data: data[:end], at: len(magic)}
	r.uvarint() // the prelude's length, known
	d := &Delta{}
	copy(d.From[:], r.bytes(8))
	d.manifest.codec = Codec(r.byte())
	d.manifest.data = r.bytes(r.uvarint())
	count := r.uvarint()
	if count > uint64(end) { // each takes two bytes or more
		r.bad = true
	}
	offset := int64(end)
	for range count {
		if r.bad {
			break
		}
		s := Segment{Codec: Codec(r.byte()), Offset: offset}
		n := r.uvarint()
		if n > 2*blob.MaxRaw {
			r.bad = true
		}
		s.Length = int64(n)
		offset += s.Length
		d.Segments = append(d.Segments, s)
	}
	if r.bad || r.at != end || offset > MaxBytes {
		return nil, fmt.Errorf("%w: bad prelude near byte %d", ErrCorrupt, r.at)
	}
	d.Length = offset
	return d, nil
}

// Manifest returns the new manifest's bytes, checked against their length and
// hash, which come from a signed head or, on the way over several deltas, from
// the history.
func (d *Delta) Manifest(old []byte, rawLen int, want blob.Hash) ([]byte, error) {
	if from := blob.Sum(old); [8]byte(from[:8]) != d.From {
		return nil, fmt.Errorf("%w: %x, this is %s", ErrBase, d.From, from.Short())
	}
	if rawLen > manifest.MaxBytes {
		return nil, fmt.Errorf("%w: manifest of %d bytes", ErrCorrupt, rawLen)
	}
	raw, err := d.manifest.decode(old, rawLen)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if got := blob.Sum(raw); got != want {
		return nil, fmt.Errorf("%w: manifest is %s, expected %s", ErrCorrupt, got, want)
	}
	return raw, nil
}

// Cell returns a cell's new content from its segment's bytes and its old
// content (nil for a new cell), checked against the new manifest's entry.
func (s Segment) Cell(old, data []byte, want manifest.Entry) ([]byte, error) {
	raw, err := part{s.Codec, data}.decode(old, int(want.Raw))
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", want.Key, err)
	}
	if got := blob.Sum(raw); got != want.Hash {
		return nil, fmt.Errorf("%w: cell %s is %s, expected %s", ErrCorrupt, want.Key, got, want.Hash)
	}
	return raw, nil
}
