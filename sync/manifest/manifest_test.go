package manifest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
)

func sample() *Manifest {
	entry := func(layer cell.Layer, z uint8, x uint32, content string) Entry {
		return Entry{cell.Key{Layer: layer, ID: cell.New(z, x, 1)}, blob.Sum([]byte(content)), uint32(len(content)), 9}
	}
	return &Manifest{
		Meta: Meta{Region: "test", Name: "Čakovec <&>", Languages: []string{"hr"}, Bounds: [4]int32{-1, 2, 3, 4}, MinReader: 1},
		Entries: []Entry{
			entry(cell.Features, 11, 5, "a"), entry(cell.Tiles, 7, 3, "b"), entry(cell.Tiles, 11, 2, "c"),
		},
	}
}

func encoded(t testing.TB, m *Manifest) []byte {
	t.Helper()
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	got, err := Decode(encoded(t, want))
	if err != nil {
		t.Fatal(err)
	}
	if got.Meta.Name != want.Meta.Name || !slices.Equal(got.Entries, want.Entries) {
		t.Errorf("Decode(Encode(m)) = %+v, want %+v", got, want)
	}
	if e, ok := got.Find(want.Entries[1].Key); !ok || e != want.Entries[1] {
		t.Errorf("Find = %+v, %v", e, ok)
	}
	if _, ok := got.Find(cell.Key{Layer: cell.Media, ID: cell.World}); ok {
		t.Error("Find found a cell that is not there")
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encoded(t, sample())
	for n := range good {
		if _, err := Decode(good[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("first %d bytes: %v, want ErrCorrupt", n, err)
		}
	}
	newer := sample()
	newer.Meta.MinReader = ReaderVersion + 1
	if _, err := Decode(encoded(t, newer)); !errors.Is(err, ErrTooNew) {
		t.Errorf("newer reader asked for: %v, want ErrTooNew", err)
	}
	format := bytes.Clone(good)
	format[4] = 2
	if _, err := Decode(format); !errors.Is(err, ErrTooNew) {
		t.Errorf("format 2: %v, want ErrTooNew", err)
	}
	if _, err := Decode(append(bytes.Clone(good), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v, want ErrCorrupt", err)
	}
	m := sample()
	slices.Reverse(m.Entries)
	if _, err := m.Encode(); err == nil {
		t.Error("entries out of order: no error")
	}
}

// TestRelief lists a layer that older readers do not know: the manifest must say so.
func TestRelief(t *testing.T) {
	m := sample()
	m.Entries = append(m.Entries, Entry{Key: cell.Key{Layer: cell.Relief, ID: cell.World}, Raw: 1, Stored: 9})
	if _, err := m.Encode(); err == nil {
		t.Error("a manifest with relief asks for reader 1")
	}
	m.Meta.MinReader = MinReader(cell.Relief)
	if again, err := Decode(encoded(t, m)); err != nil || !slices.Equal(again.Entries, m.Entries) {
		t.Errorf("%v, %v", again, err)
	}
	for _, l := range cell.Layers() {
		if got := MinReader(l); got > ReaderVersion || l <= cell.Assets && got != 1 {
			t.Errorf("%s needs reader %d", l, got)
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := sample(), sample()
	b.Entries = slices.Delete(b.Entries, 0, 1)
	b.Entries[0].Hash[0] ^= 1
	b.Entries = append(b.Entries, Entry{Key: cell.Key{Layer: cell.Media, ID: cell.World}})
	var got []string
	for _, c := range Diff(a, b) {
		kind := "changed"
		switch {
		case c.Added():
			kind = "added"
		case c.Removed():
			kind = "removed"
		}
		got = append(got, kind+" "+c.Key().String())
	}
	want := []string{"removed features 11/5/1", "changed tiles 7/3/1", "added media 0/0/0"}
	if !slices.Equal(got, want) {
		t.Errorf("Diff = %q, want %q", got, want)
	}
	if n := len(Diff(nil, a)); n != 3 {
		t.Errorf("from nothing: %d changes, want 3", n)
	}
}

// FuzzDecode checks that what decodes encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, sample()))
	f.Add(encoded(f, &Manifest{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			return
		}
		if again := encoded(t, m); !bytes.Equal(again, data) {
			t.Errorf("%x became %x", data, again)
		}
	})
}
