package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/boundary"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/water"
)

// Errors about water polygons that a caller acts on.
var (
	// ErrNotWater is returned for a shapefile of something else, for all that its name
	// says: land, for instance, would make a sea of it.
	ErrNotWater = errors.New("not a shapefile of water polygons")
	// ErrNoBox is returned for a region of which nobody knows yet where it is.
	ErrNoBox = errors.New("it is not known yet where the region is")
)

// water keeps the polygons of the sea in the region's box, in place of those there.
func (im *Importer) water(ctx context.Context, region, file string) (Result, error) {
	box, err := im.box(ctx, region)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	f, err := shapefile.Open(file)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	if !strings.Contains(strings.ToLower(f.Name), "water") {
		return Result{}, fmt.Errorf("%s: %w: it holds %s, and such a file has water in its name, as in water_polygons.shp; places and routes come as GeoJSON (ogr2ogr)", file, ErrNotWater, f.Name)
	}
	shown := time.Time{}
	f.Watch = func() error {
		if now := time.Now(); im.Progress != nil && now.Sub(shown) >= 100*time.Millisecond {
			shown = now
			done, total := f.Progress()
			im.Progress("read "+filepath.Base(file), done, total)
		}
		return ctx.Err()
	}
	sea, err := water.Read(f, box)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	path, err := im.temp(region, "water")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(path)
	name, err := sea.Write(path)
	if err != nil {
		return Result{}, err
	}
	placing.Lock()
	defer placing.Unlock()
	if err := rename(path, filepath.Join(im.Folder, region, name)); err != nil {
		return Result{}, err
	}
	now := catalog.Water{
		File: name, Box: [4]int32{box.Min.LonE7, box.Min.LatE7, box.Max.LonE7, box.Max.LatE7},
		Source: filepath.Base(file), Imported: time.Now().UTC().Truncate(time.Second),
	}
	if err := im.Catalog.SetWater(ctx, region, now); err != nil {
		return Result{}, err
	}
	there, err := filepath.Glob(filepath.Join(im.Folder, region, "*"+water.Ending))
	for _, path := range there {
		if filepath.Base(path) != name {
			os.Remove(path) // best effort: a file that stays behind harms nobody
		}
	}
	return Result{Water: len(sea.Polygons)}, err
}

// box returns where a region is: its boundary's box, else that of its extract.
func (im *Importer) box(ctx context.Context, region string) (osm.Box, error) {
	r, err := im.Catalog.Region(ctx, region)
	if err != nil {
		return osm.Box{}, err
	}
	if len(r.Boundary) > 0 {
		area, err := boundary.Parse(r.Boundary)
		if err != nil {
			return osm.Box{}, fmt.Errorf("boundary of %s: %w", region, err)
		}
		return boundary.Box(area), nil
	}
	b, ok, err := im.Catalog.Base(ctx, region)
	if err != nil {
		return osm.Box{}, err
	}
	if ok && b.Archive == nil {
		base, err := osm.OpenBase(filepath.Join(im.Folder, region, b.File), 0)
		if err != nil {
			return osm.Box{}, err
		}
		if box := base.Header().Bounds; box != (osm.Box{}) {
			return box, base.Close()
		}
		if err := base.Close(); err != nil {
			return osm.Box{}, err
		}
	}
	return osm.Box{}, fmt.Errorf("%w: import an extract of OpenStreetMap with a box into %s first, or create it with --boundary", ErrNoBox, region)
}
