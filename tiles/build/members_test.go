package build

import (
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
)

// TestRouteDirections reads roles: a way that a route takes there and back is
// ridden both ways.
func TestRouteDirections(t *testing.T) {
	m := newMembers()
	in := func(way int64, role string) osm.Member { return osm.Member{Kind: osm.WayKind, Ref: way, Role: role} }
	route := osm.Tags{{Key: "route", Value: "bicycle"}, {Key: "type", Value: "route"}}
	m.add(&osm.Relation{Tags: route, Members: []osm.Member{in(1, ""), in(2, "forward"), in(3, "backward"), in(2, "backward"), in(4, "link"), in(3, "backward")}})
	m.add(&osm.Relation{Tags: route, Members: []osm.Member{in(1, "backward"), {Kind: osm.NodeKind, Ref: 4, Role: "forward"}}})
	for way, want := range map[int64][]schema.Direction{
		1: {schema.Both, schema.Backward}, 2: {schema.Both}, 3: {schema.Backward}, 4: {schema.Both}, 5: nil,
	} {
		var got []schema.Direction
		for _, r := range m.routesOf(m.routes[way]) {
			got = append(got, r.Way)
		}
		if !slices.Equal(got, want) {
			t.Errorf("way %d: %v, want %v", way, got, want)
		}
	}
}
