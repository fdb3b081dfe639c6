package dem

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// shared returns the path of a survey's file beside the checkout.
func shared(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "dem", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s beside the checkout", name)
	}
	return path
}

// TestRealHeights asks for places whose heights anybody can look up. A survey
// with points 90 m apart cuts peaks off.
func TestRealHeights(t *testing.T) {
	for _, test := range []struct {
		file, place    string
		lon, lat, want float64
		below, above   float64 // how far off it may be
	}{
		{"N47E009.hgt.gz", "Vaduz, Städtle", 9.5215, 47.1390, 455, 15, 25},
		{"N47E009.hgt.gz", "Schaan, railway station", 9.5083, 47.1683, 450, 15, 20},
		{"N47E009.hgt.gz", "Malbun", 9.6093, 47.1022, 1600, 40, 60},
		{"N47E009.hgt.gz", "Säntis", 9.3433, 47.2494, 2502, 120, 20},
		{"N47E009.hgt.gz", "Grauspitz, in a void of the survey: what is filled in has no peaks", 9.5811, 47.0530, 2599, 400, 0},
		{"N47E009.hgt.gz", "Lake Constance, Rorschach", 9.50, 47.50, 396, 10, 10},
		{"N42E001.hgt.zip", "Andorra la Vella, Plaça del Poble", 1.5215, 42.5065, 1025, 30, 50},
		{"N42E001.hgt.zip", "Coma Pedrosa", 1.4441, 42.5918, 2942, 120, 20},
		{"N42E001.hgt.zip", "Pas de la Casa", 1.7336, 42.5428, 2085, 60, 60},
	} {
		t.Run(test.place, func(t *testing.T) {
			g, err := Read(shared(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			g.Fill()
			got, ok, err := model(t, g).Height(at(test.lon, test.lat))
			if err != nil || !ok || got < test.want-test.below || got > test.want+test.above {
				t.Errorf("%.1f m, %v, %v, want about %v", got, ok, err, test.want)
			}
			t.Logf("%.1f m, known as %v", got, test.want)
		})
	}
}

// TestFillReal takes known heights away in patches of 5 × 5 points and compares
// what is filled in.
func TestFillReal(t *testing.T) {
	g, err := Read(shared(t, "N47E009.hgt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	was := g.Fill()
	truth := append([]Level(nil), g.Levels...)
	for y := 20; y < g.Rows-20; y += 20 {
		for x := 20; x < g.Cols-20; x += 20 {
			for i := range 25 {
				g.Levels[(y+i/5)*g.Cols+x+i%5] = Void
			}
		}
	}
	again := g.Fill()
	var sum float64
	for i, l := range g.Levels {
		if truth[i] != Void && l != Void {
			sum += math.Abs(l.Metres() - truth[i].Metres())
		}
	}
	mean := sum / float64(again.Filled)
	t.Logf("%+v; then of %d taken away %d filled, %.1f m off in the mean", was, again.Voids, again.Filled, mean)
	if again.Filled < again.Voids*99/100 || mean > 25 {
		t.Errorf("%d of %d filled, %.1f m off in the mean", again.Filled, again.Voids, mean)
	}
}

func BenchmarkHeight(b *testing.B) {
	g, err := Read(shared(b, "N47E009.hgt.gz"))
	if err != nil {
		b.Fatal(err)
	}
	m := model(b, g)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := m.Height(at(9.5+float64(i%4000)*0.00003, 47.1+float64(i%4000)*0.00003)); err != nil {
			b.Fatal(err)
		}
	}
}
