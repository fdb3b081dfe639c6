package compose

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// anArchive makes tiles the region's map. Their bytes are not looked at.
func anArchive(t *testing.T, c *Composer, was, name string, tiles map[cell.ID]string) {
	t.Helper()
	m := archive.Metadata{Name: "Ready", MaxZoom: 14, Bounds: [4]int32{160000000, 465000000, 163000000, 467000000},
		VectorLayers: json.RawMessage(`[{"id":"water","fields":{"name":"String"}}]`)}
	err := pmtiles.WriteFile(filepath.Join(c.Folder, "mura", name), &m, func(yield func(archive.Tile, error) bool) {
		for id, data := range tiles {
			if !yield(archive.Tile{ID: id, Data: []byte(data)}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	next := catalog.Base{File: name, Archive: &catalog.Archive{Licence: "CC0-1.0", Attribution: "The angler"}}
	if err := c.Catalog.SetBase(context.Background(), "mura", was, next); err != nil {
		t.Fatal(err)
	}
}

// mapped composes and returns the map's tiles and the items of the assets cell.
func mapped(t *testing.T, c *Composer, r catalog.Region, last *manifest.Manifest) (*Draft, map[cell.ID]string, map[string]string) {
	t.Helper()
	d, err := c.Compose(context.Background(), r, last)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tiles, assets := make(map[cell.ID]string), make(map[string]string)
	err = d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		for item, err := range cell.Items(raw) {
			if err != nil {
				return err
			}
			switch key.Layer {
			case cell.Assets:
				assets[string(item.Key)] = string(item.Value)
			case cell.Tiles:
				id, err := cell.TileOfKey(item.Key)
				if err != nil {
					return err
				}
				if cell.OfTile(id) != key.ID {
					t.Errorf("tile %s lies in cell %s", id, key.ID)
				}
				tiles[id] = string(item.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, tiles, assets
}

func TestArchive(t *testing.T) {
	c, r := composer(t, "")
	in := cell.At(cell.Point{LonE7: 161000000, LatE7: 466000000}, 14)
	far := cell.At(cell.Point{LonE7: 101000000, LatE7: 466000000}, 14)
	all := map[cell.ID]string{cell.World: "world", in: "in", in.Ancestor(9): "above", far: "far"}
	anArchive(t, c, "x.osm", "a.pmtiles", all)
	give(t, c, "town", museum("town/1", 161000000))

	d, tiles, assets := mapped(t, c, r, nil)
	if len(tiles) != len(all) || tiles[in] != "in" || tiles[far] != "far" {
		t.Errorf("tiles %v, want %v", tiles, all)
	}
	meta := d.Content.Meta
	if meta.TileFormat != "mvt" || meta.AsOf != "" || meta.Bounds != [4]int32{160000000, 465000000, 163000000, 467000000} || d.POIs != 1 {
		t.Errorf("meta %+v, %d places", meta, d.POIs)
	}
	if want := []manifest.Licence{{ID: "CC0-1.0", Attribution: "The angler"}, {ID: "CC0-1.0", Attribution: "Town"}}; !slices.Equal(meta.Licences, want) {
		t.Errorf("licences %v, want %v", meta.Licences, want)
	}
	want := `{"maxzoom":14,"minzoom":0,"name":"Ready","type":"baselayer","vector_layers":[{"fields":{"name":"String"},"id":"water","maxzoom":29,"minzoom":0}]}`
	if got := assets[archive.BasemapItem]; got != want || len(assets) != 1 {
		t.Errorf("assets %q, want %s", assets, want)
	}

	// Inside a boundary only what touches it; another boundary is another map.
	bounded := r
	bounded.Boundary = []byte(`{"type":"Polygon","coordinates":[[[16,46.5],[16.3,46.5],[16.3,46.7],[16,46.7],[16,46.5]]]}`)
	b, tiles, _ := mapped(t, c, bounded, nil)
	if len(tiles) != 3 || tiles[far] != "" || tiles[cell.World] != "world" || b.Fingerprint == d.Fingerprint {
		t.Errorf("tiles inside %v", tiles)
	}

	// Equal tiles are not looked at again; OpenStreetMap draws anew.
	m := &manifest.Manifest{Meta: meta}
	if err := c.Remember(context.Background(), "mura", d, m); err != nil {
		t.Fatal(err)
	}
	anArchive(t, c, "a.pmtiles", "b.pmtiles", map[cell.ID]string{in: "other"})
	if d2, tiles, _ := mapped(t, c, r, m); len(tiles) != 1 || d2.Fingerprint == d.Fingerprint {
		t.Errorf("another archive: tiles %v", tiles)
	}
	if err := c.Catalog.SetBase(context.Background(), "mura", "b.pmtiles", catalog.Base{File: "x.osm"}); err != nil {
		t.Fatal(err)
	}
	if d3, tiles, assets := mapped(t, c, r, m); len(assets) != 0 || tiles[in] == "other" || len(tiles) == 0 || !slices.Contains(d3.Content.Meta.Licences, osmLicence) {
		t.Errorf("OpenStreetMap again: %d tiles, assets %v, licences %v", len(tiles), assets, d3.Content.Meta.Licences)
	}
}

// TestKeptArchive publishes the same archive again: its cells stay.
func TestKeptArchive(t *testing.T) {
	c, r := composer(t, "")
	anArchive(t, c, "x.osm", "a.pmtiles", map[cell.ID]string{cell.World: "world"})
	d, tiles, _ := mapped(t, c, r, nil)
	m := &manifest.Manifest{Meta: d.Content.Meta, Entries: []manifest.Entry{{Key: cell.Key{Layer: cell.Tiles, ID: cell.World}, Raw: 15}}}
	if err := c.Remember(context.Background(), "mura", d, m); err != nil || len(tiles) != 1 {
		t.Fatal(err, tiles)
	}
	again, tiles, assets := mapped(t, c, r, m)
	if len(tiles) != 0 || len(assets) != 1 || !slices.Contains(again.Content.Kept, m.Entries[0]) {
		t.Errorf("tiles %v, assets %v, kept %v", tiles, assets, again.Content.Kept)
	}
}

func TestCrowdedCell(t *testing.T) {
	c, r := composer(t, "")
	tiles := make(map[cell.ID]string)
	for x := range uint32(5) {
		tiles[cell.New(3, x, 0)] = strings.Repeat("x", 100)
	}
	anArchive(t, c, "x.osm", "a.pmtiles", tiles)
	d, err := c.Compose(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.archive.limit = 500
	err = d.Content.Cells(context.Background(), func(cell.Key, []byte) error { return nil })
	if !errors.Is(err, ErrCrowded) || !strings.Contains(err.Error(), "cell 0/0/0") {
		t.Errorf("%v, want ErrCrowded", err)
	}
}
