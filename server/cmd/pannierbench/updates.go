package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// chain is a region that is published again after each file.
type chain struct {
	region, languages string
	files             []string
	hops              []hop
}

// hop is an update between two versions, counted from 1.
type hop struct {
	name     string
	from, to int
}

// amendment changes one object's opening hours, as a provider would.
const amendment = `{"type": "Feature", "id": "osm/node/315636837", "geometry": null, "properties": {"opening_hours": "Mo-Fr 07:30-18:15; Sa 08:00-12:00"}}`

// updates measures the deltas between versions.
func (b *bench) updates(ctx context.Context) error {
	hours := filepath.Join(b.temp, "hours.geojson")
	if err := os.WriteFile(hours, []byte(amendment), 0o600); err != nil {
		return err
	}
	chains := []chain{
		{"liechtenstein", "de,en", []string{"liechtenstein-2019-11-18.osm.pbf", "liechtenstein-002435.osc.gz", "liechtenstein-002436.osc.gz", hours}, []hop{
			{"2019-11-18 + day 2435", 1, 2},
			{"2019-11-18 + day 2436", 2, 3},
			{"2019-11-18 + both days at once", 1, 3},
			{"one POI's opening hours", 3, 4},
		}},
		{"liechtenstein", "de,en", []string{"liechtenstein-2019-06-16.osm.pbf", "liechtenstein-2019-06-18.osm.pbf"}, []hop{
			{"2019-06-16 to 2019-06-18, by extract", 1, 2},
		}},
	}
	for _, c := range chains {
		if err := b.chain(ctx, c); err != nil {
			return fmt.Errorf("updates of %s: %w", c.region, err)
		}
	}
	return nil
}

func (b *bench) chain(ctx context.Context, c chain) error {
	files := make([]string, len(c.files))
	for i, name := range c.files {
		if files[i] = name; !filepath.IsAbs(name) {
			files[i] = filepath.Join(b.osm, name)
		}
		if _, err := os.Stat(files[i]); errors.Is(err, fs.ErrNotExist) {
			b.absent("updates of %s: there is no %s", c.region, files[i])
			return nil
		} else if err != nil {
			return err
		}
	}
	d, done, err := b.fresh(ctx, c.region, c.languages)
	if err != nil {
		return err
	}
	defer done()
	imports, publishes := make([]Usage, len(files)), make([]Usage, len(files))
	for i, file := range files {
		say("%s: version %d from %s", c.region, i+1, filepath.Base(file))
		if imports[i], err = d.load(ctx, c.region, file); err != nil {
			return err
		}
		if _, publishes[i], err = d.publish(ctx, c.region); err != nil {
			return err
		}
	}
	versions, full, err := d.site().manifests(ctx, c.region)
	if err != nil {
		return err
	}
	for _, h := range c.hops {
		say("%s: delta and patches for %s", c.region, h.name)
		u, err := b.update(ctx, d.site(), versions[h.from-1], versions[h.to-1])
		if err != nil {
			return fmt.Errorf("%s: %w", h.name, err)
		}
		u.Name, u.Full = h.name, full[h.to-1]
		if h.to == h.from+1 {
			u.Import, u.Publish = &imports[h.to-1], &publishes[h.to-1]
		}
		b.report.Updates = append(b.report.Updates, u)
	}
	return nil
}

// update makes our delta and the peers' patches between two manifests.
func (b *bench) update(ctx context.Context, s site, from, to *manifest.Manifest) (Update, error) {
	data, err := delta.Encode(ctx, from, to, s.blob)
	if err != nil {
		return Update{}, err
	}
	d, err := delta.Parse(data)
	if err != nil {
		return Update{}, err
	}
	u := Update{Cells: len(d.Segments), Delta: d.Length, Manifest: d.Length}
	for i, c := range delta.Content(from, to) {
		n := d.Segments[i].Length
		u.Manifest -= n
		switch c.New.Key.Layer {
		case cell.Features:
			u.Features += n
		case cell.Tiles:
			u.Tiles += n
		}
	}
	dir, err := os.MkdirTemp(b.temp, "patch-*")
	if err != nil {
		return Update{}, err
	}
	defer os.RemoveAll(dir)
	if _, err := s.concatenate(ctx, from, filepath.Join(dir, "old")); err != nil {
		return Update{}, err
	}
	if u.Content, err = s.concatenate(ctx, to, filepath.Join(dir, "new")); err != nil {
		return Update{}, err
	}
	u.Peers, err = b.patches(ctx, dir)
	return u, err
}

// concatenate writes a version's cells into one file, uncompressed and in the
// order of their keys, and returns its length.
func (s site) concatenate(ctx context.Context, m *manifest.Manifest, path string) (n int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	err = s.cells(ctx, m, func(_ manifest.Entry, raw []byte) error {
		n += int64(len(raw))
		_, err := f.Write(raw)
		return err
	})
	return n, errors.Join(err, f.Close())
}
