package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files that cannot be imported: each is refused with words that name the file
// and the place in it, and changes nothing.
func TestBadFiles(t *testing.T) {
	w := newWorld(t)
	delaware := moduleData(t, "delaware-latest.osm.pbf")
	andorra := moduleData(t, "andorra-latest.osm.bz2")
	place := func(members, coordinates string) string {
		return "{\"type\":\"FeatureCollection\",\"features\":[\n" +
			"{\"type\":\"Feature\",\"id\":1,\"geometry\":{\"type\":\"Point\",\"coordinates\":[1.5,42.5]},\"properties\":{\"name\":\"A\"}},\n" +
			"{\"type\":\"Feature\",\"id\":2,\"geometry\":{\"type\":\"Point\",\"coordinates\":" + coordinates + "},\"properties\":{" + members + "}}\n]}\n"
	}
	for _, test := range []struct {
		name string
		file string
		says []string
	}{
		{"PBF without its end", cut(t, delaware, -1), []string{"cut-delaware-latest.osm.pbf", "block at byte ", "the file ends within a block"}},
		{"PBF cut in a block", cut(t, delaware, 100_000), []string{"cut-delaware-latest.osm.pbf", "block at byte ", "the file ends within a block"}},
		{"PBF cut in the file's header", cut(t, delaware, 60), []string{"cut-delaware-latest.osm.pbf", "block at byte 0", "the file ends within a block"}},
		{"PBF cut in a length", cut(t, delaware, firstBlock(t, delaware)+2), []string{"cut-delaware-latest.osm.pbf", "block at byte ", "the file ends within a block"}},
		{"PBF cut in a block's header", cut(t, delaware, firstBlock(t, delaware)+9), []string{"cut-delaware-latest.osm.pbf", "block at byte ", "the file ends within a block"}},
		{"PBF with nothing but a header", cut(t, delaware, firstBlock(t, delaware)), []string{"cut-delaware-latest.osm.pbf", "no elements"}},
		{"PBF with a flipped byte", flipped(t, delaware, 50_000), []string{"flipped-delaware-latest.osm.pbf", "block at byte "}},
		{"OSM XML cut in bzip2", cut(t, andorra, 500_000), []string{"cut-andorra-latest.osm.bz2", "line "}},
		{"OSM XML with a flipped byte", flipped(t, andorra, 500_000), []string{"flipped-andorra-latest.osm.bz2", "line "}},
		{"OSM XML cut in an element", write(t, "a.osm", `<osm version="0.6">`+"\n"+`<node id="1" lat="42.5" lo`), []string{"a.osm", "line 2"}},
		{"OSM XML with a bad latitude", write(t, "a.osm", `<osm version="0.6">`+"\n"+`<node id="1" lat="142.5" lon="1.5"/></osm>`), []string{"a.osm", "line 2", "lat"}},
		{"OSM XML with a bad id", write(t, "a.osm", `<osm version="0.6">`+"\n"+`<node id="one" lat="42.5" lon="1.5"/></osm>`), []string{"a.osm", "line 2", "id"}},

		{"GPX cut in a tag", write(t, "a.gpx", "<gpx version=\"1.1\">\n<wpt lat=\"42.5\" lon=\"1.5\">\n<na"), []string{"a.gpx", "line 3"}},
		{"GPX cut between tags", write(t, "a.gpx", "<gpx version=\"1.1\">\n<wpt lat=\"42.5\" lon=\"1.5\"></wpt>\n"), []string{"a.gpx", "line 3"}},
		{"GPX outside the world", write(t, "a.gpx", "<gpx version=\"1.1\">\n<wpt lat=\"42.5\" lon=\"1.5\"/>\n<wpt lat=\"92.5\" lon=\"1.5\"/></gpx>"), []string{"a.gpx", "line 3", "92.5"}},
		{"GPX without a position", write(t, "a.gpx", "<gpx version=\"1.1\">\n<wpt lat=\"42.5\"/></gpx>"), []string{"a.gpx", "line 2", "lon"}},
		{"GPX with nothing in it", write(t, "a.gpx", "<gpx version=\"1.1\"></gpx>"), []string{"a.gpx", "no waypoint"}},

		{"GeoJSON outside the world", write(t, "a.geojson", place(`"name":"B"`, "[1.5,142.5]")), []string{"a.geojson", "feature 2", "geometry.coordinates", "142.5"}},
		{"GeoJSON with a text for a number", write(t, "a.geojson", place(`"name":"B"`, `["1.5",42.5]`)), []string{"a.geojson", "feature 2", "geometry.coordinates"}},
		{"GeoJSON with one coordinate", write(t, "a.geojson", place(`"name":"B"`, `[1.5]`)), []string{"a.geojson", "feature 2", "geometry.coordinates"}},
		{"GeoJSON with a syntax error", write(t, "a.geojson", place(`"name":"B",,`, "[1.5,42.5]")), []string{"a.geojson", "line 3", "byte 251"}},
		{"GeoJSON cut off", write(t, "a.geojson", place(`"name":"B"`, "[1.5,42.5]")[:150]), []string{"a.geojson", "line 3", "byte 150"}},
		{"GeoJSON with an unknown category", write(t, "a.geojson", place(`"name":"B","category":"food.stall"`, "[1.5,42.5]")), []string{"a.geojson", "feature 2", "category", "food.stall"}},
		{"GeoJSON with the same id twice", write(t, "a.geojson", place(`"name":"B","id":1`, "[1.5,42.5]")+place(`"name":"B"`, "[1.5,42.5]")), []string{"a.geojson", "feature 3", "id", "twice"}},

		{"KML cut off", write(t, "a.kml", "<kml><Document>\n<Placemark><name>A"), []string{"a.kml", "line 2", "cut off"}},
		{"KML outside the world", write(t, "a.kml", "<kml>\n<Placemark><name>A</name><Point><coordinates>1.5,142.5</coordinates></Point></Placemark></kml>"), []string{"a.kml", "line 2", "142.5"}},
		{"KMZ cut off", write(t, "a.kmz", "PK\x03\x04abcdef"), []string{"a.kmz", "its end is missing"}},
		{"TCX with nothing in it", write(t, "a.tcx", "<TrainingCenterDatabase/>"), []string{"a.tcx", "no activity or course"}},
		{"FIT cut off", write(t, "a.fit", "\x0e\x10\x98\x08\x10\x00\x00\x00.FIT\x00\x00@\x00"), []string{"a.fit", "not a sound FIT file"}},
		{"CSV without coordinates", write(t, "a.csv", "name,e,n\nA,594442,163669\n"), []string{"a.csv", "national grid", "\"name\", \"e\", \"n\""}},
		{"CSV with swapped coordinates", write(t, "a.csv", "name,lat,lon\nA,42.5,1.5\nB,42.5,1.6\nC,42.6,1.6\nD,1.5,42.5\n"), []string{"a.csv", "line 5", "look swapped"}},
		{"a page without places", write(t, "a.html", "<!DOCTYPE html><html></html>"), []string{"a.html", "no place or event of schema.org"}},
		{"JSON of no known kind", write(t, "a.json", `{"ttl":"x"}`), []string{"a.json", "of no kind that is known"}},

		{"changes of another area", moduleData(t, "changeset_38162206.osc"), []string{"changeset_38162206.osc", "the map data that these changes start from is missing", "another area"}},
		{"changes cut off", cut(t, moduleData(t, "changeset_38162206.osc"), 5000), []string{"cut-changeset_38162206.osc", "line "}},

		{"an empty file", write(t, "a.geojson", ""), []string{"a.geojson", "empty"}},
		{"only spaces", write(t, "a.geojson", strings.Repeat(" \n", 5000)), []string{"a.geojson", "unknown format"}},
		{"an unknown format", write(t, "a.doc", "Dear Sir or Madam"), []string{"a.doc", "unknown format"}},
		{"a picture", write(t, "a.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), []string{"a.png", "unknown format"}},
		{"a gzip file cut in its header", write(t, "a.geojson.gz", "\x1f\x8b\x08\x00"), []string{"a.geojson.gz", "gzip"}},
		{"a folder", t.TempDir(), []string{"TestBadFiles", "this is a folder"}},
		{"no file", filepath.Join(t.TempDir(), "none.gpx"), []string{"none.gpx", "no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world{t, w.data, w.phone}
			was := w.published()
			w.pannierd("import", region, "--strict", test.file).wantRefused(t, test.says...)
			w.wantPublished(was)
		})
	}
	if out := w.pannierd("publish", region).wantDone(t); !strings.Contains(out, "unchanged") {
		t.Errorf("a refused file reached the region: %s", out)
	}
}

// firstBlock returns the byte at which a PBF file's header ends.
func firstBlock(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(string(data), "OSMData")
	if i < 0 {
		t.Fatalf("%s has no block of data", path)
	}
	return i - 2 - 4 // the name's tag and length, the header's length
}

// flipped makes a copy of a file with one byte changed.
func flipped(t *testing.T, path string, i int) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[i] ^= 0x40
	return write(t, "flipped-"+filepath.Base(path), string(data))
}
