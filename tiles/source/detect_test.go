package source

import (
	archivezip "archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func archive(names ...string) string {
	var b bytes.Buffer
	w := archivezip.NewWriter(&b)
	for _, name := range names {
		f, _ := w.Create(name)
		f.Write([]byte("x"))
	}
	w.Close()
	return b.String()
}

// bzipped is "<gpx/>\n" packed with bzip2.
const bzipped = "QlpoOTFBWSZTWRBTFuYAAAFZgAAQAACABQCAQEAgACIYAhgFSnLhdyRThQkBBTFuYA=="

func TestDetect(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, content string
		want          Kind
	}{
		{"PBF", "\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x10", OSMPBF},
		{"XML", "<?xml version='1.0'?>\n<!-- <gpx> -->\n<osm version='0.6'>", OSMXML},
		{"BOM", "\xef\xbb\xbf<osm/>", OSMXML},
		{"change", "<osmChange>", OSMChange},
		{"GPX", "\n<gpx\nversion='1.1'>", GPX},
		{"GeoJSON", ` { "type": "FeatureCollection", "features": []}`, GeoJSON},
		{"GeoJSON with a long name before", `{"name": "` + strings.Repeat("x", headSize), GeoJSON},
		{"gzip", zip("<osmChange>"), OSMChange},
		{"gzip in gzip", zip(zip("<osm>")), OSMXML},
		{"bzip2", string(packed), GPX},
		{"too many layers", zip(zip(zip("<osm>"))), ""},
		{"cut gzip", zip("<osm>")[:8], ""},
		{"other JSON", `{"a": 1}`, ""},
		{"other XML", "<svg>", ""},
		{"KML", "<?xml version='1.0'?><kml:kml>", KML},
		{"TCX", "<TrainingCenterDatabase xmlns='x'>", TCX},
		{"UTF-16", "\xff\xfe<\x00g\x00p\x00x\x00>\x00", GPX},
		{"FIT", "\x0e\x10\x98\x08\x00\x00\x00\x00.FIT\x00\x00", FIT},
		{"web page", "<!DOCTYPE html>\n<HTML lang=sl>", WebPage},
		{"commas", "name,lat,lon\nA,46.5,16.1\n", CSV},
		{"semicolons", "Naziv;\xa6irina;Dol\x9eina\r\nA;46,5;16,1\r\n", CSV},
		{"UTF-16 tabs", "\xff\xfea\x00\t\x00b\x00\n\x00c\x00\t\x00d\x00\n\x00", CSV},
		{"DATAtourisme", `{"@id":"https://data.datatourisme.fr/1","x":{"type":"Point"}}`, DATAtourisme},
		{"DATAtourisme list", `{"@context":{},"@graph":[{"rdfs:label":{}}]}`, DATAtourisme},
		{"DATAtourisme index", `[{"lastUpdateDatatourisme":"x","label":"A","file":"a.json"}]`, DATAtourisme},
		{"Open Data Hub", `{"Id":"A","Detail":{"de":{"Title":"Feature"}}}`, OpenDataHub},
		{"Open Data Hub page", `{"TotalResults":1,"Items":[{"Id":"A"}]}`, OpenDataHub},
		{"schema.org", `[{"@context":"https://schema.org","@type":"Hotel","geo":{"type":"Point"}}]`, SchemaOrg},
		{"Overpass", `{"version":0.6,"generator":"Overpass API","elements":[]}`, Overpass},
		{"PMTiles", "PMTiles\x03", PMTiles},
		{"SQLite", "SQLite format 3\x00\x10\x00", MBTiles},
		{"PMTiles in gzip", zip("PMTiles\x03"), ""},
		{"KMZ", archive("a.png", "doc.kml"), KMZ},
		{"XLSX", archive("[Content_Types].xml", "xl/workbook.xml"), XLSX},
		{"DATAtourisme archive", archive("index.json", "objects/a.json"), DATAtourismeZip},
		{"DOCX", archive("[Content_Types].xml", "word/document.xml"), ""},
		{"zip in gzip", zip(archive("doc.kml")), ""},
		{"cut zip", archive("doc.kml")[:40], ""},
		{"other list", `[{"ttl":"x"}]`, ""},
		{"open comment", "<!-- <osm>", ""},
		{"text", "osm", ""},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file.png") // the name says nothing
			if err := os.WriteFile(path, []byte(test.content), 0o666); err != nil {
				t.Fatal(err)
			}
			got, err := Detect(path)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Fatalf("Detect = %q, %v, want %q", got, err, test.want)
			}
			if err != nil && (!strings.Contains(err.Error(), path) || !strings.HasPrefix(test.name, "cut ") && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrEmpty)) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := Detect(t.TempDir()); !errors.Is(err, ErrFolder) {
		t.Errorf("error %v, want ErrFolder", err)
	}
	if _, err := Detect(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
}

func TestOpen(t *testing.T) {
	text := "<osm>" + strings.Repeat("<node/>", 1e5) + "</osm>"
	path := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(path, []byte(zip(text)), 0o666); err != nil {
		t.Fatal(err)
	}
	f, kind, err := Open(path)
	if err != nil || kind != OSMXML {
		t.Fatal(kind, err)
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil || string(got) != text {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(text))
	}
	if read, size := f.Progress(); read != size || size != int64(len(zip(text))) {
		t.Errorf("Progress() = %d, %d", read, size)
	}
}

func FuzzKindOf(f *testing.F) {
	f.Add([]byte("<?xml?><!-- --><osm>"))
	f.Add([]byte(`{"type":"Feature"}`))
	f.Add([]byte("\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x10"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if kind, err := kindOf(head); (kind == "") != (err != nil) {
			t.Errorf("kindOf = %q, %v", kind, err)
		}
	})
}

func TestEnd(t *testing.T) {
	packed := zip("<osm/>")
	for _, test := range []struct {
		name, content string
		good          bool
	}{
		{"plain", "<osm/>", true},
		{"packed", packed, true},
		{"cut", packed[:len(packed)-1], false},
		{"bad checksum", packed[:len(packed)-8] + "12345678", false},
		{"a long end", "<osm/>" + strings.Repeat(" ", maxTail+1), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, []byte(test.content), 0o666); err != nil {
				t.Fatal(err)
			}
			f, _, err := Open(path)
			if err == nil {
				_, err = io.ReadFull(f, make([]byte, len("<osm/>")))
				err = errors.Join(err, f.End(), f.Close())
			}
			if (err == nil) != test.good {
				t.Errorf("error %v", err)
			}
		})
	}
}
