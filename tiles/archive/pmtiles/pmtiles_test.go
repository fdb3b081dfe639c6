package pmtiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

var region = Metadata{
	Name: "Liechtenstein", Description: "Base map", Attribution: "© OpenStreetMap contributors",
	Bounds:  [4]int32{94700000, 470400000, 96400000, 472700000},
	MaxZoom: 14, VectorLayers: json.RawMessage(`[{"id":"streets","fields":{"kind":"String"}}]`),
}

// all yields tiles as Write takes them.
func all(tiles []Tile) iter.Seq2[Tile, error] {
	return func(yield func(Tile, error) bool) {
		for _, t := range tiles {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// world returns all tiles up to a zoom; those of the south are alike.
func world(zoom uint8) []Tile {
	var tiles []Tile
	for z := uint8(0); z <= zoom; z++ {
		for x := range uint32(1) << z {
			for y := range uint32(1) << z {
				data := fmt.Appendf([]byte{0x1a}, "%d/%d/%d", z, x, y)
				if z > 0 && y >= 1<<z/2 {
					data = []byte{0x1a, 's'}
				}
				tiles = append(tiles, Tile{cell.New(z, x, y), data})
			}
		}
	}
	return tiles
}

func archive(t testing.TB, tiles []Tile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, region, all(tiles)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, raw []byte) *Archive {
	t.Helper()
	a, err := NewArchive(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestNumbers(t *testing.T) {
	for number, want := range map[uint64]string{
		0: "0/0/0", 1: "1/0/0", 2: "1/0/1", 3: "1/1/1", 4: "1/1/0", 5: "2/0/0", 19078479: "12/3423/1763",
	} {
		id, err := cell.Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tileOf(number); !ok || got != id {
			t.Errorf("tileOf(%d) = %s, %v, want %s", number, got, ok, want)
		}
		if got := numberOf(id); got != number {
			t.Errorf("numberOf(%s) = %d, want %d", want, got, number)
		}
	}
	for z := uint8(0); z <= cell.MaxZoom; z++ {
		for _, n := range []uint64{firstOf(z), firstOf(z) + 1<<(2*z)/2, firstOf(z+1) - 1} {
			id, ok := tileOf(n)
			if !ok || id.Zoom() != z || numberOf(id) != n {
				t.Errorf("tileOf(%d) = %s, %v, and back %d, at zoom %d", n, id, ok, numberOf(id), z)
			}
		}
	}
	if _, ok := tileOf(firstOf(cell.MaxZoom + 1)); ok {
		t.Error("tileOf past the deepest zoom gives a tile")
	}
}

func TestWriteRead(t *testing.T) {
	for zoom := range uint8(6) {
		t.Run(fmt.Sprintf("zoom %d", zoom), func(t *testing.T) {
			tiles := world(zoom)
			raw := archive(t, tiles)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(tiles), func(i, j int) { tiles[i], tiles[j] = tiles[j], tiles[i] })
			if !bytes.Equal(raw, archive(t, tiles)) {
				t.Error("other bytes for another order")
			}
			a := open(t, raw)
			for _, tile := range tiles {
				if got, err := a.Tile(tile.ID); err != nil || !bytes.Equal(got, tile.Data) {
					t.Fatalf("Tile(%s) = %q, %v, want %q", tile.ID, got, err, tile.Data)
				}
			}
			if got := ids(t, a); len(got) != len(tiles) {
				t.Errorf("%d tiles listed, want %d", len(got), len(tiles))
			}
			h := a.Header()
			if h.AddressedTiles != uint64(len(tiles)) || h.TileContents > h.TileEntries || h.TileEntries > h.AddressedTiles ||
				!h.Clustered || h.Bounds != region.Bounds || h.root.Offset+h.root.Length >= rootEnd {
				t.Errorf("header %+v", h)
			}
			if _, err := a.Tile(cell.New(zoom+1, 0, 0)); !errors.Is(err, ErrNotFound) {
				t.Errorf("a tile that is not there: %v, want ErrNotFound", err)
			}
			checkClustered(t, a)
		})
	}
}

func ids(t *testing.T, a *Archive) []cell.ID {
	t.Helper()
	var ids []cell.ID
	for id, err := range a.Tiles() {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// checkClustered checks that offsets rise without gaps or lead back.
func checkClustered(t *testing.T, a *Archive) {
	t.Helper()
	end := uint64(0)
	var walk func([]entry)
	walk = func(entries []entry) {
		for _, e := range entries {
			if e.run == 0 {
				leaf, err := a.leaf(e)
				if err != nil {
					t.Fatal(err)
				}
				walk(leaf)
				continue
			}
			if e.offset > end {
				t.Errorf("tile %d at %d, after a gap from %d", e.tile, e.offset, end)
			}
			end = max(end, e.offset+uint64(e.length))
		}
	}
	walk(a.root)
	if end != a.header.data.Length {
		t.Errorf("data of %d bytes, used %d", a.header.data.Length, end)
	}
}

func TestLeafDirectories(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	tiles := world(7)
	packed := slices.Clone(tiles)
	zip, err := gzip.NewWriterLevel(nil, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tiles {
		if random.IntN(3) > 0 {
			tiles[i].Data = fmt.Appendf(tiles[i].Data, "%0*d", 1+random.IntN(400), random.Uint64())
		}
		var b bytes.Buffer
		zip.Reset(&b)
		zip.Write(tiles[i].Data)
		zip.Close()
		packed[i].Data = b.Bytes()
	}
	a := open(t, archive(t, packed))
	if a.header.leaves.Length == 0 || a.header.root.Offset+a.header.root.Length >= rootEnd {
		t.Fatalf("header %+v, want leaf directories", a.header)
	}
	if got := len(ids(t, a)); got != len(tiles) {
		t.Errorf("%d tiles listed, want %d", got, len(tiles))
	}
	for _, tile := range tiles[:100] {
		if got, err := a.Tile(tile.ID); err != nil || !bytes.Equal(got, tile.Data) {
			t.Errorf("Tile(%s) = %q, %v, want %q", tile.ID, got, err, tile.Data)
		}
	}
	checkClustered(t, a)
}

// TestManyEntries checks that the root stays in its place when leaves must grow.
func TestManyEntries(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	entries := make([]entry, 4000)
	var tile, offset uint64
	for i := range entries {
		tile += 1 + random.Uint64N(1<<36)
		entries[i] = entry{tile, offset, 1 + random.Uint32N(1<<24), 1}
		offset += uint64(entries[i].length)
	}
	root, leaves, err := encodeTree(entries, 1)
	if err != nil || headerBytes+len(root) >= rootEnd {
		t.Fatalf("root of %d bytes, %v", len(root), err)
	}
	a := Archive{r: bytes.NewReader(leaves), header: Header{Internal: Gzip, leaves: section{0, uint64(len(leaves))}, data: section{0, offset}}}
	raw, err := expand(root, Gzip, MaxDirectoryBytes)
	if err != nil {
		t.Fatal(err)
	}
	pointers, err := decodeDirectory(raw, a.header.data, a.header.leaves)
	if err != nil {
		t.Fatal(err)
	}
	if len(pointers) != len(entries)/2 {
		t.Errorf("%d leaf directories, want %d", len(pointers), len(entries)/2)
	}
	var got []entry
	for _, p := range pointers {
		leaf, err := a.leaf(p)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, leaf...)
	}
	if !slices.Equal(got, entries) {
		t.Errorf("%d entries differ from the %d written", len(got), len(entries))
	}
}

func TestRunsAndCopies(t *testing.T) {
	sea := []byte{0x1a, 1}
	packed, err := compress(sea)
	if err != nil {
		t.Fatal(err)
	}
	a := open(t, archive(t, []Tile{
		{cell.New(1, 0, 0), sea}, {cell.New(1, 0, 1), packed}, {cell.New(1, 1, 1), []byte{0x1a, 2}}, {cell.New(1, 1, 0), sea},
		{cell.New(2, 0, 0), nil},
	}))
	want := []entry{
		{1, 0, uint32(len(packed)), 2},
		{3, uint64(len(packed)), a.root[1].length, 1},
		{4, 0, uint32(len(packed)), 1},
	}
	if !slices.Equal(a.root, want) {
		t.Errorf("root %v, want %v", a.root, want)
	}
	if h := a.Header(); h.AddressedTiles != 4 || h.TileEntries != 3 || h.TileContents != 2 {
		t.Errorf("counts %d, %d, %d, want 4, 3, 2", h.AddressedTiles, h.TileEntries, h.TileContents)
	}
	raw, err := a.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	wantJSON := `{"name":"Liechtenstein","description":"Base map","attribution":"© OpenStreetMap contributors",` +
		`"type":"baselayer","vector_layers":[{"id":"streets","fields":{"kind":"String"}}]}` + "\n"
	if string(raw) != wantJSON {
		t.Errorf("metadata %s, want %s", raw, wantJSON)
	}
}
