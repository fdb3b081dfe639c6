package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// desk is a computer with an empty data folder, and a server with one region.
type desk struct {
	t       *testing.T
	dir     string
	objects *sitetest.Objects
	server  *httptest.Server
	publish func(offlinetest.Content)
}

func newDesk(t *testing.T) *desk {
	t.Setenv("LC_ALL", "de_AT.UTF-8")
	t.Setenv("LANGUAGE", "")
	d := &desk{t: t, dir: filepath.Join(t.TempDir(), "my data"), objects: sitetest.NewObjects()}
	ledger := sitetest.NewLedger(t, "drava")
	publisher := &publish.Publisher{Objects: d.objects, Ledger: ledger}
	d.publish = func(c offlinetest.Content) {
		t.Helper()
		content := sitetest.Content(c.Cells(t))
		content.Meta.Region, content.Meta.Name = "drava", "Drava"
		content.Meta.Licences = []manifest.Licence{{ID: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"}}
		if _, err := publisher.Publish(context.Background(), ledger.Region, content, publish.Note{Message: "m"}); err != nil {
			t.Fatal(err)
		}
	}
	d.server = httptest.NewServer(d.objects)
	t.Cleanup(d.server.Close)
	return d
}

// run runs a command and returns what it wrote.
func (d *desk) run(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	err = run(context.Background(), append(args, "--dir", d.dir), strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), err
}

// must runs a command that has to succeed.
func (d *desk) must(args ...string) string {
	d.t.Helper()
	out, errs, err := d.run(args...)
	if err != nil {
		d.t.Fatalf("pannier %q: %v\n%s", args, err, errs)
	}
	return out
}

// object runs a command with --json and returns the object it writes.
func (d *desk) object(args ...string) map[string]any {
	d.t.Helper()
	out := d.must(append(args, "--json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		d.t.Fatalf("pannier %q wrote %q: %v", args, out, err)
	}
	return v
}

func content() offlinetest.Content {
	inn := offlinetest.POI("osm/node/1", "food.restaurant", 15.6459, 46.5547, "und", "Gostilna pri Đurđici", "de", "Gasthof Georgine")
	inn.OpeningHours = "Mo-Fr 10:00-22:00"
	inn.Address = &feature.Address{Street: "Glavni trg", Number: "3", Postcode: "2000", Place: "Maribor", Country: "SI"}
	inn.Contact = &feature.Contact{Phone: "+386 2 000 00 00", Website: "https://example.org/"}
	inn.Details = map[string]string{"wheelchair": "yes"}
	return offlinetest.Content{
		Features: []*feature.Feature{
			inn,
			offlinetest.POI("osm/node/2", "food.cafe", 15.6480, 46.5580, "und", "Čaj in Žganje"),
			offlinetest.POI("osm/node/3", "food.cafe", 18.4241, -33.9249, "und", "Kaapse Koffie"),
		},
		Tiles: map[cell.ID][]byte{
			cell.World:               []byte("the whole world"),
			cell.New(14, 8904, 5779): []byte("a small tile"),
		},
	}
}

func TestJourney(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	if out := d.must("regions", "--server", d.server.URL); !strings.HasPrefix(out, "drava ") {
		t.Errorf("regions: %q", out)
	}
	first := d.object("pull", "drava", "--server", d.server.URL)
	if first["region"] != "drava" || first["version"] != 1.0 || first["cells"].(float64) < 3 || first["bytes_received"].(float64) == 0 || first["requests"].(float64) == 0 {
		t.Errorf("pull: %v", first)
	}
	next := content()
	next.Features[1].OpeningHours = "24/7"
	d.publish(next)
	second := d.object("update")
	if second["version"] != 2.0 || second["manifest"] == first["manifest"] || second["cells"] != first["cells"] {
		t.Errorf("update: %v after %v", second, first)
	}
	if out := d.must("update", "drava"); out != "drava is up to date: version 2.\n" {
		t.Errorf("second update: %q", out)
	}
	if left, _ := filepath.Glob(filepath.Join(d.dir, "*.stage")); left != nil {
		t.Errorf("downloads are left: %q", left)
	}
	d.server.Close() // from here on there is no network
	if _, errs, err := d.run("update", "drava"); err == nil || !strings.Contains(errs, "cannot reach "+d.server.URL) || !strings.Contains(errs, "can be used") {
		t.Errorf("update without a network: %v, %q", err, errs)
	}
	now := d.object("status")
	if now["manifest"] != second["manifest"] || now["version"] != 2.0 || now["bytes_received"] != 0.0 || now["requests"] != 0.0 {
		t.Errorf("status: %v, want %v", now, second)
	}
	if out := d.must("verify"); !strings.HasPrefix(out, "drava is sound: version 2, ") {
		t.Errorf("verify: %q", out)
	}
}

func TestAnswers(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	d.server.Close()
	tests := []struct {
		args string
		want []string
	}{
		{"search djurdj", []string{"Gasthof Georgine · Restaurant", "© OpenStreetMap contributors", "osm/node/1  46.55470,15.64590  open Mo-Fr 10:00-22:00"}},
		{"search caj", []string{"Čaj in Žganje · Café"}},
		{"search nowhere", []string{`Nothing found for "nowhere".`}},
		{"near 46.5547,15.6459 --category food.cafe --limit 1", []string{"  400 m  Čaj in Žganje · Café"}},
		{"near -33.9,18.4 --limit 1", []string{" 3.6 km  Kaapse Koffie · Café"}},
		{"--region drava near -33.9,18.4 --radius 1", nil},
		{"show osm/node/1", []string{"Gasthof Georgine · Restaurant", "Glavni trg 3, 2000 Maribor, SI", "wheelchair     yes", "OpenStreetMap (ODbL-1.0)"}},
		{"tile 14/8904/5779", []string{"a small tile"}},
		{"status", []string{"drava (Drava): version 1 of ", d.server.URL, "© OpenStreetMap contributors (ODbL-1.0)"}},
	}
	for _, test := range tests {
		args := strings.Fields(test.args)
		if args[0] == "--region" {
			args = append(args[2:], args[:2]...)
		}
		out := d.must(args...)
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("pannier %s wrote\n%s\nwithout %q", test.args, out, want)
			}
		}
	}
	if got := d.object("show", "osm/node/2"); got["id"] != "osm/node/2" || got["category"] != "food.cafe" {
		t.Errorf("show: %v", got)
	}
	near := d.object("near", "46.5547,15.6459", "--limit", "2")["results"].([]any)
	if len(near) != 2 || near[0].(map[string]any)["distance_meters"] != 0.0 {
		t.Errorf("near: %v", near)
	}
	if got := d.object("search", "nowhere")["results"].([]any); len(got) != 0 {
		t.Errorf("search: %v", got)
	}
	if got := d.object("tile", "0/0/0"); got["bytes"] != float64(len("the whole world")) {
		t.Errorf("tile: %v", got)
	}
}

func TestMistakes(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	if _, errs, err := d.run("status"); err == nil || !strings.Contains(errs, "pannier pull REGION --server URL") {
		t.Errorf("status of nothing: %v, %q", err, errs)
	}
	d.must("pull", "drava", "--server", d.server.URL)
	tests := []struct{ args, want string }{
		{"search", "requires at least 1 arg"},
		{"near 46.5", "write LAT,LON in degrees"},
		{"near -91,18.4", "write LAT,LON in degrees"},
		{"show osm/node/77", "search shows ids"},
		{"tile 14/0/0", "has no tile 14/0/0"},
		{"tile 14/99999/0", "outside the quadtree"},
		{"tile 11/1113/722 --relief", "has no heights of tile 11/1113/722"},
		{"tile 11/1113/722 --contours", "has no contour lines of tile 11/1113/722"},
		{"tile 11/1113/722 --contours --relief", "none of the others can be"},
		{"export shapefile -o x", `invalid argument "shapefile"`},
		{"export mbtiles", `"output" not set`},
		{"pull Drava --server x", "invalid region name"},
		{"pull ../drava --server x", "invalid region name"},
		{"pull savinja", "no server is known"},
		{"pull savinja --server " + d.server.URL, "pannier regions --server URL"},
		{"update savinja", "not installed"},
		{"verify --region savinja", "pannier pull savinja --server URL"},
		{"dance", "unknown command"},
	}
	for _, test := range tests {
		if out, errs, err := d.run(strings.Fields(test.args)...); err == nil || !strings.Contains(errs, test.want) || out != "" {
			t.Errorf("pannier %s: %v, %q, want %q", test.args, err, errs, test.want)
		}
	}
	if got := d.object("status"); got["version"] != 1.0 {
		t.Errorf("status: %v", got)
	}
}

func TestSeveralRegions(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	data, err := os.ReadFile(filepath.Join(d.dir, "drava.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"copy.mbtiles": data, "Photo.mbtiles": data, "foreign.mbtiles": nil} {
		if err := os.WriteFile(filepath.Join(d.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, errs, err := d.run("search", "caj"); err == nil || !strings.Contains(errs, "(copy, drava); say which with --region") {
		t.Errorf("search in several: %v, %q", err, errs)
	}
	if out := d.must("search", "caj", "--region", "drava"); !strings.Contains(out, "Žganje") {
		t.Errorf("search in one: %q", out)
	}
	if out := d.must("status", "--json"); strings.Count(out, "\n") != 2 {
		t.Errorf("status of two: %q", out)
	}
}

func TestDamageAndFresh(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	db, err := sql.Open("sqlite", filepath.Join(d.dir, "drava.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE features SET record = x'00' WHERE id = 'osm/node/3'`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, errs, err := d.run("verify"); !errors.Is(err, offline.ErrDamaged) || !strings.Contains(errs, "--fresh") {
		t.Fatalf("verify: %v, %q", err, errs)
	}
	d.must("pull", "drava", "--fresh")
	d.must("verify")
	if left, _ := filepath.Glob(filepath.Join(d.dir, "[^.]*")); len(left) != 2 {
		t.Errorf("the folder holds %q, want the region and its lock", left)
	}
}

func TestLocked(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	lock, err := offline.TakeLock(filepath.Join(d.dir, "drava.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, err := d.run("update"); !errors.Is(err, offline.ErrLocked) || !strings.Contains(errs, "Wait until it is done") {
		t.Errorf("update beside another: %v, %q", err, errs)
	}
	lock.Release()
	d.must("update")
}

func TestExport(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	for format, magic := range map[string]string{
		"mbtiles": "SQLite format 3", "pmtiles": "PMTiles", "geojson": `{"type":"FeatureCollection"`, "gpx": "<?xml",
	} {
		file := filepath.Join(t.TempDir(), "out."+format)
		if err := os.WriteFile(file, []byte("what was there"), 0o600); err != nil {
			t.Fatal(err)
		}
		out := d.must("export", format, "-o", file)
		data, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(data, []byte(magic)) {
			t.Errorf("%s begins with %.20q, %v", format, data, err)
		}
		if !strings.Contains(out, file) {
			t.Errorf("export wrote %q", out)
		}
		if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
			t.Errorf("export left %v", left)
		}
	}
	file := filepath.Join(t.TempDir(), "heights.pmtiles")
	if _, errs, err := d.run("export", "relief", "-o", file); err == nil || !strings.Contains(errs, "no heights") {
		t.Errorf("export of heights that are not there: %v, %q", err, errs)
	}
	c, tile := content(), cell.New(11, 1113, 722)
	c.Other = map[cell.Key][]byte{{Layer: cell.Relief, ID: tile}: cell.AppendItem(nil, cell.TileKey(tile), relief.Encode(new([relief.Side * relief.Side]int32), 11))}
	d.publish(c)
	d.must("update")
	d.must("export", "relief", "-o", file)
	a, err := pmtiles.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m, err := a.Metadata()
	if data, failed := a.Tile(tile); err != nil || failed != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) {
		t.Errorf("%v, %v: a tile begins with %.20q", err, failed, data)
	}
	if h := a.Header(); h.Type != pmtiles.PNG || h.Compression != pmtiles.Plain || m.Encoding != "terrarium" || m.Format != archive.PNG || m.MinZoom != 11 || m.MaxZoom != 11 {
		t.Errorf("%+v, %+v", h, m)
	}
	file = filepath.Join(d.dir, "no such folder", "x")
	if _, _, err := d.run("export", "pmtiles", "-o", file); err == nil {
		t.Error("export to nowhere: no error")
	}
}

// TestHelp wants an example of every command.
func TestHelp(t *testing.T) {
	a := &app{}
	for _, c := range a.command().Commands() {
		if c.Name() != "help" && c.Name() != "completion" && (c.Example == "" || c.Short == "") {
			t.Errorf("pannier %s --help shows no example", c.Name())
		}
	}
}

func TestDistance(t *testing.T) {
	for meters, want := range map[float64]string{
		0: "0 m", 7.4: "7 m", 99: "99 m", 104: "100 m", 994: "990 m", 996: "1.0 km", 9940: "9.9 km", 9960: "10 km", 123456: "123 km",
	} {
		if got := distance(meters); got != want {
			t.Errorf("distance(%v) = %q, want %q", meters, got, want)
		}
	}
}

func TestPlainDropsControls(t *testing.T) {
	if got := plain("a\x1b[31m\u202eb\nc"); got != "a[31mbc" {
		t.Errorf("plain = %q", got)
	}
}
