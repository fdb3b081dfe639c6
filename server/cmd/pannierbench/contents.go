package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// contents is what peers bring from one version to the other.
type contents struct {
	*bench
	site          site
	before, after *manifest.Manifest
	old, updated  device
	dir           string
}

// peers adds what each peer takes. Each pair of files is "old" and "new" in a
// folder of its own.
func (c *contents) peers(ctx context.Context, row *Sync) error {
	row.TilesChanged, row.FeaturesChanged = differ(c.before, c.after, cell.Tiles), differ(c.before, c.after, cell.Features)
	if row.TilesChanged || row.FeaturesChanged {
		pair := filepath.Join(c.dir, "raw")
		err := errors.Join(os.Mkdir(pair, 0o755),
			c.site.inRow(ctx, c.before, row.FeaturesChanged, filepath.Join(pair, "old")),
			c.site.inRow(ctx, c.after, row.FeaturesChanged, filepath.Join(pair, "new")))
		if err != nil {
			return err
		}
		if err := c.patchPeers(ctx, row, row.raw(), pair); err != nil {
			return err
		}
	}
	if !holds(c.after, cell.Tiles) {
		c.absent("%s: peers on PMTiles and MBTiles: the region has no tiles", row.Name)
		return nil
	}
	for _, archive := range []struct{ format, on string }{{"pmtiles", onPMTiles}, {"mbtiles", onMBTiles}} {
		pair := filepath.Join(c.dir, archive.format)
		err := errors.Join(os.Mkdir(pair, 0o755),
			c.old.export(ctx, row.Region, archive.format, filepath.Join(pair, "old")),
			c.updated.export(ctx, row.Region, archive.format, filepath.Join(pair, "new")))
		if err != nil {
			return err
		}
		if row.TilesChanged {
			if err := c.patchPeers(ctx, row, archive.on, pair); err != nil {
				return err
			}
		}
	}
	return c.transferPeers(ctx, row, filepath.Join(c.dir, "pmtiles"))
}

// patchPeers adds each peer's patch between the files of a folder.
func (c *contents) patchPeers(ctx context.Context, row *Sync, on, dir string) error {
	sizes, err := c.patches(ctx, dir)
	if err != nil {
		return err
	}
	for _, p := range peers {
		if size, ok := sizes[p.program]; ok {
			row.Peers = append(row.Peers, Peer{Name: p.program, On: on, Bytes: size})
		}
	}
	return nil
}

// transferPeers adds what each program moves between two archives in a folder.
func (c *contents) transferPeers(ctx context.Context, row *Sync, dir string) error {
	from, to := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	for _, t := range transfers {
		if !c.installed(t.program) {
			continue
		}
		peer, err := c.transfer(ctx, t, from, to)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		row.Peers = append(row.Peers, peer)
	}
	if c.goPMTiles == "" {
		return nil
	}
	peer, err := c.goPMTilesTransfer(ctx, c.goPMTiles, from, to)
	if err != nil {
		return err
	}
	row.Peers = append(row.Peers, peer)
	return nil
}

// inRow writes a version's raw tiles one after the other, and its features'
// records behind them, without anything between.
func (s site) inRow(ctx context.Context, m *manifest.Manifest, features bool, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	layers := []cell.Layer{cell.Tiles}
	if features {
		layers = append(layers, cell.Features)
	}
	for _, layer := range layers {
		err = errors.Join(err, s.cells(ctx, m, func(e manifest.Entry, raw []byte) error {
			if e.Key.Layer != layer {
				return nil
			}
			for item, err := range cell.Items(raw) {
				if err != nil {
					return fmt.Errorf("cell %s: %w", e.Key, err)
				}
				w.Write(item.Value) // Flush returns the error
			}
			return nil
		}))
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// differ reports whether a layer has other content in another version.
func differ(before, after *manifest.Manifest, layer cell.Layer) bool {
	for _, c := range manifest.Diff(before, after) {
		if c.Key().Layer == layer {
			return true
		}
	}
	return false
}

// changedCells counts the cells that two versions do not have in common.
func changedCells(before, after *manifest.Manifest) int { return len(manifest.Diff(before, after)) }

// holds reports whether a version has a layer.
func holds(m *manifest.Manifest, layer cell.Layer) bool {
	for _, e := range m.Entries {
		if e.Key.Layer == layer {
			return true
		}
	}
	return false
}
