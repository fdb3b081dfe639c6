package feature

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// fountain returns a valid feature.
func fountain() Feature {
	return Feature{
		ID: "osm/node/1", Kind: POI, Collection: "osm", Category: "water.drinking",
		Geometry:   At(cell.Point{LonE7: 95209000, LatE7: 471410000}),
		Names:      map[string]string{Und: "Dorfbrunnen", "sl": "Vaški vodnjak"},
		Details:    map[string]string{"fee": "no"},
		Provenance: Provenance{Provider: "OpenStreetMap", Licence: "ODbL-1.0", Retrieved: "2019-06-16T08:00:00Z"},
	}
}

func line(points ...int32) Line {
	var l Line
	for i := 0; i+1 < len(points); i += 2 {
		l.Points = append(l.Points, cell.Point{LonE7: points[i], LatE7: points[i+1]})
	}
	return l
}

func TestCanonical(t *testing.T) {
	f := fountain()
	got, err := f.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"category":"water.drinking","collection":"osm","details":{"fee":"no"},` +
		`"geometry":{"coordinates":[9.5209,47.141],"type":"Point"},"id":"osm/node/1","kind":"poi",` +
		`"names":{"sl":"Vaški vodnjak","und":"Dorfbrunnen"},` +
		`"provenance":{"licence":"ODbL-1.0","provider":"OpenStreetMap","retrieved":"2019-06-16T08:00:00Z"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	back, err := Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*back, f) {
		t.Errorf("Parse gave %+v, want %+v", *back, f)
	}
}

// full has the members that came later.
var full = []byte(`{"accessibility":{"aids":["ramp"],"door_cm":90,"note":{"de":"Rampe hinten"},"steps":2,"wheelchair":"limited"},` +
	`"category":"route.bicycle","collection":"trails","effect":{"routes":["osm/relation/9"],"severity":"minor"},` +
	`"geometry":{"coordinates":[[15.7,46.2],[15.8,46.3]],"type":"LineString"},"id":"trails/1","kind":"route",` +
	`"links":[{"kind":"video","title":{"sl":"Film poti"},"url":"https://example.org/film"}],` +
	`"media":[{"alt":{"en":"A bridge"},"hash":"` + strings.Repeat("ab", 32) + `","height":600,"licence":"CC-BY-4.0","type":"image/jpeg","width":800}],` +
	`"price":{"currency":"EUR","from":12.5,"per":"person"},"products":["cheese"],` +
	`"provenance":{"licence":"CC-BY-4.0","provider":"trails"},"season":[{"from":"04-15","until":"10"}],"services":["repair"],` +
	`"tour":{"ascent":320,"difficulty":"easy","form":"loop","profile":{"heights":[2000,2100],"step":50},` +
	`"stages":[{"names":{"de":"Hin"},"until":9000}],"surfaces":{"asphalt":80,"gravel":20},` +
	`"waypoints":[{"feature":"trails/2","position":{"coordinates":[15.75,46.25],"type":"Point"}}]}}`)

func TestCanonicalFull(t *testing.T) {
	f, err := Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Canonical(); err != nil || string(got) != string(full) {
		t.Errorf("got  %s, %v\nwant %s", got, err, full)
	}
	if err := f.Validate(); err == nil || err.Error() != "effect: only a notice has one" {
		t.Errorf("Validate: %v", err)
	}
	base := fountain()
	merged := Merge(base, *f)
	if merged.Tour != f.Tour || merged.Access.Wheelchair != "limited" || len(merged.Season)+len(merged.Services)+len(merged.Products)+len(merged.Links)+len(merged.Media) != 5 {
		t.Errorf("Merge gave %+v", merged)
	}
	back := Merge(merged, Feature{Access: &Access{Steps: 3}, Services: []string{"washing"}})
	if back.Access.Wheelchair != "limited" || back.Access.Steps != 3 || back.Services[0] != "washing" || back.Price.From != 12.5 {
		t.Errorf("Merge gave %+v", back)
	}
}

func TestGeometryJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"type":"Point","coordinates":[1e-7,-0.00000014]}`, `{"coordinates":[0.0000001,-0.0000001],"type":"Point"}`},
		{`{"type":"Point","coordinates":[180,-90,432.16,7]}`, `{"coordinates":[180,-90,432.2],"type":"Point"}`},
		{`{"type":"LineString","coordinates":[ [1,2,3], [2,3] ]}`, `{"coordinates":[[1,2],[2,3]],"type":"LineString"}`},
		{`{"type":"LineString","coordinates":[[1,2,-0.5],[2,3,0]]}`, `{"coordinates":[[1,2,-0.5],[2,3,0]],"type":"LineString"}`},
		{`{"type":"MultiLineString","coordinates":[[[1,2],[2,3]],[[4,5],[6,7]]]}`, ""},
		{`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}`, ""},
		{`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]],[[[4,0],[5,0],[5,1],[4,0]],[[4.5,0.1],[4.6,0.1],[4.6,0.2],[4.5,0.1]]]]}`, ""},
		{`{"type":"LineString","coordinates":[]}`, ""},
	}
	for _, test := range tests {
		var g, again Geometry
		if err := json.Unmarshal([]byte(test.in), &g); err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		got := string(g.AppendJSON(nil))
		if test.want != "" && got != test.want {
			t.Errorf("%s gave %s, want %s", test.in, got, test.want)
		}
		if err := json.Unmarshal([]byte(got), &again); err != nil || !reflect.DeepEqual(g, again) {
			t.Errorf("%s: %v, %+v differs from %+v", got, err, again, g)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"longitude", `{"geometry":{"type":"Point","coordinates":[190.2,1]}}`, "geometry.coordinates: longitude 190.2 is outside -180..180"},
		{"latitude", `{"geometry":{"type":"LineString","coordinates":[[1,1],[1,-91]]}}`, "geometry.coordinates: latitude -91 is outside -90..90"},
		{"overflow", `{"geometry":{"type":"Point","coordinates":[1e999,1]}}`, "geometry.coordinates: must be nested"},
		{"short", `{"geometry":{"type":"Point","coordinates":[1]}}`, "geometry.coordinates: a position needs"},
		{"depth", `{"geometry":{"type":"LineString","coordinates":[1,2]}}`, "geometry.coordinates: must be nested"},
		{"deeper", `{"geometry":{"type":"Point","coordinates":[[1,2]]}}`, "geometry.coordinates: must be nested"},
		{"text", `{"geometry":{"type":"Point","coordinates":["1","2"]}}`, "geometry.coordinates: must be nested"},
		{"none", `{"geometry":{"type":"Point"}}`, "geometry.coordinates: missing"},
		{"shape", `{"geometry":{"type":"Circle","coordinates":[1,2]}}`, `geometry.type: "Circle" is not one of`},
		{"member", `{"names":{"de":3}}`, "names: must not be a JSON number"},
		{"two", `{} {}`, "more than one"},
		{"null", `null`, "not a JSON object"},
		{"cut", `{"id":"a"`, "invalid feature"},
		{"latin1", "{\"id\":\"\xe4\"}", "not UTF-8"},
		{"large", strings.Repeat(" ", MaxBytes+1), "more than 4194304"},
	}
	for _, test := range tests {
		_, err := Parse([]byte(test.in))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	many := `{"geometry":{"type":"LineString","coordinates":[[1,1]` + strings.Repeat(`,[1,1]`, MaxPoints) + `]}}`
	if _, err := Parse([]byte(many)); err == nil || !strings.Contains(err.Error(), "more than 200000 positions") {
		t.Errorf("%d positions: error %v", MaxPoints+1, err)
	}
}

func TestParseIgnoresUnknownMembers(t *testing.T) {
	f, err := Parse([]byte(`{"id":"a/1","future":{"x":[1]},"contact":{"fax":"1"}}`))
	if err != nil || f.ID != "a/1" {
		t.Errorf("Parse = %+v, %v", f, err)
	}
}

func TestMerge(t *testing.T) {
	base := fountain()
	amendment := Feature{
		ID: base.ID, OpeningHours: "Mo-Fr 08:00-18:00", Names: map[string]string{"de": "Brunnen"},
		Contact: &Contact{Phone: "+423 1"}, Provenance: Provenance{Provider: "Vaduz Tourism", Licence: "CC-BY-4.0"},
	}
	got := Merge(base, amendment)
	want := fountain()
	want.OpeningHours, want.Contact = "Mo-Fr 08:00-18:00", &Contact{Phone: "+423 1"}
	want.Names["de"] = "Brunnen"
	want.Provenance.AmendedBy = "Vaduz Tourism"
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Merge gave %+v, want %+v", got, want)
	}
	if len(base.Names) != 2 {
		t.Error("Merge changed its base")
	}
}

func TestName(t *testing.T) {
	f := fountain()
	for languages, want := range map[string]string{"sl": "Vaški vodnjak", "sl-SI": "Vaški vodnjak", "fr": "Dorfbrunnen", "": "Dorfbrunnen"} {
		if got := f.Name(strings.Fields(languages)...); got != want {
			t.Errorf("Name(%s) = %q, want %q", languages, got, want)
		}
	}
	f.Names = map[string]string{"hu": "Kút", "hr": "Zdenac"}
	if got := f.Name("de"); got != "Zdenac" {
		t.Errorf("Name = %q", got)
	}
}

// FuzzParse checks that what Parse accepts has one stable form.
func FuzzParse(f *testing.F) {
	seed := fountain()
	raw, err := seed.Canonical()
	if err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{raw,
		[]byte(`{"geometry":{"type":"MultiPolygon","coordinates":[[[[0,0,1],[1,0,1],[1,1,1],[0,0,1]]],[]]},"media":[{"url":"x"}],"valid":{}}`),
		[]byte(`{"geometry":{"type":"MultiLineString","coordinates":[[],[[1,2]]]},"contact":{},"address":{"country":"SI"}}`)}
	seeds = append(seeds, full)
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		one, err := Parse(raw)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("error %v is no ErrInvalid", err)
			}
			return
		}
		_ = one.Validate()
		_, _, _ = one.Anchor(), one.Cell(), one.Geometry.Length()
		a, err := one.Canonical()
		if err != nil {
			return
		}
		two, err := Parse(a)
		if err != nil {
			t.Fatalf("parse of canonical %s: %v", a, err)
		}
		if b, err := two.Canonical(); err != nil || !bytes.Equal(a, b) {
			t.Fatalf("canonical %s became %s, %v", a, b, err)
		}
	})
}
