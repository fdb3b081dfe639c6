// Package shapetest writes shapefiles of polygons, for tests.
package shapetest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// What .prj files say, as osmdata.openstreetmap.de has them.
const (
	Degrees  = `GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]`
	Mercator = `PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]`
)

// Shapes returns a .shp of polygons as those of osm.AssembleMultipolygon, in the
// projection of a .prj.
func Shapes(polygons [][][]cell.Point, projection string) []byte {
	var body []byte
	whole := none
	for i, rings := range polygons {
		record, box := polygon(rings, projection)
		body = binary.BigEndian.AppendUint32(body, uint32(i+1))
		body = binary.BigEndian.AppendUint32(body, uint32(len(record)/2))
		body = append(body, record...)
		whole = whole.add(box[0], box[1]).add(box[2], box[3])
	}
	head := binary.BigEndian.AppendUint32(nil, 9994)
	head = append(head, make([]byte, 20)...)
	head = binary.BigEndian.AppendUint32(head, uint32((100+len(body))/2))
	head = binary.LittleEndian.AppendUint32(head, 1000)
	head = binary.LittleEndian.AppendUint32(head, 5)
	head = append(whole.append(head), make([]byte, 32)...)
	return append(head, body...)
}

// box is west, south, east, north.
type box [4]float64

var none = box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}

func (b box) add(x, y float64) box {
	return box{min(b[0], x), min(b[1], y), max(b[2], x), max(b[3], y)}
}

func (b box) append(data []byte) []byte {
	for _, v := range b {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return data
}

// polygon returns a record's content. Outer rings run clockwise there.
func polygon(rings [][]cell.Point, projection string) ([]byte, box) {
	var starts, points []byte
	n, around := 0, none
	for _, ring := range rings {
		starts = binary.LittleEndian.AppendUint32(starts, uint32(n))
		for _, p := range slices.Backward(ring) {
			x, y := float64(p.LonE7)/1e7, float64(p.LatE7)/1e7
			if projection == Mercator {
				x, y = x*math.Pi/180*6378137, 6378137*math.Asinh(math.Tan(y*math.Pi/180))
			}
			around = around.add(x, y)
			points = binary.LittleEndian.AppendUint64(points, math.Float64bits(x))
			points = binary.LittleEndian.AppendUint64(points, math.Float64bits(y))
			n++
		}
	}
	data := around.append(binary.LittleEndian.AppendUint32(nil, 5))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(rings)))
	data = binary.LittleEndian.AppendUint32(data, uint32(n))
	return slices.Concat(data, starts, points), around
}

// Files writes a .shp and a .prj into a folder, and returns the name of the .shp.
func Files(t testing.TB, dir, stem string, shapes []byte, projection string) string {
	t.Helper()
	name := filepath.Join(dir, stem+".shp")
	for path, data := range map[string][]byte{name: shapes, filepath.Join(dir, stem+".prj"): []byte(projection)} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

// Zip writes an archive with them in a folder, as they are shipped, and returns its
// name.
func Zip(t testing.TB, dir, stem string, shapes []byte, projection string) string {
	t.Helper()
	var data bytes.Buffer
	z := zip.NewWriter(&data)
	for _, f := range []struct{ ending, text string }{{".txt", "see the licence"}, {".dbf", "\x03"}, {".shp", string(shapes)}, {".prj", projection}} {
		w, err := z.Create(stem + "/" + stem + f.ending)
		if err == nil {
			_, err = w.Write([]byte(f.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, stem+".zip")
	if err := os.WriteFile(name, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
