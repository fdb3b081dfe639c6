package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// Archive is what is in the tiles of a map. Bytes are uncompressed where nothing
// else is said; equal tiles count once in bytes, as they do in an archive.
type Archive struct {
	Program  string       `json:"program"`
	File     int64        `json:"file_bytes,omitempty"` // of the archive that the program made
	Tiles    int          `json:"tiles"`
	Distinct int          `json:"distinct_tiles"`
	Raw      int64        `json:"raw_bytes"`
	Gzip     int64        `json:"gzip_bytes"`           // by the same gzip -9 for every program
	Common   int64        `json:"gzip_bytes_of_common"` // likewise, of the layers with what both schemas have
	Largest  LargestTile  `json:"largest_tile"`
	Layers   []LayerCount `json:"layers"` // by zoom and name
}

// LargestTile is the tile with most bytes when packed.
type LargestTile struct {
	Tile string `json:"tile"` // z/x/y
	Raw  int64  `json:"raw_bytes"`
	Gzip int64  `json:"gzip_bytes"`
}

// LayerCount is what a layer has in the tiles of a zoom.
type LayerCount struct {
	Zoom     uint8  `json:"zoom"`
	Layer    string `json:"layer"`
	Tiles    int    `json:"tiles"`
	Features int    `json:"features"`
	Points   int    `json:"points"` // of their geometry
	Bytes    int64  `json:"bytes"`
}

// countTiles looks into all tiles of a map.
func countTiles(ctx context.Context, tiles tileset) (a Archive, err error) {
	type place struct {
		zoom  uint8
		layer string
	}
	counts, seen := make(map[place]*LayerCount), make(map[blob.Hash]bool)
	for tile, err := range tiles {
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return a, err
		}
		layers, err := vector.Decode(tile.Data)
		if err != nil {
			return a, fmt.Errorf("tile %s: %w", tile.ID, err)
		}
		sizes := layerSizes(tile.Data)
		var common []byte
		rest := tile.Data
		for i, layer := range layers {
			if !apart(layer.Name) {
				common = append(common, rest[:sizes[i]]...)
			}
			rest = rest[sizes[i]:]
			at := place{tile.ID.Zoom(), layer.Name}
			c := counts[at]
			if c == nil {
				c = &LayerCount{Zoom: at.zoom, Layer: at.layer}
				counts[at] = c
			}
			c.Tiles++
			c.Features += len(layer.Features)
			c.Bytes += int64(sizes[i])
			for _, f := range layer.Features {
				c.Points += len(f.Geometry.Points)
			}
		}
		a.Tiles++
		name := blob.Sum(tile.Data)
		if seen[name] {
			continue
		}
		seen[name] = true
		packed, raw := int64(gzipped(tile.Data)), int64(len(tile.Data))
		a.Raw, a.Gzip = a.Raw+raw, a.Gzip+packed
		if len(common) > 0 {
			a.Common += int64(gzipped(common))
		}
		if packed > a.Largest.Gzip {
			a.Largest = LargestTile{tile.ID.String(), raw, packed}
		}
	}
	a.Distinct = len(seen)
	for _, c := range counts {
		a.Layers = append(a.Layers, *c)
	}
	slices.SortFunc(a.Layers, func(x, y LayerCount) int {
		return cmp.Or(cmp.Compare(x.Zoom, y.Zoom), cmp.Compare(x.Layer, y.Layer))
	})
	return a, nil
}

// layerSizes returns the bytes of each layer of a tile that Decode took.
func layerSizes(tile []byte) (sizes []int) {
	for len(tile) > 0 {
		_, _, n := protowire.ConsumeField(tile)
		if n < 0 {
			break
		}
		sizes, tile = append(sizes, n), tile[n:]
	}
	return sizes
}

// sum adds up the layers with the given names, of all zooms.
func (a *Archive) sum(names []string) (c LayerCount) {
	for _, l := range a.Layers {
		if slices.Contains(names, l.Layer) {
			c.Features, c.Points, c.Bytes = c.Features+l.Features, c.Points+l.Points, c.Bytes+l.Bytes
		}
	}
	return c
}
