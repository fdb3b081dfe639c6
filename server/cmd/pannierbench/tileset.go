package main

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// tileset yields the tiles of a map, uncompressed. It ends at an error.
type tileset = iter.Seq2[archive.Tile, error]

// tiles yields the base map's tiles of a version.
func (s site) tiles(ctx context.Context, m *manifest.Manifest) tileset {
	return func(yield func(archive.Tile, error) bool) {
		for _, e := range m.Entries {
			if e.Key.Layer != cell.Tiles {
				continue
			}
			raw, err := s.cell(ctx, e)
			if err != nil {
				yield(archive.Tile{}, err)
				return
			}
			for item, err := range cell.Items(raw) {
				var id cell.ID
				if err == nil {
					id, err = cell.TileOfKey(item.Key)
				}
				if err != nil {
					err = fmt.Errorf("cell %s: %w", e.Key, err)
				}
				if !yield(archive.Tile{ID: id, Data: item.Value}, err) || err != nil {
					return
				}
			}
		}
	}
}

// folderTiles yields the tiles of a folder {z}/{x}/{y}.pbf.
func folderTiles(ctx context.Context, dir string) tileset {
	return func(yield func(archive.Tile, error) bool) {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			name, isTile := strings.CutSuffix(path, ".pbf")
			if err != nil || !isTile {
				return err
			}
			name, err = filepath.Rel(dir, name)
			if err != nil {
				return err
			}
			id, err := cell.Parse(filepath.ToSlash(name))
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil && archive.IsGzip(data) {
				data, err = archive.Gunzip(data, archive.MaxTileBytes)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if !yield(archive.Tile{ID: id, Data: data}, nil) {
				return fs.SkipAll
			}
			return ctx.Err()
		})
		if err != nil {
			yield(archive.Tile{}, err)
		}
	}
}

// exporting is the first argument that makes this command write an archive of a
// region's current version: site, region, file.
const exporting = "-export"

// export writes a region's current version as a PMTiles archive, which is the
// form that is comparable with what other programs build.
func export(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("%s: want site, region and file", exporting)
	}
	s, region, file := site(args[0]), args[1], args[2]
	all, _, err := s.manifests(ctx, region)
	if err != nil {
		return err
	}
	last := all[len(all)-1]
	meta := archive.Metadata{
		Name: last.Meta.Name, Attribution: last.Meta.Licences[0].Attribution, Bounds: last.Meta.Bounds, MaxZoom: cell.MaxTileZoom,
	}
	layers := make(archive.Layers)
	for tile, err := range s.tiles(ctx, last) {
		if err != nil {
			return err
		}
		layers.Scan(tile.ID.Zoom(), tile.Data)
	}
	if meta.VectorLayers, err = layers.List(); err != nil {
		return err
	}
	return pmtiles.WriteFile(file, &meta, s.tiles(ctx, last))
}
