package publish

import (
	"context"
	"sync"
)

// flights does equal pieces of work that are wanted at once only once.
type flights[K comparable, V any] struct {
	mu     sync.Mutex
	flying map[K]*flight[V]
}

type flight[V any] struct {
	waiting int // for it; the last one to leave calls it off
	cancel  context.CancelFunc
	done    chan struct{}
	value   V
	err     error
}

// do returns what work gave, its own or that of an equal one which runs already.
// It waits no longer than ctx; work goes on for as long as somebody waits.
func (f *flights[K, V]) do(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	f.mu.Lock()
	one := f.flying[key]
	if one == nil {
		working, cancel := context.WithCancel(context.WithoutCancel(ctx))
		one = &flight[V]{cancel: cancel, done: make(chan struct{})}
		if f.flying == nil {
			f.flying = make(map[K]*flight[V])
		}
		f.flying[key] = one
		go func() {
			defer cancel()
			one.value, one.err = work(working)
			f.leave(key, one, true)
			close(one.done)
		}()
	}
	one.waiting++
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.value, one.err
	case <-ctx.Done():
		f.leave(key, one, false)
		var none V
		return none, ctx.Err()
	}
}

// leave ends waiting for a flight, or the flight: then the next one starts anew.
func (f *flights[K, V]) leave(key K, one *flight[V], landed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !landed {
		one.waiting--
	}
	if !landed && one.waiting > 0 {
		return
	}
	one.cancel()
	if f.flying[key] == one {
		delete(f.flying, key)
	}
}
