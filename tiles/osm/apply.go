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
// 0 are unknown and never older. A header without bounds gets those of the nodes.
// The base is read as a stream: memory is needed
// for the changes and some blocks.
func Apply(ctx context.Context, base *Base, changes []Change, out string, header Header) (Applied, error) {
	var nodes []edit[Node]
	var ways []edit[Way]
	var relations []edit[Relation]
	for _, c := range changes {
		switch {
		case c.Node != nil:
			nodes = append(nodes, edit[Node]{*c.Node, c.Action})
		case c.Way != nil:
			ways = append(ways, edit[Way]{*c.Way, c.Action})
		case c.Relation != nil:
			relations = append(relations, edit[Relation]{*c.Relation, c.Action})
		}
	}
	var done Applied
	w, err := Create(out, header)
	if err != nil {
		return done, err
	}
	err = apply(&stream[Node]{ctx: ctx, base: base, kind: NodeKind, read: (*Base).ReadNodes}, nodes, w.Node, &done)
	if err == nil {
		err = apply(&stream[Way]{ctx: ctx, base: base, kind: WayKind, read: (*Base).ReadWays}, ways, w.Way, &done)
	}
	if err == nil {
		err = apply(&stream[Relation]{ctx: ctx, base: base, kind: RelationKind, read: (*Base).ReadRelations}, relations, w.Relation, &done)
	}
	if err != nil {
		return done, errors.Join(err, w.Abort())
	}
	return done, w.Finish()
}

// edit is a change of one kind of element.
type edit[T element] struct {
	element T
	action  Action
}

// last returns the edits by rising id, one for each element.
func last[T element](edits []edit[T]) []edit[T] {
	slices.SortStableFunc(edits, func(a, b edit[T]) int {
		return cmp.Or(cmp.Compare(a.element.key(), b.element.key()), cmp.Compare(version(a.element), version(b.element)))
	})
	kept := edits[:0]
	for i, e := range edits {
		if i+1 == len(edits) || edits[i+1].element.key() != e.element.key() {
			kept = append(kept, e)
		}
	}
	return kept
}

func apply[T element](old *stream[T], edits []edit[T], add func(T) error, done *Applied) error {
	all := len(edits)
	edits = last(edits)
	done.Skipped += int64(all - len(edits))
	for {
		e, ok, err := old.peek()
		if err != nil {
			return err
		}
		if !ok && len(edits) == 0 {
			return nil
		}
		switch {
		case len(edits) == 0 || ok && e.key() < edits[0].element.key():
			old.pop()
			if err := add(e); err != nil {
				return err
			}
			continue
		case !ok || e.key() > edits[0].element.key():
			err = edits[0].insert(add, done)
		default:
			old.pop()
			err = edits[0].replace(e, add, done)
		}
		if err != nil {
			return err
		}
		edits = edits[1:]
	}
}

// insert makes the change of an element that the base has not.
func (c edit[T]) insert(add func(T) error, done *Applied) error {
	if c.action == CreateAction {
		done.Created++
	} else {
		done.Missing++
	}
	if c.action == DeleteAction {
		return nil
	}
	return add(c.element)
}

// replace makes the change of an element that the base has.
func (c edit[T]) replace(old T, add func(T) error, done *Applied) error {
	if v := version(c.element); v != 0 && v < version(old) {
		done.Skipped++
		return add(old)
	}
	if c.action == DeleteAction {
		done.Deleted++
		return nil
	}
	done.Modified++
	return add(c.element)
}
