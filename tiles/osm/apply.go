package osm

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Action is what a change does.
type Action uint8

// The actions of an osmChange file.
const (
	CreateAction Action = iota
	ModifyAction
	DeleteAction
)

// Change is one step of an osmChange file. One of the pointers is set; for DeleteAction
// its element needs no more than an id and a version.
type Change struct {
	Action   Action
	Node     *Node
	Way      *Way
	Relation *Relation
}

// Weight returns the memory that Apply needs for the change, in bytes, roughly.
func (c Change) Weight() int {
	const place = 256 // in lists
	switch {
	case c.Node != nil:
		return place + c.Node.weight()
	case c.Way != nil:
		return place + c.Way.weight() + 64*len(c.Way.Nodes)
	case c.Relation != nil:
		return place + c.Relation.weight()
	}
	return place
}

// Applied counts what Apply did, in elements.
type Applied struct {
	Created  int64 // were not there
	Modified int64 // were there, and were replaced
	Deleted  int64
	Skipped  int64 // changes older than the base, or overtaken by a later change of the same list
	Missing  int64 // modifications and deletions of what the base has not; a modification puts it in
}

// Apply makes a new base of an old one and a list of changes, in any order. Of
// several changes of an element the highest version counts, of equal versions the
// later one. A change older than the element in the base is skipped; versions of
// 0 are unknown and never older. A header without bounds gets those of the nodes,
// for which they are all read.
//
// Blocks without a change are copied as they are. Memory is needed for the
// changes and some blocks.
func Apply(ctx context.Context, base *Base, changes []Change, out string, header Header) (done Applied, err error) {
	w, err := createPlain(out, header)
	if err != nil {
		return done, err
	}
	if err := apply(ctx, base, changes, w, &done); err != nil {
		return done, errors.Join(err, w.Abort())
	}
	return done, w.Finish()
}

func apply(ctx context.Context, base *Base, changes []Change, w *Writer, done *Applied) error {
	nodes := &edits[Node]{done: done}
	ways := &edits[Way]{done: done}
	relations := &edits[Relation]{done: done}
	var steps []step
	ways.changed = func(old, new []Way) { steps = appendSteps(steps, old, new) }
	for _, c := range changes {
		switch {
		case c.Node != nil:
			nodes.list = append(nodes.list, edit[Node]{nodes, *c.Node, c.Action})
		case c.Way != nil:
			ways.list = append(ways.list, edit[Way]{ways, *c.Way, c.Action})
		case c.Relation != nil:
			relations.list = append(relations.list, edit[Relation]{relations, *c.Relation, c.Action})
		}
	}
	read := stream[Node]{ctx: ctx, base: base, kind: NodeKind, read: (*Base).ReadNodes}
	if (w.header.Bounds == Box{}) {
		read.copied = w.extendBy
	}
	err := rewrite(&read, nodes.last(), w, &w.nodes, w.Node)
	if err == nil {
		err = rewrite(&stream[Way]{ctx: ctx, base: base, kind: WayKind, read: (*Base).ReadWays}, ways.last(), w, &w.ways, w.Way)
	}
	if err == nil {
		err = rewrite(&stream[Relation]{ctx: ctx, base: base, kind: RelationKind, read: (*Base).ReadRelations}, relations.last(), w, &w.relations, w.Relation)
	}
	if err == nil {
		err = rewrite(&stream[use]{ctx: ctx, base: base, kind: useSection, read: (*Base).readUses}, useEdits(steps), w, &w.uses, w.use)
	}
	return err
}

// extendBy extends the bounds by the nodes of a block.
func (w *Writer) extendBy(from *Base, block int) error {
	p, err := from.readPlaces(block)
	if err != nil {
		return err
	}
	for _, at := range p.points {
		w.extend(at)
	}
	return nil
}

// edits are the changes of one kind of element.
type edits[T element] struct {
	list    []edit[T]
	done    *Applied
	changed func(old, new []T) // if set, is told of each change; each slice has one element or none
}

// edit is a change of an element.
type edit[T element] struct {
	of      *edits[T]
	element T
	action  Action
}

// last returns the edits by rising id, one for each element.
func (all *edits[T]) last() []edit[T] {
	slices.SortStableFunc(all.list, func(a, b edit[T]) int {
		return cmp.Or(cmp.Compare(a.element.key(), b.element.key()), cmp.Compare(version(a.element), version(b.element)))
	})
	kept := all.list[:0]
	for i, e := range all.list {
		if i+1 == len(all.list) || all.list[i+1].element.key() != e.element.key() {
			kept = append(kept, e)
		} else {
			all.done.Skipped++
		}
	}
	return kept
}

func (c edit[T]) key() int64 { return c.element.key() }

// change returns what an element is after the change; no element is an empty slice.
func (c edit[T]) change(old []T) (new []T) {
	done := c.of.done
	switch {
	case len(old) == 0 && c.action == CreateAction:
		done.Created++
	case len(old) == 0:
		done.Missing++
	case version(c.element) != 0 && version(c.element) < version(old[0]):
		done.Skipped++
		return old
	case c.action == DeleteAction:
		done.Deleted++
	default:
		done.Modified++
	}
	if c.action != DeleteAction {
		new = []T{c.element}
	}
	if c.of.changed != nil {
		c.of.changed(old, new)
	}
	return new
}
