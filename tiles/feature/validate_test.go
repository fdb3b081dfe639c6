package feature

import (
	"errors"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestValidate(t *testing.T) {
	good := fountain()
	if err := good.Validate(); err != nil {
		t.Fatalf("valid feature: %v", err)
	}
	tests := []struct {
		change func(*Feature)
		want   string
	}{
		{func(f *Feature) { f.ID = "" }, "id: missing"},
		{func(f *Feature) { f.ID = strings.Repeat("x", 200) }, ""},
		{func(f *Feature) { f.ID = strings.Repeat("x", 201) }, "id: 201 bytes, more than 200"},
		{func(f *Feature) { f.ID = "a\n/1" }, "id: has the control character U+000A"},
		{func(f *Feature) { f.Kind = "place" }, `kind: "place" is not poi, route or notice`},
		{func(f *Feature) { f.Collection = "" }, "collection: missing"},
		{func(f *Feature) { f.Category = " " }, "category: missing"},
		{func(f *Feature) { f.Geometry = Geometry{} }, "geometry: missing"},
		{func(f *Feature) { f.Geometry = At(cell.Point{LonE7: 1800000001}) }, "geometry.coordinates: 180.0000001, 0 is outside the world"},
		{func(f *Feature) { f.Kind = Route }, "geometry.type: a route must be a LineString or MultiLineString"},
		{func(f *Feature) { f.Geometry = Along(line(1, 1)) }, "geometry.coordinates: a line needs at least 2 positions, not 1"},
		{func(f *Feature) { f.Geometry = Along(line(1, 1, 2, 2), line()) }, "geometry.coordinates: a line needs at least 2 positions, not 0"},
		{func(f *Feature) { f.Geometry = Along(line(1, 1, 2, 2), line(3, 3, 4, 4)); f.Kind = Route }, ""},
		{func(f *Feature) { f.Geometry = Geometry{Shape: Polygon, Lines: []Line{line(0, 0, 9, 0, 9, 9, 0, 9)}} }, "geometry.coordinates: a ring must end where it begins; 0 0 and 0 0.0000009 differ"},
		{func(f *Feature) { f.Geometry = Geometry{Shape: Polygon, Lines: []Line{line(0, 0, 9, 0, 0, 0)}} }, "geometry.coordinates: a ring needs at least 4 positions, not 3"},
		{func(f *Feature) { f.Geometry = Geometry{Shape: Polygon, Lines: []Line{line(0, 0, 9, 0, 9, 9, 0, 0)}} }, ""},
		{func(f *Feature) {
			f.Geometry = Geometry{Shape: MultiPolygon, Lines: []Line{line(0, 0, 9, 0, 9, 9, 0, 0)}}
		}, "geometry.coordinates: rings do not add up to polygons"},
		{func(f *Feature) { f.Names["de"] = " " }, "names.de: must not be empty"},
		{func(f *Feature) { f.Names["German"] = "x" }, `names: "German" is not a language tag such as de, sr-Latn or und`},
		{func(f *Feature) { f.Names["de"] = strings.Repeat("ä", 300) }, ""},
		{func(f *Feature) { f.Names["de"] = strings.Repeat("ä", 301) }, "names.de: 301 characters, more than 300"},
		{func(f *Feature) { f.Descriptions = map[string]string{"de": "one\ntwo"} }, ""},
		{func(f *Feature) { f.Kind, f.Names = Notice, nil }, "names: a notice needs a name or a description"},
		{func(f *Feature) { f.Contact = &Contact{Website: "javascript:alert(1)"} }, `contact.website: "javascript:alert(1)" is not a link with http:// or https://`},
		{func(f *Feature) { f.Contact = &Contact{Email: "me"} }, "contact.email: has no @"},
		{func(f *Feature) { f.Address = &Address{Country: "Slovenia"} }, `address.country: "Slovenia" is not a country code such as SI`},
		{func(f *Feature) { f.Details["Näme"] = "x" }, `details: key "Näme" is not 1 to 64 of a-z, 0-9, _, - and :`},
		{func(f *Feature) { f.Details["ref"] = "" }, "details.ref: must not be empty"},
		{func(f *Feature) { f.Media = []Media{{URL: "https://example.org/a.jpg"}} }, "media.0.licence: missing"},
		{func(f *Feature) { f.Valid = &Period{} }, "valid: must have from or until"},
		{func(f *Feature) { f.Valid = &Period{From: "2026-02-30"} }, `valid.from: "2026-02-30" is not a date such as 2026-05-31`},
		{func(f *Feature) { f.Valid = &Period{From: "2026-05-31", Until: "2026-05-30"} }, "valid.until: 2026-05-30 is before 2026-05-31"},
		{func(f *Feature) { f.Provenance.Licence = "" }, "provenance.licence: missing"},
		{func(f *Feature) { f.Provenance.Provider = "" }, "provenance.provider: missing"},
		{func(f *Feature) { f.Provenance.Retrieved = "yesterday" }, `provenance.retrieved: "yesterday" is not a time such as 2026-05-31T12:00:00Z`},
	}
	for _, test := range tests {
		f := fountain()
		test.change(&f)
		err := f.Validate()
		var field *FieldError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("error %v, want none", err)
		case test.want != "" && (err == nil || err.Error() != test.want || !errors.As(err, &field)):
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

func TestValidLanguage(t *testing.T) {
	for tag, want := range map[string]bool{
		"de": true, "und": true, "sr-Latn": true, "pt-BR": true, "de-1996": true,
		"": false, "d": false, "DE": false, "de-": false, "deutsch": false, "de_AT": false, "sl-ščž": false,
	} {
		if got := ValidLanguage(tag); got != want {
			t.Errorf("ValidLanguage(%q) = %v", tag, got)
		}
	}
}

func TestPeriodCovers(t *testing.T) {
	p := &Period{From: "2026-05-01", Until: "2026-05-31"}
	for day, want := range map[string]bool{"2026-04-30": false, "2026-05-01": true, "2026-05-31": true, "2026-06-01": false} {
		if p.Covers(day) != want {
			t.Errorf("Covers(%s) = %v", day, !want)
		}
	}
	if !(*Period)(nil).Covers("2026-01-01") || !(&Period{From: "2026-01-01"}).Covers("2026-01-01") {
		t.Error("open periods must cover")
	}
}
