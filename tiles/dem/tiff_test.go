package dem

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// heights returns what testdata/heights.asc says.
func heights(t *testing.T) (metres []float64) {
	t.Helper()
	raw, err := os.ReadFile("testdata/heights.asc")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, line := range lines[6:] {
		for _, word := range strings.Fields(line) {
			h, err := strconv.ParseFloat(word, 64)
			if err != nil {
				t.Fatal(err)
			}
			metres = append(metres, h)
		}
	}
	return metres
}

// TestGeoTIFF reads what GDAL wrote of the same heights in many ways.
func TestGeoTIFF(t *testing.T) {
	names, err := filepath.Glob("testdata/*int16_*.tif")
	if err != nil || len(names) != 6 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	floats, _ := filepath.Glob("testdata/float32_*.tif")
	if len(floats) != 3 {
		t.Fatalf("%d files of floats", len(floats))
	}
	want := heights(t)
	for _, name := range append(names, floats...) {
		g, err := Read(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if g.Cols != 40 || g.Rows != 30 || math.Abs(g.West-16.005) > 1e-9 || math.Abs(g.North-46.295) > 1e-9 || math.Abs(g.StepLat-0.01) > 1e-9 {
			t.Errorf("%s lies at %v", name, g.Shape)
		}
		for i, l := range g.Levels {
			metres := want[i]
			if !strings.Contains(name, "float") {
				metres = math.Round(metres)
			}
			if l != LevelOf(metres) {
				t.Fatalf("%s: point %d is %v m, want %v", name, i, l.Metres(), metres)
			}
		}
	}
}

func TestRefusedGeoTIFF(t *testing.T) {
	for name, want := range map[string]string{
		"utm": "in a projection", "bigtiff": "BigTIFF", "packbits": "packed by method 32773", "byte": "8 bits", "bands": "2 bands",
	} {
		if _, err := Read("testdata/refused_" + name + ".tif"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestCutGeoTIFF cuts files at each third of their bytes.
func TestCutGeoTIFF(t *testing.T) {
	for _, name := range []string{"int16_lzw2", "float32_big", "int16_tiled"} {
		raw, err := os.ReadFile("testdata/" + name + ".tif")
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(raw); n += 3 {
			if g, err := parse("x.tif", raw[:n]); err == nil && n < len(raw)-8 {
				t.Fatalf("%s cut to %d of %d bytes is read: %v", name, n, len(raw), g.Shape)
			} else if err != nil && !errors.Is(err, ErrInvalid) {
				t.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
		}
	}
}

// FuzzParse reads anything as a GeoTIFF: a grid within bounds, or ErrInvalid.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.tif")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := parse("N47E009.hgt", raw)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if len(g.Levels) != g.Cols*g.Rows || g.check() != nil {
			t.Fatalf("%d levels of %v", len(g.Levels), g.Shape)
		}
	})
}

// FuzzOpen opens anything as a file of a model.
func FuzzOpen(f *testing.F) {
	seed, err := os.ReadFile(store(f, slope(140, 20)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, raw []byte) {
		name := filepath.Join(t.TempDir(), "x.dem")
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := OpenModel(name)
		if err == nil {
			defer m.Close()
			shape := m.files[0].Shape
			_, _, err = m.Height(at(shape.West, shape.North))
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Fatal(err)
		}
	})
}
