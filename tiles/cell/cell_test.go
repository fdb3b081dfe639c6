package cell

import (
	"errors"
	"slices"
	"testing"
)

func TestIDRoundTrip(t *testing.T) {
	for _, s := range []string{"0/0/0", "1/1/0", "7/67/45", "11/1077/720", "14/8619/5766", "29/536870911/536870911"} {
		id, err := Parse(s)
		if err != nil {
			t.Fatalf("Parse(%q): %v", s, err)
		}
		if got := id.String(); got != s || !id.Valid() {
			t.Errorf("Parse(%q).String() = %q, valid %v", s, got, id.Valid())
		}
	}
	for _, s := range []string{"", "1/2", "1/2/0", "30/0/0", "a/0/0", "1/-1/0", "1/0/0/0"} {
		if id, err := Parse(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("Parse(%q) = %v, %v, want ErrInvalid", s, id, err)
		}
	}
	for _, id := range []ID{0, 2, 3, 8, 1 << 63} {
		if id.Valid() {
			t.Errorf("ID(%d).Valid() = true", id)
		}
	}
}

func TestTileGroups(t *testing.T) {
	tests := []struct{ tile, cell string }{
		{"14/8619/5766", "11/1077/720"},
		{"11/1077/720", "11/1077/720"},
		{"10/538/360", "7/67/45"},
		{"7/67/45", "7/67/45"},
		{"6/33/22", "0/0/0"},
		{"0/0/0", "0/0/0"},
	}
	for _, test := range tests {
		tile, err := Parse(test.tile)
		if err != nil {
			t.Fatal(err)
		}
		got := OfTile(tile)
		if got.String() != test.cell {
			t.Errorf("OfTile(%s) = %s, want %s", test.tile, got, test.cell)
		}
		if first, last := TileZooms(got); tile.Zoom() < first || tile.Zoom() > last {
			t.Errorf("TileZooms(%s) = %d, %d, want to include %d", got, first, last, tile.Zoom())
		}
		if !got.Contains(tile) {
			t.Errorf("%s does not contain %s", got, tile)
		}
	}
}

func TestAtAndBounds(t *testing.T) {
	vaduz := Point{LonE7: 95209000, LatE7: 471410000}
	for z := uint8(0); z <= MaxTileZoom; z++ {
		id := At(vaduz, z)
		w, s, e, n := id.Bounds()
		if w > 9.5209 || e < 9.5209 || s > 47.141 || n < 47.141 {
			t.Errorf("At(Vaduz, %d) = %s with bounds %v %v %v %v", z, id, w, s, e, n)
		}
	}
	for _, p := range []Point{{-1800000000, 900000000}, {1800000000, -900000000}} {
		if id := At(p, 11); !id.Valid() {
			t.Errorf("At(%v, 11) = %d, not valid", p, id)
		}
	}
	if got := OfBounds(vaduz, vaduz); got.Zoom() != 11 {
		t.Errorf("OfBounds of a point = %s, want zoom 11", got)
	}
	if got := OfBounds(Point{-10000000, 471410000}, vaduz); got != World {
		t.Errorf("OfBounds across Greenwich = %s, want the world", got)
	}
}

func TestItems(t *testing.T) {
	var raw []byte
	raw = AppendItem(raw, []byte("a"), []byte("one"))
	raw = AppendItem(raw, []byte("b"), nil)
	var keys []string
	for item, err := range Items(raw) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(item.Key))
	}
	if !slices.Equal(keys, []string{"a", "b"}) {
		t.Errorf("keys = %q", keys)
	}
	bad := map[string][]byte{
		"cut":         raw[:len(raw)-1],
		"order":       AppendItem(AppendItem(nil, []byte("b"), nil), []byte("a"), nil),
		"twice":       AppendItem(AppendItem(nil, []byte("b"), nil), []byte("b"), nil),
		"long varint": {0x81, 0x00, 'a', 0},
		"long key":    AppendItem(nil, make([]byte, MaxKeyBytes+1), nil),
	}
	for name, raw := range bad {
		if err := lastErr(raw); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
	}
}

func lastErr(raw []byte) (err error) {
	for _, e := range Items(raw) {
		err = e
	}
	return err
}

// FuzzItems checks that whatever decodes encodes to the same bytes again.
func FuzzItems(f *testing.F) {
	f.Add(AppendItem(AppendItem(nil, []byte("a"), []byte("one")), []byte("b"), nil))
	f.Add([]byte{0x81, 0x00})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var again []byte
		for item, err := range Items(raw) {
			if err != nil {
				return
			}
			again = AppendItem(again, item.Key, item.Value)
		}
		if !slices.Equal(raw, again) {
			t.Errorf("decoded and encoded %x, got %x", raw, again)
		}
	})
}

func TestBeside(t *testing.T) {
	for _, test := range []struct {
		id          ID
		east, south int
		want        ID
	}{
		{New(11, 5, 7), 1, -2, New(11, 6, 5)}, {New(3, 7, 7), 1, 1, New(3, 0, 7)}, {New(3, 0, 0), -1, -1, New(3, 7, 0)},
		{World, 5, -5, World}, {New(3, 2, 2), 0, 0, New(3, 2, 2)}, {New(3, 2, 2), -19, 0, New(3, 7, 2)},
	} {
		if got := test.id.Beside(test.east, test.south); got != test.want {
			t.Errorf("%s.Beside(%d, %d) = %s, want %s", test.id, test.east, test.south, got, test.want)
		}
	}
}
