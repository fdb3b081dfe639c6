package relief

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
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
func draw(t testing.TB, m *dem.Model, b Box) (map[cell.ID]*Heights, map[cell.ID][]byte) {
	t.Helper()
	tiles, cells := make(map[cell.ID]*Heights), make(map[cell.ID][]byte)
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
			h, err := Decode(item.Value)
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
	n := float64(int(Side) << id.Zoom())
	return cell.Unproject((float64(id.X())*Side+float64(x)+0.5)/n, (float64(id.Y())*Side+float64(y)+0.5)/n)
}

// TestHeights compares each pixel with the ground that the model is made of. What
// is a pixel away in the next tile is one as well, so there is no seam.
func TestHeights(t *testing.T) {
	tiles, _ := draw(t, model(t, grid(16, 46.5, hills)), box(16.1, 46.6, 16.4, 46.9))
	zooms := make(map[uint8]int)
	for id, h := range tiles {
		zooms[id.Zoom()]++
		for i, metres := range h {
			lon, lat := place(id, i%Side, i/Side)
			if lon < 16.01 || lon > 16.49 || lat < 46.51 || lat > 46.99 {
				continue // the edge has its own test
			}
			// Between points of a survey hills are flat, and a pixel is the mean over
			// its square: both take from what is round.
			off := float64(stepOf(id.Zoom()))/2 + 1.5*math.Pow(4, float64(11-id.Zoom()))
			if want := hills(lon, lat); math.Abs(float64(metres)-want) > off {
				t.Fatalf("%s: pixel %d is %d m, want %.1f", id, i, metres, want)
			}
			if int32(metres)%stepOf(id.Zoom()) != 0 {
				t.Fatalf("%s: %d m", id, metres)
			}
		}
	}
	if len(zooms) != 4 || zooms[8] == 0 || zooms[11] < 6 {
		t.Errorf("tiles by zoom: %v, want z8 to z11", zooms)
	}
}

// TestSameBytes draws twice, and of two files that meet in the middle.
func TestSameBytes(t *testing.T) {
	whole := grid(16, 46.5, hills)
	b := box(16.1, 46.6, 16.4, 46.9)
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
	if len(first) < 5 || len(again) != len(first) || len(joined) != len(first) {
		t.Errorf("%d, %d and %d cells", len(first), len(again), len(joined))
	}
}

// TestEdge lets the ground of a plateau run out to the sea beyond the model.
func TestEdge(t *testing.T) {
	m := model(t, grid(16, 46.5, func(_, _ float64) float64 { return 800 }))
	tiles, _ := draw(t, m, box(16.3, 46.6, 16.7, 46.9))
	beyond := 0
	for id, h := range tiles {
		for i, metres := range h {
			lon, lat := place(id, i%Side, i/Side)
			if lat < 46.52 || lat > 46.98 {
				continue
			}
			want, off := 800.0, 0.5*float64(stepOf(id.Zoom()))
			if lon > 16.5 {
				want = max(0, 800*(1-(lon-16.5)/shoreDegrees))
				off += 800 / shoreDegrees * 360 / float64(int(Side)<<id.Zoom()) // a pixel further
				beyond++
			}
			if lon > 16.01 && math.Abs(float64(metres)-want) > off {
				t.Fatalf("%s: %d m at %.3f° east, want %.0f", id, metres, lon, want)
			}
		}
		if west, _, _, _ := id.Bounds(); west > 16.5 {
			t.Errorf("%s lies beyond the model", id)
		}
	}
	if beyond == 0 {
		t.Error("no tile reaches beyond the model")
	}
	if tiles, _ := draw(t, m, box(10, 40, 10.3, 40.3)); len(tiles) != 0 || Within(m, box(10, 40, 10.3, 40.3)) {
		t.Errorf("%d tiles where the model knows nothing", len(tiles))
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

// flat is a tile at one height, with the given pixels.
func flat(metres int32, other map[int]int32) []int32 {
	heights := slices.Repeat([]int32{metres * unit}, Side*Side)
	for i, m := range other {
		heights[i] = m * unit
	}
	return heights
}

// TestForm checks the worked example, and that heights come back.
func TestForm(t *testing.T) {
	data := encode(flat(455, nil), Side, 11)
	if want := append([]byte{1, 1, 0x8e, 7}, make([]byte, Side*Side-1)...); !bytes.Equal(data, want) {
		t.Errorf("%d bytes, begins %x", len(data), data[:8])
	}
	other := map[int]int32{0: -430, 255: 8848, 256: 8, 70: -1, 65535: 9000}
	for zoom, step := range map[uint8]int32{12: 1, 11: 1, 10: 2, 5: 64} {
		h, err := Decode(encode(flat(100, other), Side, zoom))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range h {
			want, ok := other[i]
			if !ok {
				want = 100
			}
			if d := got - want; got%step != 0 || d > step/2 || d < -step/2 {
				t.Fatalf("z%d: pixel %d is %d m, want %d", zoom, i, got, want)
			}
		}
	}
}

// TestTerrarium reads heights back from a PNG as map programs do.
func TestTerrarium(t *testing.T) {
	data, err := Terrarium(encode(flat(455, map[int]int32{7: -30, 8: 4000}), Side, 12))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Dx() != Side || img.Bounds().Dy() != Side {
		t.Fatalf("%v, %v", img.Bounds(), err)
	}
	for x, want := range map[int]float64{6: 455, 7: -30, 8: 4000} {
		r, g, b, a := img.At(x, 0).RGBA()
		if got := float64(r>>8)*256 + float64(g>>8) + float64(b>>8)/256 - 32768; got != want || a != 0xffff {
			t.Errorf("pixel %d is %v m, want %v", x, got, want)
		}
	}
	if _, err := Terrarium([]byte("no tile")); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// TestRefused changes what must not be taken for a tile.
func TestRefused(t *testing.T) {
	good := encode(flat(455, nil), Side, 11)
	for name, data := range map[string][]byte{
		"empty":            nil,
		"another form":     append([]byte{2}, good[1:]...),
		"no step":          append([]byte{1, 0}, good[2:]...),
		"a step too large": append([]byte{1, 0x81, 8}, good[2:]...),
		"cut":              good[:len(good)-1],
		"longer":           append(slices.Clone(good), 0),
		"too high":         append([]byte{1, 1, 0x80, 0x80, 4}, good[4:]...),
		"a longer form":    append([]byte{1, 1, 0x8e, 0x87, 0}, good[4:]...),
		"a huge number":    append([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, good[4:]...),
	} {
		if _, err := Decode(data); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode reads anything as a tile of 8 × 8 pixels: heights that are written as
// they were, or ErrInvalid.
func FuzzDecode(f *testing.F) {
	const side = 8
	for zoom := uint8(firstZoom); zoom <= 11; zoom++ {
		f.Add(encode(flat(455, map[int]int32{9: -30, 12: 8848, 63: 456})[:side*side], side, zoom))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		heights := make([]int32, side*side)
		if err := decode(data, side, heights); err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		for i := range heights {
			heights[i] *= unit
		}
		for zoom := uint8(firstZoom); zoom <= 11; zoom++ {
			if int32(data[1]) == stepOf(zoom) && !bytes.Equal(encode(heights, side, zoom), data) {
				t.Fatal("heights are written otherwise than they were read")
			}
		}
	})
}
