package dem

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// ridges is a grid of 3 seconds whose heights go from 200 m to 200 m + high and
// back over each km eastwards, with noise.
func ridges(high, noise float64) *Grid {
	g := &Grid{Shape: Shape{West: 16, North: 46.5, StepLon: 1.0 / 1200, StepLat: 1.0 / 1200, Cols: 601, Rows: 101}}
	random := rand.New(rand.NewPCG(3, 4))
	metres := feature.Distance(at(16, 46.45), at(16+g.StepLon, 46.45))
	for i := range g.Cols * g.Rows {
		phase := math.Mod(float64(i%g.Cols)*metres, 2000) / 1000
		g.Levels = append(g.Levels, LevelOf(200+high*min(phase, 2-phase)+noise*random.NormFloat64()))
	}
	return g
}

// east is a way of 30 km along a parallel, in n pieces.
func east(n int) feature.Geometry {
	var points []cell.Point
	for i := range n + 1 {
		points = append(points, at(16.01+0.39*float64(i)/float64(n), 46.45))
	}
	return feature.Along(feature.Line{Points: points})
}

func climbOf(t *testing.T, m *Model, g feature.Geometry) Climb {
	t.Helper()
	c, ok, err := m.Climb(g)
	if err != nil || !ok {
		t.Fatalf("no climb: %v, %v", ok, err)
	}
	return c
}

// TestZigzag rides over 15 ridges of 100 m. Smoothing takes some metres of each.
func TestZigzag(t *testing.T) {
	g := east(390)
	truth := g.Length() / 2000 * 100
	for name, m := range map[string]*Model{"clean": model(t, ridges(100, 0)), "noisy": model(t, ridges(100, 2))} {
		c := climbOf(t, m, g)
		t.Logf("%s: %d m up, %d m down, truth %.0f", name, c.Ascent, c.Descent, truth)
		if d := math.Abs(float64(c.Ascent) - truth); d > truth*0.12 {
			t.Errorf("%s: ascent %d m, want about %.0f", name, c.Ascent, truth)
		}
		if d := c.Ascent - c.Descent; d < -100 || d > 100 {
			t.Errorf("%s: ascent %d m, descent %d m: a ridge is missing", name, c.Ascent, c.Descent)
		}
	}
}

func TestNoiseAddsNothing(t *testing.T) {
	g := east(390)
	if c := climbOf(t, model(t, ridges(0, 2)), g); c.Ascent != 0 || c.Descent != 0 {
		t.Errorf("a plain with noise of 2 m: %d m up, %d m down", c.Ascent, c.Descent)
	}
}

// TestSampling makes sure that the points of a line have no say in its ascent.
func TestSampling(t *testing.T) {
	m := model(t, ridges(100, 3))
	few, many := climbOf(t, m, east(8)), climbOf(t, m, east(3900))
	if d := few.Ascent - many.Ascent; d < -30 || d > 30 {
		t.Errorf("ascent %d m by few points, %d m by many", few.Ascent, many.Ascent)
	}
}

func TestProfile(t *testing.T) {
	m := model(t, ridges(100, 0))
	g := east(390)
	p := climbOf(t, m, g).Profile
	n := len(p.Heights)
	if n < 190 || n > maxProfile {
		t.Errorf("%d heights", n)
	}
	if rest := g.Length() - float64((n-1)*p.Step); rest < 0 || rest >= float64(p.Step) {
		t.Errorf("%d steps of %d m leave %.0f of %.0f m", n-1, p.Step, rest, g.Length())
	}
	for i, h := range p.Heights {
		truth, _, _ := m.Height(at(16.01+float64(i*p.Step)/g.Length()*0.39, 46.45))
		if d := math.Abs(float64(h)/10 - truth); d > 8 || h%10 != 0 {
			t.Fatalf("height %d of %d is %.1f m, on the ground %.1f m", i, n, float64(h)/10, truth)
		}
	}
	short := feature.Along(feature.Line{Points: []cell.Point{at(16.1, 46.45), at(16.1001, 46.45)}})
	if c := climbOf(t, m, short); c.Profile != nil {
		t.Errorf("8 m have a profile: %+v", c.Profile)
	}
	halves := feature.Along(feature.Line{Points: g.Lines[0].Points[:201]}, feature.Line{Points: g.Lines[0].Points[200:]})
	if q := climbOf(t, m, halves).Profile; q.Step != p.Step || len(q.Heights) != n {
		t.Errorf("in two lines: %d heights at %d m, in one %d at %d", len(q.Heights), q.Step, n, p.Step)
	}
	if !reflect.DeepEqual(climbOf(t, m, g), climbOf(t, model(t, ridges(100, 0)), g)) {
		t.Error("the same way has another climb the second time")
	}
}

func TestClimbOf(t *testing.T) {
	for _, test := range []struct {
		name     string
		heights  []int
		up, down int
	}{
		{"none", nil, 0, 0},
		{"flat", []int{5, 5, 5}, 0, 0},
		{"just below the threshold", []int{0, 99, 0, 99}, 0, 0},
		{"the threshold", []int{0, 100, 0, 100}, 200, 100},
		{"a small dip on the way up", []int{0, 300, 250, 600}, 600, 0},
		{"slow", []int{0, 30, 60, 90, 120, 150}, 150, 0},
		{"down, then up", []int{500, 520, 100, 90, 300}, 210, 430},
	} {
		if up, down := climb(test.heights, 100); up != test.up || down != test.down {
			t.Errorf("%s: %d up, %d down, want %d, %d", test.name, up, down, test.up, test.down)
		}
	}
}

func TestRecordedHeights(t *testing.T) {
	m := model(t, ridges(100, 0))
	record := func(offset, scale float64) feature.Geometry {
		g := east(390)
		l := &g.Lines[0]
		for _, p := range l.Points {
			h, _, _ := m.Height(p)
			l.Heights = append(l.Heights, int32(math.Round((200+(h-200)*scale+offset)*10)))
		}
		return g
	}
	ground := climbOf(t, m, east(390))
	if c := climbOf(t, m, record(5, 1.2)); !c.Recorded || c.Unsound || c.Ascent < ground.Ascent*11/10 {
		t.Errorf("sound heights are not used: %d m up, by the ground %d m", c.Ascent, ground.Ascent)
	}
	for name, g := range map[string]feature.Geometry{"80 m too high": record(80, 1), "sea level with a spike": record(-260, 0.1)} {
		if c := climbOf(t, m, g); c.Recorded || !c.Unsound || c.Ascent != ground.Ascent {
			t.Errorf("%s: %d m up, want the ground's %d, and that it is unsound", name, c.Ascent, ground.Ascent)
		}
	}
	// Zeros of a device without a sensor are no record.
	if c := climbOf(t, m, record(-200, 0)); c.Recorded || c.Unsound || c.Ascent != ground.Ascent {
		t.Errorf("all zeros: %+v", c)
	}
	// Where the model ends, sound or not, the record is all there is.
	away := record(0, 1)
	for i := range away.Lines[0].Points {
		away.Lines[0].Points[i].LonE7 += 1e7
	}
	if c := climbOf(t, m, away); !c.Recorded {
		t.Errorf("beyond the model: %+v", c)
	}
	away.Lines[0].Heights = nil
	if _, ok, err := m.Climb(away); ok || err != nil {
		t.Errorf("beyond the model, without heights: %v, %v", ok, err)
	}
}

func BenchmarkClimb(b *testing.B) {
	m := model(b, ridges(100, 3))
	g := east(390)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := m.Climb(g); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(g.Length()/1000), "µs/km")
}
