package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	sitelists "github.com/pannier-maps/pannier/sync/site"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// site is the folder of a published site.
type site string

// Get reads an object.
func (s site) Get(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(s), filepath.FromSlash(name)))
}

// blob reads a packed blob.
func (s site) blob(ctx context.Context, name blob.Hash) ([]byte, error) {
	return s.Get(ctx, layout.Blob(name))
}

// manifests returns the manifests of a region's versions, oldest first, and
// what a first download of each takes.
func (s site) manifests(ctx context.Context, region string) (all []*manifest.Manifest, full []int64, err error) {
	data, err := s.Get(ctx, layout.History(region))
	if err != nil {
		return nil, nil, err
	}
	history, err := sitelists.ParseHistory(data)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range history.Versions {
		m, err := publish.ReadManifest(ctx, s, region, v.Manifest, v.Raw)
		if err != nil {
			return nil, nil, fmt.Errorf("version %d of %s: %w", v.Number, region, err)
		}
		all, full = append(all, m), append(full, v.Bytes)
	}
	return all, full, nil
}

// cells calls fn with each cell's canonical bytes, in the order of the manifest.
func (s site) cells(ctx context.Context, m *manifest.Manifest, fn func(e manifest.Entry, raw []byte) error) error {
	for _, e := range m.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := s.cell(ctx, e)
		if err != nil {
			return err
		}
		if err := fn(e, raw); err != nil {
			return err
		}
	}
	return nil
}

// cell returns a cell's canonical bytes.
func (s site) cell(ctx context.Context, e manifest.Entry) ([]byte, error) {
	stored, err := s.blob(ctx, e.Hash)
	if err != nil {
		return nil, err
	}
	raw, err := blob.Open(stored, int(e.Raw), e.Hash)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", e.Key, err)
	}
	return raw, nil
}

// weigh counts what a version holds.
func (s site) weigh(ctx context.Context, m *manifest.Manifest) (Content, error) {
	c := Content{Cells: len(m.Entries)}
	seen := make(map[blob.Hash]bool)
	err := s.cells(ctx, m, func(e manifest.Entry, raw []byte) error {
		switch e.Key.Layer {
		case cell.Features:
			c.FeaturesBlobs += int64(e.Stored)
			return nil
		case cell.Tiles:
			c.TilesBlobs += int64(e.Stored)
		default:
			return nil
		}
		for tile, err := range cell.Items(raw) {
			if err != nil {
				return fmt.Errorf("cell %s: %w", e.Key, err)
			}
			c.Tiles++
			c.RawTileBytes += int64(len(tile.Value))
			if name := blob.Sum(tile.Value); !seen[name] {
				seen[name] = true
				c.GzipTileBytes += int64(gzipped(tile.Value))
			}
		}
		return nil
	})
	c.DistinctTiles = len(seen)
	return c, err
}

// gzipped returns the length of data packed by gzip at its best level, as in an
// archive of tiles.
func gzipped(data []byte) int {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(data) // a buffer takes everything
	w.Close()
	return b.Len()
}
