package main

import (
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
)

func TestInspect(t *testing.T) {
	places := write(t, "places.csv", "Naziv;Vrsta;Sirina;Dolzina;Info\nMlin;mlin;46,60;16,10;star\nVrt;hram;46,61;16,11;\nDvor;;16,12;46,62;\nNikjer;;;;\n")
	out := run(t, commands.pannierd, "inspect", places, "--column", "Info=description:sl").wantDone(t)
	for _, want := range []string{
		": CSV, 2 objects of 2 positions, 2 rejected\n",
		"  read as UTF-8, semicolons\n",
		"  column \"Naziv\": name\n",
		"  column \"Info\": description:sl\n",
		"  kinds: 2 poi\n",
		"  categories: 1 other.place, 1 sight.mill\n",
		"  warning: line 3, Vrt: the category \"hram\" is not known\n",
		"  rejected: line 4, \"Dvor\": latitude and longitude look swapped: 16.12, 46.62 lies far from the other places\n",
		"  rejected: line 5, \"Nikjer\": there is no position\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	grid := write(t, "grid.csv", "name;e;n\nA;594442;163669\n")
	both := run(t, commands.pannierd, "inspect", grid, write(t, "a.kml", "<kml><Placemark><Point><coordinates>16,46</coordinates></Point></Placemark></kml>"))
	if both.code != 1 || !strings.Contains(both.stdout, "metres of a national grid must be converted") || !strings.Contains(both.stdout, ": KML, 1 object of 1 position\n") {
		t.Errorf("exit status %d:\n%s%s", both.code, both.stdout, both.stderr)
	}
	square := []cell.Point{{LonE7: 1e7, LatE7: 1e7}, {LonE7: 2e7, LatE7: 1e7}, {LonE7: 2e7, LatE7: 2e7}, {LonE7: 1e7, LatE7: 1e7}}
	sea := shapetest.Zip(t, t.TempDir(), "water_polygons", shapetest.Shapes([][][]cell.Point{{square}}, shapetest.Mercator), shapetest.Mercator)
	out = run(t, commands.pannierd, "inspect", sea).wantDone(t)
	if want := ": shapefile, 1 object of 3 positions\n  read as water_polygons.shp, EPSG:3857;"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	bell := shapetest.Zip(t, t.TempDir(), "\x1b[2Jwater", shapetest.Shapes([][][]cell.Point{{square}}, shapetest.Degrees), shapetest.Degrees)
	if told := run(t, commands.pannierd, "inspect", bell); strings.Contains(told.stdout+told.stderr, "\x1b") || !strings.Contains(told.stdout, "[2Jwater.shp") {
		t.Errorf("a file's words reach the terminal as they are: %q", told.stdout)
	}
	wrong := run(t, commands.pannierd, "inspect", places, "--column", "Info=colour")
	if wrong.code != 1 || !strings.Contains(wrong.stdout, "FIELD is one of id, name, description") {
		t.Errorf("exit status %d:\n%s%s", wrong.code, wrong.stdout, wrong.stderr)
	}
}
