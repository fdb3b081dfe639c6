package ingest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
	"github.com/pannier-maps/pannier/tiles/water"
)

// TestImportsAtOnce lets many imports bring the same and other files into a region:
// whichever is the last, the files that the region has then are there.
func TestImportsAtOnce(t *testing.T) {
	im, ctx := importer(t), context.Background()
	first := file(t, "cove.osm", cove)
	if _, err := im.Import(ctx, "mura", []string{first}, Options{}); err != nil {
		t.Fatal(err)
	}
	files := []string{first, file(t, "other.osm", strings.Replace(cove, `id="1"`, `id="2"`, 1))}
	for _, corner := range []int32{160, 162} {
		shapes := shapetest.Shapes([][][]cell.Point{lake(corner, 461)}, shapetest.Degrees)
		files = append(files, shapetest.Files(t, t.TempDir(), "water_polygons", shapes, shapetest.Degrees))
	}
	for range 5 {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { im.Import(ctx, "mura", []string{files[i%len(files)]}, Options{}) }) // one may lose to another
		}
		wg.Wait()
		b, _, err := im.Catalog.Base(ctx, "mura")
		if err != nil {
			t.Fatal(err)
		}
		openBase(t, filepath.Join(im.Folder, "mura", b.File))
		w, _, err := im.Catalog.Water(ctx, "mura")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := water.Open(filepath.Join(im.Folder, "mura", w.File)); err != nil {
			t.Fatal(err)
		}
		if there, err := os.ReadDir(filepath.Join(im.Folder, "mura")); err != nil || len(there) != 2 {
			t.Errorf("in the folder: %v, %v", there, err)
		}
	}
}

// TestChangesOfAnotherBase installs changes to map data that another import has
// replaced meanwhile.
func TestChangesOfAnotherBase(t *testing.T) {
	im, ctx := importer(t), context.Background()
	if _, err := im.Import(ctx, "mura", []string{file(t, "cove.osm", cove)}, Options{}); err != nil {
		t.Fatal(err)
	}
	b, _, err := im.Catalog.Base(ctx, "mura")
	if err != nil {
		t.Fatal(err)
	}
	for _, extract := range []string{cove, village} {
		path, err := im.temp("mura", "changed")
		if err == nil {
			err = im.collect(ctx, file(t, "changed.osm", extract), path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := im.install(ctx, "mura", path, nil, "another.osm"); err == nil || !strings.Contains(err.Error(), "run it again") {
			t.Errorf("changes of another base: %v", err)
		}
		now, _, err := im.Catalog.Base(ctx, "mura")
		if err != nil || now.File != b.File {
			t.Errorf("the base is %s, %v; want %s", now.File, err, b.File)
		}
		if there, err := os.ReadDir(filepath.Join(im.Folder, "mura")); err != nil || len(there) != 1 || there[0].Name() != b.File {
			t.Errorf("in the folder: %v, %v", there, err)
		}
	}
}
