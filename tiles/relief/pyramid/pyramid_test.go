package pyramid

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// model opens grids as a height model.
func model(t testing.TB, grids ...*dem.Grid) *dem.Model {
	t.Helper()
	var names []string
	for _, g := range grids {
		f, err := os.CreateTemp(t.TempDir(), "*.dem")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(g.Write(f), f.Close()); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name())
	}
	m, err := dem.OpenModel(names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// grid is half a degree of points 3 seconds apart.
func grid(west, south float64, metres func(lon, lat float64) float64) *dem.Grid {
	const side, step = 601, 1.0 / 1200
	g := &dem.Grid{Shape: dem.Shape{West: west, North: south + 0.5, StepLon: step, StepLat: step, Cols: side, Rows: side}}
	for i := range side * side {
		g.Levels = append(g.Levels, dem.LevelOf(metres(west+float64(i%side)*step, south+0.5-float64(i/side)*step)))
	}
	return g
}

// hills roll, 500 to 1,500 m high.
func hills(lon, lat float64) float64 {
	return 1000 + 500*math.Sin(lon*60)*math.Cos(lat*80)
}

// box is bounds in degrees.
func box(west, south, east, north float64) Box {
	at := func(lon, lat float64) cell.Point { return cell.Point{LonE7: int32(lon * 1e7), LatE7: int32(lat * 1e7)} }
	return Box{at(west, south), at(east, north)}
}

// draw returns a box's tiles and how its cells' bytes are.
func draw(t testing.TB, m *dem.Model, b Box) (map[cell.ID]*relief.Heights, map[cell.ID][]byte) {
	t.Helper()
	tiles, cells := make(map[cell.ID]*relief.Heights), make(map[cell.ID][]byte)
	err := Tiles(context.Background(), m, b, nil, func(id cell.ID, raw []byte) error {
		if cells[id] != nil {
			t.Errorf("cell %s twice", id)
		}
		cells[id] = raw
		for item, err := range cell.Items(raw) {
			if err != nil {
				t.Fatal(err)
			}
			tile, err := cell.TileOfKey(item.Key)
			if err != nil || cell.OfTile(tile) != id {
				t.Fatalf("%s lies in %s: %v", tile, id, err)
			}
			h, err := relief.Decode(item.Value)
			if err != nil {
				t.Fatalf("%s: %v", tile, err)
			}
			tiles[tile] = h
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tiles, cells
}

// place returns where the centre of a tile's pixel lies, in degrees.
func place(id cell.ID, x, y int) (lon, lat float64) {
	n := float64(int(relief.Side) << id.Zoom())
	return cell.Unproject((float64(id.X())*relief.Side+float64(x)+0.5)/n, (float64(id.Y())*relief.Side+float64(y)+0.5)/n)
}

// TestHeights compares each pixel with the ground that the model is made of. What
// is a pixel away in the next tile is one as well, so there is no seam.
func TestHeights(t *testing.T) {
	tiles, _ := draw(t, model(t, grid(16, 46.5, hills)), box(16.15, 46.7, 16.3, 46.75))
	zooms := make(map[uint8]int)
	for id, h := range tiles {
		zooms[id.Zoom()]++
		for i, metres := range h {
			lon, lat := place(id, i%relief.Side, i/relief.Side)
			if lon < 16.145 || lon > 16.305 || lat < 46.695 || lat > 46.755 {
				continue // the edge has its own test
			}
			// Between points of a survey hills are flat, and a pixel is the mean over
			// its square: both take from what is round.
			off := float64(relief.Step(id.Zoom()))/2 + 1.5*math.Pow(4, float64(11-id.Zoom()))
			if want := hills(lon, lat); math.Abs(float64(metres)-want) > off {
				t.Fatalf("%s: pixel %d is %d m, want %.1f", id, i, metres, want)
			}
			if int(metres)%relief.Step(id.Zoom()) != 0 {
				t.Fatalf("%s: %d m", id, metres)
			}
		}
	}
	for id := range tiles {
		if id.Zoom() > 9 && tiles[id.Ancestor(id.Zoom()-1)] == nil {
			t.Errorf("%s has no tile above it", id)
		}
		if below := id << 2; id.Zoom() < 11 && tiles[below] == nil && tiles[below+1] == nil && tiles[below+2] == nil && tiles[below+3] == nil {
			t.Errorf("%s has no tile below it", id)
		}
	}
	if len(zooms) != 3 || zooms[9] == 0 || zooms[11] < 4 {
		t.Errorf("tiles by zoom: %v, want z9 to z11", zooms)
	}
}

// TestSameBytes draws twice, and of two files that meet in the middle.
func TestSameBytes(t *testing.T) {
	whole := grid(16, 46.5, hills)
	b := box(16.22, 46.72, 16.28, 46.74)
	_, first := draw(t, model(t, whole), b)
	_, again := draw(t, model(t, whole), b)
	part := func(from, to int) *dem.Grid {
		g := &dem.Grid{Shape: whole.Shape}
		g.West, g.Cols = whole.West+float64(from)*whole.StepLon, to-from
		for y := range whole.Rows {
			g.Levels = append(g.Levels, whole.Levels[y*whole.Cols+from:y*whole.Cols+to]...)
		}
		return g
	}
	_, joined := draw(t, model(t, part(0, 301), part(300, 601)), b)
	for id, raw := range first {
		if !bytes.Equal(raw, again[id]) {
			t.Errorf("cell %s differs the second time", id)
		}
		if !bytes.Equal(raw, joined[id]) {
			t.Errorf("cell %s of two files differs", id)
		}
	}
	if len(first) < 3 || len(again) != len(first) || len(joined) != len(first) {
		t.Errorf("%d, %d and %d cells", len(first), len(again), len(joined))
	}
}

// TestEdge lets a slope run out to the mean height, beyond the model's eastern edge
// and to the west of the region.
func TestEdge(t *testing.T) {
	slope := func(lon, _ float64) float64 { return 800 + 2000*(lon-16) }
	m := model(t, grid(16, 46.5, slope))
	tiles, _ := draw(t, m, box(16.3, 46.7, 16.7, 46.75))
	const mean = 1600 // of what is known, 16.3 to 16.5
	var near, far int
	for id, h := range tiles {
		for i, metres := range h {
			lon, lat := place(id, i%relief.Side, i/relief.Side)
			if lat < 46.7 || lat > 46.75 {
				continue
			}
			share := max(lon-16.5, 16.3-aroundDegrees-lon, 0) / runOutDegrees
			if share = min(share, 1); share == 1 {
				far++
			} else if share > 0 {
				near++
			}
			from := lon
			if lon > 16.5 { // the mean of seven columns, of which four lie at the edge
				from = 16.5 - (lon-16.5)*2/7
			}
			want := slope(from, 0)*(1-share) + mean*share
			off := 0.5*float64(relief.Step(id.Zoom())) + 5000*360/float64(int(relief.Side)<<id.Zoom()) // a pixel further
			if math.Abs(float64(metres)-want) > off+5 {
				t.Fatalf("%s: %d m at %.3f° east, want %.0f", id, metres, lon, want)
			}
		}
		if west, _, _, _ := id.Bounds(); west > 16.5 {
			t.Errorf("%s lies beyond the model", id)
		}
	}
	if near == 0 || far == 0 {
		t.Errorf("%d pixels where heights run out, %d beyond", near, far)
	}
	if tiles, _ := draw(t, m, box(10, 40, 10.3, 40.3)); len(tiles) != 0 || Within(m, box(10, 40, 10.3, 40.3)) {
		t.Errorf("%d tiles where the model knows nothing", len(tiles))
	}
}

// TestVoid keeps the sea at 0 m.
func TestVoid(t *testing.T) {
	m := model(t, grid(16, 46.5, func(lon, _ float64) float64 {
		if lon > 16.25 {
			return math.NaN()
		}
		return 100
	}))
	tiles, _ := draw(t, m, box(16.2, 46.7, 16.3, 46.72))
	for id, h := range tiles {
		for i, metres := range h {
			lon, lat := place(id, i%relief.Side, i/relief.Side)
			if pixel := 360 / float64(int(relief.Side)<<id.Zoom()); lon < 16.2 || lon > 16.3 || lat < 46.7 || lat > 46.72 || math.Abs(lon-16.25) < pixel+0.001 {
				continue
			}
			want := int32(100)
			if lon > 16.25 {
				want = 0
			}
			if d := metres - want; int(max(d, -d)) > relief.Step(id.Zoom())/2 {
				t.Fatalf("%s: %d m at %.3f° east", id, metres, lon)
			}
		}
	}
}

// TestZooms fits zooms to surveys and regions.
func TestZooms(t *testing.T) {
	for _, test := range []struct {
		seconds float64
		zoom    uint8
	}{{30, 7}, {3, 11}, {1, 12}, {0.3, 12}} {
		g := &dem.Grid{Shape: dem.Shape{North: 1, StepLon: test.seconds / 3600, StepLat: test.seconds / 3600, Cols: 2, Rows: 2}, Levels: make([]dem.Level, 4)}
		if got := MaxZoom(model(t, g)); got != test.zoom {
			t.Errorf("points %v seconds apart: z%d, want z%d", test.seconds, got, test.zoom)
		}
	}
	for _, test := range []struct {
		box  Box
		zoom uint8
	}{{box(5, 40, 15, 50), 5}, {box(9.47, 47.04, 9.64, 47.28), 8}, {box(7.4, 43.72, 7.45, 43.76), 11}, {box(9, 47, 9, 47), 11}} {
		if got := MinZoom(test.box, 11); got != test.zoom {
			t.Errorf("box %v begins at z%d, want z%d", test.box, got, test.zoom)
		}
	}
}

// TestProgress tells of each square once, and of the last.
func TestProgress(t *testing.T) {
	var told []int64
	err := Tiles(context.Background(), model(t, grid(16, 46.5, hills)), box(16.2, 46.7, 16.21, 46.71), func(done, total int64) {
		if told = append(told, done); done < 1 || done > total || total > 12 {
			t.Errorf("%d of %d", done, total)
		}
	}, func(cell.ID, []byte) error { return nil })
	if err != nil || len(told) < 3 || !slices.IsSorted(told) {
		t.Errorf("told %v, %v", told, err)
	}
}

// TestInterrupted stops at a cell, and at a cancelled context.
func TestInterrupted(t *testing.T) {
	m, b := model(t, grid(16, 46.5, hills)), box(16.1, 46.6, 16.2, 46.7)
	full := errors.New("full")
	if err := Tiles(context.Background(), m, b, nil, func(cell.ID, []byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Tiles(ctx, m, b, nil, func(cell.ID, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
