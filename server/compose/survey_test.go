package compose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// hillside puts a base with one cycle route of OpenStreetMap into the region.
func hillside(t *testing.T, c *Composer) {
	t.Helper()
	node := func(id int64, lon, lat int32) osm.Node {
		return osm.Node{ID: id, Point: cell.Point{LonE7: lon, LatE7: lat}, Meta: osm.Meta{Version: 1}}
	}
	path := filepath.Join(c.Folder, "mura", "hill.osm")
	err := osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		return errors.Join(h.Nodes([]osm.Node{node(1, 161000000, 466000000), node(2, 162000000, 466000000)}),
			h.Ways([]osm.Way{{ID: 1, Nodes: []int64{1, 2}, Tags: osm.Tags{{Key: "highway", Value: "track"}}}}),
			h.Relations([]osm.Relation{{ID: 7, Members: []osm.Member{{Kind: osm.WayKind, Ref: 1}}, Tags: osm.Tags{{Key: "name", Value: "Pot"}, {Key: "route", Value: "bicycle"}, {Key: "type", Value: "route"}}}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Catalog.SetBase(context.Background(), "mura", "x.osm", catalog.Base{File: "hill.osm"}); err != nil {
		t.Fatal(err)
	}
}

// raise gives the region a height model: 100 m at 16° east, rising by 1,000 m to
// each degree.
func raise(t *testing.T, c *Composer) {
	t.Helper()
	g := &dem.Grid{Shape: dem.Shape{West: 16, North: 47, StepLon: 0.0005, StepLat: 0.01, Cols: 1001, Rows: 101}}
	for i := range g.Cols * g.Rows {
		g.Levels = append(g.Levels, dem.LevelOf(100+float64(i%g.Cols)/2))
	}
	f, err := os.Create(filepath.Join(c.Folder, "mura", "hill.dem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(g.Write(f), f.Close(), c.Catalog.AddHeights(context.Background(), "mura", catalog.Heights{File: "hill.dem", Grid: g.Shape.String(), Licence: "CC-BY-4.0", Attribution: "Survey"})); err != nil {
		t.Fatal(err)
	}
}

// way is a provider's route from one longitude to another, with heights if given.
func way(id string, from, to int32, heights ...int32) feature.Feature {
	f := museum(id, 0)
	f.Kind, f.Category = feature.Route, "route.bicycle"
	f.Geometry = feature.Along(feature.Line{Points: []cell.Point{{LonE7: from, LatE7: 466100000}, {LonE7: to, LatE7: 466100000}}, Heights: heights})
	return f
}

func TestRoutesClimb(t *testing.T) {
	c, r := composer(t, "")
	hillside(t, c)
	told, detailed := way("town/told", 161000000, 162000000), way("town/detailed", 161000000, 162000000)
	told.Tour = &feature.Tour{Ascent: 77, Difficulty: "easy"}
	detailed.Details = map[string]string{"ascent": "66"}
	give(t, c, "town", told, detailed, way("town/plain", 162000000, 161000000), way("town/recorded", 161000000, 162000000, 2000, 3200),
		way("town/wrong", 161000000, 162000000, 9000, 9990), way("town/far", 175000000, 176000000), museum("town/1", 161500000))
	_, before := compose(t, c, r, nil)
	_, plain, _ := draw(t, c, r, nil)
	if plain["osm/relation/7"] == nil || plain["osm/relation/7"].Tour != nil || plain["town/plain"].Tour != nil {
		t.Error("without a model, a route has a tour, or none is there")
	}

	raise(t, c)
	d, features, _ := draw(t, c, r, nil)
	for id, want := range map[string][2]int{
		"osm/relation/7": {100, 0}, "town/plain": {0, 100}, "town/told": {77, 0}, "town/recorded": {120, 0}, "town/wrong": {100, 0}, "town/detailed": {0, 0},
	} {
		f := features[id]
		if f == nil || f.Tour == nil || f.Tour.Ascent != want[0] || f.Tour.Descent != want[1] || f.Tour.Profile == nil {
			t.Errorf("%s has the tour %+v, want %d m up, %d m down", id, f.Tour, want[0], want[1])
		}
	}
	if features["town/told"].Tour.Difficulty != "easy" {
		t.Error("the rest of a tour is lost")
	}
	if p := features["osm/relation/7"].Tour.Profile; p.Heights[0] != 2000 || p.Heights[len(p.Heights)-1] < 2980 || len(p.Heights) > 200 {
		t.Errorf("the profile is %+v, want 200 m to 300 m", p)
	}
	if features["town/recorded"].Geometry.Lines[0].Heights == nil || features["town/wrong"].Geometry.Lines[0].Heights != nil {
		t.Error("recorded heights: the sound are lost, or the wrong are there")
	}
	if features["town/far"].Tour != nil || features["town/1"].Tour != nil {
		t.Error("what the model does not reach has a tour, or what is no route")
	}
	if credit := (manifest.Licence{ID: "CC-BY-4.0", Attribution: "Survey"}); !slices.Contains(d.Content.Meta.Licences, credit) {
		t.Errorf("the survey is not credited: %v", d.Content.Meta.Licences)
	}
	warned := strings.Join(d.Warnings, "\n")
	if len(d.Warnings) != 2 || !strings.Contains(warned, "1 routes reach beyond") || !strings.Contains(warned, "town/wrong") {
		t.Errorf("warnings %q", d.Warnings)
	}

	// By the shelf as it is and made anew: the same. Without the model: as before.
	_, once := compose(t, c, r, before)
	afresh := *c
	afresh.Rebuild = true
	_, again := compose(t, &afresh, r, nil)
	if !slices.Equal(once.Entries, again.Entries) || slices.Equal(once.Entries, before.Entries) {
		t.Error("the same model gave other bytes, or none of its own")
	}
	bare, bareRegion := composer(t, "")
	hillside(t, bare)
	give(t, bare, "town", told, detailed, way("town/plain", 162000000, 161000000), way("town/recorded", 161000000, 162000000, 2000, 3200),
		way("town/wrong", 161000000, 162000000, 9000, 9990), way("town/far", 175000000, 176000000), museum("town/1", 161500000))
	if _, m := compose(t, bare, bareRegion, nil); !slices.Equal(m.Entries, before.Entries) {
		t.Error("without a model, the bytes differ")
	}
}

// TestAmendedRouteIsMeasuredAgain gives a route of OpenStreetMap another course.
func TestAmendedRouteIsMeasuredAgain(t *testing.T) {
	c, r := composer(t, "")
	hillside(t, c)
	raise(t, c)
	longer := way("osm/relation/7", 161000000, 163000000)
	give(t, c, "town", feature.Feature{ID: longer.ID, Geometry: longer.Geometry, Provenance: longer.Provenance})
	for range 2 { // the second time by the shelf that is there
		if _, features, _ := draw(t, c, r, nil); features[longer.ID].Tour.Ascent != 200 {
			t.Errorf("the longer route has the tour %+v, want 200 m up", features[longer.ID].Tour)
		}
	}
}

func TestSpoiltHeights(t *testing.T) {
	c, r := composer(t, "")
	raise(t, c)
	if err := os.WriteFile(filepath.Join(c.Folder, "mura", "hill.dem"), []byte("PNDM\x01"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compose(context.Background(), r, nil); !errors.Is(err, dem.ErrInvalid) || !strings.Contains(err.Error(), "hill.dem") {
		t.Errorf("Compose = %v, want ErrInvalid and the file's name", err)
	}
}
