package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestImportsWhileComposing makes drafts while imports put an archive in the place
// of the base, and a base in that of the archive: each draft has the one or the
// other, whole.
func TestImportsWhileComposing(t *testing.T) {
	c, r := composer(t, "")
	ctx := context.Background()
	folder := filepath.Join(c.Folder, "mura")
	osm, err := os.ReadFile(filepath.Join(folder, "x.osm"))
	if err != nil {
		t.Fatal(err)
	}
	anArchive(t, c, "x.osm", "y.pmtiles", map[cell.ID]string{cell.World: "\x1a"})
	tiles, err := os.ReadFile(filepath.Join(folder, "y.pmtiles"))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var imports sync.WaitGroup
	imports.Go(func() {
		was := "y.pmtiles"
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			next, data := catalog.Base{File: "x.osm"}, osm
			if n%2 == 1 {
				next, data = catalog.Base{File: "y.pmtiles", Archive: &catalog.Archive{}}, tiles
			}
			made := filepath.Join(folder, "made")
			err := errors.Join(os.WriteFile(made, data, 0o600), os.Rename(made, filepath.Join(folder, next.File)),
				c.Catalog.SetBase(ctx, "mura", was, next), os.Remove(filepath.Join(folder, was)))
			if err != nil {
				t.Error(err)
				return
			}
			was = next.File
		}
	})
	for range 30 {
		d, err := c.Compose(ctx, r, nil)
		if err != nil {
			t.Error(err)
			break
		}
		if (d.archive != nil) != (d.tiles == nil) {
			t.Errorf("a draft of archive %t, drawn map %t", d.archive != nil, d.tiles != nil)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	imports.Wait()
}
