package feature

import (
	"math"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestDistance(t *testing.T) {
	vaduz, ljubljana := cell.Point{LonE7: 95209000, LatE7: 471410000}, cell.Point{LonE7: 145058000, LatE7: 460569000}
	if d := Distance(vaduz, ljubljana); math.Abs(d-399_300) > 1000 {
		t.Errorf("Vaduz to Ljubljana = %.0f m", d)
	}
	if d := Distance(vaduz, vaduz); d != 0 {
		t.Errorf("Vaduz to itself = %v m", d)
	}
	if d := Distance(cell.Point{LonE7: -1800000000}, cell.Point{LonE7: 1800000000}); d > 0.1 {
		t.Errorf("180° west to 180° east = %v m", d)
	}
}

func TestAnchor(t *testing.T) {
	u := line(0, 0, 100, 0, 100, 100, 60, 100, 60, 40, 40, 40, 40, 100, 0, 100, 0, 0) // a U
	ring := Geometry{Shape: Polygon, Lines: []Line{
		line(0, 0, 100, 0, 100, 100, 0, 100, 0, 0), line(20, 20, 90, 20, 90, 80, 20, 80, 20, 20)}}
	tests := []struct {
		name string
		g    Geometry
		want cell.Point
	}{
		{"none", Geometry{}, cell.Point{}},
		{"point", At(cell.Point{LonE7: 3, LatE7: 4}), cell.Point{LonE7: 3, LatE7: 4}},
		{"line", Along(line(0, 0, 10, 0), line(0, 0, 2000, 0, 4000, 0)), cell.Point{LonE7: 2000}},
		{"all in one place", Along(line(7, 7, 7, 7)), cell.Point{LonE7: 7, LatE7: 7}},
		{"U", Geometry{Shape: Polygon, Lines: []Line{u}}, cell.Point{LonE7: 20, LatE7: 50}},
		{"hole", ring, cell.Point{LonE7: 10, LatE7: 50}},
		{"flat", Geometry{Shape: Polygon, Lines: []Line{line(5, 5, 6, 5, 5, 5)}}, cell.Point{LonE7: 5, LatE7: 5}},
	}
	for _, test := range tests {
		if got := test.g.Anchor(); got != test.want {
			t.Errorf("%s: anchor %v, want %v", test.name, got, test.want)
		}
	}
}

func TestInsideSpansTheWorld(t *testing.T) {
	world := line(-180e7, -90e7, 180e7, -90e7, 180e7, 90e7, -180e7, 90e7, -180e7, -90e7)
	if got := Inside(world.Points); got != (cell.Point{}) {
		t.Errorf("Inside(world) = %v", got)
	}
}

func TestCell(t *testing.T) {
	f := fountain()
	if got := f.Cell(); got.Zoom() != 11 || got != cell.At(f.Anchor(), 11) {
		t.Errorf("Cell = %v", got)
	}
	f.Geometry = Along(line(95209000, 471410000, 145058000, 460569000))
	lo, hi := f.Bounds()
	if lo != (cell.Point{LonE7: 95209000, LatE7: 460569000}) || hi != (cell.Point{LonE7: 145058000, LatE7: 471410000}) {
		t.Errorf("Bounds = %v, %v", lo, hi)
	}
	if got := f.Cell(); got != cell.World {
		t.Errorf("Cell = %v, want the world", got)
	}
}
