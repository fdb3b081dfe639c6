package gpx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "rides", Provider: "Vaduz Tourism", Licence: "CC-BY-4.0", Attribution: "© Vaduz Tourism"}

const sample = `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="urn:x">
 <metadata><name>Rheintal</name></metadata>
 <wpt lat="47.14" lon="9.52"><ele>455</ele><name>Brunnen</name><sym>Drinking Water</sym><link href="example.org/a"><text>more</text></link></wpt>
 <wpt lat="47.14" lon="9.52"><ele>455</ele><name>Brunnen</name></wpt>
 <rte><rtept lat="47.1" lon="9.5"/><rtept lat="47.2" lon="9.5"/></rte>
 <trk><name>Runde</name><type>cycling</type>
  <trkseg><trkpt lat="47.1" lon="9.5"><ele>450.04</ele></trkpt><trkpt lat="47.2" lon="9.5"><ele>451</ele><extensions><x:ele>9</x:ele></extensions></trkpt></trkseg>
  <trkseg><trkpt lat="47.3" lon="9.5"/></trkseg>
  <trkseg><trkpt lat="47.3" lon="9.5"><ele>1</ele></trkpt><trkpt lat="47.4" lon="9.5"/></trkseg>
 </trk>
</gpx>`

func TestRead(t *testing.T) {
	file, err := Read(strings.NewReader(sample), opts)
	if err != nil || len(file.Rejected) > 0 {
		t.Fatal(file, err)
	}
	all := file.Features()
	var got []string
	for _, f := range all {
		got = append(got, fmt.Sprintf("%s %s %s %s", f.Kind, f.Category, f.Name(), f.Geometry.AppendJSON(nil)))
	}
	want := []string{
		`poi water.drinking Brunnen {"coordinates":[9.52,47.14,455],"type":"Point"}`,
		`route route.other Rheintal {"coordinates":[[9.5,47.1],[9.5,47.2]],"type":"LineString"}`,
		`route route.bicycle Runde {"coordinates":[[[9.5,47.1,450],[9.5,47.2,451]],[[9.5,47.3],[9.5,47.4]]],"type":"MultiLineString"}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c := all[0].Contact; c == nil || c.Website != "https://example.org/a" {
		t.Errorf("contact %+v", c)
	}
	if d := all[2].Details["distance"]; d != "22.2" {
		t.Errorf("distance %s", d)
	}
}

func TestReadEncodings(t *testing.T) {
	body := `<gpx><wpt lat="1" lon="2"><name>Čevapi` + "\xe8" + `</name></wpt></gpx>`
	utf8 := strings.ReplaceAll(body, "\xe8", "č")
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?>` + utf8)
	if err != nil {
		t.Fatal(err)
	}
	latin2 := strings.ReplaceAll(body, "Č", "\xc8")
	for name, text := range map[string]string{
		"no declaration": utf8, "mark": "\ufeff" + utf8, "UTF-16": utf16,
		"Latin 2":      `<?xml version="1.0" encoding="ISO-8859-2"?>` + latin2,
		"Windows-1250": `<?xml version='1.0' encoding='windows-1250'?>` + latin2,
	} {
		all, err := Read(strings.NewReader(text), opts)
		if err != nil || all.Items[0].Feature.Name() != "Čevapič" {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "line 1: not a GPX file: it has no content"},
		{"hello", "line 1: not a GPX file: it has no content"},
		{"<kml/>", "line 1: not a GPX file: it begins with <kml>"},
		{strings.Repeat("<gpx>", 101), "line 1: more than 100 elements lie within each other"},
		{"<!DOCTYPE gpx [<!ENTITY a 'aaaa'>]>\n<gpx><name>&a;</name></gpx>", "line 2: not well-formed XML: invalid character entity &a;"},
		{"<gpx>\n<trk><trkseg>", "line 2: the file ends too early: it is cut off"},
		{"<gpx>\n<trk></gpx>", "line 2: not well-formed XML: element <trk> closed by </gpx>"},
		{"<gpx><name>\xe4</name></gpx>", "line 1: not well-formed XML: invalid UTF-8"},
		{`<?xml version="1.0" encoding="EBCDIC"?><gpx/>`, `the encoding "ebcdic" is not known; save the file as UTF-8`},
	}
	for _, test := range tests {
		_, err := Read(strings.NewReader(test.in), opts)
		if !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %q", test.in, err, test.want)
		}
	}
	if _, err := Read(strings.NewReader("<gpx><trk><trkseg><trkpt lat='1' lon='1'/></trkseg></trk></gpx>"), opts); !errors.Is(err, ErrEmpty) {
		t.Errorf("one point: error %v", err)
	}
	endless := io.MultiReader(strings.NewReader("<gpx>"), spaces{})
	if _, err := Read(endless, opts); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("endless file: error %v", err)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestReadRejects(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"<wpt lat='1'><name>A</name></wpt>", `line 2, <wpt> "A": <wpt> has no lon`},
		{"<wpt lat='1,5' lon='2'/>", `line 2, <wpt>: <wpt>: lat "1,5" is not a number`},
		{"\n<wpt lat='1' lon='190.2'/>", "line 3, <wpt>: longitude 190.2 is outside -180..180"},
		{"<wpt lat='NaN' lon='1'/>", "line 2, <wpt>: latitude NaN is outside -90..90"},
		{"<rte><name>B</name><rtept lat='1' lon='1'/>\n<rtept lat='1'/></rte>", `line 2, <rte> "B": fewer than two of its points can be read: line 3: <rtept> has no lon; the point is left out`},
	} {
		file, err := Read(strings.NewReader("<gpx>\n"+test.in+"<wpt lat='1' lon='2'/></gpx>"), opts)
		if err != nil || len(file.Items) != 1 || len(file.Rejected) != 1 || file.Rejected[0].String() != test.want {
			t.Errorf("%s\ngot  %v, %v\nwant %s", test.in, file, err, test.want)
		}
	}
	file, err := Read(strings.NewReader("<gpx><trk><trkseg><trkpt lat='1' lon='1'/>\n<trkpt lat='1' lon='999'/><trkpt lat='1' lon='2'/></trkseg></trk></gpx>"), opts)
	if want := "line 2: longitude 999 is outside -180..180; the point is left out"; err != nil || len(file.Items) != 1 || fmt.Sprint(file.Items[0].Warnings) != "["+want+"]" {
		t.Errorf("a bad point: %+v, %v; want the warning %s", file, err, want)
	}
}

