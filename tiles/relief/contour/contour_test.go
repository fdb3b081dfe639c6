package contour

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/relief"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// land makes tiles of what the ground is like, by pixels from a corner of the world.
func land(col, row int, metres func(x, y float64) float64) func(right, down int) (*relief.Heights, error) {
	return func(right, down int) (*relief.Heights, error) {
		h := new(relief.Heights)
		for i := range h {
			h[i] = int32(math.Round(metres(float64((col+right)*relief.Side+i%relief.Side), float64((row+down)*relief.Side+i/relief.Side))))
		}
		return h, nil
	}
}

// lines decodes the lines of a tile by their heights.
func lines(t *testing.T, data []byte) map[int64][][]vector.TilePoint {
	t.Helper()
	layers, err := vector.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 || layers[0].Name != Layer {
		t.Fatalf("layers %+v", layers)
	}
	all := make(map[int64][][]vector.TilePoint)
	for _, f := range layers[0].Features {
		attrs := layers[0].Attrs(&f)
		ele := attrs["ele"].(int64)
		if ele%StepMetres != 0 || attrs["index"] != (ele%IndexMetres == 0) || all[ele] != nil {
			t.Errorf("attributes %v", attrs)
		}
		for i := range f.Geometry.Len() {
			all[ele] = append(all[ele], f.Geometry.Part(i))
		}
	}
	return all
}

// TestCone draws circles around a peak.
func TestCone(t *testing.T) {
	data, err := Tile(land(0, 0, func(x, y float64) float64 { return 1010 - 4*math.Hypot(x-120, y-130) }))
	if err != nil {
		t.Fatal(err)
	}
	all := lines(t, data)
	for ele := int64(620); ele <= 980; ele += StepMetres {
		if len(all[ele]) != 1 {
			t.Fatalf("%d m: %d lines", ele, len(all[ele]))
		}
		line := all[ele][0]
		if line[0] != line[len(line)-1] || len(line) < 5 {
			t.Errorf("%d m: the line of %d points is open", ele, len(line))
		}
		for _, p := range line {
			x, y := float64(p.X)/16-0.5, float64(p.Y)/16-0.5 // pixels, from the first one's centre
			if r, want := math.Hypot(x-120, y-130), float64(1010-ele)/4; math.Abs(r-want) > 0.7 {
				t.Fatalf("%d m: a point %.2f pixels from the peak, want %.2f", ele, r, want)
			}
		}
	}
	if len(all[1000]) != 1 || len(all[1020]) != 0 {
		t.Errorf("%d lines at 1000 m, %d at 1020 m", len(all[1000]), len(all[1020]))
	}
}

// rough is ground with peaks, valleys and saddles.
func rough(x, y float64) float64 {
	return 800 + 300*math.Sin(x/17)*math.Cos(y/23) + 90*math.Sin(x/5+y/7) + 15*math.Cos(x*1.7-y*2.3)
}

// TestSeams looks for the end of each line at a tile's edge among those of the tile
// beside it.
func TestSeams(t *testing.T) {
	tile := func(col, row int) map[int64][][]vector.TilePoint {
		data, err := Tile(land(col, row, rough))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := Tile(land(col, row, rough))
		if !bytes.Equal(data, again) {
			t.Error("drawn again, lines have other bytes")
		}
		return lines(t, data)
	}
	ends := func(all map[int64][][]vector.TilePoint, at func(p vector.TilePoint) (int32, bool)) (found [][2]int64) {
		for ele, lines := range all {
			for _, line := range lines {
				for _, p := range []vector.TilePoint{line[0], line[len(line)-1]} {
					if v, ok := at(p); ok {
						found = append(found, [2]int64{ele, int64(v)})
					}
				}
			}
		}
		slices.SortFunc(found, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
		return slices.Compact(found)
	}
	here := tile(3, 4)
	east := ends(here, func(p vector.TilePoint) (int32, bool) { return p.Y, p.X == vector.Extent })
	south := ends(here, func(p vector.TilePoint) (int32, bool) { return p.X, p.Y == vector.Extent })
	if got := ends(tile(4, 4), func(p vector.TilePoint) (int32, bool) { return p.Y, p.X == 0 }); !slices.Equal(got, east) || len(east) < 40 {
		t.Errorf("to the east %d lines go on, of %d", len(got), len(east))
	}
	if got := ends(tile(3, 5), func(p vector.TilePoint) (int32, bool) { return p.X, p.Y == 0 }); !slices.Equal(got, south) || len(south) < 40 {
		t.Errorf("to the south %d lines go on, of %d", len(got), len(south))
	}
	for ele, lines := range here {
		for _, line := range lines {
			first, last := line[0], line[len(line)-1]
			onEdge := func(p vector.TilePoint) bool {
				return p.X == 0 || p.Y == 0 || p.X == vector.Extent || p.Y == vector.Extent
			}
			if first != last && !(onEdge(first) && onEdge(last)) {
				t.Errorf("%d m: a line ends in the middle, from %v to %v", ele, first, last)
			}
			for _, p := range line {
				if p.X < 0 || p.Y < 0 || p.X > vector.Extent || p.Y > vector.Extent {
					t.Fatalf("%d m: %v lies outside", ele, p)
				}
			}
		}
	}
}

func TestNothing(t *testing.T) {
	for name, metres := range map[string]float64{"sea": 0, "a plain": 47, "a plain at a line's height": 40, "below the sea": -20} {
		if data, err := Tile(land(0, 0, func(_, _ float64) float64 { return metres })); data != nil || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if data, err := Tile(func(int, int) (*relief.Heights, error) { return nil, nil }); data != nil || err != nil {
		t.Errorf("no heights: %d bytes, %v", len(data), err)
	}
	broken := errors.New("broken")
	if _, err := Tile(func(int, int) (*relief.Heights, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestAlone draws a tile without those around it: lines still reach its edges.
func TestAlone(t *testing.T) {
	whole := land(0, 0, func(x, _ float64) float64 { return 2*x + 5 })
	data, err := Tile(func(right, down int) (*relief.Heights, error) {
		if right != 0 || down != 0 {
			return nil, nil
		}
		return whole(0, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	all := lines(t, data)
	if len(all) != 25 { // 20 m to 500 m
		t.Errorf("%d heights", len(all))
	}
	for ele, lines := range all {
		if len(lines) != 1 || len(lines[0]) != 2 || lines[0][0].Y+lines[0][1].Y != vector.Extent {
			t.Errorf("%d m: %v", ele, lines)
		}
	}
}

func BenchmarkTile(b *testing.B) {
	around := land(3, 4, rough)
	var near [3][3]*relief.Heights
	for i := range 9 {
		near[i/3][i%3], _ = around(i%3-1, i/3-1)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Tile(func(right, down int) (*relief.Heights, error) { return near[down+1][right+1], nil }); err != nil {
			b.Fatal(err)
		}
	}
}
