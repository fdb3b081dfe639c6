package pmtiles

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/archivetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestUnfitInput(t *testing.T) {
	tile := archive.Tile{ID: cell.World, Data: []byte{0x1a}}
	broken := errors.New("broken")
	tests := map[string]struct {
		tiles iter.Seq2[archive.Tile, error]
		want  error
	}{
		"none":     {archivetest.All(nil), archive.ErrNoTiles},
		"empty":    {archivetest.All([]archive.Tile{{ID: cell.World, Data: nil}}), archive.ErrNoTiles},
		"twice":    {archivetest.All([]archive.Tile{tile, tile}), archive.ErrTile},
		"too deep": {archivetest.All([]archive.Tile{{ID: cell.New(15, 0, 0), Data: tile.Data}}), archive.ErrTile},
		"no tile":  {archivetest.All([]archive.Tile{{Data: tile.Data}}), archive.ErrTile},
		"too long": {archivetest.All([]archive.Tile{{ID: cell.World, Data: make([]byte, archive.MaxTileBytes+1)}}), archive.ErrTile},
		"broken":   {func(yield func(archive.Tile, error) bool) { yield(archive.Tile{}, broken) }, broken},
	}
	for name, test := range tests {
		var b bytes.Buffer
		if err := Write(&b, &region, test.tiles); !errors.Is(err, test.want) || b.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes, want %v after none", name, err, b.Len(), test.want)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "map.pmtiles")
	if err := WriteFile(path, &region, archivetest.All(nil)); !errors.Is(err, archive.ErrNoTiles) {
		t.Errorf("error %v, want archive.ErrNoTiles", err)
	}
	if err := WriteFile(path, &region, archivetest.All(archivetest.World(3))); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("folder holds %v, %v, want the archive alone", names, err)
	}
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := len(ids(t, a)); got != len(archivetest.World(3)) {
		t.Errorf("%d tiles, want %d", got, len(archivetest.World(3)))
	}
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open of nothing: %v", err)
	}
}

func ExampleWrite() {
	tiles := func(yield func(archive.Tile, error) bool) {
		yield(archive.Tile{ID: cell.New(1, 1, 0), Data: []byte("\x1a\x02\x78\x02")}, nil)
	}
	var b bytes.Buffer
	if err := Write(&b, &archive.Metadata{Name: "Quarter", MaxZoom: 1}, tiles); err != nil {
		fmt.Println(err)
		return
	}
	a, err := NewArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	for id, err := range a.IDs() {
		fmt.Println(id, err)
	}
	// Output: 1/1/0 <nil>
}

// TestVerified asks the tool of PMTiles, where it is installed, what it thinks of
// archives with and without leaf directories.
func TestVerified(t *testing.T) {
	program, err := exec.LookPath("pmtiles")
	if err != nil {
		t.Skip("needs the program pmtiles (github.com/protomaps/go-pmtiles)")
	}
	for _, zoom := range []uint8{0, 3, 7} {
		path, m := filepath.Join(t.TempDir(), "map.pmtiles"), archive.Metadata{Bounds: region.Bounds}
		if err := WriteFile(path, &m, m.Follow(archivetest.All(archivetest.World(zoom)))); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, "verify", path).CombinedOutput(); err != nil {
			t.Errorf("zoom %d: %v: %s", zoom, err, out)
		}
	}
}
