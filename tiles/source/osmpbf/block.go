package osmpbf

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// maxBlock bounds the memory that the elements of a block may take, in bytes.
const maxBlock = 256 << 20

// block is a PrimitiveBlock while it is decoded.
type block struct {
	strings     []string
	granularity int64 // of places, 1e-9 degrees
	lonOffset   int64 // 1e-9 degrees
	latOffset   int64
	timeUnit    int64 // milliseconds
	memory      int   // bytes that may still be taken
}

// take accounts for n things of size bytes each.
func (b *block) take(n, size int) error {
	b.memory -= n * size
	if b.memory < 0 {
		return fmt.Errorf("%w: block needs more than %d bytes of memory", ErrCorrupt, maxBlock)
	}
	return nil
}

func (j *job) decodeBlock(raw []byte, h osm.Handler) error {
	b := &block{granularity: 100, timeUnit: 1000, memory: maxBlock}
	var groups [][]byte
	var err error
	m := protoscan.New(raw)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			var table []byte
			if table, err = m.MessageData(); err == nil {
				err = b.decodeStrings(table)
			}
		case 2:
			var group []byte
			group, err = m.MessageData()
			groups = append(groups, group)
		case 17:
			b.granularity, err = m.Int64()
		case 18:
			b.timeUnit, err = m.Int64()
		case 19:
			b.latOffset, err = m.Int64()
		case 20:
			b.lonOffset, err = m.Int64()
		default:
			m.Skip()
		}
	}
	if err := errors.Join(err, m.Err()); err != nil {
		return corrupt(err, "block")
	}
	const degree = 1e9
	if b.granularity < 1 || b.granularity > degree || b.timeUnit < 1 || b.timeUnit > 1e9 ||
		max(b.latOffset, b.lonOffset) > 360*degree || min(b.latOffset, b.lonOffset) < -360*degree {
		return fmt.Errorf("%w: units of a block out of range", ErrCorrupt)
	}
	for _, group := range groups {
		if err := j.decodeGroup(b, group, h); err != nil {
			return err
		}
	}
	return nil
}

func (b *block) decodeStrings(table []byte) error {
	m := protoscan.New(table)
	for m.Next() {
		if m.FieldNumber() != 1 {
			m.Skip()
			continue
		}
		s, err := m.Bytes()
		if err != nil {
			return err
		}
		if err := b.take(1, 16+len(s)); err != nil {
			return err
		}
		b.strings = append(b.strings, valid(string(s)))
	}
	return m.Err()
}

// valid repairs what is not UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (j *job) decodeGroup(b *block, group []byte, h osm.Handler) error {
	var err error
	m := protoscan.New(group)
	for m.Next() && err == nil {
		n := m.FieldNumber()
		skip := n < 1 || n > 4 || n <= 2 && h.Nodes == nil || n == 3 && h.Ways == nil || n == 4 && h.Relations == nil
		if skip {
			m.Skip()
			continue
		}
		var data []byte
		if data, err = m.MessageData(); err != nil {
			break
		}
		switch n {
		case 1:
			err = j.decodeNode(b, data)
		case 2:
			err = j.decodeDense(b, data)
		case 3:
			err = j.decodeWay(b, data)
		case 4:
			err = j.decodeRelation(b, data)
		}
	}
	return corrupt(errors.Join(err, m.Err()), "group")
}

// string returns an entry of the string table.
func (b *block) string(n uint64) (string, error) {
	if n >= uint64(len(b.strings)) {
		return "", fmt.Errorf("%w: string %d of %d", ErrCorrupt, n, len(b.strings))
	}
	return b.strings[n], nil
}

// point returns the place for the file's numbers.
func (b *block) point(lon, lat int64) (cell.Point, error) {
	if limit := 720_000_000_000 / b.granularity; min(lon, lat) < -limit || max(lon, lat) > limit {
		return cell.Point{}, fmt.Errorf("%w: place outside the world", ErrCorrupt)
	}
	p, ok := point(b.lonOffset+b.granularity*lon, b.latOffset+b.granularity*lat)
	if !ok {
		return p, fmt.Errorf("%w: place outside the world", ErrCorrupt)
	}
	return p, nil
}

// meta turns the file's numbers into an element's.
func (b *block) meta(version, timestamp int64) osm.Meta {
	if version < 0 || version > 1<<31-1 {
		version = 0
	}
	if timestamp < 0 || timestamp > 1<<40 {
		timestamp = 0
	}
	return osm.Meta{Version: int32(version), Timestamp: timestamp * b.timeUnit / 1000}
}
