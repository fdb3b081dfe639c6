package delta

import (
	"bytes"
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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
	oldTiles, newTiles := tilePair(200)
	for _, c := range []struct {
		name     string
		old, raw []byte
	}{{"edit", old, raw}, {"tiles", oldTiles, newTiles}} {
		p := encode(c.old, c.raw, nil)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.raw)))
			b.ReportAllocs()
			for b.Loop() {
				got, err := p.decode(c.old, len(c.raw))
				if err != nil || !bytes.Equal(got, c.raw) {
					b.Fatal("decoded wrongly", err)
				}
			}
			b.ReportMetric(float64(len(p.data)), "coded-B")
		})
	}
}

// BenchmarkEncode makes deltas of a cell of 1 MiB, one and eight at once, and
// reports the most that they hold.
func BenchmarkEncode(b *testing.B) {
	old, raw := edited(1 << 20)
	x, y := new(region), new(region)
	x.set(b, 1, old)
	y.set(b, 1, raw)
	for name, n := range map[string]int{"one": 1, "eight": 8} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(n * len(raw)))
			b.ReportAllocs()
			peak := watchHeap()
			for b.Loop() {
				var wg sync.WaitGroup
				for range n {
					wg.Go(func() {
						if _, err := Encode(context.Background(), &x.list, &y.list, both(x, y)); err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
			}
			b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
		})
	}
}

// watchHeap follows the heap until peak is called, which tells by how much it
// grew at the most.
func watchHeap() (peak func() uint64) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	base := heap()
	var most atomic.Uint64
	stop := make(chan struct{})
	go func() {
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				most.Store(max(most.Load(), heap()))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return most.Load() - min(base, most.Load())
	}
}
