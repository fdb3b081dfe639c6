package pmtiles

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

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

func TestFixtures(t *testing.T) {
	folder := fixtures(t)
	if folder == "" {
		t.Skip("no folder of archives beside the checkout")
	}
	tests := []struct {
		file  string
		err   error
		tiles int
	}{
		{"firenze-2022-10-22.pmtiles", nil, 108},
		{"pmtiles-test_fixture_1.pmtiles", nil, 1},
		{"pmtiles-test_fixture_2.pmtiles", nil, 1},
		{"pmtiles-unclustered.pmtiles", nil, 2},
		{"pmtiles-test_fixture_mlt.pmtiles", ErrCorrupt, 0}, // an empty root directory, which the specification forbids
		{"pmtiles-invalid.pmtiles", ErrCorrupt, 0},
		{"pmtiles-invalid_v4.pmtiles", ErrUnsupported, 0},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			a, err := Open(filepath.Join(folder, test.file))
			if !errors.Is(err, test.err) {
				t.Fatalf("Open: %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			defer a.Close()
			h, found := a.Header(), ids(t, a)
			if len(found) != test.tiles || h.AddressedTiles != 0 && h.AddressedTiles != uint64(len(found)) {
				t.Errorf("%d tiles, want %d, header says %d", len(found), test.tiles, h.AddressedTiles)
			}
			for _, id := range found {
				if raw, err := a.Tile(id); err != nil || len(raw) == 0 {
					t.Errorf("Tile(%s) = %d bytes, %v", id, len(raw), err)
				}
			}
			if raw, err := a.Metadata(); err != nil || len(raw) == 0 {
				t.Errorf("Metadata = %q, %v", raw, err)
			}
		})
	}
}

// TestDamage cuts an archive at every byte and changes every byte.
func TestDamage(t *testing.T) {
	raw := archive(t, world(2))
	for n := range raw {
		if err := readAll(raw[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut at %d: %v, want ErrCorrupt", n, err)
		}
		changed := bytes.Clone(raw)
		changed[n] ^= 0x41
		if err := readAll(changed); err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
			t.Errorf("changed at %d: %v", n, err)
		}
	}
}

func TestExpandLimit(t *testing.T) {
	packed, err := compress(make([]byte, 1001))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := expand(packed, Gzip, 1000); !errors.Is(err, ErrCorrupt) {
		t.Errorf("expanded past the limit: %v", err)
	}
	if raw, err := expand(packed, Gzip, 1001); err != nil || len(raw) != 1001 {
		t.Errorf("expanded to the limit: %d bytes, %v", len(raw), err)
	}
	if _, err := expand(packed, 4, 1000); !errors.Is(err, ErrUnsupported) {
		t.Errorf("compression 4: %v, want ErrUnsupported", err)
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
		if _, err := decodeDirectory(raw, section{0, 100}, section{0, 100}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
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
	if err := readAll(raw); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a leaf that leads to itself: %v, want ErrCorrupt", err)
	}
	a := open(t, raw)
	if _, err := a.Tile(cell.World); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Tile in a leaf that leads to itself: %v, want ErrCorrupt", err)
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
	for id, err := range a.Tiles() {
		if err != nil {
			return err
		}
		if _, err := a.Tile(id); err != nil {
			return err
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
	seeds := [][]byte{archive(f, world(0)), archive(f, world(3)), plainArchive()}
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
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
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
