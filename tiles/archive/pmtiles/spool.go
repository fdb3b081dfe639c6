package pmtiles

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// A spool keeps the different tile contents in a temporary file until their
// order in the archive is known.
type spool struct {
	file *os.File
	w    *bufio.Writer
	size uint64
	seen map[[16]byte]uint64 // half the content's SHA-256 to its offset
	gzip packer
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, ".pmtiles-spool-*")
	if err != nil {
		return nil, fmt.Errorf("create spool: %w", err)
	}
	return &spool{file: f, w: bufio.NewWriterSize(f, 1<<18), seen: make(map[[16]byte]uint64)}, nil
}

func (s *spool) close() {
	s.file.Close()
	os.Remove(s.file.Name())
}

// add keeps a tile's content and returns its entry, with the offset in the spool.
func (s *spool) add(tile archive.Tile, meta archive.Metadata) (entry, error) {
	if !tile.ID.Valid() || tile.ID.Zoom() < meta.MinZoom || tile.ID.Zoom() > meta.MaxZoom {
		return entry{}, fmt.Errorf("%w: outside zooms %d to %d", archive.ErrTile, meta.MinZoom, meta.MaxZoom)
	}
	if len(tile.Data) > archive.MaxTileBytes {
		return entry{}, fmt.Errorf("%w: %d bytes, more than %d", archive.ErrTile, len(tile.Data), archive.MaxTileBytes)
	}
	data := tile.Data
	if !isGzip(data) {
		var err error
		if data, err = s.gzip.pack(data); err != nil {
			return entry{}, err
		}
	}
	sum := sha256.Sum256(data)
	key := [16]byte(sum[:16])
	offset, ok := s.seen[key]
	if !ok {
		offset = s.size
		if _, err := s.w.Write(data); err != nil {
			return entry{}, fmt.Errorf("spool: %w", err)
		}
		s.seen[key] = offset
		s.size += uint64(len(data))
	}
	return entry{tile: numberOf(tile.ID), offset: offset, length: uint32(len(data)), run: 1}, nil
}

// copyTo writes the contents in the order given.
func (s *spool) copyTo(w io.Writer, contents []section) error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	var buf []byte
	for _, c := range contents {
		if uint64(cap(buf)) < c.Length {
			buf = make([]byte, c.Length)
		}
		buf = buf[:c.Length]
		if _, err := s.file.ReadAt(buf, int64(c.Offset)); err != nil {
			return fmt.Errorf("read spool: %w", err)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
