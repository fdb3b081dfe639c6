package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// town is a small base: a street in two ways, a one-way lane, a cycle route, a
// forest with a clearing, a lake across many tiles and a village.
func town(tb testing.TB) *osm.Base {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "base")
	w, err := osm.Create(path, osm.Header{})
	if err != nil {
		tb.Fatal(err)
	}
	place := func(x, y int32) cell.Point { return cell.Point{LonE7: 95200000 + x*1000, LatE7: 471400000 + y*1000} }
	nodes := []cell.Point{
		place(0, 0), place(10, 2), place(20, 0), place(20, 30), // 1-4: street, street, lane
		place(-50, -50), place(-50, -10), place(-10, -10), place(-10, -50), // 5-8: forest
		place(-35, -35), place(-35, -25), place(-25, -25), place(-25, -35), // 9-12: clearing
		place(100, 100), place(900, 100), place(900, 900), place(100, 900), // 13-16: lake
	}
	check := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i, p := range nodes {
		check(w.Node(osm.Node{ID: int64(i + 1), Point: p}))
	}
	check(w.Node(osm.Node{ID: 100, Point: place(5, 5), Tags: osm.Tags{{Key: "name", Value: "Vaduz"}, {Key: "place", Value: "village"}}}))
	street := osm.Tags{{Key: "highway", Value: "residential"}, {Key: "name", Value: "Äulestrasse"}}
	lane := osm.Tags{{Key: "highway", Value: "residential"}, {Key: "oneway", Value: "yes"}}
	water := osm.Tags{{Key: "name", Value: "Grosser See"}, {Key: "natural", Value: "water"}}
	check(w.Way(osm.Way{ID: 1, Nodes: []int64{1, 2}, Tags: street}))
	check(w.Way(osm.Way{ID: 2, Nodes: []int64{2, 3}, Tags: street}))
	check(w.Way(osm.Way{ID: 3, Nodes: []int64{3, 4}, Tags: lane}))
	check(w.Way(osm.Way{ID: 4, Nodes: []int64{5, 6, 7, 8, 5}}))
	check(w.Way(osm.Way{ID: 5, Nodes: []int64{9, 10, 11, 12, 9}}))
	check(w.Way(osm.Way{ID: 6, Nodes: []int64{13, 14, 15, 16, 13}, Tags: water}))
	check(w.Relation(osm.Relation{ID: 1, Members: []osm.Member{{Kind: osm.WayKind, Ref: 4, Role: "outer"}, {Kind: osm.WayKind, Ref: 5, Role: "inner"}},
		Tags: osm.Tags{{Key: "landuse", Value: "forest"}, {Key: "type", Value: "multipolygon"}}}))
	check(w.Relation(osm.Relation{ID: 2, Members: []osm.Member{{Kind: osm.WayKind, Ref: 1}, {Kind: osm.WayKind, Ref: 2}},
		Tags: osm.Tags{{Key: "network", Value: "ncn"}, {Key: "ref", Value: "2"}, {Key: "route", Value: "bicycle"}, {Key: "type", Value: "route"}}}))
	check(w.Finish())
	base, err := osm.OpenBase(path, 1<<20)
	check(err)
	tb.Cleanup(func() { base.Close() })
	return base
}

