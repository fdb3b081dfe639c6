package vector

import (
	"math"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestAreas(t *testing.T) {
	// A degree at the equator is 111.2 km, at 60° north half as long to the east.
	at := func(lon, lat int32) cell.Point { return cell.Point{LonE7: lon * 1e7, LatE7: lat * 1e7} }
	tests := []struct {
		name          string
		ring          []cell.Point
		ground, onMap float64 // square kilometres
	}{
		{"equator", []cell.Point{at(0, 0), at(1, 0), at(1, 1), at(0, 1), at(0, 0)}, 12364, 12393},
		{"clockwise", []cell.Point{at(0, 0), at(0, 1), at(1, 1), at(1, 0), at(0, 0)}, 12364, 12393},
		{"north", []cell.Point{at(10, 60), at(11, 60), at(11, 61), at(10, 61), at(10, 60)}, 6088, 25157},
		{"hemisphere", []cell.Point{at(-180, 0), at(180, 0), at(180, 90), at(-180, 90), at(-180, 0)}, 255032236, 0},
		{"line", []cell.Point{at(0, 0), at(1, 1), at(0, 0)}, 0, 0},
		{"nothing", nil, 0, 0},
	}
	for _, test := range tests {
		if got := GroundArea(test.ring) / 1e6; math.Abs(got-test.ground) > test.ground/1000 {
			t.Errorf("%s: %.0f km² on the ground, want %.0f", test.name, got, test.ground)
		}
		if test.onMap == 0 {
			continue
		}
		ring := ProjectAll(nil, test.ring)
		if got := SquareMetres(abs(DoubleArea(ring[:len(ring)-1]))/2) / 1e6; math.Abs(got-test.onMap) > test.onMap/1000 {
			t.Errorf("%s: %.0f km² on the map, want %.0f", test.name, got, test.onMap)
		}
	}
}
