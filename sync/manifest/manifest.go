// Package manifest holds the list of what a version of a region consists of.
//
// A manifest names each cell's content by hash and length, and carries the few
// facts that belong to the region as a whole. The same content gives the same
// manifest: it holds no version number and no time but that of its data, so
// publishing an unchanged region changes nothing.
//
// FORMAT.md beside this file describes the bytes. Manifests are values; reading
// one concurrently is safe.
package manifest

import (
	"cmp"
	"errors"
	"slices"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// ReaderVersion is the newest content that this package reads. A manifest that
// asks for a newer reader is refused with ErrTooNew.
const ReaderVersion = 2

// MinReader returns the oldest reader version that knows a layer.
func MinReader(l cell.Layer) int {
	if l > cell.Assets {
		return 2
	}
	return 1
}

// Limits of a manifest.
const (
	MaxBytes     = 32 << 20 // encoded
	MaxMetaBytes = 64 << 10
)

// Errors of Decode.
var (
	ErrCorrupt = errors.New("corrupt manifest")
	ErrTooNew  = errors.New("manifest needs a newer reader")
)

// Manifest lists the cells of one version.
type Manifest struct {
	Meta    Meta
	Entries []Entry // in rising order of their keys, each key once
}

// Meta says what the region is.
type Meta struct {
	Region     string    `json:"region"`
	Name       string    `json:"name"`
	Languages  []string  `json:"languages,omitempty"` // BCP 47, the first is the default
	Bounds     [4]int32  `json:"bounds"`              // west, south, east, north in 1e-7 degrees
	AsOf       string    `json:"as_of,omitempty"`     // state of the OpenStreetMap data, RFC 3339
	TileFormat string    `json:"tile_format,omitempty"`
	MinReader  int       `json:"min_reader"`
	Licences   []Licence `json:"licences,omitempty"`
}

// Licence is one licence under which content of the version stands, with the
// words that its holders want to be named by.
type Licence struct {
	ID          string `json:"id"` // SPDX
	Attribution string `json:"attribution"`
}

// Entry names one cell's content.
type Entry struct {
	Key    cell.Key
	Hash   blob.Hash // of the canonical bytes
	Raw    uint32    // length of the canonical bytes
	Stored uint32    // length of the packed blob
}

// Find returns the entry of a cell.
func (m *Manifest) Find(key cell.Key) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(m.Entries, key, func(e Entry, k cell.Key) int { return e.Key.Compare(k) })
	if !ok {
		return Entry{}, false
	}
	return m.Entries[i], true
}

// StoredBytes returns the bytes of all packed blobs: what a first download takes
// besides the manifest itself.
func (m *Manifest) StoredBytes() (n int64) {
	for _, e := range m.Entries {
		n += int64(e.Stored)
	}
	return n
}

// Change is how one cell differs between two manifests: Old is the zero Entry
// for a new cell, New for a removed one.
type Change struct{ Old, New Entry }

// Key returns the cell that changed.
func (c Change) Key() cell.Key {
	if c.Removed() {
		return c.Old.Key
	}
	return c.New.Key
}

// Removed reports whether the cell is gone in the newer manifest.
func (c Change) Removed() bool { return c.New.Key.Layer == 0 }

// Added reports whether the cell is new.
func (c Change) Added() bool { return c.Old.Key.Layer == 0 }

// Diff lists, in rising order of keys, the cells whose content differs between
// two manifests. A nil old manifest counts as empty.
func Diff(old, new *Manifest) []Change {
	var was []Entry
	if old != nil {
		was = old.Entries
	}
	var changes []Change
	i, j := 0, 0
	for i < len(was) || j < len(new.Entries) {
		order := 0
		switch {
		case i == len(was):
			order = 1
		case j == len(new.Entries):
			order = -1
		default:
			order = was[i].Key.Compare(new.Entries[j].Key)
		}
		switch {
		case order < 0:
			changes = append(changes, Change{Old: was[i]})
			i++
		case order > 0:
			changes = append(changes, Change{New: new.Entries[j]})
			j++
		default:
			if was[i].Hash != new.Entries[j].Hash {
				changes = append(changes, Change{Old: was[i], New: new.Entries[j]})
			}
			i, j = i+1, j+1
		}
	}
	return changes
}

// CompareLicence orders licences as a manifest lists them.
func CompareLicence(a, b Licence) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Attribution, b.Attribution))
}

// Hash returns the manifest's name: the hash of its canonical bytes.
func (m *Manifest) Hash() (blob.Hash, error) {
	data, err := m.Encode()
	if err != nil {
		return blob.Hash{}, err
	}
	return blob.Sum(data), nil
}
