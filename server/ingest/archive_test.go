package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/archivetest"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// pond is a tile with a layer "water" of one feature with a name.
func pond(name string) []byte {
	var e vector.Encoder
	g := vector.Tile{}
	g.Add([]vector.TilePoint{{X: 25, Y: 17}})
	attrs := vector.AppendAttr(nil, "name", vector.String(name))
	return e.AppendLayer(nil, "water", []vector.Feature{{Type: vector.Points, Attrs: vector.Attrs(attrs), Geometry: g}})
}

var ponds = []archive.Tile{
	{ID: cell.World, Data: pond("sea")}, {ID: cell.New(14, 8925, 5786), Data: pond("pond")}, {ID: cell.New(14, 8926, 5786), Data: pond("pond")},
}

// packed writes tiles in both formats.
func packed(t *testing.T, m archive.Metadata, tiles ...archive.Tile) (pm, mb string) {
	t.Helper()
	dir := t.TempDir()
	pm, mb = filepath.Join(dir, "ponds.pmtiles"), filepath.Join(dir, "ponds.mbtiles")
	m.MaxZoom = cell.MaxZoom
	if err := errors.Join(pmtiles.WriteFile(pm, &m, archivetest.All(tiles)), mbtiles.WriteFile(mb, &m, archivetest.All(tiles))); err != nil {
		t.Fatal(err)
	}
	return pm, mb
}

