package osm

import (
	"context"
	"fmt"
)

// item is what stands in a block.
type item interface {
	Node | Way | Relation | use
	key() int64
	weight() int // memory held, in bytes, roughly
}

// waiting are the items of one kind that make the next block.
type waiting[T item] struct {
	kind   MemberKind
	encode func([]T) (shape, facts []byte)
	items  []T
	weight int
}

// add takes an item, and closes the block where it ends.
func (q *waiting[T]) add(w *Writer, e T) error {
	if q.items == nil {
		q.items = make([]T, 0, sizesOf[q.kind].least+2*sizesOf[q.kind].chance)
	}
	q.items = append(q.items, e)
	q.weight += e.weight()
	if sizesOf[q.kind].end(e.key(), len(q.items), q.weight) {
		return q.flush(w)
	}
	return nil
}

// flush sends the waiting items off to be packed.
func (q *waiting[T]) flush(w *Writer) error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	if len(q.items) == 0 {
		return nil
	}
	items := q.items
	q.items, q.weight = nil, 0
	b := block{first: items[0].key(), count: len(items)}
	j := &job{kind: q.kind, ready: make(chan struct{})}
	w.jobs <- j
	go func() {
		defer close(j.ready)
		shape, facts := q.encode(items)
		if len(shape) > maxFrame || len(facts) > maxFrame {
			j.err = fmt.Errorf("%w: block at %v %d", ErrTooLarge, j.kind, b.first)
			return
		}
		j.data = w.zip.EncodeAll(shape, nil)
		b.shape = frame{size: len(j.data), sum: checksum(j.data)}
		if facts != nil {
			j.data = w.zip.EncodeAll(facts, j.data)
			packed := j.data[b.shape.size:]
			b.facts = frame{size: len(packed), sum: checksum(packed)}
		}
		j.blocks = []block{b}
	}()
	return nil
}

// maxCopy bounds what is copied at a time, in bytes; one block is always.
const maxCopy = 1 << 20

// copy takes blocks as they are in another base. Nothing of their kind may wait.
func (w *Writer) copy(ctx context.Context, from *Base, kind MemberKind, blocks []block) error {
	for len(blocks) > 0 {
		if err := w.follow(kind, blocks[0].first); err != nil {
			return err
		}
		if err := w.failed.Load(); err != nil {
			return *err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		n, size := 1, blocks[0].size()
		for n < len(blocks) && size+blocks[n].size() <= maxCopy {
			size += blocks[n].size()
			n++
		}
		j := &job{kind: kind, blocks: blocks[:n:n], data: w.buffer(size), copied: true, ready: make(chan struct{})}
		if err := from.readAt(j.data, blocks[0].shape.offset); err != nil {
			return err
		}
		close(j.ready)
		w.jobs <- j
		w.id = blocks[n-1].first
		blocks = blocks[n:]
	}
	return nil
}

// buffer returns memory for a copy, of an earlier one if possible.
func (w *Writer) buffer(size int) []byte {
	select {
	case b := <-w.spare:
		if size <= cap(b) {
			return b[:size]
		}
	default:
	}
	return make([]byte, size, max(size, maxCopy))
}

// run writes the blocks as they become ready, in order.
func (w *Writer) run() {
	defer close(w.done)
	w.write([]byte(magic))
	for j := range w.jobs {
		<-j.ready
		w.fail(j.err)
		at := w.size
		for _, b := range j.blocks {
			b.shape.offset = at
			b.facts.offset = at + int64(b.shape.size)
			at += int64(b.size())
			w.index.blocks[j.kind] = append(w.index.blocks[j.kind], b)
		}
		w.write(j.data)
		if j.copied {
			select {
			case w.spare <- j.data:
			default:
			}
		}
	}
}

// fail keeps the first error.
func (w *Writer) fail(err error) {
	if err != nil {
		w.failed.CompareAndSwap(nil, &err)
	}
}

func (w *Writer) write(data []byte) {
	if w.failed.Load() == nil {
		if _, err := w.out.Write(data); err != nil {
			w.fail(fmt.Errorf("write base: %w", err))
		}
	}
	w.size += int64(len(data))
}
