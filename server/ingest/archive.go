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
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// ErrArchive is returned for an archive of tiles that cannot be a base map.
var ErrArchive = errors.New("not an archive that can be a base map")

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
	a, m, s, err := sifted(ctx, file, kind)
	if err != nil {
		return Result{}, err
	}
	defer a.Close()
	s.report = im.reporter(file, s.size)
	path, err := im.temp(region, "archive")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(path)
	err = pmtiles.WriteFile(path, &m, func(yield func(archive.Tile, error) bool) {
		s.sift(a.Tiles(), yield)
		s.describe(&m)
	})
	if err != nil {
		return Result{}, s.explain(file, err)
	}
	r, err := s.result(file, a)
	if err != nil {
		return r, err
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
	was, err := im.installBase(ctx, region, path, next, "")
	return r.replaced(was, next), err
}

// InspectArchive reads an archive as an import would, and tells what it is.
func InspectArchive(ctx context.Context, file string, kind source.Kind) (archive.Metadata, Result, error) {
	a, m, s, err := sifted(ctx, file, kind)
	if err != nil {
		return m, Result{}, err
	}
	defer a.Close()
	s.sift(a.Tiles(), func(_ archive.Tile, failed error) bool {
		err = failed
		return failed == nil
	})
	if s.describe(&m); err == nil && s.kept() == 0 {
		err = archive.ErrNoTiles
	}
	if err != nil {
		return m, Result{}, s.explain(file, err)
	}
	r, err := s.result(file, a)
	return m, r, err
}

// sifted opens an archive whose tiles may make a base map, and what they are to
// pass through.
func sifted(ctx context.Context, file string, kind source.Kind) (a tileArchive, m archive.Metadata, s *sifter, err error) {
	if a, err = openArchive(file, kind); err != nil {
		return nil, m, nil, err // it names the file
	}
	if m, err = a.Metadata(); err == nil && m.Format != archive.MVT && m.Format != "" {
		err = fmt.Errorf("%w: its tiles are %s, and the base map is made of %s", ErrArchive, m.Format, archive.MVT)
	}
	info, failed := os.Stat(file)
	if err = cmp.Or(err, failed); err != nil {
		return nil, m, nil, errors.Join(fmt.Errorf("%s: %w", file, err), a.Close())
	}
	return a, m, &sifter{ctx: ctx, size: info.Size(), layers: archive.Layers{}, report: func(int64) {}}, nil
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
