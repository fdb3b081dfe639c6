package shapefile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
)

func ring(x, y, side int32) []cell.Point {
	p := func(dx, dy int32) cell.Point { return cell.Point{LonE7: (x + dx) * 1e6, LatE7: (y + dy) * 1e6} }
	return []cell.Point{p(0, 0), p(side, 0), p(side, side), p(0, side), p(0, 0)}
}

var polygons = [][][]cell.Point{{ring(0, 0, 10), ring(2, 2, 3)}, {ring(-1790, -850, 5)}, {ring(1795, 845, 5)}}

func everything(osm.Box) bool { return true }

// read reads a shapefile's rings.
func read(name string, wanted func(osm.Box) bool) (all [][][]cell.Point, f *shapefile.File, err error) {
	if f, err = shapefile.Open(name); err != nil {
		return nil, nil, err
	}
	defer f.Close()
	for rings, err := range f.Polygons(wanted) {
		if err != nil {
			return all, f, err
		}
		all = append(all, rings)
	}
	return all, f, nil
}

// opened is polygons as they are read: from the end, without the first place again.
func opened(polygons [][][]cell.Point) (all [][][]cell.Point) {
	for _, rings := range polygons {
		var out [][]cell.Point
		for _, ring := range rings {
			var back []cell.Point
			for i := range len(ring) - 1 {
				back = append(back, ring[len(ring)-1-i])
			}
			out = append(out, back)
		}
		all = append(all, out)
	}
	return all
}

func TestRead(t *testing.T) {
	for projection, want := range map[string]shapefile.Projection{shapetest.Degrees: shapefile.Degrees, shapetest.Mercator: shapefile.Mercator} {
		data := shapetest.Shapes(polygons, projection)
		for _, name := range []string{shapetest.Files(t, t.TempDir(), "water_polygons", data, projection), shapetest.Zip(t, t.TempDir(), "water_polygons", data, projection)} {
			got, f, err := read(name, everything)
			if err != nil || !reflect.DeepEqual(got, opened(polygons)) || f.Projection != want || f.Name != "water_polygons.shp" {
				t.Errorf("%s: %v, %+v, %v", name, got, f, err)
			}
			if done, size := f.Progress(); done != size || size != int64(len(data)) {
				t.Errorf("%s: progress %d of %d, want %d", name, done, size, len(data))
			}
			east := osm.Box{Min: cell.Point{LonE7: 1e9, LatE7: 0}, Max: cell.Point{LonE7: 18e8, LatE7: 9e8}}
			if got, _, err = read(name, east.Meets); err != nil || !reflect.DeepEqual(got, opened(polygons[2:])) {
				t.Errorf("%s: in the east %v, %v", name, got, err)
			}
		}
	}
}

