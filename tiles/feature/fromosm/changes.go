package fromosm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// Depending adds to the elements in which two bases differ (see osm.Edited) those
// of the later one whose features depend on them.
func Depending(ctx context.Context, is *osm.Base, c osm.Changed) (osm.Changed, error) {
	through, err := is.WaysOf(ctx, c.Nodes)
	if err != nil {
		return c, fmt.Errorf("find what changes touch: %w", err)
	}
	ways := setOf(slices.Concat(c.Ways, through))
	relations := setOf(c.Relations)
	parents := make(map[int64][]int64) // of relations
	for i := range is.RelationBlocks() {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		all, err := is.Relations(i)
		if err != nil {
			return c, fmt.Errorf("find what changes touch: %w", err)
		}
		for _, r := range all {
			for _, m := range r.Members {
				switch {
				case m.Kind == osm.WayKind && ways[m.Ref]:
					relations[r.ID] = true
				case m.Kind == osm.RelationKind:
					parents[m.Ref] = append(parents[m.Ref], r.ID)
				}
			}
		}
	}
	for next := slices.Collect(maps.Keys(relations)); len(next) > 0; {
		var up []int64
		for _, id := range next {
			for _, parent := range parents[id] {
				if !relations[parent] {
					relations[parent] = true
					up = append(up, parent)
				}
			}
		}
		next = up
	}
	c.Ways, c.Relations = slices.Sorted(maps.Keys(ways)), slices.Sorted(maps.Keys(relations))
	return c, nil
}

func setOf(ids []int64) map[int64]bool {
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// IDs returns the ids that the features of elements have, if there are any.
func IDs(c osm.Changed) []string {
	var ids []string
	for kind, list := range [][]int64{osm.NodeKind: c.Nodes, osm.WayKind: c.Ways, osm.RelationKind: c.Relations} {
		for _, id := range list {
			ids = append(ids, Collection+"/"+sourceOf(osm.MemberKind(kind), id))
		}
	}
	return ids
}

// sourceOf names an element.
func sourceOf(kind osm.MemberKind, id int64) string {
	return kind.String() + "/" + strconv.FormatInt(id, 10)
}

// Some is Features for some elements alone, one after the other.
func Some(ctx context.Context, base *osm.Base, opts Options, of osm.Changed, yield func(*feature.Feature) error) (Stats, error) {
	m := &maker{base: base, opts: opts, yield: yield}
	err := each(ctx, of.Nodes, base.Node, m.node)
	if err == nil {
		err = each(ctx, of.Ways, base.Way, m.way)
	}
	if err == nil {
		err = each(ctx, of.Relations, base.Relation, m.relation)
	}
	if err != nil {
		return m.stats, fmt.Errorf("make features: %w", err)
	}
	return m.stats, nil
}

// each makes the features of those elements that there are.
func each[T any](ctx context.Context, ids []int64, find func(int64) (T, bool, error), make func(T) error) error {
	for _, id := range ids {
		e, ok, err := find(id)
		if err == nil && ok {
			err = make(e)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
