package head

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
)

// heads returns two signed notes of one region, the second more versions later.
func heads(t testing.TB, more uint64, change func(*Head)) (earlier, later []byte) {
	t.Helper()
	secret, _ := keys(t)
	h := sample()
	earlier, err := h.Sign(secret)
	if err != nil {
		t.Fatal(err)
	}
	h.Version += more
	h.Issued, h.Expires = h.Issued.Add(time.Hour), h.Expires.Add(time.Hour)
	h.Manifest, h.ManifestRaw, h.ManifestStored = blob.Sum([]byte("n")), 149, 90
	h.Previous = blob.Sum(earlier)
	if more > 1 {
		h.Previous = blob.Sum([]byte("between"))
	}
	if change != nil {
		change(h)
	}
	if later, err = h.Sign(secret); err != nil {
		t.Fatal(err)
	}
	return earlier, later
}

func TestNext(t *testing.T) {
	for _, test := range []struct {
		name   string
		more   uint64
		change func(*Head)
		bytes  int // 0: there is no short form
	}{
		{"the next version", 1, nil, 64 + 6},
		{"three versions on", 3, nil, 64 + 6 + 32},
		{"another life", 1, func(h *Head) { h.Expires = h.Expires.Add(time.Hour) }, 64 + 8},
		{"another root", 1, func(h *Head) { h.Root++ }, 0},
		{"another epoch", 1, func(h *Head) { h.Epoch++ }, 0},
		{"another region", 1, func(h *Head) { h.Origin = Origin("maps.example", "jura") }, 0},
		{"another past", 1, func(h *Head) { h.Previous[0] ^= 1 }, 0},
		{"signed again", 0, nil, 0},
	} {
		earlier, later := heads(t, test.more, test.change)
		data, ok := AppendNext([]byte("before"), earlier, later)
		if ok != (test.bytes > 0) {
			t.Errorf("%s: has a short form: %v", test.name, ok)
			continue
		}
		if !ok {
			continue
		}
		if data = data[len("before"):]; len(data) > test.bytes {
			t.Errorf("%s: %d bytes, want %d", test.name, len(data), test.bytes)
		}
		h, err := Peek(later)
		if err != nil {
			t.Fatal(err)
		}
		again, rest, err := ReadNext(earlier, append(data, "after"...), h.Manifest, h.ManifestRaw)
		if err != nil || !bytes.Equal(again, later) || string(rest) != "after" {
			t.Errorf("%s: read %q, then %q: %v", test.name, again, rest, err)
		}
		for i := range data {
			if _, _, err := ReadNext(earlier, data[:i], h.Manifest, h.ManifestRaw); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: cut at byte %d: %v", test.name, i, err)
			}
		}
	}
}

func TestNextOfAnotherKey(t *testing.T) {
	earlier, later := heads(t, 1, nil)
	other, _ := keys(t)
	h, err := Peek(later)
	if err != nil {
		t.Fatal(err)
	}
	if later, err = h.Sign(other); err != nil {
		t.Fatal(err)
	}
	if _, ok := AppendNext(nil, earlier, later); ok {
		t.Error("the reader would take the signature for the earlier key's")
	}
}

// FuzzReadNext checks that what is read has the form of a head.
func FuzzReadNext(f *testing.F) {
	earlier, later := heads(f, 3, nil)
	data, ok := AppendNext(nil, earlier, later)
	if !ok {
		f.Fatal("no short form")
	}
	f.Add(data)
	f.Add(make([]byte, 70))
	f.Fuzz(func(t *testing.T, data []byte) {
		note, _, err := ReadNext(earlier, data, blob.Hash{}, 7)
		if err != nil {
			return
		}
		if _, err := Peek(note); err != nil {
			t.Errorf("%q: %v", note, err)
		}
	})
}