// TestKinds reads polygons with measures, and passes over shapes that are none.
func TestKinds(t *testing.T) {
	plain := shapetest.Shapes(polygons[:1], shapetest.Degrees)
	measured := bytes.Clone(plain[:100])
	record := bytes.Clone(plain[100:])
	binary.LittleEndian.PutUint32(measured[32:], 25)
	binary.LittleEndian.PutUint32(record[8:], 25)
	record = append(record, make([]byte, 16+8*10)...) // range and measures
	binary.BigEndian.PutUint32(record[4:], uint32(len(record)-8)/2)
	measured = append(measured, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 0) // null
	measured = append(measured, record...)
	binary.BigEndian.PutUint32(measured[24:], uint32(len(measured)/2))
	got, _, err := read(shapetest.Files(t, t.TempDir(), "m", measured, shapetest.Degrees), everything)
	if err != nil || !reflect.DeepEqual(got, opened(polygons[:1])) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestRefuses(t *testing.T) {
	sound := shapetest.Shapes(polygons, shapetest.Degrees)
	change := func(at int, with ...byte) []byte {
		data := bytes.Clone(sound)
		copy(data[at:], with)
		return data
	}
	nan := []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}
	for name, c := range map[string]struct {
		data       []byte
		projection string
		says       string
	}{
		"empty":             {nil, shapetest.Degrees, "too short"},
		"another file":      {bytes.Repeat([]byte("x"), 200), shapetest.Degrees, "header"},
		"cut off":           {sound[:len(sound)-1], shapetest.Degrees, "cut off"},
		"longer":            {append(bytes.Clone(sound), 0, 0), shapetest.Degrees, "cut off"},
		"points":            {change(32, 1), shapetest.Degrees, "it has points, not polygons"},
		"unknown shapes":    {change(32, 99), shapetest.Degrees, "shapes of type 99"},
		"record too long":   {change(104, 0x7f, 0xff, 0xff, 0xff), shapetest.Degrees, "record 1 at byte 100"},
		"record too short":  {change(104, 0, 0, 0, 10), shapetest.Degrees, "too few"},
		"record of no size": {change(104, 0, 0, 0, 0), shapetest.Degrees, "0 bytes"},
		"another shape":     {change(108, 3), shapetest.Degrees, "type 3"},
		"no rings":          {change(144, 0), shapetest.Degrees, "0 rings"},
		"too many rings":    {change(144, 0xff, 0xff, 0xff, 0xff), shapetest.Degrees, "polygons that are split"},
		"too many points":   {change(148, 0xff, 0xff, 0xff, 0xff), shapetest.Degrees, "do not fit"},
		"negative points":   {change(148, 0, 0, 0, 0x80), shapetest.Degrees, "do not fit"},
		"rings mixed up":    {change(152, 1), shapetest.Degrees, "ring 1"},
		"ring beyond":       {change(156, 99), shapetest.Degrees, "ring 1"},
		"box of no numbers": {change(112, nan...), shapetest.Degrees, "box"},
		"no number":         {change(160, nan...), shapetest.Degrees, "point 1"},
		"metres as degrees": {shapetest.Shapes(polygons[1:2], shapetest.Mercator), shapetest.Degrees, "box is not in the world"},
		"no projection":     {sound, "", "ogr2ogr -t_srs EPSG:4326"},
		"other projection":  {sound, `PROJCS["ETRS_1989_LAEA",GEOGCS["GCS_WGS_1984"]]`, "ETRS_1989_LAEA"},
		"another datum":     {sound, `GEOGCS["GCS_NAD_1927"]`, "NAD_1927"},
	} {
		path := shapetest.Files(t, t.TempDir(), "water", c.data, c.projection)
		if _, _, err := read(path, everything); !errors.Is(err, shapefile.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
		if len(c.data) > 0 && c.projection == shapetest.Degrees {
			if _, _, err := read(shapetest.Zip(t, t.TempDir(), "water", c.data, c.projection), everything); !errors.Is(err, shapefile.ErrInvalid) {
				t.Errorf("%s in an archive: %v", name, err)
			}
		}
	}
	path := shapetest.Files(t, t.TempDir(), "water", sound, shapetest.Degrees)
	if err := os.Remove(strings.TrimSuffix(path, ".shp") + ".prj"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(path, everything); !errors.Is(err, shapefile.ErrInvalid) || !strings.Contains(err.Error(), "water.prj is missing") {
		t.Errorf("without a .prj: %v", err)
	}
	if _, _, err := read(filepath.Join(t.TempDir(), "none.shp"), everything); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestDamagedArchive changes a byte of what is packed: the checksum tells.
func TestDamagedArchive(t *testing.T) {
	name := shapetest.Zip(t, t.TempDir(), "water", shapetest.Shapes(polygons, shapetest.Degrees), shapetest.Degrees)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("water.shp")) + 30
	for i := range 40 {
		damaged := bytes.Clone(data)
		damaged[at+i] ^= 0x10
		if err := os.WriteFile(name, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _, err := read(name, everything); err == nil && !reflect.DeepEqual(got, opened(polygons)) {
			t.Errorf("byte %d: it gives %v", at+i, got)
		}
	}
}
