package pmtiles

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/archivetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

var region = archive.Metadata{
	Name: "Liechtenstein", Description: "Base map", Attribution: "© OpenStreetMap contributors",
	Bounds:  [4]int32{94700000, 470400000, 96400000, 472700000},
	MaxZoom: 14, Version: "7", VectorLayers: json.RawMessage(`[{"id":"streets","fields":{"kind":"String"}}]`),
}

func packed(t testing.TB, tiles []archive.Tile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, &region, archivetest.All(tiles)); err != nil {
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
			tiles := archivetest.World(zoom)
			raw := packed(t, tiles)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(tiles), func(i, j int) { tiles[i], tiles[j] = tiles[j], tiles[i] })
			if !bytes.Equal(raw, packed(t, tiles)) {
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
			if _, err := a.Tile(cell.New(zoom+1, 0, 0)); !errors.Is(err, archive.ErrNotFound) {
				t.Errorf("a tile that is not there: %v, want archive.ErrNotFound", err)
			}
			checkClustered(t, a)
		})
	}
}

func ids(t *testing.T, a *Archive) []cell.ID {
	t.Helper()
	var ids []cell.ID
	for id, err := range a.IDs() {
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
	tiles := archivetest.World(7)
	zipped := slices.Clone(tiles)
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
		zipped[i].Data = b.Bytes()
	}
	a := open(t, packed(t, zipped))
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
	zipped, err := compress(sea)
	if err != nil {
		t.Fatal(err)
	}
	a := open(t, packed(t, []archive.Tile{
		{ID: cell.New(1, 0, 0), Data: sea}, {ID: cell.New(1, 0, 1), Data: zipped}, {ID: cell.New(1, 1, 1), Data: []byte{0x1a, 2}}, {ID: cell.New(1, 1, 0), Data: sea},
		{ID: cell.New(2, 0, 0), Data: nil},
	}))
	want := []entry{
		{1, 0, uint32(len(zipped)), 2},
		{3, uint64(len(zipped)), a.root[1].length, 1},
		{4, 0, uint32(len(zipped)), 1},
	}
	if !slices.Equal(a.root, want) {
		t.Errorf("root %v, want %v", a.root, want)
	}
	if h := a.Header(); h.AddressedTiles != 4 || h.TileEntries != 3 || h.TileContents != 2 {
		t.Errorf("counts %d, %d, %d, want 4, 3, 2", h.AddressedTiles, h.TileEntries, h.TileContents)
	}
	raw, err := a.read(a.header.metadata, Gzip, MaxMetadataBytes)
	if err != nil {
		t.Fatal(err)
	}
	wantJSON := `{"name":"Liechtenstein","description":"Base map","attribution":"© OpenStreetMap contributors","version":"7",` +
		`"type":"baselayer","vector_layers":[{"id":"streets","fields":{"kind":"String"}}]}` + "\n"
	if string(raw) != wantJSON {
		t.Errorf("metadata %s, want %s", raw, wantJSON)
	}
	m, err := a.Metadata()
	want2 := region
	want2.Type, want2.Format, want2.VectorLayers = archive.Base, archive.MVT, json.RawMessage(`[{"id":"streets","fields":{"kind":"String"},"minzoom":0,"maxzoom":29}]`)
	if err != nil || !reflect.DeepEqual(m, want2) {
		t.Errorf("Metadata = %+v, %v, want %+v", m, err, want2)
	}
}

// TestOddMetadata reads what others may write.
func TestOddMetadata(t *testing.T) {
	for text, want := range map[string]archive.Metadata{
		`{"name":7,"version":2,"vector_layers":{}}`: {Type: archive.Base},
		`{"name":" x ","type":"overlay","vector_layers":[3,{"id":""},{"id":"a","fields":{"b":"Number","c":{}},"minzoom":-3,"maxzoom":1e9}]}`: {
			Name: "x", Type: archive.Overlay, VectorLayers: json.RawMessage(`[{"id":"a","fields":{"b":"Number","c":"String"},"minzoom":0,"maxzoom":29}]`),
		},
		`[]`: {}, ``: {}, `{"a":`: {},
	} {
		h := Header{Internal: Plain, metadata: section{0, uint64(len(text))}}
		a := Archive{r: strings.NewReader(text), header: h}
		m, err := a.Metadata()
		if want.Type == "" {
			if !errors.Is(err, archive.ErrCorrupt) {
				t.Errorf("%s: %v, want archive.ErrCorrupt", text, err)
			}
		} else if err != nil || !reflect.DeepEqual(m, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, m, err, want)
		}
	}
}
