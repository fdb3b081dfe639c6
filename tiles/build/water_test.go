package build

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
	"github.com/pannier-maps/pannier/tiles/water"
)

// seaOf reads water polygons for a box of a shapefile.
func seaOf(t *testing.T, name string, box osm.Box) *water.Sea {
	t.Helper()
	f, err := shapefile.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sea, err := water.Read(f, box)
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "made")
	if sea.Name, err = sea.Write(made); err != nil {
		t.Fatal(err)
	}
	return sea
}

// TestWaterOfMonaco draws the sea of a shapefile that was made of the coastline: it is
// the same map, byte for byte, in either projection.
func TestWaterOfMonaco(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	box := base.Header().Bounds
	var coast osm.Relation
	for i := range base.WayBlocks() {
		ways, err := base.ReadWays(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range ways {
			if isCoast(w.Tags) {
				coast.Members = append(coast.Members, osm.Member{Kind: osm.WayKind, Ref: w.ID})
			}
		}
	}
	ways, err := base.MemberWays(coast)
	if err != nil {
		t.Fatal(err)
	}
	polygons, _ := osm.AssembleCoast(ways, box)
	far := [][]cell.Point{{{LonE7: 10e7}, {LonE7: 11e7}, {LonE7: 11e7, LatE7: 1e7}, {LonE7: 10e7}}}
	shipped := append(slices.Clone(polygons), far)
	bounds := orb.MultiPolygon{orb.Bound{
		Min: orb.Point{float64(box.Min.LonE7) / 1e7, float64(box.Min.LatE7) / 1e7}, Max: orb.Point{float64(box.Max.LonE7) / 1e7, float64(box.Max.LatE7) / 1e7},
	}.ToPolygon()}
	want, _ := cellsOf(t, base, Options{Bounds: bounds})
	for _, projection := range []string{shapetest.Degrees, shapetest.Mercator} {
		sea := seaOf(t, shapetest.Zip(t, t.TempDir(), "water_polygons", shapetest.Shapes(shipped, projection), projection), box)
		if len(sea.Polygons) != len(polygons) {
			t.Errorf("%d polygons, want %d", len(sea.Polygons), len(polygons))
		}
		got, stats := cellsOf(t, base, Options{Bounds: bounds, Water: sea})
		if !bytes.Equal(got, want) {
			t.Errorf("%.20s: the map is another than that of the coastline", projection)
		}
		if len(stats.Coast) != 0 {
			t.Errorf("problems %v of a coastline that is not drawn", stats.Coast)
		}
	}
}

// TestWaterInDrawings: a drawing with other water is of no use; one with the same is
// redrawn without looking at the coast.
func TestWaterInDrawings(t *testing.T) {
	base := openData(t, "monaco-2021-08-01.osm.pbf")
	box := base.Header().Bounds
	square := [][]cell.Point{{box.Min, {LonE7: box.Max.LonE7, LatE7: box.Min.LatE7}, box.Max, box.Min}}
	dir := t.TempDir()
	sea := seaOf(t, shapetest.Files(t, dir, "water", shapetest.Shapes([][][]cell.Point{square}, shapetest.Degrees), shapetest.Degrees), box)
	path := filepath.Join(dir, "drawing")
	if _, err := Draw(t.Context(), base, Options{Water: sea}, path); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDrawing(path, base, Options{}); err == nil {
		t.Error("a drawing with water is taken for one without")
	}
	old, err := OpenDrawing(path, base, Options{Water: sea})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	again := filepath.Join(dir, "again")
	if _, err := Redraw(t.Context(), old, base, base, osm.Changed{}, Options{Water: sea}, again); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDrawing(again, base, Options{Water: sea})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if !slices.Equal(d.Cells(), old.Cells()) {
		t.Error("redrawn it is another map")
	}
}
