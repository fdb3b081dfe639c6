package pmtiles

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// WriteFile writes an archive to path, durably and at once: path is replaced
// when the archive is complete. Temporary files lie in the same folder. The metadata
// is read when all tiles have come.
func WriteFile(path string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*-pmtiles")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := write(f, dir, m, tiles); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Write writes an archive of the tiles, which may come in any order. Empty tiles
// are left out. Tile bytes pass through a temporary file, so that memory holds
// only some 50 bytes a tile.
func Write(w io.Writer, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) error {
	return write(w, os.TempDir(), m, tiles)
}

func write(w io.Writer, dir string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) error {
	s, err := archive.NewSpool(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.Fill(m, tiles)
	if err != nil {
		return err
	}
	entries := make([]entry, len(all)) // with offsets in the spool
	for i, t := range all {
		entries[i] = entry{tile: numberOf(t.ID), offset: t.Offset, length: t.Length, run: 1}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.tile, b.tile) })
	for i := 1; i < len(entries); i++ {
		if id, _ := tileOf(entries[i].tile); entries[i].tile == entries[i-1].tile {
			return fmt.Errorf("%w: %s comes twice", archive.ErrTile, id)
		}
	}
	addressed := len(entries)
	entries, contents, dataBytes := arrange(entries)
	root, leaves, err := encodeTree(entries, firstLeafEntries)
	if err != nil {
		return err
	}
	description, err := encodeMetadata(m)
	if err != nil {
		return err
	}
	h := header(m)
	h.AddressedTiles, h.TileEntries, h.TileContents = uint64(addressed), uint64(len(entries)), uint64(len(contents))
	at := uint64(headerBytes)
	place := func(s *section, n uint64) { *s = section{at, n}; at += n }
	place(&h.root, uint64(len(root)))
	place(&h.metadata, uint64(len(description)))
	place(&h.leaves, uint64(len(leaves)))
	place(&h.data, dataBytes)
	out := bufio.NewWriterSize(w, 1<<18)
	for _, part := range [][]byte{h.append(nil), root, description, leaves} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	for _, c := range contents {
		data, err := s.Read(c)
		if err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return out.Flush()
}

// arrange turns entries in the order of tiles, one for each tile, with offsets
// in the spool, into runs with offsets in the archive's data. It returns the
// contents' places in the spool in the order of the data, and the data's length.
func arrange(entries []entry) (runs []entry, contents []archive.Content, total uint64) {
	placed := make(map[uint64]uint64, len(entries)) // spool offset to data offset
	runs = entries[:0]
	for _, e := range entries {
		offset, ok := placed[e.offset]
		if !ok {
			offset = total
			placed[e.offset] = offset
			contents = append(contents, archive.Content{Offset: e.offset, Length: e.length})
			total += uint64(e.length)
		}
		if n := len(runs); n > 0 && runs[n-1].offset == offset && runs[n-1].tile+uint64(runs[n-1].run) == e.tile {
			runs[n-1].run++
			continue
		}
		runs = append(runs, entry{tile: e.tile, offset: offset, length: e.length, run: 1})
	}
	return runs, contents, total
}

// header returns what the metadata says of the header.
func header(m *archive.Metadata) Header {
	h := Header{Clustered: true, Internal: Gzip, Compression: Gzip, Type: MVT, MinZoom: m.MinZoom, MaxZoom: m.MaxZoom, Bounds: m.Bounds}
	if m.Format == archive.PNG {
		h.Compression, h.Type = Plain, PNG
	}
	h.CenterLonE7, h.CenterLatE7, h.CenterZoom = m.Center()
	return h
}

// encodeMetadata writes the metadata's JSON, compressed.
func encodeMetadata(m *archive.Metadata) ([]byte, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	layers := m.VectorLayers
	if len(layers) == 0 && m.Format != archive.PNG {
		layers = json.RawMessage("[]")
	}
	if err := enc.Encode(struct {
		Name         string          `json:"name,omitempty"`
		Description  string          `json:"description,omitempty"`
		Attribution  string          `json:"attribution,omitempty"`
		Version      string          `json:"version,omitempty"`
		Type         string          `json:"type"`
		Encoding     string          `json:"encoding,omitempty"`
		VectorLayers json.RawMessage `json:"vector_layers,omitempty"`
	}{m.Name, m.Description, m.Attribution, m.Version, cmp.Or(m.Type, archive.Base), m.Encoding, layers}); err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	if raw.Len() > MaxMetadataBytes {
		return nil, fmt.Errorf("encode metadata: %d bytes, more than %d", raw.Len(), MaxMetadataBytes)
	}
	return compress(raw.Bytes())
}
