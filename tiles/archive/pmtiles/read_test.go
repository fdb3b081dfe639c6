package pmtiles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/archivetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// fixtures returns the folder of archives made by others, beside the checkout.
func fixtures(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			folder := filepath.Join(dir, "..", "shared", "data", "tiles")
			if _, err := os.Stat(folder); err == nil {
				return folder
			}
			break
		}
	}
	return ""
}

// TestDamage cuts an archive at every byte and changes every byte.
func TestDamage(t *testing.T) {
	raw := packed(t, archivetest.World(2))
	for n := range raw {
		if err := readAll(raw[:n]); !errors.Is(err, archive.ErrCorrupt) {
			t.Errorf("cut at %d: %v, want archive.ErrCorrupt", n, err)
		}
		changed := bytes.Clone(raw)
		changed[n] ^= 0x41
		if err := readAll(changed); err != nil && !errors.Is(err, archive.ErrCorrupt) && !errors.Is(err, archive.ErrUnsupported) {
			t.Errorf("changed at %d: %v", n, err)
		}
	}
}

func TestExpandLimit(t *testing.T) {
	zipped, err := compress(make([]byte, 1001))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := expand(zipped, Gzip, 1000); !errors.Is(err, archive.ErrCorrupt) {
		t.Errorf("expanded past the limit: %v", err)
	}
	if raw, err := expand(zipped, Gzip, 1001); err != nil || len(raw) != 1001 {
		t.Errorf("expanded to the limit: %d bytes, %v", len(raw), err)
	}
	if _, err := expand(zipped, 3, 1000); !errors.Is(err, archive.ErrUnsupported) || !strings.Contains(err.Error(), "Brotli") {
		t.Errorf("compression 3: %v, want archive.ErrUnsupported by Brotli", err)
	}
}

func TestZstandard(t *testing.T) {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	zipped := w.EncodeAll(make([]byte, 100_000), nil)
	if raw, err := expand(zipped, Zstd, 100_000); err != nil || len(raw) != 100_000 {
		t.Errorf("expanded to the limit: %d bytes, %v", len(raw), err)
	}
	for name, data := range map[string][]byte{"past the limit": zipped, "cut": zipped[:len(zipped)-1], "not it": []byte("PMTiles")} {
		if _, err := expand(data, Zstd, 99_999); !errors.Is(err, archive.ErrCorrupt) {
			t.Errorf("%s: %v, want archive.ErrCorrupt", name, err)
		}
	}
}

// TestWorkedBytes checks the example of FORMAT.md.
func TestWorkedBytes(t *testing.T) {
	got := encodeDirectory([]entry{{1, 0, 5, 2}, {9, 5, 6, 1}})
	if want := []byte{2, 1, 8, 2, 1, 5, 6, 1, 0}; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestDirectoryLoops(t *testing.T) {
	leaf := encodeDirectory([]entry{{tile: 0, offset: 0, length: 10}})
	tests := map[string][]byte{
		"no entries":      {0},
		"no offset":       {1, 0, 1, 1, 0},
		"no length":       {1, 0, 1, 0, 1},
		"outside":         {1, 0, 1, 127, 1},
		"too many":        {9, 0, 1, 1, 1},
		"same tile twice": {2, 0, 0, 1, 1, 1, 1, 1, 1},
		"run overlaps":    {2, 0, 1, 2, 1, 1, 1, 1, 1},
		"more bytes":      {1, 0, 1, 1, 1, 0},
	}
	for name, raw := range tests {
		if _, err := decodeDirectory(raw, section{0, 100}, section{0, 100}); !errors.Is(err, archive.ErrCorrupt) {
			t.Errorf("%s: %v, want archive.ErrCorrupt", name, err)
		}
	}
	h := Header{Internal: Plain, Compression: Plain}
	size := uint64(len(leaf))
	h.root, h.leaves = section{headerBytes, size}, section{headerBytes + size, 10}
	raw := append(h.append(nil), leaf...)
	raw = append(raw, leaf...)
	raw = append(raw, make([]byte, 10-size)...)
	leaf[len(leaf)-2] = byte(size) // the leaf leads to itself
	copy(raw[headerBytes:], leaf)
	copy(raw[headerBytes+size:], leaf)
	if err := readAll(raw); !errors.Is(err, archive.ErrCorrupt) {
		t.Errorf("a leaf that leads to itself: %v, want archive.ErrCorrupt", err)
	}
	a := open(t, raw)
	if _, err := a.Tile(cell.World); !errors.Is(err, archive.ErrCorrupt) {
		t.Errorf("Tile in a leaf that leads to itself: %v, want archive.ErrCorrupt", err)
	}
}

// readAll reads some of what an archive holds.
func readAll(raw []byte) error {
	a, err := NewArchive(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return err
	}
	if _, err := a.Metadata(); err != nil {
		return err
	}
	left := 100
	for tile, err := range a.Tiles() {
		if err != nil {
			return err
		}
		if again, err := a.Tile(tile.ID); err != nil || !bytes.Equal(again, tile.Data) {
			return fmt.Errorf("tile %s: %d bytes, then %d: %w", tile.ID, len(tile.Data), len(again), err)
		}
		if left--; left == 0 {
			break
		}
	}
	return nil
}

// plainArchive returns an uncompressed archive of a tile and a leaf directory
// with two more, so that mutations reach what lies inside.
func plainArchive() []byte {
	leaf := encodeDirectory([]entry{{1, 1, 1, 2}, {4, 2, 1, 1}})
	root := encodeDirectory([]entry{{0, 0, 1, 1}, {1, 0, uint32(len(leaf)), 0}})
	h := Header{Internal: Plain, Compression: Plain, Type: MVT, MaxZoom: 1}
	h.root = section{headerBytes, uint64(len(root))}
	h.leaves = section{h.root.Offset + h.root.Length, uint64(len(leaf))}
	h.data = section{h.leaves.Offset + h.leaves.Length, 3}
	h.metadata = section{h.data.Offset + 3, 2}
	return append(h.append(nil), string(root)+string(leaf)+"abc{}"...)
}

func FuzzArchive(f *testing.F) {
	seeds := [][]byte{packed(f, archivetest.World(0)), packed(f, archivetest.World(3)), plainArchive()}
	if folder := fixtures(f); folder != "" {
		raw, err := os.ReadFile(filepath.Join(folder, "pmtiles-test_fixture_1.pmtiles"))
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, raw)
	}
	for _, raw := range seeds {
		if err := readAll(raw); err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := readAll(raw)
		if err != nil && !errors.Is(err, archive.ErrCorrupt) && !errors.Is(err, archive.ErrUnsupported) {
			t.Errorf("readAll: %v", err)
		}
	})
}

// FuzzDirectory checks that what decodes encodes to the same entries again.
func FuzzDirectory(f *testing.F) {
	f.Add(encodeDirectory([]entry{{1, 0, 5, 1}, {2, 5, 6, 3}, {9, 0, 5, 1}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		room := section{0, 1 << 40}
		entries, err := decodeDirectory(raw, room, room)
		if err != nil {
			return
		}
		again, err := decodeDirectory(encodeDirectory(entries), room, room)
		if err != nil || len(again) != len(entries) {
			t.Fatalf("decoded and encoded %x: %v", raw, err)
		}
		for i := range again {
			if again[i] != entries[i] {
				t.Errorf("entry %d: %v, want %v", i, again[i], entries[i])
			}
		}
	})
}
