package delta

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// MaxShortRaw bounds what the cells of a short delta hold when decoded, as a
// reader decodes them before it knows whether to trust them.
const MaxShortRaw = 64 << 20

// The first byte of an update says in which form it is (FORMAT.md, "Update").
const (
	LongUpdate  = 0
	ShortUpdate = 1
)

// ErrLong is returned for a delta that has no short form.
var ErrLong = errors.New("delta is too long for its short form")

// What a row of a short delta says.
const (
	rowChanged = iota
	rowRemoved
	rowAdded
)

// Shorten returns the short form of a delta between two manifests: without all
// that a device which holds the whole old version works out itself, the hashes
// of the new cells above all.
func Shorten(full []byte, from, to *manifest.Manifest) ([]byte, error) {
	d, err := Parse(full)
	if err != nil {
		return nil, err
	}
	oldFacts, err := from.Meta.Encode()
	if err != nil {
		return nil, err
	}
	facts, err := to.Meta.Encode()
	if err != nil {
		return nil, err
	}
	var out []byte
	if string(facts) == string(oldFacts) {
		out = append(out, 0)
	} else {
		out = AppendPart(out, oldFacts, facts)
	}
	changes := manifest.Diff(from, to)
	out = binary.AppendUvarint(out, uint64(len(changes)))
	var at, total, segment int
	for _, c := range changes {
		kept := at
		for kept < len(from.Entries) && from.Entries[kept].Key.Compare(c.Key()) < 0 {
			kept++
		}
		skip := uint64(kept-at) << 2
		at = kept
		if !c.Added() {
			at++
		}
		switch {
		case c.Removed():
			out = binary.AppendUvarint(out, skip|rowRemoved)
			continue
		case c.Added():
			out = binary.AppendUvarint(out, skip|rowAdded)
			out = append(out, byte(c.New.Key.Layer))
			out = binary.BigEndian.AppendUint64(out, uint64(c.New.Key.ID))
		default: // rowChanged is 0
			out = binary.AppendUvarint(out, skip)
		}
		if total += int(c.New.Raw); total > MaxShortRaw {
			return nil, fmt.Errorf("%w: more than %d bytes of cells", ErrLong, MaxShortRaw)
		}
		out = binary.AppendVarint(out, int64(c.New.Raw)-int64(c.Old.Raw))
		out = binary.AppendVarint(out, int64(c.New.Stored)-int64(c.Old.Stored))
		s := d.Segments[segment]
		segment++
		out = binary.AppendUvarint(out, uint64(s.Length)<<3|uint64(s.Codec))
		out = append(out, full[s.Offset:s.Offset+s.Length]...)
	}
	return out, nil
}

// Lengthen makes the whole delta from its short form, which it reads from the
// start of data, and the installed cells, which old returns. It returns also the
// manifest that the delta leads to and what follows in data. All of it is as
// little trusted as any delta: only when the manifest has the hash of a signed
// head was the short form true and the installed cells undamaged.
func Lengthen(data []byte, from *manifest.Manifest, old func(cell.Key) ([]byte, error)) (full []byte, to *manifest.Manifest, rest []byte, err error) {
	l := lengthener{reader: reader{data: data}, from: from.Entries, old: old, to: new(manifest.Manifest)}
	if err := l.facts(from.Meta); err != nil {
		return nil, nil, nil, err
	}
	for range l.uvarint() {
		if err := l.row(); err != nil {
			return nil, nil, nil, err
		}
	}
	l.to.Entries = append(l.to.Entries, l.from...)
	oldManifest, err := from.Encode()
	if err != nil {
		return nil, nil, nil, err
	}
	newManifest, err := l.to.Encode()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	full, err = assemble(oldManifest, part{Raw, newManifest}, l.segments)
	return full, l.to, l.data[l.at:], err
}

// lengthener walks a short delta beside the old manifest.
type lengthener struct {
	reader
	from     []manifest.Entry // that are still to come
	old      func(cell.Key) ([]byte, error)
	to       *manifest.Manifest
	segments []part
	total    int64
}

func (l *lengthener) corrupt() error {
	return fmt.Errorf("%w: bad short form near byte %d", ErrCorrupt, l.at)
}

func (l *lengthener) facts(was manifest.Meta) (err error) {
	if l.at < len(l.data) && l.data[l.at] == 0 {
		l.at++
		l.to.Meta = was
		return nil
	}
	old, err := was.Encode()
	if err != nil {
		return err
	}
	facts, rest, err := ReadPart(old, l.data, manifest.MaxMetaBytes)
	if err != nil {
		return err
	}
	l.at = len(l.data) - len(rest)
	l.to.Meta, err = manifest.DecodeMeta(facts)
	return err
}

// row reads what becomes of one cell, and of those before it that stay.
func (l *lengthener) row() error {
	n := l.uvarint()
	skip, kind := n>>2, n&3
	if l.bad || skip > uint64(len(l.from)) || kind > rowAdded || kind != rowAdded && skip == uint64(len(l.from)) {
		return l.corrupt()
	}
	l.to.Entries = append(l.to.Entries, l.from[:skip]...)
	l.from = l.from[skip:]
	var e manifest.Entry
	if kind == rowAdded {
		e.Key.Layer = cell.Layer(l.byte())
		if id := l.bytes(8); id != nil {
			e.Key.ID = cell.ID(binary.BigEndian.Uint64(id))
		}
	} else {
		e = l.from[0]
		l.from = l.from[1:]
	}
	if kind == rowRemoved {
		return nil
	}
	raw, stored := int64(e.Raw)+l.varint(), int64(e.Stored)+l.varint()
	n = l.uvarint()
	segment := part{Codec(n & 7), l.bytes(n >> 3)}
	if l.bad || raw < 0 || raw > blob.MaxRaw || stored < 0 || stored > 2*blob.MaxRaw {
		return l.corrupt()
	}
	if l.total += raw; l.total > MaxShortRaw {
		return fmt.Errorf("%w: more than %d bytes of cells", ErrLong, MaxShortRaw)
	}
	var old []byte
	if kind == rowChanged {
		var err error
		if old, err = l.old(e.Key); err != nil {
			return fmt.Errorf("cell %s: %w", e.Key, err)
		}
	}
	content, err := segment.decode(old, int(raw))
	if err != nil {
		return fmt.Errorf("cell %s: %w", e.Key, err)
	}
	e.Hash, e.Raw, e.Stored = blob.Sum(content), uint32(raw), uint32(stored)
	l.to.Entries = append(l.to.Entries, e)
	l.segments = append(l.segments, segment)
	return nil
}
