package archive_test

import (
	"errors"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// fixtures returns the folder of archives made by others, beside the checkout.
func fixtures(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "..", "..", "..", "shared", "data", "tiles")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no folder of archives beside the checkout: ", err)
	}
	return folder
}

// reader is what both kinds of archives can do.
type reader interface {
	io.Closer
	Metadata() (archive.Metadata, error)
	Tiles() iter.Seq2[archive.Tile, error]
}

// open returns an archive and how many tiles it has, counted by others: the
// program sqlite3, -1 without it, or the writer of the header, 0 for unknown.
func open(t *testing.T, path string) (reader, int, error) {
	if strings.HasSuffix(path, ".pmtiles") {
		a, err := pmtiles.Open(path)
		if err != nil {
			return nil, 0, err
		}
		return a, int(a.Header().AddressedTiles), nil
	}
	a, err := mbtiles.Open(path)
	if err != nil {
		return nil, 0, err
	}
	counted := -1
	if program, err := exec.LookPath("sqlite3"); err == nil {
		out, err := exec.Command(program, "-readonly", path, "SELECT count(*) FROM tiles").Output()
		if err != nil {
			t.Fatal(err)
		}
		if counted, err = strconv.Atoi(strings.TrimSpace(string(out))); err != nil {
			t.Fatal(err)
		}
	}
	return a, counted, nil
}

// TestFixtures reads archives that other programs made, or refuses them.
func TestFixtures(t *testing.T) {
	tests := []struct {
		file     string
		err      error
		says     string // a part of the error
		tiles    int
		features int
		broken   string // a tile that is no vector tile
		format   archive.Format
		layers   string // that the metadata lists
		first    uint8  // zoom
		last     uint8
	}{
		{file: "firenze-2022-10-22.pmtiles", tiles: 108, features: 140641, format: archive.MVT, last: 14},
		{file: "pmtiles-test_fixture_1.pmtiles", tiles: 1, features: 1, format: archive.MVT, layers: "test_fixture_1pmtiles"},
		{file: "pmtiles-test_fixture_2.pmtiles", tiles: 1, features: 1, format: archive.MVT, layers: "test_fixture_2pmtiles"},
		{file: "pmtiles-unclustered.pmtiles", tiles: 2, format: "PNG pictures", first: 1, last: 1},
		{file: "pmtiles-test_fixture_mlt.pmtiles", err: archive.ErrUnsupported, says: "MapLibre tiles (MLT)"},
		{file: "pmtiles-invalid.pmtiles", err: archive.ErrCorrupt, says: "no header"},
		{file: "pmtiles-invalid_v4.pmtiles", err: archive.ErrUnsupported, says: "version 4"},
		{file: "martin-world_cities.mbtiles", tiles: 196, features: 508, format: archive.MVT, layers: "cities", last: 6},
		{file: "martin-world_cities_modified.mbtiles", tiles: 196, features: 429, broken: "4/4/11", format: archive.MVT, layers: "cities", last: 6},
		{file: "martin-bad_hash.mbtiles", tiles: 72, features: 75, format: archive.MVT, layers: "cities", last: 6},
		{file: "martin-world_cities_diff.mbtiles", err: archive.ErrUnsupported, says: "the difference between two"},
		{file: "martin-world_cities_bindiff.mbtiles", err: archive.ErrUnsupported, says: "the difference between two"},
	}
	folder := fixtures(t)
	there, err := os.ReadDir(folder)
	if err != nil || len(there) != len(tests) {
		t.Errorf("%d files, %v; %d are tested", len(there), err, len(tests))
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			a, counted, err := open(t, filepath.Join(folder, test.file))
			var tiles, features int
			var broken string
			var m archive.Metadata
			if err == nil {
				defer a.Close()
				if m, err = a.Metadata(); err != nil {
					t.Fatal(err)
				}
				tiles, features, broken, err = count(a, m)
			}
			if test.err != nil {
				if !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%v, want %v with %q", err, test.err, test.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tiles != test.tiles || counted > 0 && tiles != counted || features != test.features || broken != test.broken {
				t.Errorf("%d tiles of %d features, broken %q, want %d of %d, %q; others count %d tiles", tiles, features, broken, test.tiles, test.features, test.broken, counted)
			}
			var layers []string
			for name := range archive.ParseLayers(m.VectorLayers) {
				layers = append(layers, name)
			}
			if got := strings.Join(layers, " "); got != test.layers || m.Format != test.format || m.MinZoom != test.first || m.MaxZoom != test.last {
				t.Errorf("%s of layers %q, zooms %d to %d; want %s of %q, %d to %d", m.Format, got, m.MinZoom, m.MaxZoom, test.format, test.layers, test.first, test.last)
			}
		})
	}
}

// count decodes all tiles, and names the last that cannot be.
func count(a reader, m archive.Metadata) (tiles, features int, broken string, err error) {
	for tile, err := range a.Tiles() {
		if err != nil {
			return tiles, features, broken, err
		}
		if tiles++; m.Format != archive.MVT {
			continue
		}
		layers, err := vector.Decode(tile.Data)
		if err != nil {
			broken = tile.ID.String()
		}
		for _, l := range layers {
			features += len(l.Features)
		}
	}
	return tiles, features, broken, nil
}

// TestChecksums tells files whose tiles are not those that martin made a checksum of.
func TestChecksums(t *testing.T) {
	folder := fixtures(t)
	for file, want := range map[string][2]string{
		"martin-world_cities.mbtiles":          {"84792BF4EE9AEDDC5B1A60E707011FEE", "84792BF4EE9AEDDC5B1A60E707011FEE"},
		"martin-world_cities_modified.mbtiles": {"578FB5BD64746C39E3D344662947FD0D", "BA32AE76B9FE313D08FC39A5FFC6D3FB"}, // was edited once more
		"martin-bad_hash.mbtiles":              {"CAFEC0DEDEADBEEFDEADBEEFDEADBEEF", "D4E1030D57751A0B45A28A71267E46B8"},
	} {
		a, err := mbtiles.Open(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		stated, got, err := a.Checksum()
		a.Close()
		if err != nil || stated != want[0] || got != want[1] {
			t.Errorf("%s: %s, is %s, %v; want %v", file, stated, got, err, want)
		}
	}
}
