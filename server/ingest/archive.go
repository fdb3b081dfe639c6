package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// ErrArchive is returned for an archive of tiles that cannot be a base map.
var ErrArchive = errors.New("not an archive that can be a base map")

// Limits of an archive: a small file may name very many tiles, or large ones.
const (
	maxTiles     = 20_000_000
	maxTileBytes = 1 << 30 // of all tiles, uncompressed,
	maxGrowth    = 200     // or this many times the file's size
)

// tileArchive is an archive as its reader gives it.
type tileArchive interface {
	io.Closer
	Metadata() (archive.Metadata, error)
	Tiles() iter.Seq2[archive.Tile, error]
}

// openArchive opens an archive of a kind that is one.
func openArchive(file string, kind source.Kind) (tileArchive, error) {
	if kind == source.MBTiles {
		return mbtiles.Open(file)
	}
	return pmtiles.Open(file)
}

// archive makes an archive of tiles the region's base map. What is kept is an
// archive of our own with its tiles, each of which was decoded: the same tiles
// give the same file, whatever format they came in.
func (im *Importer) archive(ctx context.Context, region, file string, kind source.Kind, opts Options) (Result, error) {
	a, err := openArchive(file, kind)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	defer a.Close()
	m, err := a.Metadata()
	if err == nil && m.Format != archive.MVT && m.Format != "" {
		err = fmt.Errorf("%w: its tiles are %s, and the base map is made of %s", ErrArchive, m.Format, archive.MVT)
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return Result{}, err
	}
	path, err := im.temp(region, "archive")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(path)
	s := &sifter{ctx: ctx, budget: max(maxTileBytes, maxGrowth*info.Size()), layers: archive.Layers{}, report: im.reporter(file, info.Size())}
	err = pmtiles.WriteFile(path, &m, func(yield func(archive.Tile, error) bool) {
		s.sift(a.Tiles(), yield)
		s.describe(&m)
	})
	if errors.Is(err, archive.ErrNoTiles) {
		err = fmt.Errorf("%w: it has no tiles of zooms 0 to %d", ErrArchive, cell.MaxTileZoom)
	}
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, errors.Join(err, ctx.Err()))
	}
	r := Result{Tiles: s.tiles, Notes: s.notes()}
	if m, ok := a.(*mbtiles.Archive); ok {
		stated, got, err := m.Checksum()
		if err != nil {
			return Result{}, fmt.Errorf("%s: %w", file, err)
		}
		if stated != got {
			r.Notes = append(r.Notes, fmt.Sprintf("its checksum (agg_tiles_hash) is %s, but that of its tiles is %s: it was changed after it was made", stated, got))
		}
	}
	about := credit(m.Attribution, opts)
	if about.Attribution == "" {
		r.Notes = append(r.Notes, "it does not say whose data it holds; import it again with --attribution and --licence")
	}
	name, err := contentName(path, ".pmtiles")
	if err != nil {
		return Result{}, err
	}
	next := catalog.Base{File: name, Sources: []string{filepath.Base(file)}, Archive: about}
	was, err := im.installBase(ctx, region, path, next)
	return r.replaced(was, next), err
}

// credit returns whom to name for an archive: the caller's word, or the archive's.
func credit(attribution string, opts Options) *catalog.Archive {
	about := &catalog.Archive{Licence: opts.Licence, Attribution: opts.Attribution}
	if about.Attribution == "" {
		about.Attribution = strings.Join(strings.Fields(feature.Clean(records.PlainText(attribution), feature.MaxValueChars)), " ")
	}
	switch {
	case about.Attribution == "":
		return &catalog.Archive{}
	case about.Licence != "":
	case strings.Contains(about.Attribution, fromosm.Provider):
		about.Licence = fromosm.Licence
	default:
		about.Licence = "NOASSERTION" // as SPDX says "unknown"
	}
	return about
}

// contentName names a file by its content.
func contentName(path, ending string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)[:16]) + ending, nil
}

// sifter lets the tiles of an archive through that are fit for a base map.
type sifter struct {
	ctx    context.Context
	budget int64 // bytes
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
	if s.bytes += int64(len(tile.Data)); s.bytes > s.budget {
		return false, fmt.Errorf("%w: its tiles expand to more than %d bytes", ErrArchive, s.budget)
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
	kept := s.tiles - s.deep - s.empty
	zoom := id.Zoom()
	west, south, east, north := id.Bounds()
	if kept == 1 || zoom > s.last {
		s.box = [4]float64{west, south, east, north}
	} else if zoom == s.last {
		s.box = [4]float64{min(s.box[0], west), min(s.box[1], south), max(s.box[2], east), max(s.box[3], north)}
	}
	if kept == 1 {
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

func (s *sifter) notes() (notes []string) {
	s.tiles -= s.deep + s.empty
	if s.deep > 0 {
		notes = append(notes, fmt.Sprintf("%d tiles below zoom %d were left out: maps are drawn larger from zoom %d", s.deep, cell.MaxTileZoom, cell.MaxTileZoom))
	}
	if s.empty > 0 {
		notes = append(notes, fmt.Sprintf("%d empty tiles were left out", s.empty))
	}
	return notes
}

// reporter tells how much of a file is read, as far as the tiles that came show it.
func (im *Importer) reporter(file string, size int64) func(bytes int64) {
	if im.Progress == nil {
		return func(int64) {}
	}
	stage, shown := "read "+filepath.Base(file), time.Time{}
	return func(bytes int64) {
		if now := time.Now(); now.Sub(shown) >= 100*time.Millisecond {
			shown = now
			im.Progress(stage, min(bytes, size), 0)
		}
	}
}

// replaced tells that a base took the place of one of another kind.
func (r Result) replaced(was, now catalog.Base) Result {
	names := func(b catalog.Base) string { return cmp.Or(strings.Join(b.Sources, ", "), b.File) }
	switch {
	case was.File == "" || was.File == now.File || was.Archive == nil && now.Archive == nil:
	case now.Archive == nil:
		r.Notes = append(r.Notes, fmt.Sprintf("the map is drawn of this now, in place of the archive %s", names(was)))
	case was.Archive == nil:
		r.Notes = append(r.Notes, fmt.Sprintf("the map is this archive now, in place of OpenStreetMap data (%s): its places and routes go too", names(was)))
	default:
		r.Notes = append(r.Notes, fmt.Sprintf("the map is this archive now, in place of %s", names(was)))
	}
	return r
}
