package vector

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// unit is one tile unit at a zoom, in world units.
func unit(z uint8) int32 { return 1 << (unitBits - z) }

func collect(cut func(Emit)) map[string]Tile {
	tiles := make(map[string]Tile)
	cut(func(tile cell.ID, g *Tile) {
		tiles[tile.String()] = Tile{slices.Clone(g.Points), slices.Clone(g.Ends)}
	})
	return tiles
}

func ring(points ...WorldPoint) *World {
	g := new(World)
	g.Add(points)
	return g
}

func TestCutLineAcrossTiles(t *testing.T) {
	const z = 14
	u := unit(z)
	// From the middle of tile 8000/5000 eastwards through two tiles and back in.
	x, y := int32(8000)<<16, int32(5000)<<16
	line := ring(WorldPoint{x + 2048*u, y + 100*u}, WorldPoint{x + (4096+2048)*u, y + 100*u})
	var c Cutter
	got := collect(func(emit Emit) { c.Lines(z, line, emit) })
	want := map[string][]TilePoint{
		"14/8000/5000": {{2048, 100}, {4096 + LineBuffer, 100}},
		"14/8001/5000": {{-LineBuffer, 100}, {2048, 100}},
	}
	if len(got) != len(want) {
		t.Fatalf("tiles %v, want %v", got, want)
	}
	for tile, points := range want {
		if !slices.Equal(got[tile].Points, points) {
			t.Errorf("%s: %v, want %v", tile, got[tile].Points, points)
		}
	}
}

func TestCutLineLeavesAndReturns(t *testing.T) {
	const z = 14
	u := unit(z)
	at := func(x, y int32) WorldPoint { return WorldPoint{8000<<16 + x*u, 5000<<16 + y*u} }
	line := ring(at(4000, 1000), at(5000, 1000), at(5000, 2000), at(4000, 2000))
	var c Cutter
	got := collect(func(emit Emit) { c.Lines(z, line, emit) })
	if g := got["14/8000/5000"]; g.Len() != 2 {
		t.Errorf("west tile has %d lines, want 2: %v", g.Len(), g)
	}
	if g := got["14/8001/5000"]; g.Len() != 1 {
		t.Errorf("east tile has %d lines, want 1: %v", g.Len(), g)
	}
}

func TestCutPolygonFillsTiles(t *testing.T) {
	const z = 10
	u := unit(z)
	x, y := int32(500)<<20, int32(300)<<20
	// 8 by 8 tiles and half a tile around them, with a hole of 2 by 2 tiles.
	side := int32(8 << 20)
	half := int32(1 << 19)
	square := func(x0, y0, x1, y1 int32) []WorldPoint {
		return []WorldPoint{{x0, y0}, {x0, y1}, {x1, y1}, {x1, y0}} // counter-clockwise
	}
	g := ring(square(x-half, y-half, x+side+half, y+side+half)...)
	g.Add(square(x+2<<20-32*u, y+2<<20-32*u, x+4<<20+32*u, y+4<<20+32*u))
	var c Cutter
	got := collect(func(emit Emit) { c.Polygon(z, g, emit) })
	if want := 10*10 - 4; len(got) != want {
		t.Errorf("%d tiles, want %d", len(got), want)
	}
	if _, ok := got["10/502/302"]; ok {
		t.Error("a tile inside the hole was emitted")
	}
	if g := got["10/507/307"]; !slices.Equal(g.Points, []TilePoint{{-16, -16}, {4112, -16}, {4112, 4112}, {-16, 4112}}) {
		t.Errorf("full tile is %v", g)
	}
	for name, g := range got {
		for i := range g.Len() {
			if a := doubleTileArea(g.Part(i)); a == 0 || a > 0 != (i == 0) {
				t.Errorf("%s ring %d has area %d", name, i, a)
			}
		}
	}
}

// TestSeamsAgree checks that neighbouring tiles draw a line at the same place
// where it crosses their seam.
func TestSeamsAgree(t *testing.T) {
	const z = 12
	r := rand.New(rand.NewPCG(1, 2))
	var c Cutter
	for range 200 {
		a := WorldPoint{int32(2000)<<18 + r.Int32N(1<<18), int32(1000)<<18 + r.Int32N(1<<18)}
		b := WorldPoint{int32(2001+r.Int32N(9))<<18 + r.Int32N(1<<18), a.Y + r.Int32N(1<<19) - 1<<18}
		got := collect(func(emit Emit) { c.Lines(z, ring(a, b), emit) })
		seams := make(map[cell.ID]float64) // western tile to the height where the line leaves it
		for name, g := range got {
			id, _ := cell.Parse(name)
			p, q := g.Points[0], g.Points[len(g.Points)-1]
			if q.X >= Extent && p.X < Extent {
				seams[id] = heightAt(p, q, Extent)
			}
		}
		for name, g := range got {
			id, _ := cell.Parse(name)
			p, q := g.Points[0], g.Points[len(g.Points)-1]
			if p.X < 0 && q.X > 0 {
				west := cell.New(z, id.X()-1, id.Y())
				if y, ok := seams[west]; ok {
					if d := heightAt(p, q, 0) - y; d > 1.1 || d < -1.1 {
						t.Errorf("seam of %s and %s: %v units apart", west, id, d)
					}
				}
			}
		}
	}
}

