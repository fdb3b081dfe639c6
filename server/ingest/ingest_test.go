package ingest

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
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

const village = `<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <bounds minlat="46.5" minlon="16.0" maxlat="46.7" maxlon="16.3"/>
  <node id="1" version="1" timestamp="2020-01-01T00:00:00Z" lat="46.60" lon="16.10"><tag k="amenity" v="cafe"/><tag k="name" v="Kavarna"/></node>
  <node id="2" version="1" timestamp="2020-01-01T00:00:00Z" lat="46.61" lon="16.11"/>
  <node id="3" version="1" timestamp="2020-01-01T00:00:00Z" lat="46.62" lon="16.12"/>
  <way id="9" version="1" timestamp="2020-01-01T00:00:00Z"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
</osm>`

const change = `<osmChange version="0.6"><modify>
  <node id="1" version="2" timestamp="2020-02-01T00:00:00Z" lat="46.60" lon="16.10"><tag k="amenity" v="cafe"/><tag k="name" v="Kavarna pri mlinu"/></node>
</modify></osmChange>`

func importer(t *testing.T) *Importer {
	t.Helper()
	dir, ctx := t.TempDir(), context.Background()
	meta, private := foldertest.Open(t, dir)
	c, err := catalog.Open(ctx, meta, private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateRegion(ctx, catalog.Region{ID: "mura"}); err != nil {
		t.Fatal(err)
	}
	return &Importer{Catalog: c, Folder: filepath.Join(dir, "osm")}
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (im *Importer) node1(t *testing.T) string {
	t.Helper()
	b, ok, err := im.Catalog.Base(context.Background(), "mura")
	if err != nil || !ok {
		t.Fatalf("no base: %v", err)
	}
	base, err := osm.OpenBase(filepath.Join(im.Folder, "mura", b.File), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	n, _, err := base.Node(1)
	if err != nil {
		t.Fatal(err)
	}
	return n.Tags.Get("name")
}

func TestExtractAndChange(t *testing.T) {
	im, ctx := importer(t), context.Background()
	results, err := im.Import(ctx, "mura", []string{file(t, "a.osm", village), file(t, "b.osc", change)}, Options{})
	if err != nil || len(results) != 2 || results[0].Elements != 4 || results[1].Modified != 1 {
		t.Fatalf("Import = %+v, %v", results, err)
	}
	if got := im.node1(t); got != "Kavarna pri mlinu" {
		t.Errorf("node 1 is called %q", got)
	}
	left, err := os.ReadDir(filepath.Join(im.Folder, "mura"))
	if err != nil || len(left) != 1 {
		t.Errorf("files in the region's folder: %v, %v; want one", left, err)
	}
	// The same extract again takes the changes back.
	if _, err := im.Import(ctx, "mura", []string{file(t, "a.osm", village)}, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := im.node1(t); got != "Kavarna" {
		t.Errorf("node 1 is called %q", got)
	}
}

func TestTwoExtractsBecomeOne(t *testing.T) {
	im := importer(t)
	other := strings.ReplaceAll(strings.ReplaceAll(village, `id="1"`, `id="5"`), `id="9"`, `id="8"`)
	results, err := im.Import(context.Background(), "mura", []string{file(t, "a.osm", village), file(t, "b.osm", other)}, Options{})
	if err != nil || len(results) != 1 || results[0].Elements != 6 {
		t.Errorf("Import = %+v, %v; want 6 elements", results, err)
	}
}

func TestChangeWithoutBase(t *testing.T) {
	im, ctx := importer(t), context.Background()
	_, err := im.Import(ctx, "mura", []string{file(t, "b.osc", change)}, Options{})
	if !errors.Is(err, ErrNoBase) {
		t.Errorf("no base: %v, want ErrNoBase", err)
	}
	if _, err := im.Import(ctx, "mura", []string{file(t, "a.osm", village)}, Options{}); err != nil {
		t.Fatal(err)
	}
	foreign := strings.ReplaceAll(change, `id="1"`, `id="777"`)
	if _, err = im.Import(ctx, "mura", []string{file(t, "c.osc", foreign)}, Options{}); !errors.Is(err, ErrNoBase) {
		t.Errorf("another area: %v, want ErrNoBase", err)
	}
	if got := im.node1(t); got != "Kavarna" {
		t.Errorf("node 1 is called %q", got)
	}
}

func TestFollows(t *testing.T) {
	tests := []struct {
		base int64
		name string
		want int64
		err  error
	}{
		{2434, "liechtenstein-002435.osc.gz", 2435, nil},
		{2434, "liechtenstein-002434.osc.gz", 2434, nil}, // known already
		{2434, "liechtenstein-002436.osc.gz", 0, ErrNoBase},
		{2434, "liechtenstein-002999.osc.gz", 0, ErrNoBase},
		{2434, "003009.osc", 3009, ErrNoBase},
		{2434, "changes.osc.gz", 0, nil},
		{0, "liechtenstein-002436.osc.gz", 0, nil},
	}
	for _, test := range tests {
		got, err := follows(osm.Header{Sequence: test.base}, test.name)
		if !errors.Is(err, test.err) || err == nil && got != test.want {
			t.Errorf("follows(%d, %s) = %d, %v; want %d, %v", test.base, test.name, got, err, test.want, test.err)
		}
	}
}

func TestFeatures(t *testing.T) {
	im, ctx := importer(t), context.Background()
	places := file(t, "My Places.geojson", `{"type":"FeatureCollection","features":[
		{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[16.1,46.6]},"properties":{"name":"Mlin","tourism":"museum"}},
		{"type":"Feature","id":"osm/node/1","geometry":null,"properties":{"opening_hours":"24/7"}}]}`)
	results, err := im.Import(ctx, "mura", []string{places}, Options{Provider: "Town office"})
	if err != nil || results[0].New != 2 {
		t.Fatalf("Import = %+v, %v", results, err)
	}
	var got []string
	err = im.Catalog.Features(ctx, "mura", func(g catalog.Given) error {
		got = append(got, g.Source+" "+g.Feature.ID+" "+g.Feature.Provenance.Provider)
		return nil
	})
	if want := []string{"my-places my-places/a Town office", "my-places osm/node/1 Town office"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("features %q, %v; want %q", got, err, want)
	}
	bad := file(t, "bad.geojson", `{"type":"Feature","id":"osm/node/1","geometry":null,"properties":{"contact":{"website":"javascript:alert(1)"}}}`)
	if _, err := im.Import(ctx, "mura", []string{bad}, Options{}); !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), bad) {
		t.Errorf("bad amendment: %v, want ErrInvalid and the file's name", err)
	}
	if _, err := im.Import(ctx, "mura", []string{places}, Options{Source: "osm"}); err == nil {
		t.Error("source osm: no error")
	}
}

func TestSourceName(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b/My Places (2).geojson.gz": "my-places-2", "tour.GPX": "tour", "žž.json": "import", "x.y.json": "x-y",
	} {
		if got := SourceName(in); got != want {
			t.Errorf("SourceName(%q) = %q, want %q", in, got, want)
		}
	}
}

// Providers' files of any kind are imported. Of one with bad objects the others
// are, and the bad ones told with their places; or it is refused, if so asked.
func TestProviderFiles(t *testing.T) {
	im, ctx := importer(t), context.Background()
	for name, content := range map[string]string{
		"places.csv": "Naziv;Širina;Dolžina\nMlin;46,60;16,10\nVrt;46,61;16,11\n",
		"trail.kml":  "<kml><Placemark><name>Pot</name><LineString><coordinates>16.1,46.6 16.2,46.6</coordinates></LineString></Placemark></kml>",
		"page.html":  `<html><script type="application/ld+json">{"@type":"Museum","name":"Muzej","geo":{"latitude":46.6,"longitude":16.1}}</script></html>`,
	} {
		results, err := im.Import(ctx, "mura", []string{file(t, name, content)}, Options{})
		if err != nil || results[0].New == 0 {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
		again, err := im.Import(ctx, "mura", []string{file(t, name, content)}, Options{})
		if err != nil || again[0].New+again[0].Changed > 0 || again[0].Unchanged != results[0].New {
			t.Errorf("%s again: %+v, %v", name, again, err)
		}
	}
	bad := file(t, "bad.csv", "Naziv;Širina;Dolžina\nMlin;46,60;16,10\nVrt;146,61;16,11\nDvor;;\n")
	_, err := im.Import(ctx, "mura", []string{bad}, Options{Strict: true})
	if want := `line 3, "Vrt": latitude 146.61 is outside -90..90: latitude and longitude look swapped; and 1 more: nothing of the file was imported`; !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("bad rows: %v, want %s", err, want)
	}
	results, err := im.Import(ctx, "mura", []string{bad}, Options{})
	if err != nil || results[0].New != 1 || len(results[0].Rejected) != 2 || results[0].Rejected[1].Line != 4 {
		t.Errorf("bad rows: %+v, %v", results, err)
	}
	bad = file(t, "worse.csv", "Naziv;Širina;Dolžina\nVrt;146,61;16,11\nDvor;;\n")
	if _, err := im.Import(ctx, "mura", []string{bad}, Options{}); !errors.Is(err, feature.ErrInvalid) {
		t.Errorf("bad rows alone: %v", err)
	}
}
