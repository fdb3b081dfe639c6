package compose

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// shelfWriter makes a shelf in a file beside its path.
type shelfWriter struct {
	path   string
	file   *os.File
	out    *bufio.Writer // errors stay in it
	at     int64
	packer *zstd.Encoder
	index  shelfIndex
	ids    []byte
}

// item is a feature's canonical bytes.
type item struct {
	id  string
	raw []byte
}

func newShelfWriter(path, fingerprint string) (*shelfWriter, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*-shelf")
	if err != nil {
		return nil, err
	}
	w := &shelfWriter{path: path, file: f, out: bufio.NewWriterSize(f, 256<<10), packer: packer}
	w.write([]byte(shelfMagic + fingerprint))
	return w, nil
}

func (w *shelfWriter) write(b []byte) {
	w.out.Write(b)
	w.at += int64(len(b))
}

// add adds a cell; cells come in rising order. Without items it adds nothing.
func (w *shelfWriter) add(in cell.ID, counts counts, items []item) {
	if len(items) == 0 {
		return
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.id, b.id) })
	var raw []byte
	for _, it := range items {
		raw = cell.AppendItem(raw, []byte(it.id), it.raw)
		w.row(hashID(it.id))
	}
	stored := w.packer.EncodeAll(raw, nil)
	w.index.Cells = append(w.index.Cells, shelfCell{
		ID: in, Hash: blob.Sum(raw), Raw: len(raw), At: w.at, Length: len(stored), Counts: counts,
	})
	w.write(stored)
}

// row adds the hash of an id to the table, for the cell that comes next.
func (w *shelfWriter) row(hash uint64) {
	w.ids = binary.BigEndian.AppendUint64(w.ids, hash)
	w.ids = binary.BigEndian.AppendUint32(w.ids, uint32(len(w.index.Cells)))
	w.index.Count++
}

// copy adds a cell of another shelf as it is; hashes are those of its ids.
func (w *shelfWriter) copy(from *shelf, c shelfCell, hashes []uint64) error {
	stored := make([]byte, c.Length)
	if _, err := from.file.ReadAt(stored, c.At); err != nil {
		return fmt.Errorf("read shelf: %w", err)
	}
	for _, hash := range hashes {
		w.row(hash)
	}
	c.At = w.at
	w.index.Cells = append(w.index.Cells, c)
	w.write(stored)
	return nil
}

// finish completes the shelf, durably enough: a torn one is noticed.
func (w *shelfWriter) finish(beyond []string) error {
	slices.Sort(beyond)
	w.index.Beyond, w.index.IDs = beyond, w.at
	sort.Sort(idTable(w.ids))
	w.write(w.ids)
	tail, err := json.Marshal(w.index)
	if err != nil {
		return errors.Join(err, w.abort())
	}
	w.write(binary.BigEndian.AppendUint32(tail, uint32(len(tail))))
	if err := errors.Join(w.out.Flush(), w.file.Sync()); err != nil {
		return errors.Join(err, w.abort())
	}
	if err := os.Rename(w.file.Name(), w.path); err != nil {
		return errors.Join(err, w.abort())
	}
	return errors.Join(w.packer.Close(), w.file.Close())
}

// abort leaves nothing behind.
func (w *shelfWriter) abort() error {
	return errors.Join(w.packer.Close(), w.file.Close(), os.Remove(w.file.Name()))
}

// itemOf returns a feature's canonical bytes.
func itemOf(f *feature.Feature) (item, error) {
	raw, err := f.Canonical()
	if err != nil {
		return item{}, fmt.Errorf("feature %s: %w", f.ID, err)
	}
	return item{f.ID, raw}, nil
}
