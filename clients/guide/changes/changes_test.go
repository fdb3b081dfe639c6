package changes_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/guide/changes"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// poi makes a place some metres east of 0,0.
func poi(id, category, name string, metersEast int32) *feature.Feature {
	f := &feature.Feature{
		ID: id, Kind: feature.POI, Category: category,
		Geometry:   feature.At(cell.Point{LonE7: metersEast * 90}),
		Provenance: feature.Provenance{Provider: "OpenStreetMap", Licence: "ODbL-1.0"},
	}
	if name != "" {
		f.Names = map[string]string{feature.Und: name}
	}
	return f
}

// edited returns a copy of a feature after an edit.
func edited(f *feature.Feature, edit func(f *feature.Feature)) *feature.Feature {
	c := *f
	edit(&c)
	return &c
}

func closure(id, name, from, until string) *feature.Feature {
	f := poi(id, "notice.closure", name, 0)
	f.Kind, f.Valid = feature.Notice, &feature.Period{From: from, Until: until}
	return f
}

func route(id, name string, metersLong int32) *feature.Feature {
	f := poi(id, "route.bicycle", name, 0)
	f.Kind = feature.Route
	f.Geometry = feature.Along(feature.Line{Points: []cell.Point{{}, {LonE7: metersLong * 90}}})
	return f
}

func TestWords(t *testing.T) {
	museum := poi("osm/node/1", "culture.museum", "Landesmuseum", 0)
	museum.OpeningHours, museum.Details = "Mo-Fr 9:00-17:00", map[string]string{"wheelchair": "yes"}
	museum.Valid = &feature.Period{From: "2026-01-01"}
	way := route("osm/relation/1", "Rheinroute", 9000)
	tests := []struct {
		name     string
		old, new *feature.Feature
		want     string // "": no change
	}{
		{"nothing", museum, museum, ""},
		{"only provenance", museum, edited(museum, func(f *feature.Feature) { f.Provenance.Retrieved = "2026-05-01T00:00:00Z" }), ""},
		{"opening hours", museum, edited(museum, func(f *feature.Feature) { f.OpeningHours = "Tu-Su 10:00-17:00" }), "Landesmuseum · Museum: opening hours now Tu-Su 10:00-17:00"},
		{"no opening hours", museum, edited(museum, func(f *feature.Feature) { f.OpeningHours = "" }), "Landesmuseum · Museum: opening hours no longer given"},
		{"name", museum, edited(museum, func(f *feature.Feature) { f.Names = map[string]string{feature.Und: "Museum Vaduz"} }), "Museum Vaduz · Museum: was called Landesmuseum"},
		{"a name", museum, edited(museum, func(f *feature.Feature) {
			f.Names = map[string]string{feature.Und: "Landesmuseum", "fr": "Musée national"}
		}), "Landesmuseum · Museum: name in fr now Musée national"},
		{"category", museum, edited(museum, func(f *feature.Feature) { f.Category = "food.cafe" }), "Landesmuseum · Café: was Museum"},
		{"moved", museum, edited(museum, func(f *feature.Feature) { f.Geometry = feature.At(cell.Point{LonE7: 10_000}) }), "Landesmuseum · Museum: moved by 111 m"},
		{"moved by a step", museum, edited(museum, func(f *feature.Feature) { f.Geometry = feature.At(cell.Point{LonE7: 300}) }), ""},
		{"a bend", way, edited(way, func(f *feature.Feature) {
			f.Geometry = feature.Along(feature.Line{Points: []cell.Point{{}, {LonE7: 1, LatE7: 9}, {LonE7: 9000 * 90}}})
		}), "Rheinroute · Cycling route: course changed"},
		{"details", museum, edited(museum, func(f *feature.Feature) {
			f.Details = map[string]string{"wheelchair": "no", "internet_access": "wlan"}
		}), "Landesmuseum · Museum: internet access now wlan; wheelchair now no"},
		{"contact", museum, edited(museum, func(f *feature.Feature) { f.Contact = &feature.Contact{Phone: "+423 1"} }), "Landesmuseum · Museum: phone now +423 1"},
		{"address", museum, edited(museum, func(f *feature.Feature) {
			f.Address = &feature.Address{Street: "Städtle", Number: "43", Place: "Vaduz"}
		}), "Landesmuseum · Museum: address now Städtle 43, Vaduz"},
		{"photos", museum, edited(museum, func(f *feature.Feature) { f.Media = []feature.Media{{URL: "https://example.org/1.jpg"}} }), "Landesmuseum · Museum: other photos"},
		{"services and price", museum, edited(museum, func(f *feature.Feature) {
			f.Services, f.Price = []string{"storage"}, &feature.Price{Free: true}
		}), "Landesmuseum · Museum: other price; other services"},
		{"route details", way, edited(way, func(f *feature.Feature) { f.Tour = &feature.Tour{Form: "loop"} }), "Rheinroute · Cycling route: route details changed"},
		{"description", museum, edited(museum, func(f *feature.Feature) { f.Descriptions = map[string]string{"en": "Old things."} }), "Landesmuseum · Museum: new description"},
		{"period", museum, edited(museum, func(f *feature.Feature) {
			f.Valid = &feature.Period{From: "2026-01-01", Until: "2027-02-28"}
		}), "Landesmuseum · Museum: now from 1 January until 28 February 2027"},
		{"no period", museum, edited(museum, func(f *feature.Feature) { f.Valid = nil }), "Landesmuseum · Museum: now at any time"},
		{"course", way, route("osm/relation/1", "Rheinroute", 12_000), "Rheinroute · Cycling route: course changed, now 12 km"},
		{"new", nil, museum, "new: Landesmuseum · Museum"},
		{"new without a name", nil, poi("a", "water.drinking", "", 0), "new: Drinking water"},
		{"gone", museum, nil, "gone: Landesmuseum · Museum"},
		{"neither", nil, nil, ""},
		{"closure", nil, closure("a", "Bridge to Buchs", "2026-05-01", ""), "closed from 1 May: Bridge to Buchs"},
		{"closure until", nil, closure("a", "Bridge to Buchs", "2026-05-01", "2027-06-30"), "closed from 1 May until 30 June 2027: Bridge to Buchs"},
		{"longer closure", closure("a", "Bridge", "2026-05-01", "2026-05-02"), closure("a", "Bridge", "2026-05-01", "2026-05-09"), "closed from 1 May until 9 May: Bridge (changed)"},
		{"closure over", closure("a", "Bridge", "", ""), nil, "gone: Bridge · Closure"},
		{"an unknown category", nil, poi("a", "food.nectar", "Bee", 0), "new: Bee · Food and drink"},
	}
	for _, test := range tests {
		c, ok := changes.Of(test.old, test.new)
		if !ok {
			if test.want != "" {
				t.Errorf("%s: no change, want %q", test.name, test.want)
			}
			continue
		}
		lines := changes.NewList(1, 2, []changes.Change{c}, nil).Tell(changes.Options{Languages: []string{"en"}, Today: "2026-04-30"})
		if len(lines) != 1 || lines[0].Text != test.want {
			t.Errorf("%s: %+v, want %q", test.name, lines, test.want)
		}
	}
}

