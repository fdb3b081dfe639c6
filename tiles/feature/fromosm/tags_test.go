package fromosm

import (
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// TestDecidingTag keeps the tag that made a category where another would be taken
// for it.
func TestDecidingTag(t *testing.T) {
	m := new(maker)
	for _, test := range []struct {
		tags     osm.Tags
		category string
		detail   string
	}{
		{osm.Tags{{Key: "name", Value: "A"}, {Key: "shop", Value: "pastry"}}, "shop.pastry", ""},
		{osm.Tags{{Key: "name", Value: "A"}, {Key: "shop", Value: "chocolate"}}, "shop.pastry", "shop=chocolate"},
		{osm.Tags{{Key: "name", Value: "A"}, {Key: "shop", Value: "car; tyres"}}, "shop.other", "shop=car"},
		{osm.Tags{{Key: "amenity", Value: "drinking_water"}}, "water.drinking", ""},
	} {
		category, tag, ok := m.place(test.tags)
		f := &feature.Feature{Details: map[string]string{}}
		classify(f, category, tag)
		if !ok || f.Category != test.category || f.Details[feature.TagDetail] != test.detail {
			t.Errorf("%v: %v %s by %q, want %s by %q", test.tags, ok, f.Category, f.Details[feature.TagDetail], test.category, test.detail)
		}
	}
}
