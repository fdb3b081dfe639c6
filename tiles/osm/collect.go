package osm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Collect makes a base of elements in any order: read is called with a Handler
// that takes them. Of several versions of an element the highest stays, of equal
// ones the later.
//
// Elements that come in order go straight into the file. The others wait in
// memory, are written to sorted files beside it when they fill it, and are merged
// in at the end. All that takes about memory bytes, as the system counts them, and
// some blocks for each core.
func Collect(ctx context.Context, path string, memory int, read func(Handler) error) error {
	w, err := create(path, Header{}, memory/4)
	if err != nil {
		return err
	}
	c := &collector{path: path, memory: memory, ordered: w}
	defer c.clean()
	if err := read(c.handler(ctx)); err != nil {
		return errors.Join(err, c.ordered.Abort())
	}
	return c.finish(ctx)
}

// collector is the state of Collect.
type collector struct {
	path    string
	memory  int
	header  Header
	ordered *Writer // what came in order

	late    lateElements
	runs    []string // sorted files, in the order of their arrival
	strings map[string]string
}

// lateElements came after others that should follow them.
type lateElements struct {
	nodes     []Node
	ways      []Way
	relations []Relation
	weight    int
}

func (c *collector) handler(ctx context.Context) Handler {
	return Handler{
		Header:    func(h Header) error { c.header = h; return nil },
		Nodes:     func(nodes []Node) error { return each(ctx, nodes, c.node) },
		Ways:      func(ways []Way) error { return each(ctx, ways, c.way) },
		Relations: func(relations []Relation) error { return each(ctx, relations, c.relation) },
	}
}

func each[T any](ctx context.Context, elements []T, add func(T) error) error {
	for _, e := range elements {
		if err := add(e); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *collector) node(n Node) error {
	if c.ordered.follows(NodeKind, n.ID) {
		return c.ordered.Node(n)
	}
	n.Tags = c.copyTags(n.Tags)
	c.late.nodes = append(c.late.nodes, n)
	return c.wait(n.weight())
}

func (c *collector) way(w Way) error {
	if c.ordered.follows(WayKind, w.ID) {
		return c.ordered.Way(w)
	}
	w.Tags, w.Nodes = c.copyTags(w.Tags), slices.Clone(w.Nodes)
	c.late.ways = append(c.late.ways, w)
	return c.wait(w.weight())
}

func (c *collector) relation(r Relation) error {
	if c.ordered.follows(RelationKind, r.ID) {
		return c.ordered.Relation(r)
	}
	r.Tags, r.Members = c.copyTags(r.Tags), slices.Clone(r.Members)
	for i := range r.Members {
		r.Members[i].Role = c.copyString(r.Members[i].Role)
	}
	c.late.relations = append(c.late.relations, r)
	return c.wait(r.weight())
}

// copyTags lets go of the batch that the tags came with.
func (c *collector) copyTags(tags Tags) Tags {
	tags = slices.Clone(tags)
	for i := range tags {
		tags[i] = Tag{c.copyString(tags[i].Key), c.copyString(tags[i].Value)}
	}
	return tags
}

func (c *collector) copyString(s string) string {
	if own, ok := c.strings[s]; ok {
		return own
	}
	if c.strings == nil {
		c.strings = make(map[string]string)
	}
	s = strings.Clone(s)
	c.strings[s] = s
	return s
}

func (c *collector) wait(weight int) error {
	c.late.weight += weight
	if c.late.weight < c.memory/4 { // lists grow by copying, and garbage waits to be collected
		return nil
	}
	return c.spill()
}

// spill writes the waiting elements to a file of their own.
func (c *collector) spill() error {
	path := fmt.Sprintf("%s.run%d", c.path, len(c.runs)+1)
	w, err := createPlain(path, Header{})
	if err != nil {
		return err
	}
	w.temp = true
	c.runs = append(c.runs, path)
	err = addSorted(c.late.nodes, w.Node)
	if err == nil {
		err = addSorted(c.late.ways, w.Way)
	}
	if err == nil {
		err = addSorted(c.late.relations, w.Relation)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	c.late, c.strings = lateElements{}, nil
	return w.Finish()
}

// addSorted adds the newest version of each element, by rising id.
func addSorted[T element](elements []T, add func(T) error) error {
	slices.SortStableFunc(elements, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.key(), b.key()), cmp.Compare(version(a), version(b)))
	})
	for i, e := range elements {
		if i+1 < len(elements) && elements[i+1].key() == e.key() {
			continue
		}
		if err := add(e); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) finish(ctx context.Context) error {
	if len(c.runs) == 0 && c.late.weight == 0 {
		c.ordered.SetHeader(c.header)
		return c.ordered.Finish()
	}
	first := c.path + ".run0"
	c.ordered.path, c.ordered.temp = first, true
	if err := c.ordered.Finish(); err != nil {
		return err
	}
	c.runs = slices.Insert(c.runs, 0, first)
	if err := c.spill(); err != nil {
		return err
	}
	at := max(2, min(c.memory/perStream, maxStreams))
	for round := 1; len(c.runs) > at; round++ {
		var fewer []string
		for i, batch := 0, c.runs; len(batch) > 0; i++ {
			n := min(at, len(batch))
			path := fmt.Sprintf("%s.merge%d-%d", c.path, round, i)
			w, err := createPlain(path, Header{})
			if err != nil {
				return err
			}
			w.temp = true
			if err := c.merge(ctx, batch[:n], w); err != nil {
				return err
			}
			fewer, batch = append(fewer, path), batch[n:]
			c.runs = slices.Concat(fewer, batch)
		}
	}
	w, err := create(c.path, c.header, c.memory/4)
	if err != nil {
		return err
	}
	return c.merge(ctx, c.runs, w)
}

// What is merged at a time.
const (
	perStream  = 2 << 20 // bytes of memory that reading a run may take
	maxStreams = 16
)

// merge merges runs and removes them.
func (c *collector) merge(ctx context.Context, runs []string, w *Writer) error {
	var sources []*Base
	defer func() {
		for _, b := range sources {
			b.Close()
			os.Remove(b.path)
		}
	}()
	for _, path := range runs {
		b, err := OpenBase(path, 0)
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		sources = append(sources, b)
	}
	return mergeInto(ctx, sources, w)
}

// clean removes the sorted files. One that stays is only a waste of space.
func (c *collector) clean() {
	for _, path := range c.runs {
		os.Remove(path)
	}
}