// TestReadFiles reads real files and prints what is in them.
func TestReadFiles(t *testing.T) {
	const root = "../../../../shared/data/gpx"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no test data: %v", err)
	}
	read := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		var r io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			if r, err = gzip.NewReader(file); err != nil {
				return err
			}
		}
		name := strings.TrimPrefix(path, root+"/")
		all, err := Read(r, opts)
		var line *records.Error
		switch {
		case errors.Is(err, ErrEmpty) || errors.As(err, &line):
			t.Logf("%s: %v", name, err)
			return nil
		case err != nil:
			t.Errorf("%s: %v", name, err)
			return nil
		}
		read++
		counts := map[feature.Kind]int{}
		points := 0
		for _, f := range all.Features() {
			counts[f.Kind]++
			points += f.Geometry.Count()
		}
		t.Logf("%s: %d POIs, %d routes, %d points", name, counts[feature.POI], counts[feature.Route], points)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 30 {
		t.Errorf("only %d files could be read", read)
	}
}

// FuzzRead checks that no input breaks the reader and that what it gives is valid.
func FuzzRead(f *testing.F) {
	for _, s := range []string{sample, "\xfe\xff\x00<", `<?xml version="1.0" encoding="ISO-8859-1"?><gpx><wpt lat="1" lon="1"><name>` + "\xe4</name></wpt></gpx>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
