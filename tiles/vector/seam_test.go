package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// star returns a ring around a centre with a random radius at each step.
func star(r *rand.Rand, centre WorldPoint, least, most float64, points int) []WorldPoint {
	ring := make([]WorldPoint, points)
	for i := range ring {
		angle := 2 * math.Pi * float64(i) / float64(points)
		radius := least + r.Float64()*(most-least)
		ring[i] = WorldPoint{centre.X + int32(radius*math.Cos(angle)), centre.Y + int32(radius*math.Sin(angle))}
	}
	return ring
}

// contains is the even-odd rule, in world or tile units.
func contains(x, y float64, rings int, ring func(int) [][2]float64) bool {
	in := false
	for i := range rings {
		points := ring(i)
		a := points[len(points)-1]
		for _, b := range points {
			if (a[1] <= y) != (b[1] <= y) && x < a[0]+(y-a[1])*(b[0]-a[0])/(b[1]-a[1]) {
				in = !in
			}
			a = b
		}
	}
	return in
}

// TestTilesHoldWhatThePolygonHolds cuts random polygons with a hole and asks at
// random places whether the tile there says the same as the polygon.
func TestTilesHoldWhatThePolygonHolds(t *testing.T) {
	const z = 13
	r := rand.New(rand.NewPCG(7, 7))
	u := float64(unit(z))
	var c Cutter
	for round := range 60 {
		centre := WorldPoint{1<<29 + r.Int32N(1<<20), 1<<28 + r.Int32N(1<<20)}
		most := math.Exp2(14 + r.Float64()*7) // from an eighth of a tile to 16 tiles
		polygon := new(World)
		polygon.Add(star(r, centre, most/2, most, 5+r.IntN(40)))
		polygon.Add(star(r, centre, most/10, most/3, 5+r.IntN(20)))
		if round%2 == 0 {
			slices.Reverse(polygon.Part(0))
		}
		tiles := make(map[cell.ID]Tile)
		c.Polygon(z, polygon, func(tile cell.ID, g *Tile) {
			if _, ok := tiles[tile]; ok {
				t.Fatalf("tile %s twice", tile)
			}
			tiles[tile] = Tile{slices.Clone(g.Points), slices.Clone(g.Ends)}
		})
		world := func(i int) (ring [][2]float64) {
			for _, p := range polygon.Part(i) {
				ring = append(ring, [2]float64{float64(p.X), float64(p.Y)})
			}
			return ring
		}
		for range 400 {
			x := float64(centre.X) + (2*r.Float64()-1)*most
			y := float64(centre.Y) + (2*r.Float64()-1)*most
			want, clear := contains(x, y, polygon.Len(), world), true
			for _, d := range [][2]float64{{2, 0}, {-2, 0}, {0, 2}, {0, -2}} {
				clear = clear && contains(x+d[0]*u, y+d[1]*u, polygon.Len(), world) == want
			}
			if !clear {
				continue // too near to an edge to be sure after rounding
			}
			id := cell.New(z, uint32(x)>>(WorldBits-z), uint32(y)>>(WorldBits-z))
			g := tiles[id]
			got := contains((x-float64(id.X()<<(WorldBits-z)))/u, (y-float64(id.Y()<<(WorldBits-z)))/u, g.Len(), func(i int) (ring [][2]float64) {
				for _, p := range g.Part(i) {
					ring = append(ring, [2]float64{float64(p.X), float64(p.Y)})
				}
				return ring
			})
			if got != want {
				t.Errorf("round %d: tile %s says %v at %v, %v, the polygon %v", round, id, got, x, y, want)
			}
		}
	}
}
