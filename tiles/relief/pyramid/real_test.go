package pyramid

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// survey opens a survey's file beside the checkout.
func survey(t testing.TB, name string) *dem.Model {
	t.Helper()
	path := filepath.Join("..", "..", "..", "..", "shared", "data", "dem", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s beside the checkout", name)
	}
	g, err := dem.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	g.Fill()
	return model(t, g)
}

var (
	liechtenstein = box(9.47, 47.04, 9.64, 47.28)
	andorra       = box(1.41, 42.42, 1.79, 42.66)
)

// TestRealHeights looks places up in the PNG of the deepest tile whose heights
// anybody can look up. A pixel of 50 m cuts peaks off, as the survey does.
func TestRealHeights(t *testing.T) {
	for _, region := range []struct {
		file   string
		box    Box
		places map[string][5]float64 // longitude, latitude, height, how far below and above it may be
	}{
		{"N47E009.hgt.gz", liechtenstein, map[string][5]float64{
			"Vaduz, Städtle":          {9.5215, 47.1390, 455, 20, 30},
			"Schaan, railway station": {9.5083, 47.1683, 450, 15, 20},
			"Malbun":                  {9.6093, 47.1022, 1600, 40, 60},
		}},
		{"N42E001.hgt.zip", andorra, map[string][5]float64{
			"Andorra la Vella, Plaça del Poble": {1.5215, 42.5065, 1025, 30, 50},
			"Coma Pedrosa":                      {1.4441, 42.5918, 2942, 120, 20},
			"Pas de la Casa":                    {1.7336, 42.5428, 2085, 60, 60},
		}},
	} {
		m := survey(t, region.file)
		tiles := make(map[cell.ID][]byte)
		err := Tiles(context.Background(), m, region.box, nil, func(_ cell.ID, raw []byte) error {
			for item, err := range cell.Items(raw) {
				if err != nil {
					return err
				}
				id, err := cell.TileOfKey(item.Key)
				if err != nil {
					return err
				}
				tiles[id] = item.Value
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, p := range region.places {
			x, y := cell.Project(p[0], p[1])
			n := float64(int(relief.Side) << MaxZoom(m))
			col, row := uint32(x*n), uint32(y*n)
			data, err := relief.Terrarium(tiles[cell.New(MaxZoom(m), col/relief.Side, row/relief.Side)])
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			r, g, b, _ := img.At(int(col%relief.Side), int(row%relief.Side)).RGBA()
			got := float64(r>>8)*256 + float64(g>>8) + float64(b>>8)/256 - 32768
			if got < p[2]-p[3] || got > p[2]+p[4] {
				t.Errorf("%s: %v m, want about %v", name, got, p[2])
			}
		}
	}
}

func BenchmarkTiles(b *testing.B) {
	m := survey(b, "N47E009.hgt.gz")
	b.ReportAllocs()
	for b.Loop() {
		bytes := 0
		err := Tiles(context.Background(), m, liechtenstein, nil, func(_ cell.ID, raw []byte) error { bytes += len(raw); return nil })
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(bytes), "bytes/region")
	}
}
