package compose

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"sort"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// A shelf is a file with the features made of an OpenStreetMap base, sorted into
// cells, so that a publish reads only the cells that a provider's features touch.
// It can be made again at any time; a file that does not fit is.
//
//	magic, fingerprint (64 hex digits)
//	each cell's canonical bytes, a zstd frame
//	for each feature, rising: FNV-1a hash of its id (8 bytes), its cell's number (4 bytes)
//	index (JSON), its length (4 bytes)
type shelf struct {
	file  *os.File
	index shelfIndex
}

const shelfMagic = "PNSH\x03"

// errStale is returned for a shelf that was made of something else.
var errStale = errors.New("the shelf is of another base")

type shelfIndex struct {
	Cells []shelfCell `json:"cells"` // rising
	IDs   int64       `json:"ids"`   // where their table starts
	Count int         `json:"count"` // of features
	// Beyond has the ids of routes that reach beyond the height model, rising.
	Beyond []string `json:"beyond,omitempty"`
}

type shelfCell struct {
	ID     cell.ID   `json:"id"`
	Hash   blob.Hash `json:"hash"`
	Raw    int       `json:"raw"`
	At     int64     `json:"at"`
	Length int       `json:"length"`
	Counts counts    `json:"counts"`
}

// counts counts features by kind.
type counts struct{ POIs, Routes, Notices int }

func (c *counts) add(kind feature.Kind, n int) {
	switch kind {
	case feature.Route:
		c.Routes += n
	case feature.Notice:
		c.Notices += n
	default:
		c.POIs += n
	}
}

// sum adds other counts n times.
func (c *counts) sum(o counts, n int) {
	c.POIs, c.Routes, c.Notices = c.POIs+n*o.POIs, c.Routes+n*o.Routes, c.Notices+n*o.Notices
}

const idRow = 12

// idTable sorts rows of an id table.
type idTable []byte

func (t idTable) Len() int           { return len(t) / idRow }
func (t idTable) row(i int) []byte   { return t[i*idRow : (i+1)*idRow] }
func (t idTable) Less(i, j int) bool { return string(t.row(i)) < string(t.row(j)) }
func (t idTable) Swap(i, j int) {
	var row [idRow]byte
	copy(row[:], t.row(i))
	copy(t.row(i), t.row(j))
	copy(t.row(j), row[:])
}

func hashID(id string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, id)
	return h.Sum64()
}

// openShelf opens a shelf made under a fingerprint.
func openShelf(path, fingerprint string) (s *shelf, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	start := make([]byte, len(shelfMagic)+len(fingerprint))
	if _, err := f.ReadAt(start, 0); err != nil || string(start) != shelfMagic+fingerprint {
		return nil, errStale
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := f.ReadAt(length[:], info.Size()-4); err != nil {
		return nil, err
	}
	tail := make([]byte, min(int64(binary.BigEndian.Uint32(length[:])), info.Size()))
	if _, err := f.ReadAt(tail, info.Size()-4-int64(len(tail))); err != nil {
		return nil, errStale
	}
	s = &shelf{file: f}
	if json.Unmarshal(tail, &s.index) != nil {
		return nil, errStale
	}
	return s, nil
}

func (s *shelf) close() error { return s.file.Close() }

// content returns a cell's canonical bytes; none for a cell without features.
func (s *shelf) content(id cell.ID) ([]byte, error) {
	i, ok := slices.BinarySearchFunc(s.index.Cells, id, func(c shelfCell, id cell.ID) int { return cmp.Compare(c.ID, id) })
	if !ok {
		return nil, nil
	}
	c := s.index.Cells[i]
	stored := make([]byte, c.Length)
	if _, err := s.file.ReadAt(stored, c.At); err != nil {
		return nil, fmt.Errorf("read shelf: %w", err)
	}
	raw, err := blob.Open(stored, c.Raw, c.Hash)
	if err != nil {
		return nil, fmt.Errorf("%s: cell %s: %w; publish with --rebuild to make it anew", s.file.Name(), id, err)
	}
	return raw, nil
}

// search calls found with the number of each cell in which the feature with an id
// may lie, until that returns false.
func (s *shelf) search(id string, found func(cell int) bool) error {
	want := hashID(id)
	var row [idRow]byte
	var failed error
	read := func(i int) uint64 {
		if _, err := s.file.ReadAt(row[:], s.index.IDs+int64(i)*idRow); err != nil {
			failed = fmt.Errorf("read shelf: %w", err)
		}
		return binary.BigEndian.Uint64(row[:])
	}
	first := sort.Search(s.index.Count, func(i int) bool { return read(i) >= want })
	for i := first; i < s.index.Count && read(i) == want && failed == nil; i++ {
		number := int(binary.BigEndian.Uint32(row[8:]))
		if number >= len(s.index.Cells) {
			return errStale
		}
		if !found(number) {
			break
		}
	}
	return failed
}

// find returns a feature and the cell it lies in; nil when there is none.
func (s *shelf) find(id string) (f *feature.Feature, in cell.ID, err error) {
	look := func(number int) (more bool) {
		var raw []byte
		if raw, err = s.content(s.index.Cells[number].ID); err != nil {
			return false
		}
		for item, bad := range cell.Items(raw) {
			if bad != nil {
				err = fmt.Errorf("read shelf: %w", bad)
				return false
			}
			if string(item.Key) == id {
				in = s.index.Cells[number].ID
				f, err = feature.Parse(item.Value)
				return false
			}
		}
		return true
	}
	failed := s.search(id, look)
	return f, in, errors.Join(err, failed)
}