// TestLanguages tells one list in every language that there is.
func TestLanguages(t *testing.T) {
	museum := poi("osm/node/1", "culture.museum", "Landesmuseum", 0)
	hours := edited(museum, func(f *feature.Feature) { f.OpeningHours = "24/7" })
	c, _ := changes.Of(nil, closure("a", "X", "2026-05-01", "2026-08-12"))
	d, _ := changes.Of(museum, hours)
	for language, want := range map[string][2]string{
		"en":    {"closed from 1 May until 12 August: X", "Landesmuseum · Museum: opening hours now 24/7"},
		"de-AT": {"gesperrt von 1. Mai bis 12. August: X", "Landesmuseum · Museum: Öffnungszeiten jetzt 24/7"},
		"sl":    {"zaprto od 1. maja do 12. avgusta: X", "Landesmuseum · Muzej: odpiralni čas: zdaj 24/7"},
		"hr":    {"zatvoreno od 1. svibnja do 12. kolovoza: X", "Landesmuseum · Muzej: radno vrijeme: sada 24/7"},
		"hu":    {"lezárva, május 1. – augusztus 12.: X", "Landesmuseum · Múzeum: nyitvatartás: most 24/7"},
		"fr":    {"fermé du 1 mai au 12 août: X", "Landesmuseum · Musée: horaires : désormais 24/7"},
		"ca":    {"tancat del 1 de maig al 12 d’agost: X", "Landesmuseum · Museu: horari: ara 24/7"},
		"es":    {"cerrado del 1 de mayo al 12 de agosto: X", "Landesmuseum · Museo: horario: ahora 24/7"},
		"zu":    {"closed from 1 May until 12 August: X", "Landesmuseum · Museum: opening hours now 24/7"},
	} {
		lines := changes.NewList(1, 2, []changes.Change{c, d}, nil).Tell(changes.Options{Languages: []string{language}, Today: "2026-04-30"})
		if len(lines) != 2 || lines[0].Text != want[0] || lines[1].Text != want[1] {
			t.Errorf("%s: %+v, want %q", language, lines, want)
		}
	}
}

