package viewer

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// kept holds what was made last, up to a number of bytes. What several callers
// want at the same time is made once, and only a few things are made at a time:
// whoever asks cannot have work done over and over.
type kept[K comparable, V any] struct {
	limit int // bytes; one thing may have more
	size  func(V) int
	turn  chan struct{} // whoever makes something holds one of these

	mu     sync.Mutex
	bytes  int
	used   *list.List // of *thing, the last used first
	things map[K]*list.Element
	making map[K]*work[V]
}

type thing[K comparable, V any] struct {
	key   K
	value V
}

// work is what is being made: value and err are there once done is closed.
type work[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// atOnce bounds how many things of a kind are made at the same time.
const atOnce = 4

func newKept[K comparable, V any](limit int, size func(V) int) *kept[K, V] {
	return &kept[K, V]{
		limit: limit, size: size, turn: make(chan struct{}, atOnce),
		used: list.New(), things: make(map[K]*list.Element), making: make(map[K]*work[V]),
	}
}

// errUnmade is what waiting callers are told when the one who made it did not
// come to an end.
var errUnmade = errors.New("it could not be made")

// get returns what there is for a key, else what fresh returns. The work goes on
// even if the caller leaves: others may wait for it, and the next one has it.
func (k *kept[K, V]) get(ctx context.Context, key K, fresh func(context.Context) (V, error)) (V, error) {
	k.mu.Lock()
	if at := k.things[key]; at != nil {
		defer k.mu.Unlock()
		k.used.MoveToFront(at)
		return at.Value.(*thing[K, V]).value, nil
	}
	w := k.making[key]
	if w == nil {
		w = &work[V]{done: make(chan struct{}), err: errUnmade}
		k.making[key] = w
		k.mu.Unlock()
		k.turn <- struct{}{}
		defer k.put(key, w)
		w.value, w.err = fresh(context.WithoutCancel(ctx))
		return w.value, w.err
	}
	k.mu.Unlock()
	select {
	case <-w.done:
		return w.value, w.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// put ends work, and keeps what came of it.
func (k *kept[K, V]) put(key K, w *work[V]) {
	<-k.turn
	k.mu.Lock()
	defer k.mu.Unlock()
	close(w.done)
	delete(k.making, key)
	if w.err != nil {
		return
	}
	k.things[key] = k.used.PushFront(&thing[K, V]{key, w.value})
	k.bytes += k.size(w.value)
	for k.bytes > k.limit && k.used.Len() > 1 {
		last := k.used.Remove(k.used.Back()).(*thing[K, V])
		delete(k.things, last.key)
		k.bytes -= k.size(last.value)
	}
}
