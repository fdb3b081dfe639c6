package delta

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
)

// edited returns a cell of n bytes and the same with edits all over it: about
// one in a thousand bytes changed, and some inserted.
func edited(n int) (old, raw []byte) {
	old = random(7, n)
	r := rand.New(rand.NewPCG(8, 8))
	for at := 0; at < n; {
		next := min(n, at+500+r.IntN(1000))
		raw = append(raw, old[at:next]...)
		raw[len(raw)-1]++
		if r.IntN(4) == 0 {
			raw = append(raw, random(uint64(at), 20)...)
		}
		at = next
	}
	return old, raw
}

func BenchmarkDecode(b *testing.B) {
	old, raw := edited(1 << 20)
	edit, _, err := packEdit(old, raw)
	if err != nil {
		b.Fatal(err)
	}
	prefix, err := blob.PackAfter(old, raw)
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range []struct {
		name string
		part part
	}{{"edit", part{Edit, edit}}, {"prefix", part{Prefix, prefix}}} {
		b.Run(p.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			b.ReportMetric(float64(len(p.part.data)), "coded-B")
			for b.Loop() {
				got, err := p.part.decode(old, len(raw))
				if err != nil || !bytes.Equal(got, raw) {
					b.Fatal("decoded wrongly", err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	old, raw := edited(1 << 20)
	x, y := new(region), new(region)
	x.set(b, 1, old)
	y.set(b, 1, raw)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Encode(context.Background(), &x.list, &y.list, both(x, y)); err != nil {
			b.Fatal(err)
		}
	}
}
