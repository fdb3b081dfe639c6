package osm

import (
	"context"
	"errors"
)

// Merge makes one base of several. Of an element that several have, the highest
// version is taken, of equal versions that of the later source. What needs
// sorting takes at most about memory bytes.
func Merge(ctx context.Context, sources []*Base, out string, memory int, header Header) error {
	w, err := create(out, header, memory)
	if err != nil {
		return err
	}
	return mergeInto(ctx, sources, w)
}

func mergeInto(ctx context.Context, sources []*Base, w *Writer) error {
	err := merge(ctx, sources, NodeKind, (*Base).ReadNodes, w.Node)
	if err == nil {
		err = merge(ctx, sources, WayKind, (*Base).ReadWays, w.Way)
	}
	if err == nil {
		err = merge(ctx, sources, RelationKind, (*Base).ReadRelations, w.Relation)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Finish()
}

func merge[T element](ctx context.Context, sources []*Base, kind MemberKind, read func(*Base, int) ([]T, error), add func(T) error) error {
	streams := make([]*stream[T], len(sources))
	for i, b := range sources {
		streams[i] = &stream[T]{ctx: ctx, base: b, kind: kind, read: read}
	}
	for {
		var best T
		found := false
		for _, s := range streams {
			e, ok, err := s.peek()
			if err != nil {
				return err
			}
			if ok && (!found || e.key() < best.key() || e.key() == best.key() && version(e) >= version(best)) {
				best, found = e, true
			}
		}
		if !found {
			return nil
		}
		for _, s := range streams {
			if e, ok, _ := s.peek(); ok && e.key() == best.key() {
				s.pop()
			}
		}
		if err := add(best); err != nil {
			return err
		}
	}
}

func version[T element](e T) int32 {
	_, meta := e.facts()
	return meta.Version
}

// stream reads the elements of one kind, block after block.
type stream[T item] struct {
	ctx  context.Context
	base *Base
	kind MemberKind
	read func(*Base, int) ([]T, error)

	copied func(base *Base, block int) error // if set, is told of blocks that are copied

	block int // the next one
	batch []T // what is left of the last one
}

// peek returns the next element, false after the last.
func (s *stream[T]) peek() (e T, ok bool, err error) {
	for len(s.batch) == 0 {
		if s.block == len(s.base.blocks[s.kind]) {
			return e, false, nil
		}
		if err := s.ctx.Err(); err != nil {
			return e, false, err
		}
		if s.batch, err = s.read(s.base, s.block); err != nil {
			return e, false, err
		}
		s.block++
	}
	return s.batch[0], true, nil
}

func (s *stream[T]) pop() { s.batch = s.batch[1:] }
