package manifest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gowebpki/jcs"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
)

const (
	magic     = "PNMF\x01"
	entrySize = 1 + 8 + 32 + 4 + 4
)

// Encode returns the manifest's canonical bytes. It fails when the entries are
// out of order or name no cell, or when a limit is passed.
func (m *Manifest) Encode() ([]byte, error) {
	meta, err := m.Meta.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	out := make([]byte, 0, len(magic)+8+len(meta)+len(m.Entries)*entrySize)
	out = append(out, magic...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(meta)))
	out = append(out, meta...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(m.Entries)))
	for i, e := range m.Entries {
		if !e.Key.Layer.Valid() || !e.Key.ID.Valid() || i > 0 && m.Entries[i-1].Key.Compare(e.Key) >= 0 {
			return nil, fmt.Errorf("encode manifest: entry %d (%s) is invalid or out of order", i, e.Key)
		}
		if need := MinReader(e.Key.Layer); need > max(1, m.Meta.MinReader) {
			return nil, fmt.Errorf("encode manifest: layer %s needs reader %d, not %d", e.Key.Layer, need, m.Meta.MinReader)
		}
		out = append(out, byte(e.Key.Layer))
		out = binary.BigEndian.AppendUint64(out, uint64(e.Key.ID))
		out = append(out, e.Hash[:]...)
		out = binary.BigEndian.AppendUint32(out, e.Raw)
		out = binary.BigEndian.AppendUint32(out, e.Stored)
	}
	if len(out) > MaxBytes {
		return nil, fmt.Errorf("encode manifest: %d bytes, more than %d", len(out), MaxBytes)
	}
	return out, nil
}

// Decode reads canonical bytes. It accepts only what Encode writes, so that a
// manifest has one name: anything else is ErrCorrupt, or ErrTooNew when the
// manifest asks for a newer reader.
func Decode(data []byte) (*Manifest, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(data), MaxBytes)
	}
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		if bytes.HasPrefix(data, []byte(magic[:4])) && len(data) > 4 {
			return nil, fmt.Errorf("%w: format %d", ErrTooNew, data[4])
		}
		return nil, fmt.Errorf("%w: it does not start with %q", ErrCorrupt, magic)
	}
	meta, rest, ok := section(rest, 1, MaxMetaBytes)
	if !ok {
		return nil, fmt.Errorf("%w: cut short in the region facts", ErrCorrupt)
	}
	m := new(Manifest)
	var err error
	if m.Meta, err = DecodeMeta(meta); err != nil {
		return nil, err
	}
	rows, rest, ok := section(rest, entrySize, MaxBytes)
	if !ok || len(rest) != 0 {
		return nil, fmt.Errorf("%w: the list of cells has the wrong length", ErrCorrupt)
	}
	m.Entries = make([]Entry, 0, len(rows)/entrySize)
	for row := range slices.Chunk(rows, entrySize) {
		e := Entry{
			Key:    cell.Key{Layer: cell.Layer(row[0]), ID: cell.ID(binary.BigEndian.Uint64(row[1:]))},
			Hash:   blob.Hash(row[9:41]),
			Raw:    binary.BigEndian.Uint32(row[41:]),
			Stored: binary.BigEndian.Uint32(row[45:]),
		}
		if e.Raw > blob.MaxRaw || e.Stored > 2*blob.MaxRaw {
			return nil, fmt.Errorf("%w: cell %s claims %d bytes", ErrCorrupt, e.Key, max(e.Raw, e.Stored))
		}
		m.Entries = append(m.Entries, e)
	}
	if again, err := m.Encode(); err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: not in canonical form", ErrCorrupt)
	}
	return m, nil
}

// Encode returns the region facts' canonical JSON.
func (m Meta) Encode() ([]byte, error) {
	plain, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("region facts: %w", err)
	}
	meta, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("region facts: %w", err)
	}
	if len(meta) > MaxMetaBytes {
		return nil, fmt.Errorf("region facts of %d bytes, more than %d", len(meta), MaxMetaBytes)
	}
	return meta, nil
}

// DecodeMeta reads region facts. Whether they are in canonical form shows when
// the manifest is encoded again.
func DecodeMeta(data []byte) (m Meta, err error) {
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%w: region facts: %w", ErrCorrupt, err)
	}
	if m.MinReader > ReaderVersion {
		return m, fmt.Errorf("%w: %d, this is %d", ErrTooNew, m.MinReader, ReaderVersion)
	}
	return m, nil
}

// section reads a 32-bit count and that many records of size bytes.
func section(data []byte, size, limit int) (body, rest []byte, ok bool) {
	if len(data) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(data)) * uint64(size)
	if n > uint64(limit) || n > uint64(len(data)-4) {
		return nil, nil, false
	}
	return data[4 : 4+n], data[4+n:], true
}
