package fromosm

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// village is a small region: nodes 1 to 9 on a west-east road, a pond of way 3.
func village(t *testing.T) *osm.Base {
	tags := func(s string) osm.Tags {
		var list []osm.Tag
		for _, kv := range strings.Split(s, ",") {
			if k, v, ok := strings.Cut(kv, "="); ok {
				list = append(list, osm.Tag{Key: k, Value: v})
			}
		}
		return osm.SortTags(list)
	}
	var nodes []osm.Node
	for i := range int64(20) {
		nodes = append(nodes, osm.Node{ID: i + 1, Point: cell.Point{LonE7: int32(95200000 + 10000*(i%10)), LatE7: int32(471400000 + 10000*(i/10))}})
	}
	nodes[0].Tags = tags("amenity=cafe,name=Zum Löwen,name:sl=Pri levu,name:fr=Au lion,addr:street=Dorfstrasse,addr:housenumber=1,website=www.example.org,opening_hours=Mo-Fr 08:00+")
	nodes[0].Meta = osm.Meta{Version: 2, Timestamp: 1560672000}
	nodes[1].Tags = tags("amenity=drinking_water")
	nodes[2].Tags = tags("amenity=restaurant")
	nodes[3].Tags = tags("amenity=toilets,access=private")
	nodes[4].Tags = tags("amenity=bank,brand=Landesbank")
	ways := []osm.Way{
		{ID: 1, Nodes: []int64{1, 2, 3}},
		{ID: 2, Nodes: []int64{5, 4, 3}},
		{ID: 3, Nodes: []int64{6, 7, 17, 16, 6}, Tags: tags("leisure=playground")},
		{ID: 4, Nodes: []int64{8, 9}},
		{ID: 5, Nodes: []int64{3, 13}},
	}
	way := func(role string, ids ...int64) (m []osm.Member) {
		for _, id := range ids {
			m = append(m, osm.Member{Kind: osm.WayKind, Ref: id, Role: role})
		}
		return m
	}
	relation := func(ids ...int64) (m []osm.Member) {
		for _, id := range ids {
			m = append(m, osm.Member{Kind: osm.RelationKind, Ref: id})
		}
		return m
	}
	bike := "type=route,route=bicycle,network=lcn,ref=7"
	relations := []osm.Relation{
		{ID: 1, Members: append(way("", 1, 2, 4), way("excursion", 5)...), Tags: tags(bike)},
		{ID: 2, Members: relation(1, 2), Tags: tags(bike)}, // holds itself
		{ID: 3, Members: way("", 1, 99), Tags: tags(bike)}, // way 99 is elsewhere
		{ID: 4, Members: way("", 99), Tags: tags(bike)},    // nothing here
		{ID: 5, Members: way("", 1), Tags: tags(bike + ",state=proposed")},
		{ID: 6, Members: way("outer", 3), Tags: tags("type=multipolygon,leisure=park,name=Park")},
	}
	path := filepath.Join(t.TempDir(), "village.base")
	err := osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		for _, err := range []error{h.Nodes(nodes), h.Ways(ways), h.Relations(relations)} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func open(t testing.TB, path string) *osm.Base {
	base, err := osm.OpenBase(path, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { base.Close() })
	return base
}

func collect(t testing.TB, base *osm.Base, opts Options) (map[string]*feature.Feature, Stats) {
	all := map[string]*feature.Feature{}
	stats, err := Features(context.Background(), base, opts, func(f *feature.Feature) error {
		if all[f.ID] != nil {
			return fmt.Errorf("%s comes twice", f.ID)
		}
		all[f.ID] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, stats
}

func TestFeatures(t *testing.T) {
	all, stats := collect(t, village(t), Options{Languages: []string{"sl"}})
	if want := (Stats{POIs: 5, Routes: 3, Incomplete: 1}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
	cafe, err := all["osm/node/1"].Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"address":{"number":"1","street":"Dorfstrasse"},"category":"food.cafe","collection":"osm",` +
		`"contact":{"website":"https://www.example.org"},"geometry":{"coordinates":[9.52,47.14],"type":"Point"},` +
		`"id":"osm/node/1","kind":"poi","names":{"sl":"Pri levu","und":"Zum Löwen"},"opening_hours":"Mo-Fr 08:00+",` +
		`"provenance":{"attribution":"© OpenStreetMap contributors","licence":"ODbL-1.0","provider":"OpenStreetMap",` +
		`"retrieved":"2019-06-16T08:00:00Z","source_id":"node/1"}}`
	if string(cafe) != want {
		t.Errorf("cafe\n%s\nwant\n%s", cafe, want)
	}
	if got := all["osm/node/5"].Name(); got != "Landesbank" {
		t.Errorf("bank is named %q", got)
	}
	if got := all["osm/way/3"].Anchor(); got != (cell.Point{LonE7: 95255000, LatE7: 471405000}) {
		t.Errorf("playground at %v", got)
	}
	tests := []struct{ id, geometry, distance, incomplete string }{
		// nodes 1 to 5 in a row, thinned to the ends; a gap; nodes 8 and 9
		{"osm/relation/1", `{"coordinates":[[[9.52,47.14],[9.524,47.14]],[[9.527,47.14],[9.528,47.14]]],"type":"MultiLineString"}`, "0.4", ""},
		{"osm/relation/2", `{"coordinates":[[[9.52,47.14],[9.524,47.14]],[[9.527,47.14],[9.528,47.14]]],"type":"MultiLineString"}`, "0.4", "yes"},
		{"osm/relation/3", `{"coordinates":[[9.52,47.14],[9.522,47.14]],"type":"LineString"}`, "0.2", "yes"},
	}
	for _, test := range tests {
		f := all[test.id]
		if f == nil {
			t.Errorf("no %s", test.id)
			continue
		}
		if got := string(f.Geometry.AppendJSON(nil)); got != test.geometry {
			t.Errorf("%s: %s, want %s", test.id, got, test.geometry)
		}
		want := map[string]string{"network": "lcn", "ref": "7", "distance": test.distance}
		if test.incomplete != "" {
			want["incomplete"] = test.incomplete
		}
		if !reflect.DeepEqual(f.Details, want) || f.Kind != feature.Route || f.Category != "route.bicycle" {
			t.Errorf("%s: %s %s %v, want %v", test.id, f.Kind, f.Category, f.Details, want)
		}
	}
}

func TestFeaturesInBounds(t *testing.T) {
	box := osm.Box{Min: cell.Point{LonE7: 95205000, LatE7: 471390000}, Max: cell.Point{LonE7: 95215000, LatE7: 471410000}}
	all, _ := collect(t, village(t), Options{Bounds: box})
	if all["osm/node/2"] == nil || all["osm/relation/1"] == nil || all["osm/node/1"] != nil {
		t.Errorf("features in bounds: %d", len(all))
	}
}

func TestFeaturesStops(t *testing.T) {
	full := fmt.Errorf("full")
	_, err := Features(context.Background(), village(t), Options{Workers: 2}, func(*feature.Feature) error { return full })
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Features(ctx, village(t), Options{}, func(*feature.Feature) error { return nil }); err == nil {
		t.Error("no error after cancel")
	}
}

func TestSimplify(t *testing.T) {
	var line []cell.Point
	for i := range 1000 {
		line = append(line, cell.Point{LonE7: int32(95200000 + 1000*i), LatE7: int32(471400000 + 20000*math.Sin(float64(i)/50))})
	}
	thin := simplify(slices.Clone(line))
	if len(thin) > 200 || thin[0] != line[0] || thin[len(thin)-1] != line[len(line)-1] {
		t.Errorf("%d points left", len(thin))
	}
	for _, p := range line {
		best := math.Inf(1)
		for i := 1; i < len(thin); i++ {
			best = min(best, float64(offset(p, thin[i-1], thin[i], 697))/89.93)
		}
		if best > Tolerance+0.02 {
			t.Errorf("%v is %.2f m away", p, best)
		}
	}
	loop := []cell.Point{line[0], line[500], line[0]}
	if got := simplify(loop); !slices.Equal(got, loop) {
		t.Errorf("loop became %v", got)
	}
}

// TestRegions makes the features of real extracts, with one and two workers.
func TestRegions(t *testing.T) {
	for _, name := range []string{"liechtenstein-2019-06-16", "andorra-2021-04-14", "monaco-2021-04-21"} {
		t.Run(name, func(t *testing.T) {
			base := extract(t, name+".osm.pbf")
			opts := Options{Languages: []string{"de", "en", "ca", "fr", "es"}, Workers: 1}
			one, stats := collect(t, base, opts)
			opts.Workers = 2
			two, again := collect(t, base, opts)
			a, bytes := sum(t, one)
			if b, _ := sum(t, two); a != b || stats != again {
				t.Errorf("two workers gave other features")
			}
			if stats.POIs < 100 || stats.Invalid > stats.POIs/100 {
				t.Errorf("stats %+v", stats)
			}
			t.Logf("%+v, %d bytes", stats, bytes)
		})
	}
}

func sum(t testing.TB, all map[string]*feature.Feature) (sum [32]byte, bytes int) {
	h := sha256.New()
	var ids []string
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		raw, err := all[id].Canonical()
		if err != nil {
			t.Fatal(err)
		}
		h.Write(raw)
		bytes += len(raw)
	}
	return [32]byte(h.Sum(nil)), bytes
}

// extract makes a base of a file of the shared test data.
func extract(t testing.TB, name string) *osm.Base {
	file, err := os.Open(filepath.Join("../../../../shared/data/osm", name))
	if err != nil {
		t.Skipf("no test data: %v", err)
	}
	defer file.Close()
	path := filepath.Join(t.TempDir(), "region.base")
	err = osm.Collect(context.Background(), path, 256<<20, func(h osm.Handler) error {
		return osmpbf.Read(context.Background(), file, h)
	})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func BenchmarkFeatures(b *testing.B) {
	base := extract(b, "liechtenstein-2019-06-16.osm.pbf")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Features(context.Background(), base, Options{Workers: 1}, func(*feature.Feature) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
