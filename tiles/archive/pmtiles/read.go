package pmtiles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync/atomic"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// An Archive is an open archive.
type Archive struct {
	r      io.ReaderAt
	close  func() error
	header Header
	root   []entry
	last   atomic.Pointer[leafDirectory] // read last: tiles are asked for in their order
}

type leafDirectory struct {
	at      entry
	entries []entry
}

// Open opens the archive at path; Close ends it.
func Open(path string) (*Archive, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var a *Archive
	info, err := f.Stat()
	if err == nil {
		a, err = NewArchive(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	a.close = f.Close
	return a, nil
}

// NewArchive reads the head and the root directory of an archive of size bytes.
func NewArchive(r io.ReaderAt, size int64) (*Archive, error) {
	a := &Archive{r: r, close: func() error { return nil }}
	raw := make([]byte, min(max(size, 0), headerBytes))
	if err := a.readAt(raw, 0); err != nil {
		return nil, err
	}
	var err error
	if a.header, err = parseHeader(raw, uint64(max(size, 0))); err != nil {
		return nil, err
	}
	if a.header.Type == MLT {
		return nil, fmt.Errorf("%w: its tiles are %s; only %s can be read", archive.ErrUnsupported, formats[MLT], archive.MVT)
	}
	if a.root, err = a.directory(a.header.root); err != nil {
		return nil, err
	}
	return a, nil
}

// Close closes the file that Open opened.
func (a *Archive) Close() error { return a.close() }

// Header returns the archive's head.
func (a *Archive) Header() Header { return a.header }

// Metadata returns what the archive says of its map; members that are not of
// their type count as absent.
func (a *Archive) Metadata() (archive.Metadata, error) {
	m := archive.Metadata{Format: formats[a.header.Type], Bounds: a.header.Bounds, MinZoom: a.header.MinZoom, MaxZoom: a.header.MaxZoom}
	raw, err := a.read(a.header.metadata, a.header.Internal, MaxMetadataBytes)
	if err != nil {
		return m, fmt.Errorf("read metadata: %w", err)
	}
	members := make(map[string]json.RawMessage)
	if err := json.Unmarshal(raw, &members); err != nil {
		return m, fmt.Errorf("%w: metadata: %w", archive.ErrCorrupt, err)
	}
	for name, text := range map[string]*string{
		"name": &m.Name, "description": &m.Description, "attribution": &m.Attribution, "version": &m.Version, "type": &m.Type, "encoding": &m.Encoding,
	} {
		if json.Unmarshal(members[name], text) != nil {
			*text = ""
		}
	}
	m.VectorLayers = members["vector_layers"]
	m.Clean()
	return m, nil
}

// Tile returns a tile, uncompressed, or archive.ErrNotFound.
func (a *Archive) Tile(id cell.ID) ([]byte, error) {
	if !id.Valid() {
		return nil, fmt.Errorf("%w: %d is no square", archive.ErrNotFound, uint64(id))
	}
	number, entries := numberOf(id), a.root
	for range maxDepth {
		e, ok := find(entries, number)
		if !ok {
			return nil, fmt.Errorf("%w: %s", archive.ErrNotFound, id)
		}
		if e.run > 0 {
			return a.content(id, e)
		}
		var err error
		if entries, err = a.leaf(e); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: directories too deep", archive.ErrCorrupt)
}

// IDs lists the tiles in the order of the archive, and ends at an error. A small
// archive may name very many: stop when there are enough.
func (a *Archive) IDs() iter.Seq2[cell.ID, error] {
	return func(yield func(cell.ID, error) bool) {
		a.all(func(id cell.ID, _ entry, err error) bool { return yield(id, err) })
	}
}

// Tiles yields the tiles in the order of the archive, uncompressed, and ends at
// an error. Tiles of one run share their bytes. As of IDs, there may be very many.
func (a *Archive) Tiles() iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		var last entry
		var raw []byte
		a.all(func(id cell.ID, e entry, err error) bool {
			if err == nil && e != last {
				last = e
				raw, err = a.content(id, e)
			}
			return yield(archive.Tile{ID: id, Data: raw}, err) && err == nil
		})
	}
}

// content returns the tile of an entry.
func (a *Archive) content(id cell.ID, e entry) ([]byte, error) {
	raw, err := a.read(section{a.header.data.Offset + e.offset, uint64(e.length)}, a.header.Compression, archive.MaxTileBytes)
	if err != nil {
		return nil, fmt.Errorf("read tile %s: %w", id, err)
	}
	return raw, nil
}

// all yields each tile with its entry.
func (a *Archive) all(yield func(cell.ID, entry, error) bool) {
	next := uint64(0)
	a.list(a.root, maxDepth, &next, yield)
}

// list yields the tiles of a directory. Numbers below next have been passed. It
// reports whether to go on.
func (a *Archive) list(entries []entry, depth int, next *uint64, yield func(cell.ID, entry, error) bool) bool {
	fail := func(err error) bool {
		yield(0, entry{}, err)
		return false
	}
	for _, e := range entries {
		if e.tile < *next || depth == 0 {
			return fail(fmt.Errorf("%w: directories overlap or lie too deep", archive.ErrCorrupt))
		}
		if e.run == 0 {
			leaf, err := a.leaf(e)
			if err != nil {
				return fail(err)
			}
			if !a.list(leaf, depth-1, next, yield) {
				return false
			}
			continue
		}
		for i := range uint64(e.run) {
			id, ok := tileOf(e.tile + i)
			if !ok {
				return fail(fmt.Errorf("%w: tile %d is too deep", archive.ErrCorrupt, e.tile+i))
			}
			if !yield(id, e, nil) {
				return false
			}
		}
		*next = e.tile + uint64(e.run)
	}
	return true
}

// leaf reads the leaf directory of an entry. It must begin with the entry's
// tile, so that each directory leads on.
func (a *Archive) leaf(e entry) ([]entry, error) {
	if l := a.last.Load(); l != nil && l.at == e {
		return l.entries, nil
	}
	entries, err := a.directory(section{a.header.leaves.Offset + e.offset, uint64(e.length)})
	if err == nil && entries[0].tile != e.tile {
		err = fmt.Errorf("%w: leaf directory begins with another tile", archive.ErrCorrupt)
	}
	if err != nil {
		return nil, err
	}
	a.last.Store(&leafDirectory{e, entries})
	return entries, nil
}

func (a *Archive) directory(at section) ([]entry, error) {
	raw, err := a.read(at, a.header.Internal, MaxDirectoryBytes)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return decodeDirectory(raw, a.header.data, a.header.leaves)
}

// read returns the bytes of a section inside the file, uncompressed.
func (a *Archive) read(at section, c Compression, limit int) ([]byte, error) {
	if at.Length > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", archive.ErrCorrupt, at.Length, limit)
	}
	data := make([]byte, at.Length)
	if err := a.readAt(data, at.Offset); err != nil {
		return nil, err
	}
	return expand(data, c, limit)
}

func (a *Archive) readAt(p []byte, at uint64) error {
	n, err := a.r.ReadAt(p, int64(at))
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: ends early", archive.ErrCorrupt)
	}
	return err
}
