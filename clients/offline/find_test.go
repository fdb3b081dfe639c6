package offline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func TestSearch(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	tests := []struct{ text, want string }{
		{"gostilna", "1"},
		{"durdici", "1"},
		{"djurdj", "1"},
		{"ĐURĐICI gostilna", "1"},
		{"caj zganje", "2"},
		{"ŽGANJE", "2"},
		{"cafe suss", "2"},
		{"kerekparszerviz gyo", "3"},
		{"Győr", "3"},
		{"weisse strasse", "4"},
		{"Weiße Straße", "4"},
		{"dravska", "9"},
		{"R1", "9"},
		{"food.restaurant", "1 4"},
		{"étterem", "1 4"},
		{"hrana in pijaca", "1 2 4"},
		{"nowhere", ""},
		{`" OR * NEAR(`, ""},
		{"", ""},
	}
	for _, test := range tests {
		found, err := r.Search(ctx, test.text, 10)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.ID[strings.LastIndexByte(f.ID, '/')+1:])
		}
		slices.Sort(got)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q found %q, want %q", test.text, got, test.want)
		}
	}
	install(t, r, 2, changed())
	if found, err := r.Search(ctx, "weisse", 10); len(found) != 0 || err != nil {
		t.Errorf("a removed feature is found: %v, %v", found, err)
	}
}

func TestSearchRanksNames(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, offlinetest.Content{Features: []*feature.Feature{
		offlinetest.POI("osm/node/1", "place.town", 15.87, 46.42, "und", "Ptuj", "de", "Pettau", "hu", "Potoly", "la", "Poetovio"),
		offlinetest.POI("osm/node/2", "food.bar", 15.87, 46.42, "und", "Bar Ptuj"),
		offlinetest.POI("osm/node/3", "sight.castle", 15.87, 46.42, "und", "Ptujski grad"),
	}})
	found, err := r.Search(ctx, "ptuj", 2)
	if err != nil || len(found) != 2 || found[0].ID != "osm/node/1" || found[1].ID != "osm/node/3" {
		t.Errorf("Search = %v, %v", found, err)
	}
}

func TestNear(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	tests := []struct {
		name     string
		lat, lon float64
		category string
		limit    int
		radius   float64
		want     string
	}{
		{"all", 46.5547, 15.6459, "", 10, 0, "1 2 3 9 4"},
		{"two", 46.5547, 15.6459, "", 2, 0, "1 2"},
		{"food", 46.5581, 15.6480, "food", 10, 0, "2 1 4"},
		{"restaurant", 46.5581, 15.6480, "food.restaurant", 10, 0, "1 4"},
		{"not a prefix of a word", 46.5581, 15.6480, "foo", 10, 0, ""},
		{"radius", 46.5547, 15.6459, "food", 10, 1000, "1 2"},
		{"far away", -33.9, 18.4, "cycling", 1, 0, "3"},
		{"far away in vain", -33.9, 18.4, "cycling", 1, 1e6, ""},
		{"pole", 90, 0, "cycling", 1, 0, "3"},
	}
	for _, test := range tests {
		hits, err := r.Near(ctx, test.lat, test.lon, test.category, test.limit, test.radius)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Feature.ID[strings.LastIndexByte(h.Feature.ID, '/')+1:])
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	for _, bad := range [][2]float64{{91, 0}, {0, 181}, {math.NaN(), 0}} {
		if _, err := r.Near(ctx, bad[0], bad[1], "", 1, 0); err == nil {
			t.Errorf("Near(%v): no error", bad)
		}
	}
}

// TestNearAgainstAll compares with measuring every feature, around the whole
// world and on both sides of 180°.
func TestNearAgainstAll(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var features []*feature.Feature
	for i := range 400 {
		lon := random.Float64()*360 - 180
		if i%2 == 0 {
			lon = math.Remainder(180+random.Float64()*4-2, 360)
		}
		features = append(features, offlinetest.POI(fmt.Sprintf("osm/node/%d", i), "food.bar", lon, random.Float64()*178-89, "und", "Bar"))
	}
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, offlinetest.Content{Features: features})
	for range 50 {
		lat, lon := random.Float64()*180-90, math.Remainder(180+random.Float64()*10-5, 360)
		p := cell.Point{LonE7: int32(math.Round(lon * 1e7)), LatE7: int32(math.Round(lat * 1e7))}
		var want []float64
		for _, f := range features {
			want = append(want, feature.Distance(p, f.Anchor()))
		}
		slices.Sort(want)
		hits, err := r.Near(ctx, lat, lon, "", 7, 0)
		if err != nil || len(hits) != 7 {
			t.Fatalf("Near(%v, %v) = %d hits, %v", lat, lon, len(hits), err)
		}
		for i, h := range hits {
			if h.Meters != want[i] {
				t.Errorf("Near(%v, %v)[%d] = %.1f m, want %.1f m", lat, lon, i, h.Meters, want[i])
			}
		}
	}
}

func TestNearAreas(t *testing.T) {
	lake := offlinetest.POI("osm/way/1", "nature.lake", 0, 0, "und", "Jezero")
	lake.Geometry = feature.Geometry{Shape: feature.Polygon, Lines: []feature.Line{{Points: []cell.Point{
		{LonE7: 158000000, LatE7: 464000000}, {LonE7: 158200000, LatE7: 464000000}, {LonE7: 158200000, LatE7: 464200000},
		{LonE7: 158000000, LatE7: 464200000}, {LonE7: 158000000, LatE7: 464000000},
	}}}}
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, offlinetest.Content{Features: []*feature.Feature{lake}})
	for _, test := range []struct{ lat, lon, want float64 }{
		{46.41, 15.81, 0},
		{46.43, 15.81, 1112}, // 0.01° north of the shore
		{46.41, 15.83, 767},  // 0.01° east of it
	} {
		hits, err := r.Near(ctx, test.lat, test.lon, "", 1, 0)
		if err != nil || len(hits) != 1 || math.Abs(hits[0].Meters-test.want) > 1 {
			t.Errorf("Near(%v, %v) = %+v, %v, want %.0f m", test.lat, test.lon, hits, err, test.want)
		}
	}
}

// TestOverNotices checks that a notice is not shown after its last day, though no
// update has come since.
func TestOverNotices(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	notice := func(id, until string) *feature.Feature {
		f := offlinetest.POI(id, "notice.closure", 15.6459, 46.5547, "und", "Zapora mostu")
		f.Kind, f.Valid = feature.Notice, &feature.Period{Until: until}
		return f
	}
	install(t, r, 1, offlinetest.Content{Features: []*feature.Feature{notice("a/over", "2020-05-31"), notice("a/on", "2999-12-31")}})
	found, err := r.Search(ctx, "zapora", 10)
	if err != nil || len(found) != 1 || found[0].ID != "a/on" {
		t.Errorf("search found %v, %v", found, err)
	}
	hits, err := r.Near(ctx, 46.5547, 15.6459, "", 10, 0)
	if err != nil || len(hits) != 1 || hits[0].Feature.ID != "a/on" || hits[0].Meters > 0.01 {
		t.Errorf("near found %v, %v", hits, err)
	}
	if _, err := r.Feature(ctx, "a/over"); err != nil {
		t.Errorf("asked for by its id: %v", err)
	}
}
