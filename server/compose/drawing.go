package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/build"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// The drawing and the shelf of a region are made of a base. While they are not
// of the present one, the base that they are of is kept beside them by a second
// name, {Cache}/{region}.base: what differs between the two is all that is made
// anew, be it by one import or by several. Either may be missing or of something
// else, after a crash or by hand: then all is.

// earlierBase is the base that drawing and shelf were made of.
type earlierBase struct {
	*osm.Base
	said osm.Changed // what differs from the present one
}

// openEarlier opens the earlier base, nil when there is none or it is the present
// one.
func (c *Composer) openEarlier(ctx context.Context, region string, base *osm.Base) (*earlierBase, error) {
	if base == nil {
		return nil, nil
	}
	earlier, err := osm.OpenBase(c.earlier(region), 0)
	switch {
	case err == nil && earlier.ID() == base.ID():
		return nil, earlier.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, osm.ErrCorrupt), errors.Is(err, osm.ErrVersion):
		return nil, nil
	case err != nil:
		return nil, err
	}
	earlier.Share(base)
	said, err := osm.Edited(ctx, earlier, base)
	if errors.Is(err, osm.ErrCorrupt) { // if it is the present one, drawing it tells
		return nil, earlier.Close()
	}
	if err != nil {
		return nil, errors.Join(err, earlier.Close())
	}
	return &earlierBase{earlier, said}, nil
}

func (c *Composer) earlier(region string) string { return filepath.Join(c.Cache, region+".base") }

// keepEarlier gives the present base a second name, so that it outlives the next
// import. Where files cannot have two, the next map is drawn in full.
func (c *Composer) keepEarlier(region, base string) error {
	path := c.earlier(region)
	is, err1 := os.Stat(base)
	was, err2 := os.Stat(path)
	if err1 == nil && err2 == nil && os.SameFile(is, was) {
		return nil
	}
	if err := os.MkdirAll(c.Cache, 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.Cache, ".new-*-base")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	link := filepath.Join(dir, "base")
	if os.Link(base, link) == nil {
		return os.Rename(link, path)
	}
	return nil
}

// mostBroken is how many broken areas are told one by one.
const mostBroken = 5

// mapCells is a region's map as it is drawn.
type mapCells struct {
	drawing *build.Drawing
	anew    func(ctx context.Context) (*build.Drawing, error)
}

// draw draws the map of a base, which lies in a file: if it can be, only what
// differs from an earlier one.
func (c *Composer) draw(ctx context.Context, r catalog.Region, file string, base *osm.Base, earlier *earlierBase, area orb.MultiPolygon, sea waterFile) (*mapCells, error) {
	water, err := sea.read()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(c.Cache, r.ID+".drawing")
	opts := build.Options{
		Schema: mapVersion, Languages: r.Languages, Bounds: area, Water: water, Workers: c.Workers, MemoryBytes: c.memory() / 2, TempDir: c.TempDir, Progress: c.Progress,
	}
	// Another draft of the region may draw another base to the same file meanwhile.
	open := func(base *osm.Base) (*build.Drawing, error) {
		d, err := build.OpenDrawing(path, base, opts)
		if err == nil && d.Base() != base.ID() {
			return nil, errors.Join(fmt.Errorf("%w: the map data changed meanwhile; publish again", build.ErrStale), d.Close())
		}
		return d, err
	}
	all := func(ctx context.Context, base *osm.Base) (*build.Drawing, error) {
		if _, err := build.Draw(ctx, base, opts, path); err != nil {
			return nil, err
		}
		return open(base)
	}
	m := &mapCells{anew: func(ctx context.Context) (d *build.Drawing, err error) {
		base, err := osm.OpenBase(file, int(c.memory()/4))
		if err != nil {
			return nil, fmt.Errorf("draw a damaged map again: %w", err)
		}
		defer func() { err = errors.Join(err, base.Close()) }()
		return all(ctx, base)
	}}
	if err := os.MkdirAll(c.Cache, 0o700); err != nil {
		return nil, err
	}
	old, err := build.OpenDrawing(path, base, opts)
	switch {
	case err == nil && old.Base() == base.ID() && !c.Rebuild:
		m.drawing = old
		return m, nil
	case err == nil && earlier != nil && old.Base() == earlier.ID() && !c.Rebuild:
		_, err := build.Redraw(ctx, old, earlier.Base, base, earlier.said, opts, path)
		old.Close() // it was only read
		if err == nil {
			m.drawing, err = open(base)
		}
		if !errors.Is(err, osm.ErrCorrupt) { // else one of the two is: if it is the present one, all tells
			return m, err
		}
	case err == nil:
		old.Close() // it was only read
	}
	m.drawing, err = all(ctx, base)
	return m, err
}

func (m *mapCells) close() error {
	if m.drawing == nil {
		return nil // it could not be made
	}
	return m.drawing.Close()
}

// warnings tells of coast and areas that could not be drawn.
func (m *mapCells) warnings() (all []string) {
	for _, p := range m.drawing.Coast() {
		all = append(all, fmt.Sprintf("sea: %s, from way %d on", p.What, p.Ways[0]))
	}
	broken := m.drawing.Broken()
	for _, b := range broken[:min(len(broken), mostBroken)] {
		all = append(all, fmt.Sprintf("area: relation %d: %s, from way %d on; it is drawn without", b.Relation, b.What, b.Ways[0]))
	}
	if more := len(broken) - mostBroken; more > 0 {
		all = append(all, fmt.Sprintf("area: %d more relations are broken", more))
	}
	return all
}

// kept lists the cells that stay as they are in the version before.
func (m *mapCells) kept(last *manifest.Manifest) (entries []manifest.Entry) {
	if last == nil {
		return nil
	}
	for _, c := range m.drawing.Cells() {
		if e, ok := last.Find(cell.Key{Layer: cell.Tiles, ID: c.ID}); ok && e.Hash == blob.Hash(c.Hash) {
			entries = append(entries, e)
		}
	}
	return entries
}

// emit gives away the other cells. A drawing that turns out to be damaged is
// made anew.
func (m *mapCells) emit(ctx context.Context, kept []manifest.Entry, emit func(key cell.Key, raw []byte) error) error {
	done := make(map[cell.ID]bool, len(kept))
	for _, e := range kept {
		done[e.Key.ID] = true
	}
	for i := 0; i < len(m.drawing.Cells()); i++ {
		c := m.drawing.Cells()[i]
		if done[c.ID] {
			continue
		}
		raw, err := m.drawing.Content(c)
		if errors.Is(err, build.ErrDamaged) && m.anew != nil {
			fresh, err := m.anew(ctx)
			if err != nil {
				return err
			}
			m.drawing.Close() // it was only read
			m.drawing, m.anew, i = fresh, nil, -1
			continue
		}
		if err != nil {
			return err
		}
		if err := emit(cell.Key{Layer: cell.Tiles, ID: c.ID}, raw); err != nil {
			return err
		}
		done[c.ID] = true
	}
	return nil
}
