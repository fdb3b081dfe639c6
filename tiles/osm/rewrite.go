package osm

import (
	"cmp"
	"slices"
)

// changer changes one item: from what is there to what shall be there, each an
// item or none.
type changer[T item] interface {
	key() int64
	change(old []T) (new []T)
}

// rewrite writes the items of old with edits made, ids of edits rising. Blocks
// that no edit touches, and that begin where a block of the new base begins, are
// copied.
func rewrite[T item, E changer[T]](old *stream[T], edits []E, w *Writer, next *waiting[T], add func(T) error) error {
	for {
		if len(old.batch) == 0 && len(next.items) == 0 {
			if err := copyUntouched(old, edits, w); err != nil {
				return err
			}
		}
		e, ok, err := old.peek()
		if err != nil {
			return err
		}
		if !ok && len(edits) == 0 {
			return nil
		}
		if ok && (len(edits) == 0 || e.key() < edits[0].key()) {
			old.pop()
			if err := add(e); err != nil {
				return err
			}
			continue
		}
		var items []T
		if ok && e.key() == edits[0].key() {
			items = []T{e}
			old.pop()
		}
		for _, e := range edits[0].change(items) {
			if err := add(e); err != nil {
				return err
			}
		}
		edits = edits[1:]
	}
}

// copyUntouched copies the next blocks, up to one with an edit. An edit between
// two blocks, or after all, touches the block before.
func copyUntouched[T item, E changer[T]](old *stream[T], edits []E, w *Writer) error {
	blocks := old.base.blocks[old.kind][old.block:]
	n := len(blocks)
	if len(edits) > 0 {
		n = 0
		for n+1 < len(blocks) && blocks[n+1].first <= edits[0].key() {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	if old.copied != nil {
		for i := range n {
			if err := old.copied(old.base, old.block+i); err != nil {
				return err
			}
		}
	}
	old.block += n
	return w.copy(old.ctx, old.base, old.kind, blocks[:n])
}

// step is a way that joins a node, or leaves it.
type step struct {
	pair
	leaves bool
}

// appendSteps appends what a change of a way does to the nodes.
func appendSteps(steps []step, old, new []Way) []step {
	nodes := func(ways []Way) (nodes []int64) {
		for _, w := range ways {
			nodes = append(nodes, w.Nodes...)
		}
		slices.Sort(nodes)
		return slices.Compact(nodes)
	}
	was, is := nodes(old), nodes(new)
	var way int64
	for _, w := range slices.Concat(old, new) {
		way = w.ID
	}
	for len(was) > 0 || len(is) > 0 {
		switch {
		case len(is) == 0 || len(was) > 0 && was[0] < is[0]:
			steps = append(steps, step{pair{was[0], way}, true})
			was = was[1:]
		case len(was) == 0 || is[0] < was[0]:
			steps = append(steps, step{pair{is[0], way}, false})
			is = is[1:]
		default:
			was, is = was[1:], is[1:]
		}
	}
	return steps
}

// useEdit is what happens to the ways of one node.
type useEdit []step

// useEdits returns the steps by rising node.
func useEdits(steps []step) (edits []useEdit) {
	slices.SortFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.way, b.way))
	})
	for len(steps) > 0 {
		n := 1
		for n < len(steps) && steps[n].node == steps[0].node {
			n++
		}
		edits = append(edits, useEdit(steps[:n]))
		steps = steps[n:]
	}
	return edits
}

func (c useEdit) key() int64 { return c[0].node }

func (c useEdit) change(old []use) []use {
	var ways []int64
	for _, u := range old {
		ways = slices.Clone(u.ways)
	}
	for _, s := range c {
		at, there := slices.BinarySearch(ways, s.way)
		switch {
		case s.leaves && there:
			ways = slices.Delete(ways, at, at+1)
		case !s.leaves && !there:
			ways = slices.Insert(ways, at, s.way)
		}
	}
	if len(ways) == 0 {
		return nil
	}
	return []use{{c[0].node, ways}}
}
