package edit

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

func random(r *rand.Rand, n, values int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(values))
	}
	return b
}

// edited returns content after some edits: bytes changed, inserted, removed,
// moved and repeated.
func edited(r *rand.Rand, old []byte, edits int) []byte {
	raw := bytes.Clone(old)
	for range edits {
		if len(raw) == 0 {
			return random(r, 10, 256)
		}
		i := r.IntN(len(raw))
		j := min(len(raw), i+r.IntN(200))
		switch r.IntN(5) {
		case 0:
			raw[i]++
		case 1:
			raw = append(raw[:i:i], append(random(r, r.IntN(50), 256), raw[i:]...)...)
		case 2:
			raw = append(raw[:i:i], raw[j:]...)
		case 3:
			raw = append(append(raw[:i:i], raw[j:]...), raw[i:j]...)
		case 4:
			raw = append(raw, bytes.Repeat(raw[i:j], 3)...)
		}
	}
	return raw
}

// TestHistories follows random edits, of content with and without structure.
func TestHistories(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for round := range 150 {
		old := random(r, r.IntN(3000), 2+r.IntN(255))
		for range 3 {
			raw := edited(r, old, r.IntN(8))
			data := Encode(old, raw)
			got, err := Decode(old, data, len(raw))
			if err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("round %d: %v", round, err)
			}
			if len(data) > len(raw)+len(raw)/8+16 {
				t.Errorf("round %d: %d bytes for %d", round, len(data), len(raw))
			}
			old = raw
		}
	}
}

// TestSmall bounds what small edits of a large content take.
func TestSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	old := random(r, 1<<20, 256)
	insert := func(at int, b string) []byte {
		return append(append(bytes.Clone(old[:at]), b...), old[at:]...)
	}
	changed := bytes.Clone(old)
	changed[700000]++
	for name, c := range map[string]struct {
		raw   []byte
		limit int
	}{
		"nothing":   {old, 2},
		"no more":   {nil, 0},
		"a byte":    {changed, 8},
		"a word":    {insert(500000, "word"), 12},
		"removed":   {append(bytes.Clone(old[:300000]), old[300100:]...), 10},
		"moved":     {append(append(bytes.Clone(old[:300000]), old[400000:]...), old[300000:400000]...), 16},
		"repeated":  {append(bytes.Clone(old), bytes.Repeat([]byte("abc"), 1000)...), 14},
		"only ends": {append([]byte("begin"), old[len(old)-100:]...), 14},
	} {
		data := Encode(old, c.raw)
		if len(data) > c.limit {
			t.Errorf("%s: %d bytes, want %d at most", name, len(data), c.limit)
		}
		if got, err := Decode(old, data, len(c.raw)); err != nil || !bytes.Equal(got, c.raw) {
			t.Errorf("%s: other bytes, %v", name, err)
		}
	}
}

// TestLarge is over the length from which not each place is indexed.
func TestLarge(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	old := random(r, dense+dense/4, 256)
	raw := append(append(bytes.Clone(old[:dense]), "some words"...), old[dense+999:]...)
	data := Encode(old, raw)
	if len(data) > 60 {
		t.Errorf("%d bytes", len(data))
	}
	if got, err := Decode(old, data, len(raw)); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("other bytes, %v", err)
	}
}

func TestRefuses(t *testing.T) {
	old, raw := []byte("a long and winding lane road"), []byte("a long and winding gravel road")
	data := Encode(old, raw)
	if _, err := Decode(old, append(bytes.Clone(data), "and more"...), len(raw)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("bytes left over: %v, want ErrCorrupt", err)
	}
	if got, err := Decode(old[:9], data, len(raw)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("shorter old content: %q, %v, want ErrCorrupt", got, err)
	}
}

// FuzzDecode feeds hostile edits.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(8, 8))
	old := random(r, 500, 9)
	raw := edited(r, old, 9)
	f.Add(Encode(old, raw), len(raw))
	f.Add([]byte{}, 100)
	f.Add([]byte("\xff\xff\xff\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		got, err := Decode(old, data, n)
		if err == nil && len(got) != n {
			t.Errorf("%d bytes, want %d", len(got), n)
		}
	})
}

// FuzzRoundTrip checks that an edit gives the new content.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("one lane road"), []byte("one way road, one way"))
	f.Add([]byte{}, []byte{0})
	f.Fuzz(func(t *testing.T, old, raw []byte) {
		if len(old)+len(raw) > 1<<16 {
			return
		}
		got, err := Decode(old, Encode(old, raw), len(raw))
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("other bytes, %v", err)
		}
	})
}

// BenchmarkEdit has one edit in a thousand bytes: a small update; and one in
// twenty: years of them.
func BenchmarkEdit(b *testing.B) {
	for name, every := range map[string]int{"sparse": 1000, "dense": 20} {
		r := rand.New(rand.NewPCG(9, 9))
		old := random(r, 1<<20, 64)
		var raw []byte
		for at := 0; at < len(old); {
			next := min(len(old), at+every/2+r.IntN(every))
			raw = append(append(raw, old[at:next]...), random(r, r.IntN(6), 64)...)
			at = next
		}
		data := Encode(old, raw)
		b.Run("encode/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Encode(old, raw)
			}
		})
		b.Run("decode/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			b.ReportMetric(float64(len(data)), "coded-B")
			for b.Loop() {
				if _, err := Decode(old, data, len(raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
