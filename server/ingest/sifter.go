package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// Limits of an archive: a small file may name very many tiles, or large ones.
const (
	maxTiles     = 20_000_000
	maxTileBytes = 1 << 30 // of all tiles, uncompressed,
	maxGrowth    = 200     // or this many times the file's size
)

// sifter lets the tiles of an archive through that are fit for a base map.
type sifter struct {
	ctx    context.Context
	size   int64 // of the file
	report func(bytes int64)

	layers      archive.Layers
	first, last uint8 // zooms of the tiles
	tiles       int
	bytes       int64
	deep        int // tiles below the base map's zooms
	empty       int
	box         [4]float64 // around the tiles of the last zoom: west, south, east, north
	before      []byte     // the tile before, which was found sound
}

func (s *sifter) sift(tiles iter.Seq2[archive.Tile, error], yield func(archive.Tile, error) bool) {
	for tile, err := range tiles {
		keep := false
		if err == nil {
			keep, err = s.check(tile)
		}
		if err != nil {
			yield(archive.Tile{}, err)
			return
		}
		if keep && !yield(tile, nil) {
			return
		}
	}
}

// check decodes a tile and says whether to keep it.
func (s *sifter) check(tile archive.Tile) (keep bool, err error) {
	if s.tiles++; s.tiles > maxTiles {
		return false, fmt.Errorf("%w: more than %d tiles", ErrArchive, maxTiles)
	}
	if s.bytes += int64(len(tile.Data)); s.bytes > max(maxTileBytes, maxGrowth*s.size) {
		return false, fmt.Errorf("%w: its tiles expand to more than %d bytes", ErrArchive, max(maxTileBytes, maxGrowth*s.size))
	}
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	s.report(s.bytes)
	switch zoom := tile.ID.Zoom(); {
	case zoom > cell.MaxTileZoom:
		s.deep++
		return false, nil
	case len(tile.Data) == 0:
		s.empty++
		return false, nil
	default:
		if err := s.decode(tile); err != nil {
			return false, err
		}
		s.add(tile.ID)
		return true, nil
	}
}

func (s *sifter) decode(tile archive.Tile) error {
	if len(s.before) == len(tile.Data) && &s.before[0] == &tile.Data[0] {
		return nil // of one run
	}
	if _, err := vector.Decode(tile.Data); err != nil {
		return fmt.Errorf("%w: tile %s: %w", ErrArchive, tile.ID, err)
	}
	s.layers.Scan(tile.ID.Zoom(), tile.Data)
	s.before = tile.Data
	return nil
}

// add notes where the map is.
func (s *sifter) add(id cell.ID) {
	first := s.kept() == 1
	zoom := id.Zoom()
	west, south, east, north := id.Bounds()
	if first || zoom > s.last {
		s.box = [4]float64{west, south, east, north}
	} else if zoom == s.last {
		s.box = [4]float64{min(s.box[0], west), min(s.box[1], south), max(s.box[2], east), max(s.box[3], north)}
	}
	if first {
		s.first = zoom
	}
	s.first, s.last = min(s.first, zoom), max(s.last, zoom)
}

// describe corrects what the archive says of its map by what was found.
func (s *sifter) describe(m *archive.Metadata) {
	m.MinZoom, m.MaxZoom = s.first, s.last
	if len(m.VectorLayers) == 0 {
		m.VectorLayers, _ = s.layers.List() // texts and numbers cannot fail
	}
	b := m.Bounds
	if inWorld := b[0] >= -180e7 && b[1] >= -90e7 && b[2] <= 180e7 && b[3] <= 90e7; !inWorld || b[0] >= b[2] || b[1] >= b[3] {
		for i := range b {
			m.Bounds[i] = int32(s.box[i] * 1e7)
		}
	}
}

// kept is how many tiles were let through.
func (s *sifter) kept() int { return s.tiles - s.deep - s.empty }

func (s *sifter) explain(file string, err error) error {
	if errors.Is(err, archive.ErrNoTiles) {
		err = fmt.Errorf("%w: it has no tiles of zooms 0 to %d", ErrArchive, cell.MaxTileZoom)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// result tells what came of an archive.
func (s *sifter) result(file string, a tileArchive) (Result, error) {
	r := Result{Tiles: s.kept()}
	if s.deep > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d tiles below zoom %d were left out: maps are drawn larger from zoom %d", s.deep, cell.MaxTileZoom, cell.MaxTileZoom))
	}
	if s.empty > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d empty tiles were left out", s.empty))
	}
	if m, ok := a.(*mbtiles.Archive); ok {
		stated, got, err := m.Checksum()
		if err != nil {
			return r, fmt.Errorf("%s: %w", file, err)
		}
		if stated != got {
			r.Notes = append(r.Notes, fmt.Sprintf("its checksum (agg_tiles_hash) is %.32s, but that of its tiles is %s: it was changed after it was made", stated, got))
		}
	}
	return r, nil
}
