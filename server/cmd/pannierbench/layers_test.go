package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/tiles/vector"
)

func point(x, y int32) vector.Feature {
	f := vector.Feature{Type: vector.Points}
	f.Geometry.Add([]vector.TilePoint{{X: x, Y: y}})
	return f
}

func TestCountTiles(t *testing.T) {
	var e vector.Encoder
	pois := e.AppendLayer(nil, "poi", []vector.Feature{point(1, 2), point(3, 4)})
	both := e.AppendLayer(append([]byte(nil), pois...), "place", []vector.Feature{point(5, 6)})
	dir := t.TempDir()
	for name, data := range map[string][]byte{"3/1/1.pbf": pois, "3/1/2.pbf": both, "4/1/2.pbf": pois, "metadata.json": nil} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := countTiles(t.Context(), folderTiles(t.Context(), dir))
	if err != nil {
		t.Fatal(err)
	}
	place := int64(len(both) - len(pois))
	want := Archive{
		Tiles: 3, Distinct: 2, Raw: int64(len(pois) + len(both)), Gzip: int64(gzipped(pois) + gzipped(both)),
		Common:  int64(gzipped(both[len(pois):])), // POIs are not in our tiles
		Largest: LargestTile{"3/1/2", int64(len(both)), int64(gzipped(both))},
		Layers: []LayerCount{
			{Zoom: 3, Layer: "place", Tiles: 1, Features: 1, Points: 1, Bytes: place},
			{Zoom: 3, Layer: "poi", Tiles: 2, Features: 4, Points: 4, Bytes: 2 * int64(len(pois))},
			{Zoom: 4, Layer: "poi", Tiles: 1, Features: 2, Points: 2, Bytes: int64(len(pois))},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	sum := got.sum([]string{"poi", "housenumber"})
	if sum.Features != 6 || sum.Bytes != 3*int64(len(pois)) {
		t.Errorf("sum %+v", sum)
	}
	if err := os.WriteFile(filepath.Join(dir, "4", "1", "3.pbf"), []byte("no tile"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := countTiles(t.Context(), folderTiles(t.Context(), dir)); !errors.Is(err, vector.ErrCorrupt) || !containsAll(err.Error(), "4/1/3") {
		t.Errorf("error %v", err)
	}
}