func list(t *testing.T, all ...[2]*feature.Feature) changes.List {
	t.Helper()
	var c changes.Comparison
	for _, pair := range all {
		for i, f := range pair {
			if f == nil {
				continue
			}
			record, err := f.Canonical()
			if err != nil {
				t.Fatal(err)
			}
			[]func(string, []byte){c.Old, c.New}[i](f.ID, record)
		}
	}
	return changes.NewList(3, 4, c.Changes(), nil)
}

func TestTell(t *testing.T) {
	cafe := poi("osm/node/9", "food.cafe", "Café Süß", 5000)
	bar := poi("osm/node/8", "food.bar", "Engel", 300)
	l := list(t,
		[2]*feature.Feature{nil, poi("osm/node/1", "water.drinking", "", 2000)},
		[2]*feature.Feature{nil, poi("osm/node/2", "water.drinking", "Dorfbrunnen", 1000)},
		[2]*feature.Feature{nil, poi("osm/node/3", "water.drinking", "", 3000)},
		[2]*feature.Feature{nil, poi("osm/node/4", "food.cafe", "Am See", 20)},
		[2]*feature.Feature{poi("osm/node/5", "water.toilets", "", 9000), nil},
		[2]*feature.Feature{cafe, edited(cafe, func(f *feature.Feature) { f.OpeningHours = "24/7" })},
		[2]*feature.Feature{bar, edited(bar, func(f *feature.Feature) { f.OpeningHours = "off" })},
		[2]*feature.Feature{poi("osm/node/10", "food.bar", "", 0), poi("osm/node/10", "food.bar", "", 0)},
		[2]*feature.Feature{nil, route("osm/relation/6", "Rheinroute", 9000)},
		[2]*feature.Feature{nil, closure("feed/7", "Bridge", "2026-05-01", "")},
	)
	if l.Total() != 9 {
		t.Errorf("%d changes, want 9", l.Total())
	}
	texts := func(o changes.Options) (texts []string) {
		for _, line := range l.Tell(o) {
			text := line.Text
			if line.Meters != nil {
				text += fmt.Sprintf(" @%.0f", *line.Meters)
			}
			texts = append(texts, text)
		}
		return texts
	}
	tests := []struct {
		name string
		o    changes.Options
		want []string
	}{
		{"by category", changes.Options{Today: "2026-04-30"}, []string{
			"closed from 1 May: Bridge", "new: Rheinroute · Cycling route", "3 new: Drinking water (Dorfbrunnen, …)", "new: Am See · Café",
			"Engel · Bar: opening hours now off", "Café Süß · Café: opening hours now 24/7", "gone: Toilets",
		}},
		{"in German, few", changes.Options{Languages: []string{"de-AT"}, Limit: 1}, []string{
			"gesperrt ab 1. Mai 2026: Bridge", "neu: Rheinroute · Radroute", "3 neu: Trinkwasser (Dorfbrunnen, …)", "neu: Am See · Café",
			"Engel · Bar: Öffnungszeiten jetzt off", "1 geändert: Café", "entfallen: Toilette",
		}},
		{"near a place", changes.Options{Today: "2026", Near: &changes.Place{Lines: [][]cell.Point{{{LonE7: 900_000, LatE7: 0}}}}}, []string{
			"closed from 1 May 2026: Bridge @10008", "new: Rheinroute · Cycling route @5504", "3 new: Drinking water (Dorfbrunnen, …) @7005", "new: Am See · Café @9988",
			"Café Süß · Café: opening hours now 24/7 @5004", "Engel · Bar: opening hours now off @9707", "gone: Toilets @1001",
		}},
	}
	for _, test := range tests {
		if got := texts(test.o); !slices.Equal(got, test.want) {
			t.Errorf("%s: got\n  %s\nwant\n  %s", test.name, strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
		}
	}
}

func TestLongLists(t *testing.T) {
	var all []changes.Change
	for i := range 2000 {
		c, _ := changes.Of(nil, poi(fmt.Sprintf("osm/node/%d", i), "other.place", strings.Repeat("x", 200), int32(i)))
		all = append(all, c)
	}
	c, _ := changes.Of(nil, closure("z", "Bridge", "", ""))
	near := &changes.Place{Lines: [][]cell.Point{{{LonE7: 100 * 90}, {LonE7: 120 * 90}}}}
	l := changes.NewList(1, 2, append(all, c), near)
	if len(l.Changes) != changes.MaxListed || l.Total() != 2001 || l.Changes[0].ID != "z" || l.Changes[1].ID != "osm/node/100" {
		t.Errorf("%d of %d are listed, %s and %s first", len(l.Changes), l.Total(), l.Changes[0].ID, l.Changes[1].ID)
	}
	data, err := l.Encode()
	if err != nil || len(data) > changes.MaxBytes {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	again, err := changes.Decode(data)
	if err != nil || again.Total() != 2001 {
		t.Errorf("decoded: %d changes, %v", again.Total(), err)
	}
	lines := again.Tell(changes.Options{})
	if len(lines) != 2 || !strings.HasPrefix(lines[1].Text, "2000 new: ") || lines[1].N != 2000 {
		t.Errorf("told: %+v", lines)
	}
	for i := range l.Changes { // very long texts
		l.Changes[i].Names = map[string]string{"a": strings.Repeat("x", 9000)}
	}
	if data, err = l.Encode(); err != nil || len(data) > changes.MaxBytes {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if again, err = changes.Decode(data); err != nil || again.Total() != 2001 || len(again.Changes) == 0 {
		t.Errorf("decoded: %d changes of %d listed, %v", len(again.Changes), again.Total(), err)
	}
	for _, bad := range []string{"", "[]", strings.Repeat(" ", changes.MaxBytes+1)} {
		if _, err := changes.Decode([]byte(bad)); !errors.Is(err, changes.ErrCorrupt) {
			t.Errorf("Decode(%.10q): %v, want ErrCorrupt", bad, err)
		}
	}
}

func TestUnreadableRecordsCountAsNone(t *testing.T) {
	var c changes.Comparison
	c.Old("a", []byte("{"))
	c.New("a", []byte("["))
	if got := c.Changes(); got != nil {
		t.Errorf("%+v", got)
	}
}

func ExampleList_Tell() {
	well := &feature.Feature{ID: "osm/node/1", Kind: feature.POI, Category: "water.drinking"}
	museum := &feature.Feature{ID: "osm/node/2", Kind: feature.POI, Category: "culture.museum", Names: map[string]string{"de": "Museum Vaduz"}}
	later := *museum
	later.OpeningHours = "Tu-Su 10:00-17:00"
	a, _ := changes.Of(nil, well)
	b, _ := changes.Of(museum, &later)
	for _, line := range changes.NewList(1, 2, []changes.Change{a, b}, nil).Tell(changes.Options{}) {
		fmt.Println(line.Text)
	}
	// Output:
	// new: Drinking water
	// Museum Vaduz · Museum: opening hours now Tu-Su 10:00-17:00
}

// FuzzDecode checks that what decodes can be told and encodes again.
func FuzzDecode(f *testing.F) {
	c, _ := changes.Of(nil, closure("z", "Bridge", "2026-05-01", "2026-06-01"))
	seed, err := changes.NewList(1, 2, []changes.Change{c}, nil).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"changes":[{"what":"changed","valid":{"from":"x"},"fields":[{"name":"valid","new":"/"},{"name":"","old":"a"}]}],"more":[{"what":"new","n":-1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := changes.Decode(data)
		if err != nil {
			return
		}
		l.Tell(changes.Options{Near: &changes.Place{Lines: [][]cell.Point{{{LonE7: 1800000000}}}}, Limit: 1})
		again, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := changes.Decode(again); err != nil {
			t.Errorf("%s became %s: %v", data, again, err)
		}
	})
}
