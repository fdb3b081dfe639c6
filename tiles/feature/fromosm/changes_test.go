package fromosm

import (
	"context"
	"maps"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// into returns a function that puts the bytes of features into a map.
func into(all map[string]string) func(*feature.Feature) error {
	return func(f *feature.Feature) error {
		raw, err := f.Canonical()
		all[f.ID] = string(raw)
		return err
	}
}

// follow checks that the features of a base, with those of changed elements made
// anew, are the features of the next base.
func follow(t *testing.T, was, is *osm.Base) {
	t.Helper()
	ctx, opts := context.Background(), Options{Languages: []string{"de"}, Workers: 2}
	old, want := make(map[string]string), make(map[string]string)
	for base, all := range map[*osm.Base]map[string]string{was: old, is: want} {
		if _, err := Features(ctx, base, opts, into(all)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := osm.Edited(ctx, was, is)
	if err == nil {
		c, err = Depending(ctx, is, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes, %d ways, %d relations", len(c.Nodes), len(c.Ways), len(c.Relations))
	for _, id := range IDs(c) {
		delete(old, id)
	}
	if _, err := Some(ctx, is, opts, c, into(old)); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(old, want) {
		for id, raw := range want {
			if old[id] != raw {
				t.Errorf("%s: %s, want %s", id, old[id], raw)
			}
		}
		t.Errorf("%d features, want %d", len(old), len(want))
	}
}

func TestDepending(t *testing.T) {
	was := village(t)
	node := func(id int64) *osm.Node {
		n, _, err := was.Node(id)
		if err != nil {
			t.Fatal(err)
		}
		n.Meta.Version++
		return &n
	}
	moved, edited, renamed := node(2), node(1), node(2)
	moved.Point.LatE7 += 5000 // of a way of routes, and a well
	edited.Meta.Timestamp++   // shows in the provenance
	renamed.Tags = osm.Tags{{Key: "amenity", Value: "cafe"}, {Key: "name", Value: "Brunnen"}}
	inner, _, err := was.Relation(1)
	if err != nil {
		t.Fatal(err)
	}
	inner.Meta.Version++
	inner.Members = inner.Members[1:]
	for name, changes := range map[string][]osm.Change{
		"nothing":                     nil,
		"moved":                       {{Action: osm.ModifyAction, Node: moved}},
		"edited":                      {{Action: osm.ModifyAction, Node: edited}},
		"renamed":                     {{Action: osm.ModifyAction, Node: renamed}},
		"a node is gone":              {{Action: osm.DeleteAction, Node: node(7)}},
		"a way of a route comes":      {{Action: osm.CreateAction, Way: &osm.Way{ID: 99, Nodes: []int64{8, 18}}}},
		"a route in another is less":  {{Action: osm.ModifyAction, Relation: &inner}},
		"a route in another is gone":  {{Action: osm.DeleteAction, Relation: &inner}},
		"a multipolygon lost its way": {{Action: osm.DeleteAction, Way: &osm.Way{ID: 3, Meta: osm.Meta{Version: 9}}}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "next")
			if _, err := osm.Apply(context.Background(), was, changes, path, was.Header()); err != nil {
				t.Fatal(err)
			}
			is, err := osm.OpenBase(path, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			defer is.Close()
			follow(t, was, is)
		})
	}
}

func TestDependingRegions(t *testing.T) {
	for _, names := range [][2]string{
		{"liechtenstein-2019-06-16.osm.pbf", "liechtenstein-2019-06-18.osm.pbf"},
		{"liechtenstein-2019-06-16.osm.pbf", "liechtenstein-2019-11-18.osm.pbf"},
		{"andorra-2021-06-22.osm.pbf", "andorra-2021-04-14.osm.pbf"},
	} {
		follow(t, extract(t, names[0]), extract(t, names[1]))
	}
}
