package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// Changes need the map data that they start from.
func TestMissingBase(t *testing.T) {
	extract, first, second := shared(t, "osm/liechtenstein-2019-11-18.osm.pbf"), shared(t, "osm/liechtenstein-002435.osc.gz"), shared(t, "osm/liechtenstein-002436.osc.gz")
	other, lost := shared(t, "osm/monaco-003060.osc.gz"), shared(t, "osm/liechtenstein-2024-03-04.osm.pbf")
	w := world{t: t, data: t.TempDir()}
	w.pannierd("region", "create", "li", "--languages", "de,en").wantDone(t)
	const missing = "the map data that these changes start from is missing"
	w.pannierd("import", "li", first).wantRefused(t, filepath.Base(first), missing, "import an extract")
	w.pannierd("import", "li", extract).wantDone(t)
	w.pannierd("import", "li", second).wantRefused(t, filepath.Base(second), missing, "number 2434", "number 2435 must be imported first")
	w.pannierd("import", "li", other).wantRefused(t, filepath.Base(other), missing, "2435 to 3059")

	for _, cutAt := range []int{16, 100, 3000, 1_000_000, -1} {
		broken := cut(t, lost, cutAt)
		w.pannierd("import", "li", broken).wantRefused(t, filepath.Base(broken), "block at byte ")
	}
	for _, cutAt := range []int{12, 5000, -1} {
		broken := cut(t, first, cutAt)
		w.pannierd("import", "li", broken).wantRefused(t, filepath.Base(broken), " end")
	}
	// A change that was renamed, of another area: its number cannot tell.
	data, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	w.pannierd("import", "li", write(t, "changes.osc.gz", string(data))).wantRefused(t, "changes.osc.gz", missing, "another area")

	// After all that, what was there is what the changes still fit.
	w.pannierd("import", "li", first, second).wantDone(t)
}

// A file packed with LZ4 holds the same as one packed with zlib.
func TestLZ4(t *testing.T) {
	plain, lz4 := shared(t, "osm/monaco-2021-04-21.osm.pbf"), shared(t, "osm/monaco-2021-04-21-lz4.osm.pbf")
	w := world{t: t, data: t.TempDir()}
	w.pannierd("region", "create", "monaco", "--languages", "fr,en").wantDone(t)
	w.pannierd("import", "monaco", plain).wantDone(t)
	w.pannierd("publish", "monaco").wantDone(t)
	w.pannierd("import", "monaco", lz4).wantDone(t)
	if out := w.pannierd("publish", "monaco", "--rebuild").wantDone(t); !strings.Contains(out, "unchanged") {
		t.Errorf("LZ4 made another version: %s", out)
	}
}

// Broken GPX files that people really had are read or refused in words.
func TestRealGPX(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "gpx"), "*", "*.gpx"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	w := world{t: t, data: t.TempDir()}
	w.pannierd("region", "create", "tours").wantDone(t)
	refused := 0
	for _, file := range files {
		if o := w.pannierd("import", "tours", file); o.code != 0 {
			refused++
			o.wantRefused(t, file)
		}
	}
	if refused == 0 || refused > len(files)/2 {
		t.Errorf("%d of %d files were refused", refused, len(files))
	}
	w.pannierd("import", "tours", cut(t, shared(t, "gpx/real/broken3.gpx"), 200_000)).wantRefused(t, "cut-broken3.gpx", "line ")
}

// spaces900k is bzip2's packing of 900,000 spaces.
const spaces900k = "QlpoOTFBWSZTWWEWz1IABuSRAMAAAgAACCAAMMwJqmmUoTapKE8XckU4UJBhFs9S"

// Files that unpack to gigabytes are refused with the memory that any file gets.
func TestBombs(t *testing.T) {
	w := newWorld(t)
	was := w.published()
	gzipped := func(s string) string {
		var b strings.Builder
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err == nil {
			_, err = z.Write([]byte(s))
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	bz, err := base64.StdEncoding.DecodeString(spaces900k)
	if err != nil {
		t.Fatal(err)
	}
	const mib = 1 << 20
	spaces := strings.Repeat(gzipped(strings.Repeat(" ", 4*mib)), 768) // 3 GiB
	nines := strings.Repeat(gzipped(strings.Repeat("9", 4*mib)), 768)
	for _, test := range []struct {
		name, file string
		says       string
	}{
		{"spaces in GeoJSON", write(t, "bomb.geojson.gz", gzipped(`{"type":"FeatureCollection","features":[`)+spaces), "larger than"},
		{"one text in GeoJSON", write(t, "bomb.geojson.gz", gzipped(`{"type":"FeatureCollection","name":"`)+nines), "larger than"},
		{"spaces in GPX", write(t, "bomb.gpx.gz", gzipped(`<gpx version="1.1"><trk>`)+spaces), "larger than"},
		{"one name in GPX", write(t, "bomb.gpx.gz", gzipped(`<gpx version="1.1"><trk><name>`)+nines), "larger than"},
		{"one tag in OSM XML", write(t, "bomb.osm.gz", gzipped(`<osm version="0.6"><node id="`)+nines), "line 1"},
		{"only spaces in bzip2", write(t, "bomb.geojson.bz2", strings.Repeat(string(bz), 3500)), "unknown format"},
		{"gzip in gzip", write(t, "bomb.geojson.gz", gzipped(gzipped(`{"type":"FeatureCollection","features":[`)+spaces)), "larger than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world{t, w.data, w.phone}
			o := w.pannierd("import", region, test.file)
			o.wantRefused(t, filepath.Base(test.file), test.says)
			t.Logf("%d MiB of memory for %d bytes of file", o.memory/mib, size(t, test.file))
			if o.memory > 300*mib {
				t.Errorf("it took %d MiB of memory", o.memory/mib)
			}
		})
	}
	w.wantPublished(was)
}

func size(t *testing.T, path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A boundary is checked before the region is made.
func TestBadBoundary(t *testing.T) {
	w := world{t: t, data: t.TempDir()}
	for _, test := range []struct {
		name, content string
		says          []string
	}{
		{"outside the world", `{"type":"Polygon","coordinates":[[[1,42],[2,142],[2,43],[1,42]]]}`, []string{"point 2", "142"}},
		{"an open ring", `{"type":"Polygon","coordinates":[[[1,42],[2,42],[2,43],[1,43]]]}`, []string{"ring 1"}},
		{"a line", `{"type":"LineString","coordinates":[[1,42],[2,42]]}`, []string{"LineString"}},
		{"texts", `{"type":"Polygon","coordinates":[[["1",42]]]}`, []string{"Polygon"}},
		{"a syntax error", "{\"type\":\"Polygon\",\n\"coordinates\":[[}", []string{"line 2"}},
		{"nothing", "", []string{"empty"}},
		{"too long", strings.Repeat(" ", 1<<20), []string{"1048576 bytes", "simplify"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, "area.geojson", test.content)
			run(t, commands.pannierd, "--data", w.data, "region", "create", "r", "--boundary", file).wantRefused(t, append(test.says, "area.geojson")...)
		})
	}
	w.pannierd("region", "create", "r", "--boundary", filepath.Join(t.TempDir(), "none.geojson")).wantRefused(t, "none.geojson", "no such file")
	w.pannierd("region", "create", "r", "--boundary", t.TempDir()).wantRefused(t, "directory")
	if out := w.pannierd("region", "list", "--json").wantDone(t); strings.Contains(out, `"r"`) {
		t.Errorf("a region was made: %s", out)
	}
}
