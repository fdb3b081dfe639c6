package compose

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/klauspost/compress/zstd"

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

const shelfMagic = "PNSH\x01"

// errStale is returned for a shelf that was made of something else.
var errStale = errors.New("the shelf is of another base")

type shelfIndex struct {
	Cells []shelfCell `json:"cells"` // rising
	IDs   int64       `json:"ids"`   // where their table starts
	Count int         `json:"count"` // of features
	// Beyond counts routes that reach beyond the height model.
	Beyond int `json:"beyond,omitempty"`
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

// writeShelf makes a shelf of features, durably enough: a torn one is noticed.
func writeShelf(path, fingerprint string, cells map[cell.ID][]*feature.Feature, beyond int) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*-shelf")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer packer.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	at, _ := w.WriteString(shelfMagic + fingerprint)
	index := shelfIndex{Beyond: beyond}
	var ids []byte
	for _, id := range slices.Sorted(maps.Keys(cells)) {
		c := shelfCell{ID: id, At: int64(at)}
		raw, err := canonical(cells[id])
		if err != nil {
			return err
		}
		for _, f := range cells[id] {
			c.Counts.add(f.Kind, 1)
			ids = binary.BigEndian.AppendUint64(ids, hashID(f.ID))
			ids = binary.BigEndian.AppendUint32(ids, uint32(len(index.Cells)))
		}
		stored := packer.EncodeAll(raw, nil)
		c.Hash, c.Raw, c.Length = blob.Sum(raw), len(raw), len(stored)
		index.Cells = append(index.Cells, c)
		index.Count += len(cells[id])
		w.Write(stored) // errors stay in w
		at += len(stored)
	}
	sort.Sort(idTable(ids))
	index.IDs = int64(at)
	w.Write(ids)
	tail, err := json.Marshal(index)
	if err != nil {
		return err
	}
	w.Write(binary.BigEndian.AppendUint32(tail, uint32(len(tail))))
	if err := errors.Join(w.Flush(), f.Sync()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}

// canonical sorts features by id and returns their cell's bytes.
func canonical(features []*feature.Feature) ([]byte, error) {
	slices.SortFunc(features, func(a, b *feature.Feature) int { return cmp.Compare(a.ID, b.ID) })
	var raw []byte
	for _, f := range features {
		value, err := f.Canonical()
		if err != nil {
			return nil, fmt.Errorf("feature %s: %w", f.ID, err)
		}
		raw = cell.AppendItem(raw, []byte(f.ID), value)
	}
	return raw, nil
}

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

// find returns a feature and the cell it lies in; nil when there is none.
func (s *shelf) find(id string) (*feature.Feature, cell.ID, error) {
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
			return nil, 0, errStale
		}
		in := s.index.Cells[number].ID
		raw, err := s.content(in)
		if err != nil {
			return nil, 0, err
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				return nil, 0, fmt.Errorf("read shelf: %w", err)
			}
			if string(item.Key) == id {
				f, err := feature.Parse(item.Value)
				return f, in, err
			}
		}
	}
	return nil, 0, failed
}
