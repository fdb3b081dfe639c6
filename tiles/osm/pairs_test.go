package osm

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, node := range map[string]func() int64{
		"few":  func() int64 { return random.Int64N(3) },
		"real": func() int64 { return random.Int64N(12e9) },
		"any":  func() int64 { return int64(random.Uint64()) },
		"ends": func() int64 { return []int64{math.MinInt64, -1, 0, math.MaxInt64}[random.IntN(4)] },
	} {
		for _, n := range []int{0, 1, 1 << 10, 1<<10 + 1, 5000} {
			path := filepath.Join(t.TempDir(), "pairs")
			p := newPairs(path, 0)
			var want, got []pair
			for way := range int64(n) {
				want = append(want, pair{node(), way})
				if err := p.add(way, []int64{want[way].node}); err != nil {
					t.Fatal(err)
				}
			}
			slices.SortStableFunc(want, func(a, b pair) int { return cmp.Compare(a.node, b.node) })
			err := p.each(func(v pair) error { got = append(got, v); return nil })
			if err := errors.Join(err, p.drop()); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %d pairs come out in another order, %v", name, n, err)
			}
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file is left: %v", err)
			}
		}
	}
}
