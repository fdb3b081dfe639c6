// Package compose puts together what the next version of a region shall hold:
// base map tiles from its OpenStreetMap base or from an archive, features from the base and from
// its providers, the photos of those, and heights from its height model.
//
// Tiles are drawn only when something that goes into them has changed since the
// last publish; cells of features are made only when something in them has.
// A Composer may be used concurrently.
package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/boundary"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// mapVersion goes into the fingerprint of a base map. Raise it when the schema
// or the builder changes what comes out of the same input.
const mapVersion = 4

// defaultMemory is what a region such as Liechtenstein needs to be drawn without
// files for sorting; ten times as much is drawn with them in little more time.
const defaultMemory = 40 << 20

// Composer makes content.
type Composer struct {
	Catalog *catalog.Catalog
	Photos  Photos // that features name by their hashes; nil for none
	Words   *Words // of providers, kept between drafts; nil to read them each time
	Folder  string // of bases of maps, height models and water polygons: {Folder}/{region}/{file}
	Cache   string // of what can be made again: {Cache}/{region}.shelf, .drawing …
	TempDir string
	Workers int   // 0: one for each core
	Memory  int64 // bytes for blocks of the base and for sorting tiles, 0: 40 MiB
	Rebuild bool  // draw the map even if nothing changed
	// Progress, if set, is told how far each stage is.
	Progress func(stage string, done, total int64)
}

// Draft is what a version shall hold, and what there is to say about it. It
// keeps the map data open that it was made from; Close it.
type Draft struct {
	Content publish.Content
	// Fingerprint names everything that goes into the tiles; "" without a base.
	Fingerprint string
	POIs        int
	Routes      int
	Notices     int
	Warnings    []string

	archive *archiveMap // nil when its map is none
	cells   *featureCells
	tiles   *mapCells // nil when they are not drawn
}

// Close lets go of the map data.
func (d *Draft) Close() error {
	var errs []error
	if d.cells != nil {
		errs = append(errs, d.cells.close())
	}
	if d.tiles != nil {
		errs = append(errs, d.tiles.close())
	}
	if d.archive != nil {
		errs = append(errs, d.archive.Close())
	}
	return errors.Join(errs...)
}

