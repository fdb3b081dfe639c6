package mvt

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// town is layers of features by name, for each of some tiles.
type town []map[string][]vector.Feature

func feature(r *rand.Rand) vector.Feature {
	f := vector.Feature{Type: vector.GeomType(1 + r.IntN(3))}
	var attrs []byte
	for _, key := range []string{"kind", "name", "surface"} {
		switch r.IntN(4) {
		case 0:
			attrs = vector.AppendAttr(attrs, key, vector.String(fmt.Sprintf("%s %d", key, r.IntN(40))))
		case 1:
			attrs = vector.AppendAttr(attrs, key, vector.Int(int64(r.IntN(9)-4)))
		}
	}
	f.Attrs = vector.Attrs(attrs)
	for range 1 + r.IntN(3) {
		points := 1
		if f.Type != vector.Points {
			points = 3 + r.IntN(5)
		}
		for range points {
			f.Geometry.Points = append(f.Geometry.Points, vector.TilePoint{X: int32(r.IntN(4200) - 50), Y: int32(r.IntN(4200) - 50)})
		}
		f.Geometry.Close()
	}
	return f
}

func newTown(r *rand.Rand, tiles int) town {
	t := make(town, tiles)
	for i := range t {
		t[i] = make(map[string][]vector.Feature)
		for range 1 + r.IntN(30) {
			t.add(r, i)
		}
	}
	return t
}

func (t town) add(r *rand.Rand, tile int) {
	layer := [...]string{"land", "streets", "water"}[r.IntN(3)]
	t[tile][layer] = append(t[tile][layer], feature(r))
}

// cell returns a cell with the town's tiles.
func (t town) cell() (raw []byte) {
	var e vector.Encoder
	for i, layers := range t {
		var tile []byte
		for _, name := range []string{"land", "streets", "water"} {
			tile = e.AppendLayer(tile, name, layers[name])
		}
		raw = cell.AppendItem(raw, cell.TileKey(cell.New(11, uint32(i), 0)), tile)
	}
	return raw
}

// change adds, removes or replaces a feature.
func (t town) change(r *rand.Rand) {
	layers := t[r.IntN(len(t))]
	for name, features := range layers {
		i := r.IntN(len(features))
		switch r.IntN(3) {
		case 0:
			layers[name] = append(features[:i:i], features[i+1:]...)
		case 1:
			features = slices.Clone(features)
			features[i] = feature(r)
			layers[name] = features
		}
		if len(layers[name]) == 0 {
			delete(layers, name)
		}
		break
	}
	t.add(r, r.IntN(len(t)))
}

// TestFold checks that content comes back from its form, along random histories.
func TestFold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 40 {
		town := newTown(r, 1+r.IntN(5))
		old := town.cell()
		for range 5 {
			for range r.IntN(10) {
				town.change(r)
			}
			raw := town.cell()
			f, err := New(old)
			if err != nil {
				t.Fatal(err)
			}
			form, err := f.Unfold(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Fold(form, len(raw))
			if err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("another cell comes back: %v", err)
			}
			old = raw
		}
	}
}

// TestStable checks that a new name, which moves all numbers of a layer's tables,
// changes only its own feature's place in the form.
func TestStable(t *testing.T) {
	var town, next town
	for i := range 2 {
		features := []vector.Feature{}
		for _, name := range []string{"b", "c", "d", "e"} {
			f := vector.Feature{Type: vector.Points, Attrs: vector.Attrs(vector.AppendAttr(nil, "name", vector.String(name)))}
			f.Geometry.Points = []vector.TilePoint{{X: 1, Y: 2}}
			f.Geometry.Close()
			features = append(features, f)
		}
		if i == 1 {
			features[2].Attrs = vector.Attrs(vector.AppendAttr(nil, "name", vector.String("a")))
			next = append(next, map[string][]vector.Feature{"land": features})
		} else {
			town = append(town, map[string][]vector.Feature{"land": features})
		}
	}
	f, err := New(town.cell())
	if err != nil {
		t.Fatal(err)
	}
	same, err1 := f.Unfold(town.cell())
	form, err2 := f.Unfold(next.cell())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	added := "\x01\x03\x0a\x01a" // one value of three bytes
	if form = bytes.Replace(form, []byte(added), []byte{0}, 1); len(form) != len(same) {
		t.Fatalf("the form has %d bytes beside the new name, was %d", len(form), len(same))
	}
	differ := 0
	for i := range form {
		if form[i] != same[i] {
			differ++
		}
	}
	if differ != 1 {
		t.Errorf("%d bytes differ, want 1", differ)
	}
}

func TestNoForm(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	raw := newTown(r, 1).cell()
	item := func(tile string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(tile, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return cell.AppendItem(nil, []byte("k"), b)
	}
	for name, bad := range map[string][]byte{
		"text":            cell.AppendItem(nil, []byte("k"), []byte("no tile")),
		"cut":             raw[:len(raw)-1],
		"feature id":      item("1a 13 0a 01 61 12 09 08 07 18 01 22 03 09 32 22 28 80 20 78 02"),
		"another extent":  item("1a 11 0a 01 61 12 07 18 01 22 03 09 32 22 28 80 10 78 02"),
		"no tables":       item("1a 15 0a 01 61 12 0b 12 02 00 00 18 01 22 03 09 32 22 28 80 20 78 02"),
		"type 4":          item("1a 11 0a 01 61 12 07 18 04 22 03 09 32 22 28 80 20 78 02"),
		"far away":        item("1a 15 0a 01 61 12 0b 18 01 22 07 09 80 80 80 08 22 28 80 20 78 02"),
		"line of a point": item("1a 11 0a 01 61 12 07 18 02 22 03 09 32 22 28 80 20 78 02"),
	} {
		if _, err := New(bad); !errors.Is(err, ErrNoForm) {
			t.Errorf("%s: %v, want ErrNoForm", name, err)
		}
	}
	if _, err := New(item("1a 11 0a 01 61 12 07 18 01 22 03 09 32 22 28 80 20 78 02")); err != nil {
		t.Errorf("a tile that has a form: %v", err)
	}
}

// FuzzFold feeds hostile forms.
func FuzzFold(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 3))
	town := newTown(r, 2)
	was, err := New(town.cell())
	if err != nil {
		f.Fatal(err)
	}
	town.add(r, 0)
	raw := town.cell()
	form, err := was.Unfold(raw)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(form, len(raw))
	f.Add([]byte{0, 0, 0, 0}, 1)
	f.Fuzz(func(t *testing.T, form []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		raw, err := was.Fold(form, n)
		if err == nil && len(raw) != n {
			t.Errorf("%d bytes, want %d", len(raw), n)
		}
	})
}

// FuzzNew feeds hostile cells: the form is within its bound, and what comes back
// from it, be it the same cell or not, comes back from its own form.
func FuzzNew(f *testing.F) {
	f.Add(newTown(rand.New(rand.NewPCG(4, 4)), 1).cell())
	f.Add([]byte("\x01k\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := there(t, raw)
		if err != nil || bytes.Equal(got, raw) {
			return
		}
		if again, err := there(t, got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("a folded cell does not come back: %v", err)
		}
	})
}

// there goes to the form of a cell and back.
func there(t *testing.T, raw []byte) ([]byte, error) {
	was, err := New(raw)
	if err != nil {
		return nil, err
	}
	form, err := was.Unfold(raw)
	if err != nil {
		t.Fatal(err)
	}
	if max(len(form), len(was.Bytes)) > MaxBytes(len(raw)) {
		t.Errorf("%d bytes have a form of %d", len(raw), len(was.Bytes))
	}
	return was.Fold(form, len(raw))
}
