package geojson

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	export "github.com/pannier-maps/pannier/tiles/export/geojson"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

var opts = records.Options{Source: "vaduz", Provider: "Vaduz Tourism", Licence: "CC-BY-4.0", Attribution: "© Vaduz Tourism", Collections: []string{"hiking"}}

func read(t *testing.T, text string) *records.File {
	t.Helper()
	file, err := Read(strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func describe(file *records.File) string {
	var lines []string
	for _, item := range file.Items {
		raw, err := item.Feature.Canonical()
		if err != nil {
			return err.Error()
		}
		lines = append(lines, string(raw))
	}
	return strings.Join(lines, "\n")
}

const provenance = `"provenance":{"attribution":"© Vaduz Tourism","licence":"CC-BY-4.0","provider":"Vaduz Tourism"`

func TestRead(t *testing.T) {
	tests := []struct{ name, properties, want string }{
		{"plain", `"id":7,"properties":{"name":"Löwen","name:sl":"Lev","name_en":"Lion","named":"x","amenity":"restaurant","website":"example.org","phone":"+423 1","addr:city":"Vaduz","opening_hours":"Mo-Fr 08:00-18:00","capacity":40,"wheelchair":true,"fid":3}`,
			`{"address":{"place":"Vaduz"},"category":"food.restaurant","collection":"vaduz","contact":{"phone":"+423 1","website":"https://example.org"},"details":{"capacity":"40","wheelchair":"yes"},"geometry":{"coordinates":[9.5,47.1],"type":"Point"},"id":"vaduz/7","kind":"poi","names":{"en":"Lion","sl":"Lev","und":"Löwen"},"opening_hours":"Mo-Fr 08:00-18:00",` + provenance + `,"source_id":"7"}}`},
		{"own", `"id":"vaduz/a","properties":{"kind":"notice","category":"notice.closure","names":{"de":"Sperre"},"name":"x","valid":{"from":"2026-05-01"},"provenance":{"provider":"x","licence":"CC0-1.0"}}`,
			`{"category":"notice.closure","collection":"vaduz","geometry":{"coordinates":[9.5,47.1],"type":"Point"},"id":"vaduz/a","kind":"notice","names":{"de":"Sperre"},"provenance":{"attribution":"© Vaduz Tourism","licence":"CC0-1.0","provider":"Vaduz Tourism"},"valid":{"from":"2026-05-01"}}`},
		{"bare", `"properties":null`,
			`{"category":"other.place","collection":"vaduz","geometry":{"coordinates":[9.5,47.1],"type":"Point"},"id":"vaduz/708eb6e52337b4a8","kind":"poi",` + provenance + `}}`},
	}
	for _, test := range tests {
		text := `{"type":"Feature","geometry":{"type":"Point","coordinates":[9.5,47.1]},` + test.properties + `}`
		file := read(t, text)
		if got := describe(file); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestReadForms(t *testing.T) {
	one := `{"type":"Feature","id":%q,"geometry":{"type":"LineString","coordinates":[[9.5,47.1],[9.6,47.1]]},"properties":{}}`
	a, b := fmt.Sprintf(one, "a"), fmt.Sprintf(one, "b")
	for name, text := range map[string]string{
		"collection":     `{"type":"FeatureCollection","name":"x","features":[` + a + `,` + b + `]}`,
		"features first": `{"features":[` + a + `,` + b + `],"type":"FeatureCollection"}`,
		"lines":          a + "\n" + b + "\n",
		"text sequence":  "\x1e" + a + "\n\x1e" + b,
		"mark":           "\ufeff" + a + b,
	} {
		file := read(t, text)
		if len(file.Items) != 2 || file.Items[1].Feature.ID != "vaduz/b" || file.Items[0].Feature.Category != "route.other" {
			t.Errorf("%s: %s", name, describe(file))
		}
	}
}

func TestAmendments(t *testing.T) {
	file := read(t, `{"type":"FeatureCollection","features":[
		{"type":"Feature","id":"osm/node/1","geometry":null,"properties":{"opening_hours":"24/7"}},
		{"type":"Feature","id":"hiking/2","geometry":{"type":"Point","coordinates":[9,47]},"properties":{"name:de":"Hütte"}},
		{"type":"Feature","id":"3","geometry":null,"properties":{"kind":"poi"}}]}`)
	want := `{"id":"osm/node/1","opening_hours":"24/7",` + provenance + `}}
{"geometry":{"coordinates":[9,47],"type":"Point"},"id":"hiking/2","names":{"de":"Hütte"},` + provenance + `}}
{"id":"vaduz/3","kind":"poi",` + provenance + `,"source_id":"3"}}`
	if got := describe(file); got != want || slices.ContainsFunc(file.Items, func(i records.Item) bool { return !i.Amends }) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadRefuses(t *testing.T) {
	point := `{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"properties":{}}`
	in := func(f string) string {
		return `{"type":"FeatureCollection","features":[` + point + `,` + point + `,` + f + `]}`
	}
	for _, test := range []struct{ in, want string }{
		{in(`{"type":"Feature","geometry":{"type":"Point","coordinates":[190.2,47]}}`), "line 1, feature 3: geometry.coordinates: longitude 190.2 is outside -180..180"},
		{in(`{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}}`), "line 1, feature 3: geometry.coordinates: a ring must end where it begins; 0 0 and 0 1 differ"},
		{in(`{"type":"Feature","geometry":{"type":"GeometryCollection","geometries":[]}}`), "line 1, feature 3: geometry.coordinates: missing"},
		{in(`{"type":"Feature","geometry":null}`), "line 1, feature 3: geometry: missing, and there is no id of an object to amend"},
		{in(`{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"properties":{"names":{"de":3}}}`), "line 1, feature 3: properties.names: must not be a JSON number"},
		{in(`{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"properties":{"contact":{"email":"x"}}}`), "line 1, feature 3: contact.email: has no @"},
		{in(`{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"properties":{"category":"food"}}`), `line 1, feature 3: properties.category: "food" is no category`},
		{in(`{"type":"Feature","geometry":{"type":"Point","coordinates":[9,47]},"id":[1]}`), "line 1, feature 3: id: must be a text or a number"},
		{in(`7`), "line 1, feature 3: type: must be an object, not a JSON number"},
		{in(`{"type":"Point","coordinates":[9,47]}`), `line 1, feature 3: type: "Point" is not Feature`},
		{`{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[9,47]}}{"type":"Feature","id":"1","geometry":{"type":"Point","coordinates":[9,47]}}`, `line 1, feature 2: id: "vaduz/1" comes twice`},
	} {
		file, err := Read(strings.NewReader(test.in), opts)
		if err != nil || len(file.Rejected) != 1 {
			t.Errorf("%s\n%v, %v", test.in, file, err)
			continue
		}
		if got := file.Rejected[0].String(); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.in, got, test.want)
		}
	}
	for _, test := range []struct{ in, want string }{
		{"{\"type\":\"FeatureCollection\",\n\"features\":[\n{\"type\": oops}]}", "line 3, byte 52: not JSON: invalid character 'o' looking for beginning of value"},
		{"{\"type\":\"Feature\",\n\"geometry\":{", "line 2, byte 31: not JSON: unexpected end of JSON input"},
		{point + "\n{,", "line 2, byte 86: not JSON: invalid character ','"},
		{`{"type":"FeatureCollection"}`, "features: missing"},
		{`{"features":[]}`, "type: must be FeatureCollection where there are features"},
		{`{"type":"FeatureCollection","features":{}}`, "features: must be an array"},
		{`{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"features":[]}`, "crs: only WGS 84 can be read"},
		{`{"type":"Topology"}`, `type: "Topology" is not Feature or FeatureCollection`},
		{`[1]`, "not GeoJSON: it does not begin with {"},
		{``, "the file is empty"},
	} {
		_, err := Read(strings.NewReader(test.in), opts)
		var where *records.Error
		if !errors.Is(err, feature.ErrInvalid) || !errors.As(err, &where) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s\nerror %v\nwant  %s", test.in, err, test.want)
		}
	}
}

// TestRoundTrip checks that what export/geojson writes comes back as it was.
func TestRoundTrip(t *testing.T) {
	want := read(t, `{"type":"FeatureCollection","features":[
		{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[9.5,47.1,455.5]},"properties":{"name":"Löwen & <Co>","name:de":"L","amenity":"cafe","email":"a@example.org","addr:street":"Au","wheelchair":"yes"}},
		{"type":"Feature","geometry":{"type":"MultiLineString","coordinates":[[[9.5,47.1],[9.6,47.2]],[[9.7,47.1],[9.8,47.2]]]},"properties":{"descriptions":{"de":"eins\nzwei"},"media":[{"url":"https://example.org/a.jpg","licence":"CC0-1.0"}]}},
		{"type":"Feature","id":"x","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"properties":{"kind":"notice","name":"Sperre","valid":{"until":"2026-01-01"}}}]}`)
	var out bytes.Buffer
	w := export.NewWriter(&out, "de")
	for i := range want.Items {
		if err := w.Write(&want.Items[i].Feature); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&out, records.Options{Source: "vaduz"})
	if err != nil {
		t.Fatal(err)
	}
	if describe(got) != describe(want) || len(got.Rejected)+len(want.Rejected) > 0 {
		t.Errorf("got\n%s\nwant\n%s\nrejected %v %v", describe(got), describe(want), got.Rejected, want.Rejected)
	}
}

func TestReadFile(t *testing.T) {
	file, err := os.Open("../../../../shared/data/admin/si-regions-pomurska-podravska.geojson")
	if err != nil {
		t.Skipf("no test data: %v", err)
	}
	defer file.Close()
	got, err := Read(file, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Features() {
		t.Log(f.ID, f.Name(), f.Geometry.Shape, f.Geometry.Count(), f.Anchor())
	}
}

// FuzzRead checks that no input breaks the reader, that it gives valid features,
// and that these come back from an export.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"type":"FeatureCollection","features":[{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[9,47]},"properties":{"name":"x","amenity":"cafe"}}]}`,
		`{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}}` + "\n{",
		`{"type":"Feature","id":"osm/node/1","geometry":null,"properties":{"details":{"fee":"no"},"valid":{}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), opts)
		if err != nil {
			if !errors.Is(err, feature.ErrInvalid) {
				t.Fatalf("error of an unknown kind: %v", err)
			}
			return
		}
		var out bytes.Buffer
		w := export.NewWriter(&out)
		file.Items = slices.DeleteFunc(file.Items, func(i records.Item) bool { return i.Amends })
		for i := range file.Items {
			if err := file.Items[i].Feature.Validate(); err != nil {
				t.Fatal(err)
			}
			if err := w.Write(&file.Items[i].Feature); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&out, records.Options{Source: "vaduz"})
		if err != nil || describe(again) != describe(file) {
			t.Fatalf("%v: export of\n%s\ncame back as\n%s", err, describe(file), out.String())
		}
	})
}
