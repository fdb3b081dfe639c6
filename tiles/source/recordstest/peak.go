// Package recordstest holds what the tests of several readers share.
package recordstest

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// Peak runs work and fails the test when the heap grows by more than limit bytes
// on the way, garbage included; it logs by how much it grew.
func Peak(t testing.TB, limit uint64, work func()) {
	t.Helper()
	runtime.GC()
	before := heap()
	peak := before
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, heap())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	start := time.Now()
	work()
	took := time.Since(start)
	after := heap()
	close(stop)
	<-done
	peak = max(peak, after)
	grown := peak - before
	t.Logf("%s: peak of the heap %.1f MiB, %v", t.Name(), float64(grown)/(1<<20), took.Round(time.Millisecond))
	if grown > limit {
		t.Errorf("the heap grew by %d MiB, more than %d", grown>>20, limit>>20)
	}
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