// Compose makes the draft of a region's next version. Cells that are the same
// as in last, the version before (nil for none), are taken over from it.
func (c *Composer) Compose(ctx context.Context, r catalog.Region, last *manifest.Manifest) (_ *Draft, err error) {
	area, err := boundary.Parse(r.Boundary)
	if err != nil {
		return nil, fmt.Errorf("region %s: boundary: %w", r.ID, err)
	}
	data, err := c.openMapData(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	base, path := data.base, data.path
	if base != nil { // its blocks take memory that packing needs
		defer func() { err = errors.Join(err, base.Close()) }()
	}
	d := &Draft{archive: data.archive}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	boundary := area
	switch {
	case area != nil:
	case base != nil:
		area = extractArea(base)
	case d.archive != nil:
		area = d.archive.area()
	}
	earlier, err := c.openEarlier(ctx, r.ID, base)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		defer func() { err = errors.Join(err, earlier.Close()) }()
	}
	cells, err := c.features(ctx, r, base, earlier, area)
	d.cells = cells
	if err != nil {
		return nil, err
	}
	photos, err := c.gatherPhotos(ctx, r.ID, cells)
	if err != nil {
		return nil, err
	}
	d.POIs, d.Routes, d.Notices, d.Warnings = cells.counts.POIs, cells.counts.Routes, cells.counts.Notices, cells.warnings
	if d.archive != nil {
		d.archive.credit(cells)
	}
	keptFeatures := cells.kept(last)
	bounds := c.bounds(area, cells)
	relief := c.relief(r.ID, cells.heights, bounds)
	d.Content.Kept = slices.Concat(keptFeatures, photos.kept(last), relief.kept(last))
	d.Content.Meta = manifest.Meta{
		Region: r.ID, Name: r.Name, Languages: r.Languages, MinReader: relief.reader(),
		Bounds: bounds, Licences: cells.licences(),
	}
	assets, err := c.assets(ctx, r.ID, d.archive)
	if err != nil {
		return nil, err
	}
	var sea waterFile
	switch {
	case base != nil:
		if t := base.Header().Timestamp; t > 0 {
			d.Content.Meta.AsOf = time.Unix(t, 0).UTC().Format(time.RFC3339)
		}
		var warning string
		if sea, warning, err = c.openWater(ctx, r.ID, area); err != nil {
			return nil, err
		}
		if warning != "" {
			d.Warnings = append(d.Warnings, warning)
		}
		d.Fingerprint = sea.sign(fingerprint(r, base))
	case d.archive != nil:
		d.Fingerprint = d.archive.fingerprint(r)
	}
	drawn, keptTiles := false, []manifest.Entry(nil)
	if d.Fingerprint != "" {
		d.Content.Meta.TileFormat = "mvt"
		built, err := c.Catalog.Built(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		drawn = built.Fingerprint != d.Fingerprint || c.Rebuild || !holds(last, built.Entries)
		switch {
		case !drawn:
			keptTiles = built.Entries
		case base != nil:
			if d.tiles, err = c.draw(ctx, r, path, base, earlier, area, sea); err != nil {
				return nil, fmt.Errorf("region %s: %w", r.ID, err)
			}
			d.Warnings = append(d.Warnings, d.tiles.warnings()...)
			if !c.Rebuild {
				keptTiles = d.tiles.kept(last)
			}
		}
		d.Content.Kept = append(d.Content.Kept, keptTiles...)
	}
	if base != nil {
		if err := c.keepEarlier(r.ID, path); err != nil {
			return nil, fmt.Errorf("region %s: keep its base: %w", r.ID, err)
		}
	}
	d.Content.Cells = func(ctx context.Context, emit func(key cell.Key, raw []byte) error) error {
		if len(assets) > 0 {
			if err := emit(cell.Key{Layer: cell.Assets, ID: cell.World}, assets); err != nil {
				return err
			}
		}
		if err := cells.emit(keptFeatures, emit); err != nil {
			return err
		}
		if err := photos.emit(ctx, emit); err != nil {
			return err
		}
		if err := relief.emit(ctx, c.Progress, emit); err != nil || !drawn {
			return err
		}
		if d.archive != nil {
			return d.archive.emit(ctx, boundary, emit)
		}
		return d.tiles.emit(ctx, keptTiles, emit)
	}
	return d, nil
}

// holds reports whether a version has all these cells: then their blobs are on
// the site for sure.
func holds(m *manifest.Manifest, entries []manifest.Entry) bool {
	return m != nil && !slices.ContainsFunc(entries, func(e manifest.Entry) bool {
		there, ok := m.Find(e.Key)
		return !ok || there != e
	})
}

// Remember notes which cells were published from which input. Call it after the
// draft was published with the given manifest.
func (c *Composer) Remember(ctx context.Context, region string, d *Draft, m *manifest.Manifest) error {
	d.cells.remember(m)
	b := catalog.Built{Fingerprint: d.Fingerprint}
	for _, e := range m.Entries {
		if e.Key.Layer == cell.Tiles {
			b.Entries = append(b.Entries, e)
		}
	}
	return c.Catalog.SetBuilt(ctx, region, b)
}

// mapData is what a region's map is made of: a base, an archive, or neither.
type mapData struct {
	base    *osm.Base
	path    string // of the base
	archive *archiveMap
}

// openMapData opens it as the catalog has it at one moment. An import that puts
// another in its place meanwhile removes the file.
func (c *Composer) openMapData(ctx context.Context, region string) (data mapData, err error) {
	for {
		b, ok, err := c.Catalog.Base(ctx, region)
		if err != nil || !ok {
			return mapData{}, err
		}
		path := filepath.Join(c.Folder, region, b.File)
		if b.Archive != nil {
			if data.archive, err = openArchive(path, b); err != nil {
				err = fmt.Errorf("region %s: open its map: %w", region, err)
			}
		} else {
			data.path = path
			if data.base, err = osm.OpenBase(path, int(c.memory()/4)); err != nil {
				err = fmt.Errorf("region %s: open its OpenStreetMap base: %w", region, err)
			}
		}
		if err == nil {
			return data, nil
		}
		now, _, failed := c.Catalog.Base(ctx, region)
		if now.File == b.File || failed != nil || !errors.Is(err, fs.ErrNotExist) {
			return mapData{}, err
		}
		data = mapData{}
	}
}

// fingerprint names everything that goes into a region's tiles.
func fingerprint(r catalog.Region, base *osm.Base) string {
	id := base.ID()
	data, err := json.Marshal([]any{mapVersion, id[:], r.Languages, r.Boundary})
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// extractArea returns the box that an extract says it covers: where a region has
// no boundary of its own, this leaves out what hangs over the extract's edge.
func extractArea(base *osm.Base) orb.MultiPolygon {
	b := base.Header().Bounds
	if b == (osm.Box{}) {
		return nil
	}
	return orb.MultiPolygon{orb.Bound{
		Min: orb.Point{float64(b.Min.LonE7) / 1e7, float64(b.Min.LatE7) / 1e7},
		Max: orb.Point{float64(b.Max.LonE7) / 1e7, float64(b.Max.LatE7) / 1e7},
	}.ToPolygon()}
}

// bounds returns the box of the region's area, else that of its features.
func (c *Composer) bounds(area orb.MultiPolygon, cells *featureCells) [4]int32 {
	b := cells.box
	if len(area) > 0 {
		b = boundary.Box(area)
	}
	return [4]int32{b.Min.LonE7, b.Min.LatE7, b.Max.LonE7, b.Max.LatE7}
}

func (c *Composer) workers() int {
	if c.Workers > 0 {
		return c.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (c *Composer) memory() int64 {
	if c.Memory > 0 {
		return c.Memory
	}
	return defaultMemory
}

// osmLicence is what the base map stands under.
var osmLicence = manifest.Licence{ID: fromosm.Licence, Attribution: fromosm.Attribution}

// licences composes the attribution from what is in the version.
func (f *featureCells) licences() []manifest.Licence {
	return slices.SortedFunc(maps.Keys(f.licence), manifest.CompareLicence)
}
