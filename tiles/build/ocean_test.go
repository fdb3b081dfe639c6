package build

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// isSea reports whether the ocean covers a place at a zoom.
func isSea(tiles map[string][]vector.Layer, at cell.Point, z uint8) bool {
	tile := cell.At(at, z)
	var c vector.Cutter
	var p vector.TilePoint
	c.Point(z, vector.Project(at), func(_ cell.ID, g *vector.Tile) { p = g.Points[0] })
	in := false
	ocean := layerOf(tiles[tile.String()], "ocean")
	for i := range ocean.Features {
		g := &ocean.Features[i].Geometry
		for j := range g.Len() {
			ring := g.Part(j)
			a := ring[len(ring)-1]
			for _, b := range ring {
				if (a.Y > p.Y) != (b.Y > p.Y) && float64(p.X-a.X) < float64(b.X-a.X)*float64(p.Y-a.Y)/float64(b.Y-a.Y) {
					in = !in
				}
				a = b
			}
		}
	}
	return in
}

func TestOceanOfMonaco(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	tiles, stats := tilesOf(t, base, Options{})
	// The extract is cut ten metres inside its box: a stub of the coast is left there.
	if len(stats.Coast) != 1 || !strings.HasPrefix(stats.Coast[0].What, "part of the coastline") {
		t.Errorf("problems %v, want the stub in the south-west", stats.Coast)
	}
	places := []struct {
		name string
		at   cell.Point
		sea  bool
	}{
		{"Port Hercule", cell.Point{LonE7: 74262000, LatE7: 437346000}, true},
		{"off Larvotto", cell.Point{LonE7: 74400000, LatE7: 437420000}, true},
		{"south-eastern corner", cell.Point{LonE7: 74480000, LatE7: 437240000}, true},
		{"Prince's Palace", cell.Point{LonE7: 74203000, LatE7: 437315000}, false},
		{"Casino", cell.Point{LonE7: 74283000, LatE7: 437392000}, false},
		{"Jardin Exotique", cell.Point{LonE7: 74133000, LatE7: 437315000}, false},
		{"north-western corner", cell.Point{LonE7: 74095000, LatE7: 437515000}, false},
		{"beyond the box", cell.Point{LonE7: 74500000, LatE7: 437240000}, false},
	}
	for _, p := range places {
		for _, z := range []uint8{12, 14} {
			if got := isSea(tiles, p.at, z); got != p.sea {
				t.Errorf("%s at zoom %d: sea is %t, want %t", p.name, z, got, p.sea)
			}
		}
	}
	want, _ := cellsOf(t, base, Options{Workers: 1})
	if got, _ := cellsOf(t, base, Options{Workers: 8}); !bytes.Equal(got, want) {
		t.Error("8 workers give other cells than 1")
	}
	wider, stats := tilesOf(t, base, Options{Bounds: orb.MultiPolygon{orb.Bound{Min: orb.Point{7, 43}, Max: orb.Point{8, 44}}.ToPolygon()}})
	if isSea(wider, places[0].at, 14) || len(stats.Coast) != 2 {
		t.Errorf("the coast ends far inside a wider region: problems %v, want the coast and its island", stats.Coast)
	}
}

// TestOceanWithIsland builds the sea around an island whose way has lost a node.
func TestOceanWithIsland(t *testing.T) {
	path := t.TempDir() + "/base"
	at := func(x, y int32) cell.Point { return cell.Point{LonE7: 140000000 + x*10000, LatE7: 450000000 + y*10000} }
	w, err := osm.Create(path, osm.Header{Bounds: osm.Box{Min: at(0, 0), Max: at(100, 100)}})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range []cell.Point{at(30, 30), at(70, 30), at(70, 70), at(30, 70)} {
		if err := w.Node(osm.Node{ID: int64(i + 1), Point: p}); err != nil {
			t.Fatal(err)
		}
	}
	coastline := osm.Tags{{Key: "natural", Value: "coastline"}}
	if err := w.Way(osm.Way{ID: 1, Nodes: []int64{1, 2, 9, 3, 4, 1}, Tags: coastline}); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	base, err := osm.OpenBase(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	tiles, stats := tilesOf(t, base, Options{})
	if len(stats.Coast) > 0 || !isSea(tiles, at(10, 50), 14) || isSea(tiles, at(50, 50), 14) || isSea(tiles, at(120, 50), 14) {
		t.Errorf("problems %v; sea west %t, on the island %t, beyond %t", stats.Coast,
			isSea(tiles, at(10, 50), 14), isSea(tiles, at(50, 50), 14), isSea(tiles, at(120, 50), 14))
	}
}
