package schema

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// tags reads "key=value key=value", in which a plus stands for a space.
func tags(s string) osm.Tags {
	var tags osm.Tags
	for pair := range strings.FieldsSeq(s) {
		key, value, _ := strings.Cut(pair, "=")
		tags = append(tags, osm.Tag{Key: key, Value: strings.ReplaceAll(value, "+", " ")})
	}
	slices.SortFunc(tags, func(a, b osm.Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// show writes a draw as "layer shape z5-14 key=value …".
func show(d Draw) string {
	var b strings.Builder
	shape := [...]string{"point", "line", "polygon", "label"}[d.Shape]
	fmt.Fprintf(&b, "%s %s z%d-%d", d.Layer, shape, d.MinZoom, d.MaxZoom)
	for _, a := range d.Attrs {
		fmt.Fprintf(&b, " %s=%s", a.Key, showValue(a.Value))
	}
	return b.String()
}

func showValue(v Value) string {
	switch v.Kind {
	case String:
		return strings.NewReplacer(" ", "+", "\n", "|").Replace(v.S)
	case Int:
		return fmt.Sprint(v.I)
	case Float:
		return fmt.Sprint(v.F)
	}
	return fmt.Sprint(v.B)
}

var (
	node     = func(s string) Subject { return Subject{Tags: tags(s), Kind: osm.NodeKind} }
	way      = func(s string) Subject { return Subject{Tags: tags(s), Kind: osm.WayKind} }
	ring     = func(s string) Subject { return Subject{Tags: tags(s), Kind: osm.WayKind, Closed: true} }
	relation = func(s string) Subject { return Subject{Tags: tags(s), Kind: osm.RelationKind, Closed: true} }
)

// on returns a way along routes and boundaries; the "tag" role is that of the way.
func on(s string, routes, boundaries []string) Subject {
	w := way(s)
	for _, r := range routes {
		all, way := tags(r), Both
		switch all.Get("role") {
		case "forward":
			way = Forward
		case "backward":
			way = Backward
		}
		w.Routes = append(w.Routes, Route{Tags: all, Way: way})
	}
	for _, b := range boundaries {
		w.Boundaries = append(w.Boundaries, tags(b))
	}
	return w
}

var classifyTests = []struct {
	name    string
	subject Subject
	want    []string
}{
	{"untagged", way(""), nil},
	{"unknown", way("power=line voltage=110000"), nil},
	{"poi is no base map", node("amenity=cafe name=Wanderer"), nil},

	{"lake", relation("type=multipolygon natural=water water=lake name=Blejsko+jezero name:en=Lake+Bled name:de=Bleder+See"), []string{
		"water_polygons polygon z4-14 kind=water",
		"water_polygons_labels label z4-13 kind=water name=Blejsko+jezero name_de=Bleder+See name_en=Lake+Bled",
		"water_polygons_labels label z14-14 kind=water name=Blejsko+jezero name_de=Bleder+See name_en=Lake+Bled",
	}},
	{"river area", ring("natural=water water=river"), []string{"water_polygons polygon z4-14 kind=river"}},
	{"riverbank", ring("waterway=riverbank"), []string{"water_polygons polygon z4-14 kind=river"}},
	{"reservoir twice tagged", ring("natural=water landuse=reservoir"), []string{"water_polygons polygon z4-14 kind=reservoir"}},
	{"open lake", way("natural=water"), nil},
	{"river", way("waterway=river name=Samina layer=-1"), []string{
		"water_lines line z9-14 kind=river",
		"water_lines_labels line z12-14 kind=river name=Samina",
	}},
	{"stream in a tunnel", way("waterway=stream tunnel=yes"), []string{"water_lines line z14-14 kind=stream tunnel=true"}},
	{"closed canal is a line", ring("waterway=canal"), []string{"water_lines line z9-14 kind=canal"}},
	{"canal area", ring("waterway=canal area=yes"), []string{"water_polygons polygon z10-14 kind=canal"}},
	{"dam line", way("waterway=dam"), []string{"dam_lines line z12-14 kind=dam"}},
	{"dam area", ring("waterway=dam"), []string{"dam_polygons polygon z12-14 kind=dam"}},
	{"pier", way("man_made=pier"), []string{"pier_lines line z12-14 kind=pier"}},
	{"pier area", ring("man_made=pier"), []string{"pier_polygons polygon z12-14 kind=pier"}},

	{"forest", relation("landuse=forest natural=wood type=multipolygon"), []string{"land polygon z7-14 kind=forest"}},
	{"wood in a park", ring("natural=wood leisure=park"), []string{"land polygon z7-14 kind=forest"}},
	{"marsh", ring("natural=wetland wetland=marsh"), []string{"land polygon z11-14 kind=marsh"}},
	{"no area", ring("leisure=park area=no"), nil},
	{"sports centre", ring("leisure=sports_centre"), []string{"sites polygon z14-14 kind=sports_center"}},
	{"school building", ring("amenity=school building=school"), []string{
		"sites polygon z14-14 kind=school", "buildings polygon z14-14",
	}},
	{"house", ring("building=yes addr:housenumber=7"), []string{"buildings polygon z14-14", "addresses label z14-14 housenumber=7"}},
	{"entrance", node("addr:housename=Rotes+Haus addr:housenumber=12a"), []string{"addresses point z14-14 housename=Rotes+Haus housenumber=12a"}},
	{"named house", node("addr:housename=Gutenberg"), []string{"addresses point z14-14 housename=Gutenberg"}},
	{"numbers along a line", way("addr:interpolation=even addr:housenumber=2-10"), nil},
	{"no house", ring("building=no"), nil},
	{"bridge area", ring("man_made=bridge"), []string{"bridges polygon z12-14 kind=bridge"}},

	{"capital", node("place=town capital=yes name=Vaduz population=5696"), []string{
		"place_labels point z4-14 kind=capital name=Vaduz population=5696",
	}},
	{"village without numbers", node("place=village name=Malbun"), []string{
		"place_labels point z10-14 kind=village name=Malbun population=100",
	}},
	{"place known by a foreign name only", node("place=locality name:de=Alp"), []string{
		"place_labels point z10-14 kind=locality name=Alp population=0",
	}},
	{"place known in English only", node("place=locality name:en=Alp name:fr=Alpage int_name=Alm"), []string{
		"place_labels point z10-14 kind=locality name=Alp population=0",
	}},
	{"place known to foreigners only", node("place=locality int_name=Alm"), []string{
		"place_labels point z10-14 kind=locality name=Alm population=0",
	}},
	{"place with a name that is not asked for", node("place=locality name:fr=Alpage"), nil},
	{"nameless place", node("place=hamlet"), nil},
	{"country", relation("type=boundary boundary=administrative admin_level=2 name=Liechtenstein name:en=Liechtenstein"), []string{
		"boundary_labels label z2-14 admin_level=2 name=Liechtenstein",
	}},
	{"municipality", relation("type=boundary boundary=administrative admin_level=8 name=Balzers"), nil},

	{"motorway", way("highway=motorway oneway=yes ref=A13;E+43 surface=asphalt"), []string{
		"streets line z5-14 kind=motorway oneway=true surface=asphalt",
		"street_labels line z10-14 kind=motorway ref=A13|E+43 ref_cols=4 ref_rows=2",
	}},
	{"link on a bridge", way("highway=primary_link bridge=viaduct"), []string{"streets line z8-14 bridge=true kind=primary link=true"}},
	{"one way back", way("highway=residential oneway=-1 name=Landstrasse name:sl=Landstrasse"), []string{
		"streets line z12-14 kind=residential oneway=true oneway_reverse=true",
		"street_labels line z14-14 kind=residential name=Landstrasse",
	}},
	{"track", way("highway=track tracktype=grade2 surface=gravel bicycle=yes mtb:scale=1 smoothness=bad"), []string{
		"streets line z13-14 bicycle=yes kind=track mtb_scale=1 smoothness=bad surface=gravel tracktype=grade2",
	}},
	{"one way, not for bicycles", way("highway=residential oneway=yes oneway:bicycle=no foot=no"), []string{
		"streets line z12-14 foot=no kind=residential oneway=true oneway_bicycle=no",
	}},
	{"one way with a lane against it", way("highway=residential oneway=yes cycleway=opposite_lane"), []string{
		"streets line z12-14 cycleway=lane kind=residential oneway=true oneway_bicycle=no",
	}},
	{"one way with a track both ways", way("highway=tertiary oneway=yes cycleway:left=track cycleway:left:oneway=no cycleway:right=lane"), []string{
		"streets line z10-14 cycleway=track kind=tertiary oneway=true oneway_bicycle=no",
	}},
	{"one way for bicycles too", way("highway=residential oneway=yes oneway:bicycle=yes cycleway=opposite"), []string{
		"streets line z12-14 kind=residential oneway=true",
	}},
	{"one way for bicycles only", way("highway=cycleway oneway:bicycle=-1"), []string{"streets line z13-14 kind=cycleway oneway_bicycle=-1"}},
	{"no exception of a rule that there is not", way("highway=residential oneway:bicycle=no cycleway=no"), []string{"streets line z12-14 kind=residential"}},
	{"cycle street", way("highway=residential bicycle_road=yes cycleway=lane"), []string{"streets line z12-14 cycleway=cyclestreet kind=residential"}},
	{"track beside, drawn apart", way("highway=primary cycleway:right=separate cycleway:left=shared_lane"), []string{"streets line z8-14 cycleway=shared_lane kind=primary"}},
	{"driveway", way("highway=service service=driveway"), []string{"streets line z13-14 kind=service service=driveway"}},
	{"roundabout", ring("highway=tertiary junction=roundabout"), []string{"streets line z10-14 kind=tertiary"}},
	{"square", ring("highway=pedestrian area=yes name=Rathausplatz"), []string{
		"street_polygons polygon z14-14 kind=pedestrian",
		"streets_polygons_labels label z14-14 kind=pedestrian name=Rathausplatz",
	}},
	{"railway", way("railway=rail oneway=yes"), []string{"streets line z8-14 kind=rail rail=true"}},
	{"siding", way("railway=rail service=siding"), []string{"streets line z10-14 kind=rail rail=true service=siding"}},
	{"tram in a street", way("highway=residential railway=tram"), []string{
		"streets line z12-14 kind=residential", "streets line z10-14 kind=tram rail=true",
	}},
	{"runway", way("aeroway=runway"), []string{"streets line z11-14 kind=runway"}},
	{"runway area", ring("area:aeroway=runway"), []string{"street_polygons polygon z11-14 kind=runway"}},
	{"motorway exit", node("highway=motorway_junction ref=9 name=Vaduz"), []string{"streets_labels_points point z12-14 kind=motorway_junction name=Vaduz ref=9"}},
	{"station", node("railway=station public_transport=station name=Schaan-Vaduz"), []string{"public_transport point z13-14 kind=station name=Schaan-Vaduz"}},
	{"nameless stop", node("highway=bus_stop"), []string{"public_transport point z14-14 kind=bus_stop"}},
	{"airport", ring("aeroway=aerodrome name=Brnik"), []string{"public_transport label z11-14 kind=aerodrome name=Brnik"}},
	{"ferry terminal", node("amenity=ferry_terminal"), []string{"public_transport point z12-14 kind=ferry_terminal"}},
	{"lift station", node("aerialway=station"), []string{"public_transport point z13-14 kind=aerialway_station"}},
	{"gondola", way("aerialway=gondola name=Täli"), []string{"aerialways line z12-14 kind=gondola"}},
	{"rope tow", way("aerialway=rope_tow"), []string{"aerialways line z12-14 kind=rope-tow"}},
	{"car ferry", way("route=ferry motor_vehicle=yes name=Fähre"), []string{"ferries line z10-14 kind=ferry name=Fähre"}},
	{"foot ferry", way("route=ferry motor_vehicle=no"), []string{"ferries line z12-14 kind=ferry"}},

	{"border", on("", nil, []string{"boundary=administrative admin_level=8", "boundary=administrative admin_level=4", "boundary=administrative admin_level=2"}), []string{
		"boundaries line z0-14 admin_level=2",
	}},
	{"border at sea", on("natural=coastline", nil, []string{"boundary=administrative admin_level=4"}), []string{
		"boundaries line z7-14 admin_level=4 maritime=true",
	}},
	{"disputed border", on("", nil, []string{"boundary=disputed", "boundary=administrative admin_level=2"}), []string{
		"boundaries line z0-14 admin_level=2 disputed=true",
	}},
	{"municipal border", on("", nil, []string{"boundary=administrative admin_level=8"}), nil},
	{"nature reserve", on("", nil, []string{"boundary=protected_area admin_level=2"}), nil},

	{"cycle routes", on("highway=cycleway",
		[]string{
			"route=bicycle network=ncn ref=2 name=Rhein-Route colour=#3090C0",
			"route=bicycle network=ncn ref=2 name=Rhein-Route colour=#3090C0",
			"route=mtb name=Galina", "route=bus ref=11", "route=foot network=lwn", "route=bicycle state=proposed",
		}, nil), []string{
		"streets line z13-14 kind=cycleway",
		"cycle_routes line z6-14 colour=#3090C0 name=Rhein-Route network=ncn ref=2 route=bicycle",
		"cycle_routes line z10-14 name=Galina route=mtb",
		"cycle_routes line z12-14 network=lwn route=hiking",
	}},
	{"one-way routes", on("",
		[]string{"route=bicycle network=lcn ref=7 role=forward", "route=bicycle network=lcn ref=7 role=backward", "route=mtb role=link"}, nil), []string{
		"cycle_routes line z10-14 direction=forward network=lcn ref=7 route=bicycle",
		"cycle_routes line z10-14 direction=backward network=lcn ref=7 route=bicycle",
		"cycle_routes line z10-14 route=mtb",
	}},
}

var languages = []string{"en", "de", "sl"}

func TestClassify(t *testing.T) {
	for _, test := range classifyTests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range Classify(test.subject, languages, nil) {
				got = append(got, show(d))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
		})
	}
}

// TestDrawsFitLayers checks what Classify gives against what Layers says.
func TestDrawsFitLayers(t *testing.T) {
	seen := map[string]bool{Ocean.Layer: true}
	for _, test := range classifyTests {
		for _, d := range Classify(test.subject, languages, nil) {
			seen[d.Layer] = true
			i := slices.IndexFunc(Layers, func(l Layer) bool { return l.Name == d.Layer })
			if i < 0 {
				t.Fatalf("%s: layer %s is not in Layers", test.name, d.Layer)
			}
			if d.MinZoom < Layers[i].MinZoom || d.MaxZoom > Layers[i].MaxZoom {
				t.Errorf("%s: %s outside the layer's zooms", test.name, show(d))
			}
			fields := LayersIn(languages)[i].Fields
			for j, a := range d.Attrs {
				if fields[a.Key] != a.Value.Kind.typeName() {
					t.Errorf("%s: %s.%s is a %s, want %q", test.name, d.Layer, a.Key, a.Value.Kind.typeName(), fields[a.Key])
				}
				if j > 0 && d.Attrs[j-1].Key >= a.Key {
					t.Errorf("%s: attributes out of order: %s", test.name, show(d))
				}
			}
		}
	}
	for _, l := range Layers {
		if !seen[l.Name] {
			t.Errorf("no test draws layer %s", l.Name)
		}
	}
	for _, sec := range sections {
		if !slices.Contains(layerOrder, sec.layer) {
			t.Errorf("layerOrder lacks %s", sec.layer)
		}
	}
}

func TestRanks(t *testing.T) {
	rank := func(s Subject) int32 { return Classify(s, nil, nil)[0].Rank }
	rising := []struct {
		name     string
		subjects []Subject
	}{
		{"streets", []Subject{
			way("highway=motorway tunnel=yes"), way("highway=path"), way("highway=residential"),
			way("highway=motorway"), way("railway=rail"), way("highway=path bridge=yes"), way("highway=path bridge=yes layer=2"),
		}},
		{"places", []Subject{
			node("place=town name=a population=3000000000"), node("place=city name=b"), node("place=town name=c"),
			node("place=village name=d population=-4"), node("place=locality name=e population=many"),
		}},
		{"water lines", []Subject{
			way("waterway=river layer=-99"), way("waterway=river layer=-2"), way("waterway=river"), way("waterway=river layer=x1"),
		}},
		{"boundaries", []Subject{
			on("", nil, []string{"boundary=administrative admin_level=4"}), on("", nil, []string{"boundary=administrative admin_level=2"}),
		}},
	}
	for _, test := range rising {
		for i := 1; i < len(test.subjects); i++ {
			if a, b := rank(test.subjects[i-1]), rank(test.subjects[i]); a > b {
				t.Errorf("%s: rank of %v is %d, above %d of %v", test.name, test.subjects[i-1].Tags, a, b, test.subjects[i].Tags)
			}
		}
	}
}

func TestAttrsAt(t *testing.T) {
	street := Classify(way("highway=tertiary bridge=yes surface=asphalt smoothness=good oneway=yes"), nil, nil)[0]
	route := Classify(on("", []string{"route=bicycle network=icn ref=EV6 name=Atlantic name:de=Atlantik"}, nil), languages, nil)[0]
	tests := []struct {
		draw Draw
		zoom uint8
		want string
	}{
		{street, 10, "kind"},
		{street, 11, "bridge kind surface"},
		{street, 13, "bridge kind smoothness surface"},
		{street, 14, "bridge kind oneway smoothness surface"},
		{route, 7, "network route"},
		{route, 9, "network ref route"},
		{route, 10, "name name_de network ref route"},
	}
	for _, test := range tests {
		var keys []string
		for _, a := range AttrsAt(test.draw, test.zoom) {
			keys = append(keys, a.Key)
		}
		if got := strings.Join(keys, " "); got != test.want {
			t.Errorf("AttrsAt(%s, %d) = %q, want %q", test.draw.Layer, test.zoom, got, test.want)
		}
	}
	if got := len(street.Attrs); got != 5 {
		t.Errorf("AttrsAt changed the draw: %d attributes", got)
	}
}

func TestNoAllocation(t *testing.T) {
	subjects := []Subject{node(""), node("amenity=cafe name=Wanderer"), way("power=line"), ring("landuse=unknown area=yes")}
	draws := make([]Draw, 0, 8)
	if n := testing.AllocsPerRun(100, func() {
		for _, s := range subjects {
			draws = Classify(s, languages, draws[:0])
		}
	}); n != 0 {
		t.Errorf("%v allocations for elements that nothing draws, want 0", n)
	}
}

func BenchmarkClassify(b *testing.B) {
	draws := make([]Draw, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		for _, test := range classifyTests {
			draws = Classify(test.subject, languages, draws[:0])
		}
	}
}

func ExampleClassify() {
	cycleway := Subject{Kind: osm.WayKind, Tags: osm.Tags{{Key: "highway", Value: "cycleway"}, {Key: "surface", Value: "asphalt"}}}
	for _, d := range Classify(cycleway, []string{"en"}, nil) {
		fmt.Println(d.Layer, "from zoom", d.MinZoom)
		for _, a := range AttrsAt(d, 14) {
			fmt.Println(" ", a.Key, a.Value.S)
		}
	}
	// Output:
	// streets from zoom 13
	//   kind cycleway
	//   surface asphalt
}

// TestDocumented looks for each layer and field in SCHEMA.md.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("SCHEMA.md")
	if err != nil {
		t.Fatal(err)
	}
	told := make(map[string]map[string]bool) // fields by layer
	var layers []string
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		names := func(cell string) (all []string) {
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
				all = append(all, m[1])
			}
			return all
		}
		if named := names(cells[1]); len(named) > 0 {
			layers = named
		}
		for _, l := range layers {
			if told[l] == nil {
				told[l] = make(map[string]bool)
			}
			for _, f := range names(cells[2]) {
				told[l][f] = true
			}
		}
	}
	for _, l := range Layers {
		if told[l.Name] == nil {
			t.Errorf("SCHEMA.md has no layer %s", l.Name)
		}
		for field := range l.Fields {
			if !told[l.Name][field] {
				t.Errorf("SCHEMA.md: layer %s has no field %s", l.Name, field)
			}
		}
	}
}
