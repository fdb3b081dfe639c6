package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// write puts a file into the test's folder.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const tour = `<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="1" lon="1"><name>far</name></wpt>
<trk><trkseg><trkpt lat="46.55" lon="15.64"/><trkpt lat="46.56" lon="15.65"/></trkseg></trk></gpx>`

func TestPartOfARegion(t *testing.T) {
	d := newDesk(t)
	c := content()
	tile := cell.New(11, 1113, 722)
	c.Other = map[cell.Key][]byte{
		{Layer: cell.Media, ID: cell.World}: []byte("a photo"),
		{Layer: cell.Relief, ID: tile}:      cell.AppendItem(nil, cell.TileKey(tile), relief.Encode(new([relief.Side * relief.Side]int32), 11)),
	}
	d.publish(c)
	route := write(t, "tour.gpx", tour)
	plan := d.must("pull", "drava", "--server", d.server.URL, "--along", route, "--km", "30", "--dry-run")
	for _, want := range []string{"drava would be version 1, with 5 of 6 cells: ", "  features  1 cell, ", "  tiles     2 cells, ", "  media     1 cell, ", "  relief    1 cell, "} {
		if !strings.Contains(plan, want) {
			t.Errorf("dry run wrote\n%s\nwithout %q", plan, want)
		}
	}
	if out, _, err := d.run("status"); err == nil {
		t.Errorf("a dry run installed something: %q", out)
	}
	asked := d.object("pull", "drava", "--server", d.server.URL, "--along", route, "--km", "30", "--dry-run")
	if asked["bytes_to_fetch"].(float64) == 0 || asked["all_cells"] != 6.0 || len(asked["layers"].([]any)) != 4 {
		t.Errorf("dry run: %v", asked)
	}
	out := d.must("pull", "drava", "--server", d.server.URL, "--along", route, "--km", "30")
	if want := "It holds a part, 5 of 6 cells: all layers within 30 km of 1 line.\n"; !strings.Contains(out, want) {
		t.Errorf("pull wrote %q without %q", out, want)
	}
	if out := d.must("search", "Kaapse"); !strings.Contains(out, "Nothing found") {
		t.Errorf("a place far from the route is there: %q", out)
	}
	if png := d.must("tile", tile.String(), "--relief"); !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("heights are %.20q", png)
	}
	// What the flags do not mention stays as it is.
	steps := []struct {
		args, status string
		cells        float64
	}{
		{"--no-media", "a part, 4 of 6 cells: features, graph, tiles, assets, relief within 30 km of 1 line\n", 4},
		{"--no-relief", "a part, 3 of 6 cells: features, graph, tiles, assets within 30 km of 1 line\n", 3},
		{"", "a part, 3 of 6 cells: features, graph, tiles, assets within 30 km of 1 line\n", 3},
		{"--layers features,tiles --bbox 18,-34,19,-33", "a part, 2 of 6 cells: features, tiles in 1 box\n", 2},
		{"--all --layers features", "a part, 2 of 6 cells: features\n", 2},
		{"--all --no-relief", "a part, 5 of 6 cells: features, graph, tiles, media, assets\n", 5},
		{"--all", "6 cells", 6},
	}
	for _, step := range steps {
		d.must(append([]string{"pull", "drava"}, strings.Fields(step.args)...)...)
		if out := d.must("status"); !strings.Contains(out, step.status) {
			t.Errorf("after pull %s status wrote\n%s\nwithout %q", step.args, out, step.status)
		}
		if now := d.object("verify"); now["cells"] != step.cells || now["all_cells"] != 6.0 || (now["part"] == nil) != (step.cells == 6) {
			t.Errorf("after pull %s verify: %v", step.args, now)
		}
	}
	d.must("pull", "drava", "--bbox", "18,-34,19,-33")
	d.must("pull", "drava", "--fresh")
	if out := d.must("status"); !strings.Contains(out, "all layers in 1 box") {
		t.Errorf("after pull --fresh the part is another: %q", out)
	}
}

func TestPartMistakes(t *testing.T) {
	d := newDesk(t)
	d.publish(content())
	d.must("pull", "drava", "--server", d.server.URL)
	for _, test := range []struct{ args, want string }{
		{"--along nowhere.gpx", "--along nowhere.gpx"},
		{"--along " + write(t, "empty.gpx", "<gpx/>"), "no waypoint and no route"},
		{"--along " + write(t, "tour.gpx", tour) + " --km 0", "up to 100 km"},
		{"--along " + write(t, "tour.gpx", tour) + " --km 101", "up to 100 km"},
		{"--bbox 1,2,3", "write W,S,E,N"},
		{"--bbox 1,3,2,2", "write W,S,E,N"},
		{"--bbox 1,2,3,95", "write W,S,E,N"},
		{"--layers sounds", "there are features, graph, tiles, media, assets, relief"},
		{"--layers media --no-media", "--no-media leaves no layer"},
		{"--layers media,relief --no-media --no-relief", "--no-relief leaves no layer"},
		{"--all --bbox 1,2,3,4", "everywhere"},
	} {
		if _, errs, err := d.run(append([]string{"pull", "drava"}, strings.Fields(test.args)...)...); err == nil || !strings.Contains(errs, test.want) {
			t.Errorf("pull %s: %v, %q, want %q", test.args, err, errs, test.want)
		}
	}
	if now := d.object("status"); now["part"] != nil {
		t.Errorf("a mistake chose a part: %v", now)
	}
}

func TestParseBox(t *testing.T) {
	got, err := parseBox(" -170.5,-1, 170 ,2.25")
	if want := (cover.Box{West: -1705000000, South: -10000000, East: 1700000000, North: 22500000}); err != nil || got != want {
		t.Errorf("parseBox = %v, %v, want %v", got, err, want)
	}
}
