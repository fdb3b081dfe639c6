package feature

import (
	"errors"
	"fmt"
	"slices"
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
		{func(f *Feature) { f.Media = []Media{{Hash: strings.Repeat("0f", 32), Licence: "CC0-1.0"}} }, ""},
		{func(f *Feature) { f.Media = []Media{{Hash: "0F", Licence: "CC0-1.0"}} }, `media.0.hash: "0F" is not a SHA-256 of 64 hex digits`},
		{func(f *Feature) { f.Media = []Media{{Licence: "CC0-1.0"}} }, "media.0.url: missing"},
		{func(f *Feature) {
			f.Media = []Media{{URL: "https://example.org/a.jpg", Licence: "CC0-1.0", Alt: map[string]string{"de": " "}}}
		}, "media.0.alt.de: must not be empty"},
		{func(f *Feature) { f.Season = []Season{{"05", "10-15"}, {"11", "02-29"}} }, ""},
		{func(f *Feature) { f.Season = []Season{{"13", "10"}} }, `season.0.from: "13" is not a month such as 05 or a day such as 05-15`},
		{func(f *Feature) { f.Season = []Season{{"5", "10"}} }, `season.0.from: "5" is not a month such as 05 or a day such as 05-15`},
		{func(f *Feature) { f.Season = make([]Season, 13) }, "season: 13 entries, more than 12"},
		{func(f *Feature) { f.Price = &Price{From: 12.5, To: 30, Currency: "EUR", Per: "person"} }, ""},
		{func(f *Feature) { f.Price = &Price{} }, "price: must not be empty"},
		{func(f *Feature) { f.Price = &Price{Level: 5} }, "price.level: 5 is not 1 to 4"},
		{func(f *Feature) { f.Price = &Price{From: 1.005, Currency: "EUR"} }, "price.from: 1.005 is not an amount of 0 to 1000000 with at most two decimals"},
		{func(f *Feature) { f.Price = &Price{From: 3} }, "price.currency: missing: an amount needs a currency such as EUR"},
		{func(f *Feature) { f.Price = &Price{From: 3, To: 2, Currency: "EUR"} }, "price.to: 2 is less than 3"},
		{func(f *Feature) { f.Price = &Price{Free: true, Per: "nose"} }, `price.per: "nose" is not one of person, night, hour, day, group, piece`},
		{func(f *Feature) { f.Access = &Access{Wheelchair: "maybe"} }, `accessibility.wheelchair: "maybe" is not one of yes, limited, no`},
		{func(f *Feature) { f.Access = &Access{Note: map[string]string{"Deutsch": "x"}} }, `accessibility.note: "Deutsch" is not a language tag such as de, sr-Latn or und`},
		{func(f *Feature) { f.Services = []string{"repair", "storage"} }, ""},
		{func(f *Feature) { f.Services = []string{"repair", "repair"} }, `services.1: "repair" is there twice`},
		{func(f *Feature) { f.Products = []string{"Käse"} }, `products.0: "Käse" is not 1 to 64 of a-z, 0-9 and _`},
		{func(f *Feature) { f.Links = []WebLink{{Kind: "film", URL: "https://example.org"}} }, `links.0.kind: "film" is not one of website, booking, tickets, menu, video, webcam, timetable, download, social, other`},
		{func(f *Feature) { f.Links = []WebLink{{Kind: "video", URL: "ftp://example.org"}} }, `links.0.url: "ftp://example.org" is not a link with http:// or https://`},
		{func(f *Feature) { f.Tour = &Tour{} }, "tour: only a route has one"},
		{tour(Tour{Form: "loop", Surfaces: map[string]int{"asphalt": 60, "gravel": 40}, Stages: []Stage{{Until: 9000}, {From: 9000, Until: 20000}}}), ""},
		{tour(Tour{Surfaces: map[string]int{"asphalt": 60, "gravel": 41}}), "tour.surfaces: add up to 101 per cent"},
		{tour(Tour{Stages: []Stage{{From: 2, Until: 2}}}), "tour.stages.0.until: 2 is not 3 to 100000000"},
		{tour(Tour{Waypoints: []Waypoint{{}}}), "tour.waypoints.0.position: must be a Point"},
		{tour(Tour{Profile: &HeightProfile{Step: 50, Heights: []int32{1}}}), "tour.profile.heights: 1 is not 2 to 20000"},
		{tour(Tour{Profile: &HeightProfile{Step: 50, Heights: []int32{1, 300000}}}), "tour.profile.heights: height 30000 m is outside -20000..20000"},
		{func(f *Feature) { f.Effect = &Effect{} }, "effect: only a notice has one"},
		{func(f *Feature) {
			f.Kind, f.Effect = Notice, &Effect{Severity: "severe", Routes: []string{"osm/relation/9"}}
		}, ""},
		{func(f *Feature) { f.Kind, f.Effect = Notice, &Effect{Routes: []string{""}} }, "effect.routes.0: missing"},
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

// tour makes a feature a route with a tour.
func tour(t Tour) func(*Feature) {
	return func(f *Feature) { f.Kind, f.Geometry, f.Tour = Route, Along(line(1, 1, 2, 2)), &t }
}

func TestProblems(t *testing.T) {
	f := fountain()
	f.Kind, f.Category, f.Geometry = "", "", At(cell.Point{LonE7: 1800000001})
	f.Names["de"], f.Names["sl"] = "", ""
	var got []string
	for _, p := range f.Problems() {
		got = append(got, p.Field)
	}
	if want := []string{"kind", "category", "geometry.coordinates", "names.de", "names.sl"}; !slices.Equal(got, want) {
		t.Errorf("problems of %q, want %q", got, want)
	}
	for i := range 2 * MaxProblems {
		f.Details[fmt.Sprintf("key_%d", i)] = ""
	}
	if n := len(f.Problems()); n != MaxProblems {
		t.Errorf("%d problems, want %d", n, MaxProblems)
	}
}

func TestSeasonCovers(t *testing.T) {
	tests := []struct {
		season Season
		days   string // that it covers
		others string
	}{
		{Season{"05", "10"}, "2026-05-01 2026-10-31", "2026-04-30 2026-11-01"},
		{Season{"05-15", "10"}, "2026-05-15 2026-10-31", "2026-05-14 2026-11-01"},
		{Season{"11", "02-15"}, "2026-11-01 2026-12-31 2027-01-01 2027-02-15", "2026-10-31 2027-02-16"},
		{Season{"05-10", "05"}, "2026-05-10 2026-05-31", "2026-05-09 2026-06-01"},
		{Season{"", "1"}, "", "2026-05-10 x"},
	}
	for _, test := range tests {
		for _, day := range strings.Fields(test.days) {
			if !test.season.Covers(day) {
				t.Errorf("%v does not cover %s", test.season, day)
			}
		}
		for _, day := range strings.Fields(test.others) {
			if test.season.Covers(day) {
				t.Errorf("%v covers %s", test.season, day)
			}
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

func TestOver(t *testing.T) {
	notice := Feature{Kind: Notice, Valid: &Period{Until: "2026-05-31"}}
	if notice.Over("2026-05-31") || !notice.Over("2026-06-01") {
		t.Error("a notice counts to the end of its last day")
	}
	if (&Feature{Kind: POI, Valid: notice.Valid}).Over("2026-06-01") || (&Feature{Kind: Notice}).Over("2026-06-01") {
		t.Error("only a notice with an end is over")
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
