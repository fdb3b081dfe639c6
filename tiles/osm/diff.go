package osm

import (
	"context"
	"slices"
)

// Changed lists elements by kind, ids rising.
type Changed struct{ Nodes, Ways, Relations []int64 }

// Diff lists the elements that differ between two bases in what they say, that
// is in place, nodes, members or tags, not in version and time: the made, the
// changed and the deleted. Blocks that both have are not read.
func Diff(ctx context.Context, old, new *Base) (Changed, error) {
	return diffs(ctx, old, new, func(a, b Meta) bool { return true })
}

// Edited is Diff with those that differ in version or time alone as well.
func Edited(ctx context.Context, old, new *Base) (Changed, error) {
	return diffs(ctx, old, new, func(a, b Meta) bool { return a == b })
}

func diffs(ctx context.Context, old, new *Base, as func(a, b Meta) bool) (c Changed, err error) {
	c.Nodes, err = diff(ctx, old, new, NodeKind, (*Base).ReadNodes, as, func(a, b Node) bool { return a.Point == b.Point })
	if err == nil {
		c.Ways, err = diff(ctx, old, new, WayKind, (*Base).ReadWays, as, func(a, b Way) bool { return slices.Equal(a.Nodes, b.Nodes) })
	}
	if err == nil {
		c.Relations, err = diff(ctx, old, new, RelationKind, (*Base).ReadRelations, as, func(a, b Relation) bool { return slices.Equal(a.Members, b.Members) })
	}
	return c, err
}

// diff lists the elements of one kind that only one base has, or that differ in
// their tags or by what as and same say.
func diff[T element](ctx context.Context, old, new *Base, kind MemberKind, read func(*Base, int) ([]T, error), as func(a, b Meta) bool, same func(a, b T) bool) (ids []int64, err error) {
	a := &stream[T]{ctx: ctx, base: old, kind: kind, read: read}
	b := &stream[T]{ctx: ctx, base: new, kind: kind, read: read}
	for {
		skipSame(a, b)
		was, inOld, err := a.peek()
		if err != nil {
			return nil, err
		}
		is, inNew, err := b.peek()
		if err != nil {
			return nil, err
		}
		switch {
		case !inOld && !inNew:
			return ids, nil
		case !inNew || inOld && was.key() < is.key():
			ids = append(ids, was.key())
			a.pop()
		case !inOld || is.key() < was.key():
			ids = append(ids, is.key())
			b.pop()
		default:
			before, then := was.facts()
			after, now := is.facts()
			if !same(was, is) || !as(then, now) || !slices.Equal(before, after) {
				ids = append(ids, is.key())
			}
			a.pop()
			b.pop()
		}
	}
}

// skipSame goes past blocks that two streams have in common, where both stand
// between two blocks.
func skipSame[T element](a, b *stream[T]) {
	if len(a.batch) > 0 || len(b.batch) > 0 {
		return
	}
	left, right := a.base.blocks[a.kind][a.block:], b.base.blocks[b.kind][b.block:]
	n := 0
	for n < min(len(left), len(right)) && left[n].same(right[n]) {
		n++
	}
	a.block += n
	b.block += n
}
