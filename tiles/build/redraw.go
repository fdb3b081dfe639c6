package build

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// mostChanged is the part of the elements, one in so many, up to which redrawing
// the changed ones is less work than drawing all.
const mostChanged = 3

// Redraw makes the drawing of a base from that of an earlier one, was; said are
// the elements in which they differ, see osm.Diff. It draws what changed as it was
// and as it is: what these differ in changes the tiles,
// all else is taken over. The file has the same cells as one that Draw makes, and
// is drawn so where much changed or the old one is damaged. Stats are about the
// tiles that are made anew.
func Redraw(ctx context.Context, old *Drawing, was, base *osm.Base, said osm.Changed, opts Options, path string) (Stats, error) {
	opts.setDefaults()
	if was.ID() != old.base {
		return Stats{}, fmt.Errorf("redraw: %w: it is not of the earlier base", ErrStale)
	}
	c, err := findChanges(ctx, was, base, said)
	if err != nil {
		return Stats{}, fmt.Errorf("redraw: %w", err)
	}
	nodes, ways, relations := base.Counts()
	if int64(c.len())*mostChanged > nodes+ways+relations {
		return Draw(ctx, base, opts, path)
	}
	stats, err := c.redraw(ctx, old, opts, path)
	if errors.Is(err, ErrDamaged) {
		return Draw(ctx, base, opts, path)
	}
	if err != nil {
		return Stats{}, fmt.Errorf("redraw: %w", err)
	}
	stats.Changed = int64(c.len())
	return stats, nil
}

// redraw writes the drawing.
func (c *changes) redraw(ctx context.Context, old *Drawing, opts Options, path string) (stats Stats, err error) {
	half := opts
	half.MemoryBytes /= 2
	sorters := [2]*sorter{newSorter(half), newSorter(half)}
	defer func() { err = errors.Join(err, sorters[0].close(), sorters[1].close()) }()
	was, is := newSource(c.was.base, opts, c.was.members), newSource(c.is.base, opts, c.is.members)
	for i, src := range []*source{was, is} {
		if err := c.cut(ctx, src, opts, sorters[i]); err != nil {
			return Stats{}, err
		}
	}
	sea, err := c.ocean(ctx, old.sea, was, is, opts, sorters)
	if err != nil {
		return Stats{}, err
	}
	d, err := newDiffer(sorters)
	if err != nil {
		return Stats{}, err
	}
	w, err := newDrawer(path, c.is.base, opts, old)
	if err != nil {
		return Stats{}, err
	}
	err = encodeTiles(ctx, opts, sorters[0].records+sorters[1].records, old, d.next, w.draw)
	found := findings{sea, is.broken.sorted(old.broken, c.relations)}
	if err := w.finish(found, err); err != nil {
		return Stats{}, err
	}
	w.stats.Spilled, w.stats.Coast, w.stats.Broken = sorters[0].written+sorters[1].written, found.sea.problems, found.broken
	return w.stats, nil
}

// chunk is the number of elements that a worker takes at a time.
const chunk = 64

// cut turns the changed elements that a base has into records.
func (c *changes) cut(ctx context.Context, src *source, opts Options, s *sorter) error {
	type job struct {
		kind osm.MemberKind
		ids  []int64
	}
	var jobs []job
	for kind, ids := range [][]int64{osm.NodeKind: c.nodes, osm.WayKind: c.ways, osm.RelationKind: c.relations} {
		for part := range slices.Chunk(ids, chunk) {
			jobs = append(jobs, job{osm.MemberKind(kind), part})
		}
	}
	p := progress{tell: opts.Progress, stage: "changes", total: int64(len(jobs))}
	return src.each(ctx, opts.Workers, len(jobs), s, func(ctx context.Context, w *worker, i int) error {
		defer p.add(1)
		for _, id := range jobs[i].ids {
			if err := w.element(ctx, jobs[i].kind, id); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// element draws an element if the base has it.
func (w *worker) element(ctx context.Context, kind osm.MemberKind, id int64) error {
	switch kind {
	case osm.NodeKind:
		if n, ok, err := w.base.Node(id); err != nil || ok {
			return errors.Join(err, w.node(ctx, &n))
		}
	case osm.WayKind:
		if way, ok, err := w.base.Way(id); err != nil || ok {
			return errors.Join(err, w.way(ctx, &way))
		}
	case osm.RelationKind:
		if r, ok, err := w.base.Relation(id); err != nil || ok {
			return errors.Join(err, w.relation(ctx, &r))
		}
	}
	return nil
}

// ocean draws the sea as it was and as it is when its coast changed.
func (c *changes) ocean(ctx context.Context, old shore, was, is *source, opts Options, sorters [2]*sorter) (shore, error) {
	kept := slices.DeleteFunc(slices.Clone(old.ways), func(id int64) bool {
		_, changed := slices.BinarySearch(c.ways, id)
		return changed
	})
	if opts.Water != nil || len(kept) == len(old.ways) && len(is.coast.ways) == 0 {
		return old, nil
	}
	if _, err := newWorker(was, sorters[0]).ocean(ctx, opts, slices.Clone(old.ways)); err != nil {
		return shore{}, err
	}
	return newWorker(is, sorters[1]).ocean(ctx, opts, append(kept, is.coast.ways...))
}

// differ yields the tiles in which two sets of records differ.
type differ struct {
	mergers [2]*merger
	heads   [2][]record // records of the next tile of each, none at the end
}

func newDiffer(sorters [2]*sorter) (*differ, error) {
	d := new(differ)
	for i, s := range sorters {
		var err error
		if d.mergers[i], err = s.merge(); err != nil {
			return nil, err
		}
		if d.heads[i], err = d.mergers[i].tile(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// next returns what is to be done in the next tile, nil at the end.
func (d *differ) next() (*task, error) {
	weight := 0
	for len(d.heads[0])+len(d.heads[1]) > 0 {
		at := ^place(0)
		for _, head := range d.heads {
			if len(head) > 0 {
				at = min(at, head[0].place)
			}
		}
		var sides [2][]record
		for i, head := range d.heads {
			if len(head) == 0 || head[0].place != at {
				continue
			}
			sides[i] = head
			weight += len(head)
			var err error
			if d.heads[i], err = d.mergers[i].tile(); err != nil {
				return nil, err
			}
		}
		if less, more := cancel(sides[0], sides[1]); len(less)+len(more) > 0 {
			return &task{place: at, less: less, more: more, weight: weight}, nil
		}
	}
	return nil, nil
}

// cancel takes out the records that both sides have. Both are in order.
func cancel(a, b []record) (less, more []record) {
	for len(a) > 0 && len(b) > 0 {
		switch c := a[0].compare(&b[0]); {
		case c < 0:
			less, a = append(less, a[0]), a[1:]
		case c > 0:
			more, b = append(more, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return append(less, a...), append(more, b...)
}

// amend returns the records of a tile after a task.
func (d *Drawing) amend(t *task) ([]record, error) {
	var had []record
	if at := d.find(t.place); at != nil {
		var err error
		if had, err = d.recordsOf(*at); err != nil {
			return nil, err
		}
	}
	missing, kept := cancel(t.less, had)
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: tile %s lacks records", ErrDamaged, t.place.tile())
	}
	records := make([]record, 0, len(kept)+len(t.more))
	for more := t.more; ; {
		switch {
		case len(more) == 0:
			return append(records, kept...), nil
		case len(kept) > 0 && kept[0].compare(&more[0]) <= 0:
			records, kept = append(records, kept[0]), kept[1:]
		default:
			records, more = append(records, more[0]), more[1:]
		}
	}
}