func heightAt(p, q TilePoint, x int32) float64 {
	return float64(p.Y) + float64(x-p.X)*float64(q.Y-p.Y)/float64(q.X-p.X)
}

func TestCutHugePolygonIsCheap(t *testing.T) {
	const z = 14
	g := ring(WorldPoint{100, 100}, WorldPoint{1<<30 - 100, 100}, WorldPoint{1<<30 - 100, 1 << 24}, WorldPoint{100, 1 << 24})
	var c Cutter
	n := 0
	c.Polygon(z, g, func(cell.ID, *Tile) { n++ })
	if want := 257 << 14; n != want {
		t.Errorf("%d tiles, want %d", n, want)
	}
}

func TestTidyRing(t *testing.T) {
	tests := []struct {
		name     string
		ring     []TilePoint
		exterior bool
		want     []TilePoint
	}{
		{"clockwise", []TilePoint{{0, 0}, {9, 0}, {9, 9}, {0, 9}}, true, []TilePoint{{0, 0}, {9, 0}, {9, 9}, {0, 9}}},
		{"interior turned", []TilePoint{{0, 0}, {9, 0}, {9, 9}}, false, []TilePoint{{9, 9}, {9, 0}, {0, 0}}},
		{"repeats", []TilePoint{{0, 0}, {0, 0}, {9, 0}, {9, 9}, {9, 9}, {0, 0}}, true, []TilePoint{{0, 0}, {9, 0}, {9, 9}}},
		{"straight", []TilePoint{{0, 0}, {5, 0}, {9, 0}, {9, 9}}, true, []TilePoint{{0, 0}, {9, 0}, {9, 9}}},
		{"spike", []TilePoint{{0, 0}, {9, 0}, {20, 0}, {9, 0}, {9, 9}}, true, []TilePoint{{0, 0}, {9, 0}, {9, 9}}},
		{"flat", []TilePoint{{0, 0}, {5, 5}, {9, 9}, {2, 2}}, true, nil},
		{"two points", []TilePoint{{0, 0}, {5, 5}, {0, 0}, {5, 5}}, true, nil},
		{"nothing", nil, true, nil},
	}
	for _, test := range tests {
		g := Tile{Points: slices.Clone(test.ring)}
		ok := tidyRing(&g, test.exterior)
		if !slices.Equal(g.Points, test.want) || ok != (len(test.want) > 0) {
			t.Errorf("%s: %v, %v, want %v", test.name, g.Points, ok, test.want)
		}
	}
}

func TestInterior(t *testing.T) {
	// A horseshoe: its centroid lies outside.
	shoe := ring(WorldPoint{0, 0}, WorldPoint{1000, 0}, WorldPoint{1000, 1000}, WorldPoint{900, 1000},
		WorldPoint{900, 100}, WorldPoint{100, 100}, WorldPoint{100, 1000}, WorldPoint{0, 1000})
	p, ok := Interior(shoe)
	if !ok || p.X > 100 && p.X < 900 && p.Y > 100 {
		t.Errorf("Interior = %v, %v, want a point inside", p, ok)
	}
	if _, ok := Interior(ring(WorldPoint{0, 0}, WorldPoint{10, 0}, WorldPoint{20, 0})); ok {
		t.Error("a flat ring has an interior point")
	}
}

func TestTidyLine(t *testing.T) {
	tests := []struct {
		name       string
		line, want []TilePoint
	}{
		{"plain", []TilePoint{{0, 0}, {5, 1}, {9, 0}}, []TilePoint{{0, 0}, {5, 1}, {9, 0}}},
		{"repeats", []TilePoint{{0, 0}, {0, 0}, {9, 0}, {9, 0}}, []TilePoint{{0, 0}, {9, 0}}},
		{"straight", []TilePoint{{0, 0}, {3, 3}, {4, 4}, {9, 9}}, []TilePoint{{0, 0}, {9, 9}}},
		{"back and forth", []TilePoint{{0, 0}, {9, 0}, {5, 0}}, []TilePoint{{0, 0}, {9, 0}, {5, 0}}},
		{"one place", []TilePoint{{4, 4}, {4, 4}}, nil},
	}
	for _, test := range tests {
		g := Tile{Points: slices.Clone(test.line)}
		if tidyLine(&g); !slices.Equal(g.Points, test.want) {
			t.Errorf("%s: %v, want %v", test.name, g.Points, test.want)
		}
	}
}
