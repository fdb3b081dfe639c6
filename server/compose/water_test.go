package compose

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/water"
)

// flood gives a region water polygons for a box: all of it is sea.
func flood(t *testing.T, c *Composer, box osm.Box) {
	t.Helper()
	corner := func(lon, lat int32) cell.Point { return cell.Point{LonE7: lon, LatE7: lat} }
	sea := water.Sea{Box: box, Polygons: [][][]cell.Point{{{
		box.Min, corner(box.Max.LonE7, box.Min.LatE7), box.Max, corner(box.Min.LonE7, box.Max.LatE7), box.Min,
	}}}}
	made := filepath.Join(c.Folder, "mura", "made")
	name, err := sea.Write(made)
	if err == nil {
		err = os.Rename(made, filepath.Join(c.Folder, "mura", name))
	}
	if err == nil {
		err = c.Catalog.SetWater(context.Background(), "mura", catalog.Water{
			File: name, Source: "water.zip", Box: [4]int32{box.Min.LonE7, box.Min.LatE7, box.Max.LonE7, box.Max.LatE7},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// drawsOcean reports whether a region's map has a layer of the sea.
func drawsOcean(t *testing.T, c *Composer, r catalog.Region) (is bool) {
	t.Helper()
	d, err := c.Compose(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		is = is || key.Layer == cell.Tiles && strings.Contains(string(raw), "ocean")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// TestWater: ready polygons of the sea are drawn in place of the coastline, unless they
// are of a smaller region.
func TestWater(t *testing.T) {
	c, r := composer(t, "")
	dry, m := compose(t, c, r, nil)
	box := osm.Box{Min: cell.Point{LonE7: 160000000, LatE7: 465000000}, Max: cell.Point{LonE7: 163000000, LatE7: 467000000}}
	small := box
	small.Max.LonE7--
	flood(t, c, small)
	d, m := compose(t, c, r, m)
	if d.Fingerprint != dry.Fingerprint || len(d.Warnings) != 1 || !strings.HasPrefix(d.Warnings[0], "sea: water.zip was imported for a smaller region") {
		t.Errorf("a smaller sea: %q", d.Warnings)
	}
	if drawsOcean(t, c, r) {
		t.Error("there is a sea without any water")
	}
	flood(t, c, box)
	d, wet := compose(t, c, r, m)
	if d.Fingerprint == dry.Fingerprint || len(d.Warnings) != 0 {
		t.Errorf("warnings %q", d.Warnings)
	}
	if !drawsOcean(t, c, r) {
		t.Error("there is no sea")
	}
	again, _ := compose(t, c, r, wet)
	if again.Fingerprint != d.Fingerprint {
		t.Error("unchanged, it is drawn again")
	}
	w, _, err := c.Catalog.Water(context.Background(), "mura")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Folder, "mura", w.File), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Rebuild = true
	if _, err := c.Compose(context.Background(), r, wet); err == nil || !strings.Contains(err.Error(), w.File) {
		t.Errorf("a damaged file: %v", err)
	}
}
