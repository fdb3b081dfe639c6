package delta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// shorten returns the delta between two regions in both forms.
func shorten(t testing.TB, a, b *region) (full, short []byte) {
	t.Helper()
	full, err := Encode(context.Background(), &a.list, &b.list, both(a, b))
	if err != nil {
		t.Fatal(err)
	}
	if short, err = Shorten(full, &a.list, &b.list); err != nil {
		t.Fatal(err)
	}
	return full, short
}

// installed returns a region's cells as a device holds them.
func (r *region) installed(key cell.Key) ([]byte, error) {
	e, ok := r.list.Find(key)
	if !ok {
		return nil, fmt.Errorf("no cell %s", key)
	}
	return blob.Open(r.blobs[e.Hash], int(e.Raw), e.Hash)
}

func TestShortForm(t *testing.T) {
	a, b := pair(t)
	for _, named := range []bool{false, true} {
		if named {
			b.list.Meta.Name = "Another name"
		}
		full, short := shorten(t, a, b)
		if saved := len(full) - len(short); saved < 3*32 {
			t.Errorf("the short form saves %d of %d bytes, less than the hashes of three cells", saved, len(full))
		}
		long, to, rest, err := Lengthen(append(short, "head"...), &a.list, a.installed)
		if err != nil || string(rest) != "head" {
			t.Fatalf("%q follows, %v", rest, err)
		}
		want, got := must(t, b.list.Encode), must(t, to.Encode)
		if !bytes.Equal(want, got) {
			t.Error("the short form leads to another manifest")
		}
		if err := Check(context.Background(), long, &a.list, &b.list, both(a, b)); err != nil {
			t.Errorf("lengthened: %v", err)
		}
	}
}

// TestShortFormDamaged cuts and flips a short delta at each byte: it is refused,
// leads to a manifest that no head names, or says the same in other bytes.
func TestShortFormDamaged(t *testing.T) {
	a, b := pair(t)
	_, short := shorten(t, a, b)
	want := blob.Sum(must(t, b.list.Encode))
	noticed := 0
	for i := range short {
		flipped := bytes.Clone(short)
		flipped[i] ^= 0x10
		for name, data := range map[string][]byte{"cut": short[:i], "flipped": flipped} {
			full, to, _, err := Lengthen(data, &a.list, a.installed)
			if err != nil || blob.Sum(must(t, to.Encode)) != want {
				noticed++
			} else if err := Check(context.Background(), full, &a.list, &b.list, both(a, b)); err != nil {
				t.Errorf("%s at byte %d: the right manifest, but %v", name, i, err)
			}
		}
	}
	if noticed < 2*len(short)-8 {
		t.Errorf("only %d of %d damages were noticed", noticed, 2*len(short))
	}
	if _, _, _, err := Lengthen(short, &a.list, func(cell.Key) ([]byte, error) { return nil, errors.New("gone") }); err == nil {
		t.Error("a device without its cells lengthens")
	}
}

func TestShortFormIsBounded(t *testing.T) {
	a, b := new(region), new(region)
	for x := range uint32(5) {
		b.set(t, x+1, make([]byte, 16<<20))
	}
	full, err := Encode(context.Background(), &a.list, &b.list, both(a, b))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Shorten(full, &a.list, &b.list); !errors.Is(err, ErrLong) {
		t.Errorf("80 MiB of cells: %v", err)
	}
}

func must(t testing.TB, encode func() ([]byte, error)) []byte {
	t.Helper()
	data, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzLengthen checks that what comes out of a short form is a delta that leads
// to the manifest which comes out with it.
func FuzzLengthen(f *testing.F) {
	a, b := pair(f)
	_, short := shorten(f, a, b)
	f.Add(short)
	f.Add([]byte{0, 1, 2, byte(cell.Tiles), 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 8, 'x'})
	f.Fuzz(func(t *testing.T, data []byte) {
		full, to, _, err := Lengthen(data, &a.list, a.installed)
		if err != nil {
			return
		}
		d, err := Parse(full)
		if err != nil {
			t.Fatal(err)
		}
		list := must(t, to.Encode)
		if _, err := d.Manifest(must(t, a.list.Encode), len(list), blob.Sum(list)); err != nil {
			t.Error(err)
		}
		if changes := len(Content(&a.list, to)); changes > len(d.Segments) {
			t.Errorf("%d segments for %d cells", len(d.Segments), changes)
		}
	})
}
