package journey

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/archive/pmtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// tilesOf returns the tiles of an archive.
func tilesOf(t *testing.T, all iter.Seq2[archive.Tile, error]) map[cell.ID][]byte {
	t.Helper()
	tiles := make(map[cell.ID][]byte)
	for tile, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		tiles[tile.ID] = tile.Data
	}
	return tiles
}

func same(t *testing.T, what string, got, want map[cell.ID][]byte) {
	t.Helper()
	for id, data := range want {
		if !bytes.Equal(got[id], data) {
			t.Errorf("%s: tile %s has %d bytes, not the %d it had", what, id, len(got[id]), len(data))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d tiles, want %d", what, len(got), len(want))
	}
}

// TestArchive makes a ready archive the map of a region, brings it to a device and
// out of it again, and puts another in its place.
func TestArchive(t *testing.T) {
	file := filepath.Join(root(t), "..", "shared", "data", "tiles", "firenze-2022-10-22.pmtiles")
	a, err := pmtiles.Open(file)
	if err != nil {
		t.Skipf("needs an archive of Florence: %v", err)
	}
	defer a.Close()
	want := tilesOf(t, a.Tiles())
	w := newWorld(t)
	w.pannierd("region", "create", "firenze", "--languages", "it,en")
	w.importUnderFire("firenze", file)
	first := w.publish("firenze")
	w.serve()
	w.pannier("pull", "firenze", "--server", w.url)
	w.pannier("verify")
	w.exported("firenze", want, "Protomaps © OpenStreetMap (ODbL-1.0)", "roads")

	// Another state, from another program's format: a tile goes, one is new, one is another.
	next := maps.Clone(want)
	deep := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(id cell.ID) bool { return id.Zoom() < 14 })
	delete(next, deep[0])
	next[deep[1]] = want[deep[2]]
	next[cell.New(14, 8800, 5975)] = want[deep[3]]
	other := filepath.Join(w.dir, "other.mbtiles")
	m, err := a.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	err = mbtiles.WriteFile(other, &m, func(yield func(archive.Tile, error) bool) {
		for id, data := range next {
			if !yield(archive.Tile{ID: id, Data: data}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.pannierd("import", "firenze", other)
	w.publish("firenze")
	u := w.update("firenze")
	if u.BytesReceived > first.Bytes/5 {
		t.Errorf("%d bytes received for three tiles; a full download is %d", u.BytesReceived, first.Bytes)
	}
	t.Logf("three tiles of %d: %d bytes received; a full download is %d", len(want), u.BytesReceived, first.Bytes)
	w.pannier("verify")
	w.exported("firenze", next, "Protomaps © OpenStreetMap (ODbL-1.0)", "roads")
}

// importUnderFire kills imports at random moments; none leaves anything but a
// region without a map or with the whole one.
func (w *world) importUnderFire(region, file string) {
	w.t.Helper()
	kills := 0
	for range 4 {
		cmd := exec.Command(w.daemon, "--data", w.data, "import", region, file)
		if err := cmd.Start(); err != nil {
			w.t.Fatal(err)
		}
		timer := time.AfterFunc(50*time.Millisecond+rand.N(400*time.Millisecond), func() { cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			kills++
		}
		timer.Stop()
		w.pannierd("region", "list") // opens the folder, and sweeps it
		left, err := os.ReadDir(filepath.Join(w.data, "osm", region))
		if err != nil && !os.IsNotExist(err) {
			w.t.Fatal(err)
		}
		if len(left) > 1 || len(left) == 1 && !strings.HasSuffix(left[0].Name(), ".pmtiles") {
			w.t.Errorf("after %d kills the folder holds %v", kills, left)
		}
	}
	w.pannierd("import", region, file)
	w.t.Logf("%d kills", kills)
}

// archiveReader is what archives of both kinds can do.
type archiveReader interface {
	io.Closer
	Metadata() (archive.Metadata, error)
	Tiles() iter.Seq2[archive.Tile, error]
}

func openArchive(path string) (archiveReader, error) {
	if strings.HasSuffix(path, ".mbtiles") {
		return mbtiles.Open(path)
	}
	return pmtiles.Open(path)
}

// exported compares what a device exports with the tiles that it should hold.
func (w *world) exported(region string, want map[cell.ID][]byte, attribution, layer string) {
	w.t.Helper()
	for _, format := range []string{"pmtiles", "mbtiles"} {
		path := filepath.Join(w.dir, "exported."+format)
		w.pannier("export", format, "-o", path)
		again := filepath.Join(w.dir, "again."+format)
		w.pannier("export", format, "-o", again)
		if read(w.t, path) != read(w.t, again) {
			w.t.Errorf("%s: two exports differ", format)
		}
		a, err := openArchive(path)
		if err != nil {
			w.t.Fatal(err)
		}
		same(w.t, format, tilesOf(w.t, a.Tiles()), want)
		m, err := a.Metadata()
		if err = errors.Join(err, a.Close()); err != nil {
			w.t.Fatal(err)
		}
		if m.Attribution != attribution || archive.ParseLayers(m.VectorLayers)[layer] == nil || m.Version != "1" && m.Version != "2" || m.MinZoom != 0 || m.MaxZoom != 14 {
			w.t.Errorf("%s: metadata %+v", format, m)
		}
	}
}
