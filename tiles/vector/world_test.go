package vector

import (
	"math"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestProject(t *testing.T) {
	tests := []struct {
		place cell.Point
		want  WorldPoint
	}{
		{cell.Point{}, WorldPoint{1 << 29, 1 << 29}},
		{cell.Point{LonE7: -180e7, LatE7: 900000000}, WorldPoint{0, 0}},
		{cell.Point{LonE7: 180e7, LatE7: -900000000}, WorldPoint{1 << 30, 1 << 30}},
	}
	for _, test := range tests {
		if got := Project(test.place); got != test.want {
			t.Errorf("Project(%v) = %v, want %v", test.place, got, test.want)
		}
	}
	for lat := int32(-850000000); lat <= 850000000; lat += 1234567 {
		p := cell.Point{LonE7: 2 * lat, LatE7: lat}
		x, y := cell.Project(float64(p.LonE7)/1e7, float64(p.LatE7)/1e7)
		got := Project(p)
		if math.Abs(x*(1<<30)-float64(got.X)) > 0.501 || math.Abs(y*(1<<30)-float64(got.Y)) > 0.501 {
			t.Fatalf("Project(%v) = %v, want %v, %v", p, got, x*(1<<30), y*(1<<30))
		}
	}
}

func TestProjectAllDropsRepeats(t *testing.T) {
	a, b := cell.Point{LonE7: 95209000, LatE7: 471410000}, cell.Point{LonE7: 95219000, LatE7: 471410000}
	if got := ProjectAll(nil, []cell.Point{a, a, b, b, a}); len(got) != 3 {
		t.Errorf("got %d points, want 3", len(got))
	}
}

func BenchmarkProject(b *testing.B) {
	p := cell.Point{LonE7: 95209000, LatE7: 471410000}
	for b.Loop() {
		Project(p)
	}
}
