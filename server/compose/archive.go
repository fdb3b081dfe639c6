package compose

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/build"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// ErrCrowded is returned for a map with more in one cell than a cell can hold.
var ErrCrowded = errors.New("the map has too much in one place")

// archiveVersion goes into the fingerprint of a map that is an archive. Raise it
// when the same archive gives other cells.
const archiveVersion = 1

// archiveMap is a region's map when ready tiles were imported for it.
type archiveMap struct {
	*pmtiles.Archive
	about catalog.Base
	meta  archive.Metadata
	limit int // bytes of a cell
}

// openArchive opens an archive that is a region's map.
func openArchive(path string, about catalog.Base) (*archiveMap, error) {
	a, err := pmtiles.Open(path)
	if err != nil {
		return nil, err
	}
	m := &archiveMap{Archive: a, about: about, limit: cell.MaxCellBytes}
	if m.meta, err = a.Metadata(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return m, nil
}

// area is the box that the archive says it covers.
func (m *archiveMap) area() orb.MultiPolygon {
	b := m.meta.Bounds
	return orb.MultiPolygon{orb.Bound{
		Min: orb.Point{float64(b[0]) / 1e7, float64(b[1]) / 1e7}, Max: orb.Point{float64(b[2]) / 1e7, float64(b[3]) / 1e7},
	}.ToPolygon()}
}

// fingerprint names everything that goes into the region's tiles.
func (m *archiveMap) fingerprint(r catalog.Region) string {
	data, err := json.Marshal([]any{"archive", archiveVersion, m.about.File, r.Boundary})
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// credit adds those whose data the map holds to a version's attribution.
func (m *archiveMap) credit(f *featureCells) {
	if a := m.about.Archive; a.Attribution != "" {
		f.licence[manifest.Licence{ID: a.Licence, Attribution: a.Attribution}] = true
	}
}

// assets returns the canonical bytes of the assets cell of the world: what a map
// of another schema is, and the region's own categories. None without both.
func (c *Composer) assets(ctx context.Context, region string, m *archiveMap) (raw []byte, err error) {
	if m != nil {
		about, err := archive.EncodeBasemap(m.meta)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", region, err)
		}
		raw = cell.AppendItem(raw, []byte(archive.BasemapItem), about)
	}
	own, err := c.ownCategories(ctx, region)
	return append(raw, own...), err
}

// emit gives away the cells of the tiles that touch an area (nil: of all).
func (m *archiveMap) emit(ctx context.Context, area orb.MultiPolygon, emit func(key cell.Key, raw []byte) error) error {
	var ids []cell.ID
	inside := build.Touching(area)
	for id, err := range m.IDs() {
		if err != nil {
			return fmt.Errorf("read the map: %w", err)
		}
		if id.Zoom() <= cell.MaxTileZoom && inside(id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b cell.ID) int { return cmp.Or(cmp.Compare(cell.OfTile(a), cell.OfTile(b)), cmp.Compare(a, b)) })
	for len(ids) > 0 {
		in := cell.OfTile(ids[0])
		n := slices.IndexFunc(ids, func(id cell.ID) bool { return cell.OfTile(id) != in })
		if n < 0 {
			n = len(ids)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := m.cell(ids[:n])
		if err != nil {
			return fmt.Errorf("cell %s of the map: %w", in, err)
		}
		if err := emit(cell.Key{Layer: cell.Tiles, ID: in}, raw); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// cell returns the canonical bytes of a cell's tiles.
func (m *archiveMap) cell(ids []cell.ID) (raw []byte, err error) {
	for _, id := range ids {
		tile, err := m.Tile(id)
		if err != nil {
			return nil, err
		}
		if raw = cell.AppendItem(raw, cell.TileKey(id), tile); len(raw) > m.limit {
			return nil, fmt.Errorf("%w: its %d tiles have more than %d bytes; give the region a boundary, or take an archive with less in each tile", ErrCrowded, len(ids), m.limit)
		}
	}
	return raw, nil
}
