package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store/foldertest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// village is a café, a well and a lane, in an extract whose box leaves the well out.
func village(t *testing.T, path string) {
	t.Helper()
	place := func(id int64, lon, lat int32, tags ...osm.Tag) osm.Node {
		return osm.Node{ID: id, Point: cell.Point{LonE7: lon, LatE7: lat}, Tags: osm.SortTags(tags), Meta: osm.Meta{Version: 1, Timestamp: 1577836800}}
	}
	header := osm.Header{
		Bounds:    osm.Box{Min: cell.Point{LonE7: 160000000, LatE7: 465000000}, Max: cell.Point{LonE7: 163000000, LatE7: 467000000}},
		Timestamp: 1577836800,
	}
	err := osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		err := h.Header(header)
		return errors.Join(err, h.Nodes([]osm.Node{
			place(1, 161000000, 466000000, osm.Tag{Key: "amenity", Value: "cafe"}, osm.Tag{Key: "name", Value: "Kavarna"}),
			place(2, 169000000, 466000000, osm.Tag{Key: "amenity", Value: "drinking_water"}),
			place(3, 161100000, 466100000), place(4, 161200000, 466200000),
		}), h.Ways([]osm.Way{{ID: 9, Nodes: []int64{3, 4}, Tags: osm.Tags{{Key: "highway", Value: "residential"}}}}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func composer(t *testing.T, boundary string) (*Composer, catalog.Region) {
	t.Helper()
	dir, ctx := t.TempDir(), context.Background()
	meta, private := foldertest.Open(t, dir)
	c, err := catalog.Open(ctx, meta, private)
	if err != nil {
		t.Fatal(err)
	}
	r := catalog.Region{ID: "mura", Languages: []string{"sl"}}
	if boundary != "" {
		r.Boundary = []byte(boundary)
	}
	if r, err = c.CreateRegion(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "osm", "mura"), 0o700); err != nil {
		t.Fatal(err)
	}
	village(t, filepath.Join(dir, "osm", "mura", "x.osm"))
	if err := c.SetBase(ctx, "mura", "", catalog.Base{File: "x.osm"}); err != nil {
		t.Fatal(err)
	}
	return &Composer{Catalog: c, Folder: filepath.Join(dir, "osm"), Cache: filepath.Join(dir, "cache"), TempDir: dir}, r
}

func give(t *testing.T, c *Composer, source string, features ...feature.Feature) {
	t.Helper()
	if _, err := c.Catalog.ImportFeatures(context.Background(), "mura", catalog.Source{Name: source}, features); err != nil {
		t.Fatal(err)
	}
}

func museum(id string, lon int32) feature.Feature {
	return feature.Feature{
		ID: id, Kind: feature.POI, Collection: "town", Category: "culture.museum", Geometry: feature.At(cell.Point{LonE7: lon, LatE7: 466000000}),
		Names:      map[string]string{feature.Und: "Muzej"},
		Provenance: feature.Provenance{Provider: "Town", SourceID: id, Licence: "CC0-1.0", Attribution: "Town"},
	}
}

// draw composes and returns the features by id and the cells by layer.
func draw(t *testing.T, c *Composer, r catalog.Region, last *manifest.Manifest) (*Draft, map[string]*feature.Feature, map[cell.Layer]int) {
	t.Helper()
	d, err := c.Compose(context.Background(), r, last)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	features, layers := make(map[string]*feature.Feature), make(map[cell.Layer]int)
	err = d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		layers[key.Layer]++
		if key.Layer != cell.Features {
			return nil
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				return err
			}
			f, err := feature.Parse(item.Value)
			if err != nil {
				return err
			}
			if f.Cell() != key.ID {
				t.Errorf("%s lies in cell %s, want %s", f.ID, key.ID, f.Cell())
			}
			features[f.ID] = f
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, features, layers
}

func TestCompose(t *testing.T) {
	c, r := composer(t, "")
	give(t, c, "town", museum("town/1", 161500000), museum("town/far", 175000000))
	give(t, c, "hours",
		feature.Feature{ID: "osm/node/1", OpeningHours: "24/7", Provenance: feature.Provenance{Provider: "Town"}},
		feature.Feature{ID: "osm/node/404", OpeningHours: "24/7", Provenance: feature.Provenance{Provider: "Town"}})
	d, features, layers := draw(t, c, r, nil)
	if f := features["osm/node/1"]; f == nil || f.OpeningHours != "24/7" || f.Provenance.AmendedBy != "Town" || f.Names[feature.Und] != "Kavarna" {
		t.Errorf("the café is %+v", f)
	}
	if features["osm/node/2"] != nil {
		t.Error("the well outside the extract's box is there")
	}
	if features["town/1"] == nil || features["town/far"] == nil {
		t.Error("a provider's museum is missing")
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "osm/node/404") {
		t.Errorf("warnings %q, want one about osm/node/404", d.Warnings)
	}
	if layers[cell.Tiles] == 0 {
		t.Error("no tiles")
	}
	meta := d.Content.Meta
	if meta.AsOf != "2020-01-01T00:00:00Z" || meta.Bounds != [4]int32{160000000, 465000000, 163000000, 467000000} || len(meta.Licences) != 2 {
		t.Errorf("region facts %+v", meta)
	}
}

func TestAmendmentThatChangesNothingLeavesNoTrace(t *testing.T) {
	c, r := composer(t, "")
	give(t, c, "same", feature.Feature{ID: "osm/node/1", Names: map[string]string{feature.Und: "Kavarna"}, Provenance: feature.Provenance{Provider: "Town"}})
	if _, features, _ := draw(t, c, r, nil); features["osm/node/1"].Provenance.AmendedBy != "" {
		t.Errorf("the café is amended by %q", features["osm/node/1"].Provenance.AmendedBy)
	}
}

func TestBoundary(t *testing.T) {
	c, r := composer(t, `{"type":"Polygon","coordinates":[[[16.05,46.5],[16.3,46.5],[16.3,46.7],[16.05,46.7],[16.05,46.5]]]}`)
	give(t, c, "town", museum("town/1", 161500000), museum("town/far", 175000000))
	d, features, _ := draw(t, c, r, nil)
	if features["town/1"] == nil || features["town/far"] != nil || features["osm/node/1"] == nil {
		t.Errorf("features inside the boundary: %d", len(features))
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "town/far") {
		t.Errorf("warnings %q, want one about town/far", d.Warnings)
	}
}

// published turns what a draft holds into the manifest of a version.
func published(t *testing.T, c *Composer, d *Draft) *manifest.Manifest {
	t.Helper()
	m := &manifest.Manifest{Entries: slices.Clone(d.Content.Kept)}
	err := d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		m.Entries = append(m.Entries, manifest.Entry{Key: key, Hash: blob.Sum(raw), Raw: uint32(len(raw)), Stored: 1})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(m.Entries, func(a, b manifest.Entry) int { return a.Key.Compare(b.Key) })
	if err := c.Remember(context.Background(), "mura", d, m); err != nil {
		t.Fatal(err)
	}
	return m
}

func compose(t *testing.T, c *Composer, r catalog.Region, last *manifest.Manifest) (*Draft, *manifest.Manifest) {
	t.Helper()
	d, err := c.Compose(context.Background(), r, last)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	return d, published(t, c, d)
}

// TestOnlyWhatChangedIsMade goes through edits and compares each version, made
// from the one before, with one made afresh.
func TestOnlyWhatChangedIsMade(t *testing.T) {
	c, r := composer(t, "")
	_, last := compose(t, c, r, nil)
	hours := func(value string) feature.Feature {
		return feature.Feature{ID: "osm/node/1", OpeningHours: value, Provenance: feature.Provenance{Provider: "Town"}}
	}
	moved := hours("24/7")
	moved.Geometry = feature.At(cell.Point{LonE7: 162500000, LatE7: 466500000})
	edits := []struct {
		source  string
		feature feature.Feature
	}{
		{"town", museum("town/1", 162000000)},
		{"hours", hours("24/7")},
		{"hours", hours("24/7")}, // the same again: made, and found to be the same
		{"later", moved},         // out of one cell, into another
		{"town", museum("town/1", 161500000)},
	}
	for i, e := range edits {
		give(t, c, e.source, e.feature)
		d, m := compose(t, c, r, last)
		afresh := *c
		afresh.Rebuild = true
		full, want := compose(t, &afresh, r, nil)
		if !slices.Equal(m.Entries, want.Entries) || d.POIs != full.POIs {
			t.Fatalf("edit %d: %d cells, %d places from the version before; %d and %d afresh", i, len(m.Entries), d.POIs, len(want.Entries), full.POIs)
		}
		for _, k := range d.Content.Kept {
			if k.Key.Layer == cell.Tiles {
				continue
			}
			if e, ok := last.Find(k.Key); !ok || e != k {
				t.Errorf("edit %d: kept %s, which the version before does not have", i, k.Key)
			}
		}
		last = m
	}
}

func TestUnchangedMapIsNotDrawnAgain(t *testing.T) {
	c, r := composer(t, "")
	_, last := compose(t, c, r, nil)
	if d, _, layers := draw(t, c, r, last); len(d.Content.Kept) != len(last.Entries) || len(layers) != 0 {
		t.Errorf("kept %d of %d cells, made %v", len(d.Content.Kept), len(last.Entries), layers)
	}
	other := &manifest.Manifest{}
	if _, _, layers := draw(t, c, r, other); layers[cell.Tiles] == 0 {
		t.Error("the version before has no tiles, but none were made")
	}
	c.Rebuild = true
	if _, _, layers := draw(t, c, r, last); layers[cell.Tiles] == 0 {
		t.Error("asked to draw again, but no tiles came")
	}
}

// TestTornShelf damages the shelf: it is made again, or the damage is told.
func TestTornShelf(t *testing.T) {
	c, r := composer(t, "")
	_, want := compose(t, c, r, nil)
	path := filepath.Join(c.Cache, "mura.shelf")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(good); n += 1 + len(good)/40 {
		if err := os.WriteFile(path, good[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, m := compose(t, c, r, nil); !slices.Equal(m.Entries, want.Entries) {
			t.Fatalf("shelf cut at %d: other cells", n)
		}
	}
}

func TestOwnCategories(t *testing.T) {
	c, r := composer(t, "")
	own := catalog.Category{ID: "food.x_vinotoc", Icon: "temaki/grapes", Labels: map[string]string{"sl": "Vinotoč", "de": "Buschenschank"}}
	if err := c.Catalog.SetCategory(context.Background(), r.ID, catalog.Stamp{By: "user/a"}, own); err != nil {
		t.Fatal(err)
	}
	d, err := c.Compose(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var got string
	err = d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		if key == (cell.Key{Layer: cell.Assets, ID: cell.World}) {
			for item, err := range cell.Items(raw) {
				if err != nil {
					return err
				}
				got += string(item.Key) + " " + string(item.Value)
			}
		}
		return nil
	})
	want := `categories [{"icon":"temaki/grapes","id":"food.x_vinotoc","labels":{"de":"Buschenschank","sl":"Vinotoč"}}]`
	if err != nil || got != want {
		t.Errorf("assets of the world: %s, %v, want %s", got, err, want)
	}
}

// TestOverNotices checks that a notice goes when its last day is over.
func TestOverNotices(t *testing.T) {
	c, r := composer(t, "")
	notice := func(id, until string) feature.Feature {
		f := museum(id, 161500000)
		f.Kind, f.Category, f.Valid = feature.Notice, "notice.closure", &feature.Period{Until: until}
		return f
	}
	give(t, c, "museums", notice("museums/1", "2020-05-31"), notice("museums/2", "2999-12-31"))
	d, features, _ := draw(t, c, r, nil)
	if features["museums/1"] != nil || features["museums/2"] == nil {
		t.Errorf("features %v", features)
	}
	if d.Notices != 1 || len(d.Warnings) != 1 || d.Warnings[0] != "museums/1 ended on 2020-05-31 and is left out" {
		t.Errorf("%d notices, warnings %q", d.Notices, d.Warnings)
	}
}