// tilesOf builds and decodes all tiles.
func tilesOf(t *testing.T, base *osm.Base, opts Options) (map[string][]vector.Layer, Stats) {
	t.Helper()
	tiles := make(map[string][]vector.Layer)
	stats, err := Tiles(context.Background(), base, opts, func(key cell.Key, raw []byte) error {
		if key.Layer != cell.Tiles {
			t.Errorf("cell %s is not of the tiles layer", key)
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				t.Fatal(err)
			}
			tile, err := cell.TileOfKey(item.Key)
			if err != nil {
				t.Fatal(err)
			}
			if cell.OfTile(tile) != key.ID {
				t.Errorf("tile %s lies in cell %s", tile, key)
			}
			layers, err := vector.Decode(item.Value)
			if err != nil {
				t.Fatal(err)
			}
			checkLayers(t, tile, layers)
			tiles[tile.String()] = layers
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tiles, stats
}

func layerOf(layers []vector.Layer, name string) *vector.Layer {
	for i := range layers {
		if layers[i].Name == name {
			return &layers[i]
		}
	}
	return &vector.Layer{}
}

func TestTown(t *testing.T) {
	tiles, stats := tilesOf(t, town(t), Options{})
	home := cell.At(cell.Point{LonE7: 95205000, LatE7: 471405000}, 14).String()

	streets := layerOf(tiles[home], "streets")
	if len(streets.Features) != 2 {
		t.Fatalf("%d features of streets in %s, want the street and the lane", len(streets.Features), home)
	}
	var joined bool
	for i := range streets.Features {
		f := &streets.Features[i]
		joined = joined || f.Geometry.Len() == 1 && len(f.Geometry.Points) == 3
	}
	if !joined {
		t.Error("the two ways of the street are not joined")
	}
	routes := layerOf(tiles[home], "cycle_routes")
	if len(routes.Features) != 1 || routes.Attrs(&routes.Features[0])["ref"] != "2" {
		t.Errorf("cycle routes %v", routes)
	}
	places := layerOf(tiles[home], "place_labels")
	if len(places.Features) != 1 || places.Attrs(&places.Features[0])["name"] != "Vaduz" {
		t.Errorf("places %v", places)
	}
	wood := cell.At(cell.Point{LonE7: 95170000, LatE7: 471355000}, 14).String()
	land := layerOf(tiles[wood], "land")
	if len(land.Features) != 1 || land.Features[0].Geometry.Len() != 2 {
		t.Errorf("land in %s is %v, want a ring with a hole", wood, land)
	}
	full := 0
	for _, layers := range tiles {
		if water := layerOf(layers, "water_polygons"); len(water.Features) == 1 {
			if g := water.Features[0].Geometry; len(g.Points) == 4 && g.Points[0] == (vector.TilePoint{X: -16, Y: -16}) {
				full++
			}
		}
	}
	if full == 0 {
		t.Error("no tile lies wholly in the lake")
	}
	labels := 0
	for name, layers := range tiles {
		if name[:3] == "14/" {
			labels += len(layerOf(layers, "water_polygons_labels").Features)
		}
	}
	if labels != 1 {
		t.Errorf("the lake has %d labels at zoom 14, want 1", labels)
	}
	if int(stats.Tiles) != len(tiles) || stats.Features["place_labels"] == 0 {
		t.Errorf("stats %v, want %d tiles", stats, len(tiles))
	}
}

func TestBounds(t *testing.T) {
	base := town(t)
	all, _ := tilesOf(t, base, Options{})
	box := orb.Bound{Min: orb.Point{9.5195, 47.1395}, Max: orb.Point{9.5235, 47.1445}}
	some, _ := tilesOf(t, base, Options{Bounds: orb.MultiPolygon{box.ToPolygon()}})
	if len(some) == 0 || len(some) >= len(all) {
		t.Fatalf("%d tiles of %d", len(some), len(all))
	}
	for name, layers := range some {
		if len(layerOf(layers, "land").Features) > 0 || len(layerOf(layers, "water_polygons").Features) > 0 {
			t.Errorf("tile %s has what lies outside the bounds", name)
		}
	}
	// A triangle that holds the village in one corner, and the box around it.
	triangle := orb.MultiPolygon{{{{9.5199, 47.1399}, {9.5230, 47.1399}, {9.5199, 47.2400}, {9.5199, 47.1399}}}}
	corner, _ := tilesOf(t, base, Options{Bounds: triangle})
	if len(corner) == 0 || len(corner) >= len(all) {
		t.Errorf("%d tiles of %d in the triangle", len(corner), len(all))
	}
	none, stats := tilesOf(t, base, Options{Bounds: orb.MultiPolygon{orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{2, 2}}.ToPolygon()}})
	if len(none) != 0 || stats.Cells != 0 {
		t.Errorf("elsewhere there are %d tiles", len(none))
	}
}

// cellsOf builds and returns all cells, one after the other.
func cellsOf(t *testing.T, base *osm.Base, opts Options) ([]byte, Stats) {
	t.Helper()
	var all []byte
	stats, err := Tiles(context.Background(), base, opts, func(key cell.Key, raw []byte) error {
		all = append(append(all, key.String()...), raw...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, stats
}

func TestSameBytesForAnyWorkersAndMemory(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	dir := t.TempDir()
	want, _ := cellsOf(t, base, Options{Workers: 1})
	for _, opts := range []Options{{Workers: 8}, {Workers: 1, MemoryBytes: 1}, {Workers: 3, MemoryBytes: 1 << 20}, {Workers: 8, MemoryBytes: 1}} {
		opts.TempDir = dir
		got, stats := cellsOf(t, base, opts)
		if !bytes.Equal(got, want) {
			t.Errorf("%d workers and %d bytes of memory give other cells", opts.Workers, opts.MemoryBytes)
		}
		if (stats.Spilled > 0) != (opts.MemoryBytes > 0) {
			t.Errorf("%d workers and %d bytes of memory: spilled %d bytes", opts.Workers, opts.MemoryBytes, stats.Spilled)
		}
	}
	checkEmpty(t, dir)
}

func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left behind: %v, %v", left, err)
	}
}

func TestCancel(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	dir := t.TempDir()
	for _, stop := range []string{"elements", "tiles"} {
		ctx, cancel := context.WithCancel(context.Background())
		opts := Options{MemoryBytes: 1, TempDir: dir, Progress: func(stage string, done, total int64) {
			if stage == stop && done > total/2 {
				cancel()
			}
		}}
		_, err := Tiles(ctx, base, opts, func(cell.Key, []byte) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("stopped at %s: error %v, want Canceled", stop, err)
		}
		checkEmpty(t, dir)
		cancel()
	}
}

func TestEmitError(t *testing.T) {
	want := errors.New("disk is full")
	calls := 0
	_, err := Tiles(context.Background(), town(t), Options{}, func(cell.Key, []byte) error { calls++; return want })
	if !errors.Is(err, want) || calls != 1 {
		t.Errorf("error %v after %d calls, want %v after 1", err, calls, want)
	}
}

func TestProgress(t *testing.T) {
	var stages []string
	last := make(map[string][2]int64)
	_, err := Tiles(context.Background(), town(t), Options{Progress: func(stage string, done, total int64) {
		if !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
		if done <= last[stage][0] {
			t.Errorf("%s: %d after %d", stage, done, last[stage][0])
		}
		last[stage] = [2]int64{done, total}
	}}, func(cell.Key, []byte) error { return nil })
	if err != nil || !slices.Equal(stages, []string{"elements", "tiles"}) {
		t.Errorf("stages %v, error %v", stages, err)
	}
	for stage, at := range last {
		if at[0] != at[1] {
			t.Errorf("%s ended at %d of %d", stage, at[0], at[1])
		}
	}
}

func TestNoTempDir(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	opts := Options{MemoryBytes: 1, TempDir: filepath.Join(t.TempDir(), "absent")}
	_, err := Tiles(context.Background(), base, opts, func(cell.Key, []byte) error { return nil })
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want ErrNotExist", err)
	}
}

// TestBroken draws areas that are broken, and one that only lacks a way of another
// extract.
func TestBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "base")
	base := func(last osm.Way) *osm.Base {
		w, err := osm.Create(path, osm.Header{})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range [][2]int32{{0, 0}, {90, 0}, {90, 90}, {0, 90}} {
			err = errors.Join(err, w.Node(osm.Node{ID: int64(i + 1), Point: cell.Point{LonE7: 95200000 + p[0]*1000, LatE7: 471400000 + p[1]*1000}}))
		}
		forest := osm.Tags{{Key: "landuse", Value: "forest"}, {Key: "type", Value: "multipolygon"}}
		member := func(ids ...int64) (all []osm.Member) {
			for _, id := range ids {
				all = append(all, osm.Member{Kind: osm.WayKind, Ref: id, Role: "outer"})
			}
			return all
		}
		err = errors.Join(err,
			w.Way(osm.Way{ID: 1, Nodes: []int64{1, 2, 3}}), w.Way(last),
			w.Relation(osm.Relation{ID: 1, Members: member(1, 2), Tags: forest}),
			w.Relation(osm.Relation{ID: 2, Members: member(1, 7), Tags: forest}), w.Finish())
		b, err2 := osm.OpenBase(path, 1<<20)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	whole := base(osm.Way{ID: 2, Nodes: []int64{3, 4, 1}})
	whole2, stats := tilesOf(t, whole, Options{})
	if len(stats.Broken) != 0 || len(whole2) == 0 {
		t.Errorf("of a whole area: %d tiles, %v", len(whole2), stats.Broken)
	}
	was := drawn(t, whole, Options{})
	torn := base(osm.Way{ID: 2, Nodes: []int64{3, 4}})
	want := []Broken{{1, osm.Problem{What: "ring is not closed", Ways: []int64{1}}}}
	again, stats := redrawn(t, was, whole, torn, Options{})
	if !reflect.DeepEqual(stats.Broken, want) {
		t.Errorf("redrawn: %v, want %v", stats.Broken, want)
	}
	if _, stats := tilesOf(t, torn, Options{}); !reflect.DeepEqual(stats.Broken, want) {
		t.Errorf("drawn: %v, want %v", stats.Broken, want)
	}
	if _, stats := redrawn(t, again, torn, whole, Options{}); len(stats.Broken) != 0 {
		t.Errorf("mended: %v", stats.Broken)
	}
}
