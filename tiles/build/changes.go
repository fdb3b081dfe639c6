package build

import (
	"cmp"
	"context"
	"slices"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// changes are the elements that may be drawn otherwise in one base than in
// another, ids rising: those that differ, and those that depend on them.
type changes struct {
	nodes, ways, relations []int64
	was, is                side
}

// side is one of the bases, with the routes and boundaries that changed ways are
// members of.
type side struct {
	base    *osm.Base
	members *members
}

func (c *changes) len() int { return len(c.nodes) + len(c.ways) + len(c.relations) }

// findChanges finds what depends on the elements in which two bases differ.
func findChanges(ctx context.Context, was, is *osm.Base, said osm.Changed) (*changes, error) {
	// A way that went through a node before and does not now says so itself, so
	// that the new base alone tells what depends on what. The same holds for relations.
	through, err := is.WaysOf(ctx, said.Nodes)
	if err != nil {
		return nil, err
	}
	c := &changes{nodes: said.Nodes, was: side{was, newMembers()}, is: side{is, newMembers()}}
	ways := setOf(said.Ways, through) // that run otherwise
	attributed := setOf(said.Ways, through)
	changed := setOf(said.Relations)
	relations := setOf(said.Relations)
	var before, after []osm.Relation // routes and boundaries, as far as they matter
	for _, id := range said.Relations {
		old, inOld, err := was.Relation(id)
		if err != nil {
			return nil, err
		}
		now, inNew, err := is.Relation(id)
		if err != nil {
			return nil, err
		}
		if inOld {
			before = append(before, old)
		}
		if inNew {
			after = append(after, now)
		}
		for _, way := range lentTo(&old, &now) {
			attributed[way] = true
		}
	}
	for i := range is.RelationBlocks() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all, err := is.Relations(i)
		if err != nil {
			return nil, err
		}
		for j := range all {
			r := &all[j]
			if changed[r.ID] {
				continue
			}
			if isArea(r) && hasMember(r, ways) {
				relations[r.ID] = true
			}
			if lends(r) && hasMember(r, attributed) {
				before, after = append(before, *r), append(after, *r)
			}
		}
	}
	c.was.members.addAll(before)
	c.is.members.addAll(after)
	c.ways, c.relations = sorted(attributed), sorted(relations)
	return c, nil
}

// lentTo returns the ways whose attributes change with a relation.
func lentTo(old, now *osm.Relation) (ways []int64) {
	a, b := newMembers(), newMembers()
	a.add(old)
	b.add(now)
	same := slices.Equal(old.Tags, now.Tags)
	for _, lent := range [][2]map[int64][]part{{a.routes, b.routes}, {a.boundaries, b.boundaries}, {b.routes, a.routes}, {b.boundaries, a.boundaries}} {
		for way, parts := range lent[0] {
			if !same || !slices.Equal(parts, lent[1][way]) {
				ways = append(ways, way)
			}
		}
	}
	return ways
}

func hasMember(r *osm.Relation, ways map[int64]bool) bool {
	return slices.ContainsFunc(r.Members, func(m osm.Member) bool { return m.Kind == osm.WayKind && ways[m.Ref] })
}

// addAll adds relations in the order of their ids, as a base has them.
func (m *members) addAll(relations []osm.Relation) {
	slices.SortFunc(relations, func(a, b osm.Relation) int { return cmp.Compare(a.ID, b.ID) })
	for i := range relations {
		m.add(&relations[i])
	}
}

func setOf(lists ...[]int64) map[int64]bool {
	set := make(map[int64]bool)
	for _, list := range lists {
		for _, id := range list {
			set[id] = true
		}
	}
	return set
}

func sorted(set map[int64]bool) []int64 {
	ids := make([]int64, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
