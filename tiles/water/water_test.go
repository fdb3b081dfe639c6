package water

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
)

func at(x, y int32) cell.Point { return cell.Point{LonE7: x * 1e6, LatE7: y * 1e6} }

// square is a ring, counter-clockwise.
func square(x, y, side int32) []cell.Point {
	return []cell.Point{at(x, y), at(x+side, y), at(x+side, y+side), at(x, y+side), at(x, y)}
}

func reversed(ring []cell.Point) (out []cell.Point) {
	for i := range ring {
		out = append(out, ring[len(ring)-1-i])
	}
	return out
}

var (
	box    = osm.Box{Min: at(0, 0), Max: at(100, 100)}
	lagoon = [][]cell.Point{square(10, 10, 20), reversed(square(15, 15, 5))}
	bay    = [][]cell.Point{square(95, 95, 20)}
	away   = [][]cell.Point{square(200, 10, 20)}
)

// read reads polygons from a shapefile of them.
func read(t *testing.T, polygons ...[][]cell.Point) (*Sea, error) {
	t.Helper()
	f, err := shapefile.Open(shapetest.Files(t, t.TempDir(), "water", shapetest.Shapes(polygons, shapetest.Degrees), shapetest.Degrees))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return Read(f, box)
}

func TestKeep(t *testing.T) {
	sea, err := read(t, lagoon, away, bay)
	if err != nil || len(sea.Polygons) != 2 || len(sea.Polygons[0]) != 2 {
		t.Fatalf("%+v, %v", sea, err)
	}
	dir := t.TempDir()
	name, err := sea.Write(filepath.Join(dir, "made"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.Rename(filepath.Join(dir, "made"), path); err != nil {
		t.Fatal(err)
	}
	kept, err := Open(path)
	if err != nil || kept.Box != box || kept.Name != name || !bytes.Equal(kept.encode(), sea.encode()) {
		t.Fatalf("%+v, %v", kept, err)
	}
	other, err := read(t, bay, lagoon, bay) // in another order, one of them twice
	if err != nil || !bytes.Equal(other.encode(), sea.encode()) {
		t.Errorf("%+v, %v", other, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1]++
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a changed file: %v", err)
	}
	if _, err := read(t, away); !errors.Is(err, ErrNone) {
		t.Errorf("none in the box: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []Sea{{Box: box, Polygons: [][][]cell.Point{lagoon, bay}}, {Box: box}} {
		f.Add(s.encode())
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Sea
		if err := s.decode(data); err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if !bytes.Equal(s.encode(), data) {
			t.Error("it is written otherwise")
		}
	})
}
