package dem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func at(lon, lat float64) cell.Point {
	return cell.Point{LonE7: int32(math.Round(lon * 1e7)), LatE7: int32(math.Round(lat * 1e7))}
}

// slope is a grid at 16 to 16.5 east, 46 to 46.5 north that rises by 1 m with
// each step eastwards and 2 m with each step southwards.
func slope(cols, rows int) *Grid {
	g := &Grid{Shape: Shape{West: 16, North: 46.5, StepLon: 0.5 / float64(cols-1), StepLat: 0.5 / float64(rows-1), Cols: cols, Rows: rows}}
	for y := range rows {
		for x := range cols {
			g.Levels = append(g.Levels, LevelOf(float64(x+2*y)))
		}
	}
	return g
}

func store(t testing.TB, g *Grid) string {
	t.Helper()
	var out bytes.Buffer
	if err := g.Write(&out); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x.dem")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func model(t testing.TB, grids ...*Grid) *Model {
	t.Helper()
	var names []string
	for _, g := range grids {
		names = append(names, store(t, g))
	}
	m, err := OpenModel(names...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestLevels(t *testing.T) {
	for _, test := range []struct{ metres, want float64 }{{-500, -500}, {0, 0}, {430.4, 430.4}, {430.49, 430.4}, {8848.8, 8848.8}, {9000, 9000}} {
		if got := LevelOf(test.metres).Metres(); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%v m becomes %v m, want %v", test.metres, got, test.want)
		}
	}
	for _, metres := range []float64{-32768, -9999, -500.1, 9000.1, math.NaN(), math.Inf(1), -3.4e38} {
		if l := LevelOf(metres); l != Void {
			t.Errorf("%v m is level %d, want a void", metres, l)
		}
	}
}

func TestHeight(t *testing.T) {
	g := slope(301, 201)
	m := model(t, g)
	for _, test := range []struct {
		name     string
		lon, lat float64
		want     float64
		ok       bool
	}{
		{"first point", 16, 46.5, 0, true},
		{"last point", 16.5, 46, 300 + 400, true},
		{"across blocks", 16 + 127.5*g.StepLon, 46.5 - 127.25*g.StepLat, 127.5 + 254.5, true},
		{"half a step beyond", 16 - 0.4*g.StepLon, 46.5, 0, true},
		{"a step beyond", 16 - g.StepLon, 46.5, 0, false},
		{"far away", -16, -46, 0, false},
	} {
		got, ok, err := m.Height(at(test.lon, test.lat))
		if err != nil || ok != test.ok || math.Abs(got-test.want) > 0.01 {
			t.Errorf("%s: %v, %v, %v, want %v, %v", test.name, got, ok, err, test.want, test.ok)
		}
	}
}

// TestOverlap asks where a fine grid with a void lies on a coarse one.
func TestOverlap(t *testing.T) {
	coarse, fine := slope(11, 11), slope(101, 101)
	for i := range coarse.Levels {
		coarse.Levels[i] = LevelOf(1000)
	}
	fine.Levels[0] = Void
	for _, m := range []*Model{model(t, coarse, fine), model(t, fine, coarse)} {
		if h, _, _ := m.Height(at(16.25, 46.25)); math.Abs(h-150) > 0.01 {
			t.Errorf("where both know: %v m, want the fine grid's 150", h)
		}
		if h, _, _ := m.Height(at(16.001, 46.499)); h != 1000 {
			t.Errorf("in the fine grid's void: %v m, want the coarse grid's 1000", h)
		}
	}
}

func TestFill(t *testing.T) {
	g := slope(101, 101)
	want := bytes.Clone(levels(g))
	var voids int
	for y := 40; y < 44; y++ {
		for x := 50; x < 53; x++ {
			g.Levels[y*101+x], voids = Void, voids+1
		}
	}
	g.StepLat, g.StepLon = 1.0/1200, 1.0/1200
	if f := g.Fill(); f != (Filled{Points: 101 * 101, Voids: voids, Filled: voids}) {
		t.Errorf("filled %+v, want all of %d", f, voids)
	}
	if !bytes.Equal(levels(g), want) {
		t.Error("a plane with a hole is filled by something else than the plane")
	}
	for i := range g.Levels {
		if i%101 > 60 {
			g.Levels[i] = Void
		}
	}
	if f := g.Fill(); f.Filled != 0 || f.Voids != 101*40 {
		t.Errorf("heights made up beyond the edge of what is known: %+v", f)
	}
	// A hole 6 km wide is filled only as far as 2 km reach from both sides: not at all in its middle.
	g = slope(101, 101)
	g.StepLat, g.StepLon = 1.0/1200, 1.0/1200
	for y := 15; y < 85; y++ {
		for x := 15; x < 85; x++ {
			g.Levels[y*101+x] = Void
		}
	}
	if f := g.Fill(); f.Filled == 0 || g.Levels[50*101+50] != Void {
		t.Errorf("a wide hole: %+v, its middle %v", f, g.Levels[50*101+50])
	}
}

func levels(g *Grid) (raw []byte) {
	for _, l := range g.Levels {
		raw = binary.BigEndian.AppendUint16(raw, uint16(l))
	}
	return raw
}

func TestFileRoundTrip(t *testing.T) {
	g := slope(300, 130)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range g.Levels {
		if g.Levels[i] = Level(random.Uint32()); i%300 > 256 {
			g.Levels[i] = Void // a block of nothing
		}
	}
	name := store(t, g)
	if first, _ := os.ReadFile(name); true {
		if second, _ := os.ReadFile(store(t, g)); !bytes.Equal(first, second) {
			t.Error("the same grid gave other bytes")
		}
	}
	m, err := OpenModel(name)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i, want := range g.Levels {
		if got, err := m.level(0, i%300, i/300); err != nil || got != want {
			t.Fatalf("point %d is %v, %v, want %v", i, got, err, want)
		}
	}
}

// TestSpoiltFile cuts a file at each of many bytes and flips bits in it: it opens
// with the right heights or not at all.
func TestSpoiltFile(t *testing.T) {
	name := store(t, slope(140, 140))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 1 + n/40 {
		os.WriteFile(name, whole[:n], 0o600)
		if m, err := OpenModel(name); !errors.Is(err, ErrInvalid) {
			t.Errorf("cut to %d of %d bytes: %v", n, len(whole), err)
			m.Close()
		}
		if n < headSize-8 {
			continue // another place in the world
		}
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x10
		os.WriteFile(name, flipped, 0o600)
		m, err := OpenModel(name)
		if err != nil {
			continue
		}
		for i := range 140 * 140 {
			l, err := m.level(0, i%140, i/140)
			if err != nil {
				if !errors.Is(err, ErrInvalid) {
					t.Error(err)
				}
				break
			}
			if l != LevelOf(float64(i%140+2*(i/140))) {
				t.Fatalf("bit flipped at byte %d: point %d is %v", n, i, l)
			}
		}
		m.Close()
	}
}
