package delta

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestEdit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for round := range 300 {
		old := random(uint64(round), r.IntN(3000))
		raw := bytes.Clone(old)
		for range r.IntN(6) { // some edits: change, insert, delete, move
			if len(raw) == 0 {
				break
			}
			i := r.IntN(len(raw))
			j := min(len(raw), i+r.IntN(200))
			switch r.IntN(4) {
			case 0:
				raw[i]++
			case 1:
				raw = append(raw[:i:i], append(random(uint64(i), r.IntN(50)), raw[i:]...)...)
			case 2:
				raw = append(raw[:i:i], raw[j:]...)
			case 3:
				raw = append(append(raw[:i:i], raw[j:]...), raw[i:j]...)
			}
		}
		got, err := applyEdit(old, encodeEdit(newIndex(old), raw, slacks[round%2]), len(raw))
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// FuzzApplyEdit feeds hostile streams.
func FuzzApplyEdit(f *testing.F) {
	old := random(1, 500)
	raw := append(bytes.Clone(old[:200]), old[210:]...)
	raw[100]++
	s := encodeEdit(newIndex(old), raw, slacks[0])
	f.Add(s[0], s[1], s[2], s[3], len(raw))
	f.Add([]byte{0, 0, 0, 1}, []byte{}, []byte{}, []byte{7}, 1)
	f.Fuzz(func(t *testing.T, steps, gaps, corrections, literals []byte, n int) {
		if n < 0 || n > 1<<16 {
			return
		}
		got, err := applyEdit(old, [streamCount][]byte{steps, gaps, corrections, literals}, n)
		if err == nil && len(got) != n {
			t.Errorf("%d bytes, expected %d", len(got), n)
		}
	})
}
