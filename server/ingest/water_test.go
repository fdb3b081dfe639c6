package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
	"github.com/pannier-maps/pannier/tiles/water"
)

const cove = `<osm version="0.6"><bounds minlat="46" minlon="16" maxlat="46.2" maxlon="16.3"/><node id="1" lat="46.1" lon="16.1"/></osm>`

// lake is a square polygon with its south-western corner there, in tenths of degrees.
func lake(x, y int32) [][]cell.Point {
	p := func(dx, dy int32) cell.Point { return cell.Point{LonE7: (x + dx) * 1e6, LatE7: (y + dy) * 1e6} }
	return [][]cell.Point{{p(0, 0), p(2, 0), p(2, 2), p(0, 2), p(0, 0)}}
}

func TestWater(t *testing.T) {
	im, ctx := importer(t), context.Background()
	folder := filepath.Join(im.Folder, "mura")
	shapes := shapetest.Shapes([][][]cell.Point{lake(160, 460), lake(0, 0), lake(162, 461)}, shapetest.Degrees)
	shipped := shapetest.Zip(t, t.TempDir(), "water_polygons", shapes, shapetest.Degrees)
	if _, err := im.Import(ctx, "mura", []string{shipped}, Options{}); !errors.Is(err, ErrNoBox) {
		t.Errorf("without an extract: %v", err)
	}
	results, err := im.Import(ctx, "mura", []string{file(t, "cove.osm", cove), shipped}, Options{})
	if err != nil || len(results) != 2 || results[1].Water != 2 || results[1].Kind != source.Shapefile {
		t.Fatalf("%+v, %v", results, err)
	}
	first, ok, err := im.Catalog.Water(ctx, "mura")
	if err != nil || !ok || first.Source != "water_polygons.zip" || first.Box != [4]int32{160000000, 460000000, 163000000, 462000000} {
		t.Fatalf("%+v, %v", first, err)
	}
	sea, err := water.Open(filepath.Join(folder, first.File))
	if err != nil || len(sea.Polygons) != 2 {
		t.Fatalf("%+v, %v", sea, err)
	}
	// The same polygons, unpacked, in another order and projection, are the same file;
	// others take their place.
	same := shapetest.Shapes([][][]cell.Point{lake(162, 461), lake(160, 460)}, shapetest.Mercator)
	other := shapetest.Shapes([][][]cell.Point{lake(160, 460)}, shapetest.Mercator)
	for _, shapes := range [][]byte{same, other} {
		if _, err := im.Import(ctx, "mura", []string{shapetest.Files(t, t.TempDir(), "simplified_water_polygons", shapes, shapetest.Mercator)}, Options{}); err != nil {
			t.Fatal(err)
		}
		now, _, err := im.Catalog.Water(ctx, "mura")
		if err != nil || now.Source != "simplified_water_polygons.shp" || (now.File == first.File) != (&shapes[0] == &same[0]) {
			t.Errorf("%+v, %v", now, err)
		}
		files, err := filepath.Glob(filepath.Join(folder, "*"+water.Ending))
		if err != nil || len(files) != 1 || filepath.Base(files[0]) != now.File {
			t.Errorf("files %v, %v", files, err)
		}
	}
}

func TestBadWater(t *testing.T) {
	im, ctx := importer(t), context.Background()
	if _, err := im.Import(ctx, "mura", []string{file(t, "cove.osm", cove)}, Options{}); err != nil {
		t.Fatal(err)
	}
	sound := shapetest.Shapes([][][]cell.Point{lake(160, 460)}, shapetest.Degrees)
	for _, c := range []struct {
		path string
		want error
		says string
	}{
		{shapetest.Zip(t, t.TempDir(), "land_polygons", sound, shapetest.Degrees), ErrNotWater, "land_polygons.shp"},
		{shapetest.Zip(t, t.TempDir(), "water_polygons", shapetest.Shapes([][][]cell.Point{lake(0, 0)}, shapetest.Degrees), shapetest.Degrees), water.ErrNone, "water_polygons.zip"},
		{shapetest.Files(t, t.TempDir(), "water_polygons", sound[:len(sound)-2], shapetest.Degrees), shapefile.ErrInvalid, "cut off"},
	} {
		if _, err := im.Import(ctx, "mura", []string{c.path}, Options{}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := im.Import(gone, "mura", []string{shapetest.Files(t, t.TempDir(), "water_polygons", sound, shapetest.Degrees)}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if _, ok, err := im.Catalog.Water(ctx, "mura"); ok || err != nil {
		t.Errorf("bad files left something: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(im.Folder, "mura"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
