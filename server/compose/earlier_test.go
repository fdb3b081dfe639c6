package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// TestDrawingFails draws a map where it cannot be kept, as on a full disk.
func TestDrawingFails(t *testing.T) {
	c, r := composer(t, "")
	if err := os.MkdirAll(filepath.Join(c.Cache, "mura.drawing", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compose(context.Background(), r, nil); err == nil {
		t.Error("a map was drawn into a folder")
	}
	if err := os.RemoveAll(c.Cache); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c.Progress = func(stage string, _, _ int64) {
		if stage == "tiles" {
			stop()
		}
	}
	if _, err := c.Compose(ctx, r, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v of a draft that was cancelled", err)
	}
}

// TestDamagedEarlierBase damages the earlier base, which only the cache has, where
// opening it shows nothing.
func TestDamagedEarlierBase(t *testing.T) {
	c, r := composer(t, "")
	_, first := compose(t, c, r, nil)
	path := filepath.Join(c.Cache, "mura.base")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	im := &importer{T: t, c: c, file: "x.osm"}
	im.install(func(path string) error {
		was, err := osm.OpenBase(filepath.Join(c.Folder, "mura", "x.osm"), 0)
		if err != nil {
			return err
		}
		defer was.Close()
		_, err = osm.Apply(context.Background(), was, []osm.Change{{Action: osm.DeleteAction, Way: &osm.Way{ID: 9, Meta: osm.Meta{Version: 2}}}}, path, was.Header())
		return err
	})
	afresh := *c
	afresh.Cache = t.TempDir()
	_, want := compose(t, &afresh, r, nil)
	if slices.Equal(want.Entries, first.Entries) {
		t.Fatal("nothing changed")
	}
	for at := 0; at < len(good); at += 7 {
		bad := slices.Clone(good)
		bad[at] ^= 1
		err := errors.Join(os.RemoveAll(c.Cache), os.CopyFS(c.Cache, os.DirFS(afresh.Cache)), os.Remove(path), os.WriteFile(path, bad, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		if _, got := compose(t, c, r, first); !slices.Equal(got.Entries, want.Entries) {
			t.Fatalf("damaged at %d: other cells", at)
		}
	}
}
