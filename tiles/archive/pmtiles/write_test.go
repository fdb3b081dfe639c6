package pmtiles

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestUnfitInput(t *testing.T) {
	tile := Tile{cell.World, []byte{0x1a}}
	broken := errors.New("broken")
	tests := map[string]struct {
		tiles iter.Seq2[Tile, error]
		want  error
	}{
		"none":     {all(nil), ErrNoTiles},
		"empty":    {all([]Tile{{cell.World, nil}}), ErrNoTiles},
		"twice":    {all([]Tile{tile, tile}), ErrTile},
		"too deep": {all([]Tile{{cell.New(15, 0, 0), tile.Data}}), ErrTile},
		"no tile":  {all([]Tile{{0, tile.Data}}), ErrTile},
		"too long": {all([]Tile{{cell.World, make([]byte, MaxTileBytes+1)}}), ErrTile},
		"broken":   {func(yield func(Tile, error) bool) { yield(Tile{}, broken) }, broken},
	}
	for name, test := range tests {
		var b bytes.Buffer
		if err := Write(&b, region, test.tiles); !errors.Is(err, test.want) || b.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes, want %v after none", name, err, b.Len(), test.want)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "map.pmtiles")
	if err := WriteFile(path, region, all(nil)); !errors.Is(err, ErrNoTiles) {
		t.Errorf("error %v, want ErrNoTiles", err)
	}
	if err := WriteFile(path, region, all(world(3))); err != nil {
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
	if got := len(ids(t, a)); got != len(world(3)) {
		t.Errorf("%d tiles, want %d", got, len(world(3)))
	}
	if _, err := Open(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open of nothing: %v", err)
	}
}

func ExampleWrite() {
	tiles := func(yield func(Tile, error) bool) {
		yield(Tile{cell.New(1, 1, 0), []byte("\x1a\x02\x78\x02")}, nil)
	}
	var b bytes.Buffer
	if err := Write(&b, Metadata{Name: "Quarter", MaxZoom: 1}, tiles); err != nil {
		fmt.Println(err)
		return
	}
	a, err := NewArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	for id, err := range a.Tiles() {
		fmt.Println(id, err)
	}
	// Output: 1/1/0 <nil>
}
