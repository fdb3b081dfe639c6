package pois

import (
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// at is a place in the middle of a tile.
func at(id, category string, details map[string]string) *feature.Feature {
	return &feature.Feature{
		ID: id, Kind: feature.POI, Collection: "osm", Category: category, Geometry: feature.At(cell.Point{LonE7: 161000000, LatE7: 466000000}),
		Names: map[string]string{feature.Und: "Name"}, Details: details,
	}
}

func TestFields(t *testing.T) {
	type fields = map[string]any
	withAddress := at("osm/node/1", "lodging.hotel", map[string]string{"addr:housename": "Villa", "cuisine": "pizza"})
	withAddress.Address = &feature.Address{Number: "7a"}
	withAddress.Names = map[string]string{"sl": "Hotel Mura", "de": "Hotel Mur"}
	provider := at("town/1", "transport.bus_stop", nil)
	provider.Collection = "town"
	own := at("town/2", "food.x_buschenschank", nil)
	route := at("osm/relation/1", "route.bicycle", nil)
	route.Kind = feature.Route
	for _, test := range []struct {
		f    *feature.Feature
		want fields // nil: not in the layer
	}{
		{at("osm/node/1", "food.cafe", map[string]string{"cuisine": "cake", "religion": "x"}), fields{"amenity": "cafe", "cuisine": "cake", "category": "food.cafe", "name": "Name"}},
		{at("osm/node/1", "food.bar", map[string]string{"tag": "amenity=nightclub"}), fields{"amenity": "nightclub", "category": "food.bar", "name": "Name"}},
		{at("osm/node/1", "food.bar", map[string]string{"tag": "amenity=cafe"}), fields{"amenity": "bar", "category": "food.bar", "name": "Name"}}, // another category by now
		{at("osm/node/1", "shop.other", map[string]string{"tag": "shop=car"}), fields{"shop": "car", "category": "shop.other", "name": "Name"}},
		{at("osm/node/1", "shop.other", nil), fields{"category": "shop.other", "name": "Name"}},
		{at("osm/node/1", "service.bank", map[string]string{"atm": "yes"}), fields{"amenity": "bank", "atm": true, "category": "service.bank", "name": "Name"}},
		{at("osm/node/1", "service.bank", map[string]string{"atm": "no"}), fields{"amenity": "bank", "category": "service.bank", "name": "Name"}},
		{at("osm/node/1", "service.recycling", map[string]string{"recycling:paper": "yes", "recycling:clothes": "no"}), fields{"amenity": "recycling", "recycling:paper": true, "category": "service.recycling", "name": "Name"}},
		{at("osm/node/1", "culture.church", map[string]string{"religion": "christian", "denomination": "catholic"}), fields{"amenity": "place_of_worship", "religion": "christian", "denomination": "catholic", "category": "culture.church", "name": "Name"}},
		{at("osm/node/1", "info.map", map[string]string{"information": "map"}), fields{"tourism": "information", "information": "map", "category": "info.map", "name": "Name"}},
		{at("osm/node/1", "sight.tower", map[string]string{"tower:type": "observation"}), fields{"man_made": "tower", "tower:type": "observation", "category": "sight.tower", "name": "Name"}},
		{at("osm/node/1", "leisure.sports", map[string]string{"sport": "tennis"}), fields{"leisure": "sports_centre", "sport": "tennis", "category": "leisure.sports", "name": "Name"}},
		{at("osm/node/1", "nature.peak", nil), fields{"category": "nature.peak", "name": "Name"}},
		{withAddress, fields{"tourism": "hotel", "housename": "Villa", "housenumber": "7a", "category": "lodging.hotel", "name": "Hotel Mura", "name_de": "Hotel Mur"}},
		{at("osm/node/1", "transport.bus_stop", nil), nil},
		{at("osm/node/1", "transport.station", nil), nil},
		{provider, fields{"highway": "bus_stop", "category": "transport.bus_stop", "name": "Name"}},
		{own, fields{"category": "food.x_buschenschank", "name": "Name"}},
		{route, nil},
	} {
		p := make(Places)
		p.Add(test.f, []string{"sl", "de"})
		var got fields
		for tile := range p {
			layers, err := vector.Decode(Append(nil, tile, p))
			if err != nil {
				t.Fatal(err)
			}
			got = layers[0].Attrs(&layers[0].Features[0])
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s %v: %v, want %v", test.f.Category, test.f.Details, got, test.want)
		}
		l := Describe([]string{"sl", "de"})
		for name, value := range got {
			kind := "String"
			if _, ok := value.(bool); ok {
				kind = "Boolean"
			}
			if l.Fields[name] != kind {
				t.Errorf("field %s is described as %q, want %q", name, l.Fields[name], kind)
			}
		}
	}
}

func TestInto(t *testing.T) {
	home := cell.At(cell.Point{LonE7: 161000000, LatE7: 466000000}, Zoom)
	far := at("osm/node/9", "food.cafe", nil)
	far.Geometry = feature.At(cell.Point{LonE7: 171000000, LatE7: 466000000})
	one, other := make(Places), make(Places)
	for _, f := range []*feature.Feature{at("osm/node/2", "food.bar", nil), far, at("osm/node/1", "food.cafe", nil)} {
		one.Add(f, nil)
	}
	for _, f := range []*feature.Feature{at("osm/node/1", "food.cafe", nil), far, at("osm/node/2", "food.bar", nil)} {
		other.Add(f, nil)
	}
	base := []byte{0x1a, 0x09, 0x0a, 0x05, 'w', 'a', 't', 'e', 'r', 0x78, 0x02}
	tiles := func(yield func(archive.Tile, error) bool) {
		_ = yield(archive.Tile{ID: home.Ancestor(13), Data: base}, nil) && yield(archive.Tile{ID: home, Data: base}, nil)
	}
	var order []cell.ID
	var bytes [][]byte
	for _, p := range []Places{one, other} {
		for tile, err := range p.Into(tiles) {
			if err != nil {
				t.Fatal(err)
			}
			order, bytes = append(order, tile.ID), append(bytes, tile.Data)
		}
	}
	if want := []cell.ID{home.Ancestor(13), home, cell.At(far.Anchor(), Zoom)}; !reflect.DeepEqual(order[:3], want) || !reflect.DeepEqual(order[3:], want) {
		t.Fatalf("tiles %v, want %v", order, want)
	}
	if !reflect.DeepEqual(bytes[:3], bytes[3:]) {
		t.Error("other bytes for another order of features")
	}
	if len(base) != 11 || string(bytes[0]) != string(base) || string(bytes[1][:11]) != string(base) {
		t.Error("the map's own layers changed")
	}
	layers, err := vector.Decode(bytes[1])
	if err != nil || len(layers) != 2 || layers[1].Name != Name || len(layers[1].Features) != 2 {
		t.Fatalf("%+v, %v", layers, err)
	}
	if got := layers[1].Attrs(&layers[1].Features[0])["amenity"]; got != "cafe" {
		t.Errorf("the first place is a %v, want the one with the first id", got)
	}
	// The same in two parts, as the cells of a region have them.
	part1, part2 := make(Places), make(Places)
	part1.Add(at("osm/node/2", "food.bar", nil), nil)
	part2.Add(at("osm/node/1", "food.cafe", nil), nil)
	if got := Append(base, home, part1, part2); string(got) != string(bytes[1]) {
		t.Error("other bytes for places in parts")
	}
}