// base returns the region's base and the files in its folder.
func (im *Importer) base(t *testing.T) (b catalog.Base, files []string) {
	t.Helper()
	b, _, err := im.Catalog.Base(context.Background(), "mura")
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadDir(filepath.Join(im.Folder, "mura"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, f := range there {
		files = append(files, f.Name())
	}
	return b, files
}

func TestArchive(t *testing.T) {
	im, ctx := importer(t), context.Background()
	tiles := append(slices.Clone(ponds), archive.Tile{ID: cell.New(15, 0, 0), Data: pond("deep")})
	pm, mb := packed(t, archive.Metadata{Name: "Ponds", Attribution: `<a href="x">&copy; OpenStreetMap</a>  contributors`}, tiles...)
	results, err := im.Import(ctx, "mura", []string{pm}, Options{})
	if err != nil || len(results) != 1 || results[0].Tiles != 3 || len(results[0].Notes) != 1 || !strings.Contains(results[0].Notes[0], "1 tiles below zoom 14 were left out") {
		t.Fatalf("Import = %+v, %v", results, err)
	}
	b, files := im.base(t)
	want := &catalog.Archive{Licence: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"}
	if !reflect.DeepEqual(b.Archive, want) || !slices.Equal(files, []string{b.File}) || !strings.HasSuffix(b.File, ".pmtiles") {
		t.Errorf("base %+v of %+v, files %q", b, b.Archive, files)
	}
	a, err := pmtiles.Open(filepath.Join(im.Folder, "mura", b.File))
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Metadata()
	a.Close()
	west, south, east, north := cell.New(14, 8925, 5786).Bounds()
	wantBounds := [4]int32{int32(west * 1e7), int32(south * 1e7), int32((2*east - west) * 1e7), int32(north * 1e7)}
	wantLayers := `[{"id":"water","fields":{"name":"String"},"minzoom":0,"maxzoom":14}]`
	if err != nil || string(m.VectorLayers) != wantLayers || m.MinZoom != 0 || m.MaxZoom != 14 || m.Name != "Ponds" {
		t.Errorf("metadata %+v, %v, want layers %s", m, err, wantLayers)
	}
	for i := range m.Bounds {
		if d := m.Bounds[i] - wantBounds[i]; d < -2 || d > 2 {
			t.Errorf("bounds %v, want %v", m.Bounds, wantBounds)
		}
	}

	// The same tiles in the other format are the same base; the caller has a say.
	if _, err := im.Import(ctx, "mura", []string{mb}, Options{Licence: "CC0-1.0", Attribution: "The angler"}); err != nil {
		t.Fatal(err)
	}
	again, files := im.base(t)
	want = &catalog.Archive{Licence: "CC0-1.0", Attribution: "The angler"}
	if again.File != b.File || !reflect.DeepEqual(again.Archive, want) || len(files) != 1 {
		t.Errorf("as MBTiles: %+v of %+v, files %q; as PMTiles %+v", again, again.Archive, files, b)
	}
}

// TestArchiveAndExtract lets each take the place of the other.
func TestArchiveAndExtract(t *testing.T) {
	im, ctx := importer(t), context.Background()
	pm, _ := packed(t, archive.Metadata{}, ponds...)
	other, _ := packed(t, archive.Metadata{}, ponds[:1]...)
	extract := file(t, "a.osm", village)
	for _, step := range []struct {
		file, note string
		archive    bool
	}{
		{extract, "", false},
		{pm, "in place of OpenStreetMap data (a.osm): its places and routes go too", true},
		{other, "in place of ponds.pmtiles", true},
		{other, "it does not say whose data", true},
		{extract, "in place of the archive ponds.pmtiles", false},
	} {
		results, err := im.Import(ctx, "mura", []string{step.file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(results[0].Notes, "; ")
		if !strings.Contains(notes, step.note) || step.note == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", step.file, notes, step.note)
		}
		if b, files := im.base(t); (b.Archive != nil) != step.archive || !slices.Equal(files, []string{b.File}) {
			t.Errorf("%s: base %+v, files %q", step.file, b, files)
		}
	}
	if _, err := im.Import(ctx, "mura", []string{pm, extract}, Options{}); !errors.Is(err, ErrArchive) {
		t.Errorf("both at once: %v", err)
	}
	if _, err := im.Import(ctx, "mura", []string{pm}, Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := im.Import(ctx, "mura", []string{file(t, "b.osc", change)}, Options{}); !errors.Is(err, ErrNoBase) || !strings.Contains(err.Error(), "is the archive ponds.pmtiles") {
		t.Errorf("changes to an archive: %v", err)
	}
}

// TestUnfitArchive refuses files, and keeps what there was.
func TestUnfitArchive(t *testing.T) {
	im, ctx := importer(t), context.Background()
	pm, _ := packed(t, archive.Metadata{}, ponds...)
	if _, err := im.Import(ctx, "mura", []string{pm}, Options{}); err != nil {
		t.Fatal(err)
	}
	before, _ := im.base(t)
	broken, _ := packed(t, archive.Metadata{}, ponds[0], archive.Tile{ID: cell.New(1, 0, 0), Data: []byte("\x1a\x05water")})
	deep, _ := packed(t, archive.Metadata{}, archive.Tile{ID: cell.New(15, 0, 0), Data: pond("deep")})
	folder := filepath.Join("..", "..", "..", "shared", "data", "tiles")
	tests := map[string]struct {
		err  error
		says string
	}{
		broken: {vector.ErrCorrupt, "tile 1/0/0"},
		deep:   {ErrArchive, "no tiles of zooms 0 to 14"},
		file(t, "x.pmtiles", "PMTiles\x03 and so on"):                 {archive.ErrCorrupt, "no header"},
		file(t, "x.mbtiles", "SQLite format 3\x00 and so on"):         {archive.ErrCorrupt, "not a database"},
		filepath.Join(folder, "pmtiles-unclustered.pmtiles"):          {ErrArchive, "PNG pictures"},
		filepath.Join(folder, "pmtiles-test_fixture_mlt.pmtiles"):     {archive.ErrUnsupported, "MapLibre tiles"},
		filepath.Join(folder, "martin-world_cities_diff.mbtiles"):     {archive.ErrUnsupported, "the difference between"},
		filepath.Join(folder, "martin-world_cities_bindiff.mbtiles"):  {archive.ErrUnsupported, "the difference between"},
		filepath.Join(folder, "martin-world_cities_modified.mbtiles"): {vector.ErrCorrupt, "tile 4/4/11"},
	}
	for path, test := range tests {
		if _, err := os.Stat(path); err != nil {
			t.Logf("left out: %v", err)
			continue
		}
		if _, err := im.Import(ctx, "mura", []string{path}, Options{}); !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v, want %v with %q", filepath.Base(path), err, test.err, test.says)
		}
		if after, files := im.base(t); !reflect.DeepEqual(after, before) || !slices.Equal(files, []string{before.File}) {
			t.Errorf("%s: base %+v, files %q; was %+v", filepath.Base(path), after, files, before)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := im.Import(ended, "mura", []string{pm}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// TestBoundedArchive counts what a small file may claim.
func TestBoundedArchive(t *testing.T) {
	s := &sifter{ctx: context.Background(), bytes: maxTileBytes - 100, layers: archive.Layers{}, report: func(int64) {}}
	if _, err := s.check(archive.Tile{ID: cell.World, Data: make([]byte, 101)}); !errors.Is(err, ErrArchive) {
		t.Errorf("more bytes than may be: %v", err)
	}
	s = &sifter{ctx: context.Background(), tiles: maxTiles - 1, layers: archive.Layers{}, report: func(int64) {}}
	for i, want := range []error{nil, ErrArchive} {
		if _, err := s.check(archive.Tile{ID: cell.World}); !errors.Is(err, want) {
			t.Errorf("tile %d: %v, want %v", maxTiles+i, err, want)
		}
	}
}

func TestCredit(t *testing.T) {
	for text, want := range map[string]catalog.Archive{
		"":                              {},
		"  <b> </b> ":                   {},
		"© A <i>Town</i>":               {Licence: "NOASSERTION", Attribution: "© A Town"},
		"&copy; OpenStreetMap\n&amp; A": {Licence: "ODbL-1.0", Attribution: "© OpenStreetMap & A"},
	} {
		if got := credit(text, Options{}); *got != want {
			t.Errorf("%q: %+v, want %+v", text, *got, want)
		}
	}
}
