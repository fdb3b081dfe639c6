package archive

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"iter"
	"os"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// A Spool holds the tiles of an archive in the making, compressed by gzip unless
// they are pictures, in a temporary file, each different content once: a writer knows their order only
// when it has seen all. Memory holds some 60 bytes a tile. It serves one goroutine.
type Spool struct {
	file *os.File
	w    *bufio.Writer
	size uint64
	seen map[[16]byte]Content // by half the content's SHA-256
	pack Packer               // unused for pictures, which are packed in themselves
	asIs bool
	buf  []byte
}

// Content is a place in a Spool.
type Content struct {
	Offset uint64
	Length uint32
}

// Spooled is a tile whose content lies in a Spool.
type Spooled struct {
	ID cell.ID
	Content
}

// NewSpool makes a spool with its file in dir. Close removes it.
func NewSpool(dir string) (*Spool, error) {
	f, err := os.CreateTemp(dir, ".new-*-spool")
	if err != nil {
		return nil, fmt.Errorf("create spool: %w", err)
	}
	return &Spool{file: f, w: bufio.NewWriterSize(f, 1<<18), seen: make(map[[16]byte]Content)}, nil
}

// Close removes the spool.
func (s *Spool) Close() {
	s.file.Close()
	os.Remove(s.file.Name())
}

// Fill takes the tiles, which come plain or compressed in any order. Empty ones are
// left out; none at all are ErrNoTiles, and one that is too large or outside the zooms
// that m names when all have come is ErrTile.
func (s *Spool) Fill(m *Metadata, tiles iter.Seq2[Tile, error]) ([]Spooled, error) {
	var all []Spooled
	s.asIs = m.Format == PNG
	for tile, err := range tiles {
		if err != nil {
			return nil, fmt.Errorf("read tiles: %w", err)
		}
		if len(tile.Data) == 0 {
			continue
		}
		c, err := s.add(tile)
		if err != nil {
			return nil, fmt.Errorf("add tile %s: %w", tile.ID, err)
		}
		all = append(all, Spooled{tile.ID, c})
	}
	if len(all) == 0 {
		return nil, ErrNoTiles
	}
	for _, t := range all {
		if t.ID.Zoom() < m.MinZoom || t.ID.Zoom() > m.MaxZoom {
			return nil, fmt.Errorf("add tile %s: %w: outside zooms %d to %d", t.ID, ErrTile, m.MinZoom, m.MaxZoom)
		}
	}
	if err := s.w.Flush(); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return all, nil
}

func (s *Spool) add(tile Tile) (Content, error) {
	if !tile.ID.Valid() {
		return Content{}, fmt.Errorf("%w: no square", ErrTile)
	}
	if len(tile.Data) > MaxTileBytes {
		return Content{}, fmt.Errorf("%w: %d bytes, more than %d", ErrTile, len(tile.Data), MaxTileBytes)
	}
	data := tile.Data
	if !s.asIs && !IsGzip(data) {
		var err error
		if data, err = s.pack.Pack(data); err != nil {
			return Content{}, err
		}
	}
	sum := sha256.Sum256(data)
	key := [16]byte(sum[:16])
	c, ok := s.seen[key]
	if !ok {
		c = Content{s.size, uint32(len(data))}
		if _, err := s.w.Write(data); err != nil {
			return Content{}, fmt.Errorf("spool: %w", err)
		}
		s.seen[key] = c
		s.size += uint64(len(data))
	}
	return c, nil
}

// Read returns a content, valid until the next call.
func (s *Spool) Read(c Content) ([]byte, error) {
	if cap(s.buf) < int(c.Length) {
		s.buf = make([]byte, c.Length)
	}
	s.buf = s.buf[:c.Length]
	if _, err := s.file.ReadAt(s.buf, int64(c.Offset)); err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	return s.buf, nil
}
