package osm

import (
	"slices"
	"sort"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Node returns the node with this id, false when there is none. Whoever asks for
// many elements asks by rising id: each block is then read once.
func (b *Base) Node(id int64) (Node, bool, error) {
	return lookup(b, NodeKind, cachedNodes, id, b.ReadNodes)
}

// Way returns the way with this id, false when there is none.
func (b *Base) Way(id int64) (Way, bool, error) {
	return lookup(b, WayKind, cachedWays, id, b.ReadWays)
}

// Relation returns the relation with this id, false when there is none.
func (b *Base) Relation(id int64) (Relation, bool, error) {
	return lookup(b, RelationKind, cachedRelations, id, b.ReadRelations)
}

func lookup[T element](b *Base, kind MemberKind, what cached, id int64, read func(int) ([]T, error)) (found T, ok bool, err error) {
	i := b.blockOf(kind, id)
	if i < 0 {
		return found, false, nil
	}
	elements, err := kept(b, kind, what, i, read)
	if err != nil {
		return found, false, err
	}
	found, ok = find(elements, id)
	return found, ok, nil
}

// kept returns the elements of a block, which stay in the cache.
func kept[T element](b *Base, kind MemberKind, what cached, i int, read func(int) ([]T, error)) ([]T, error) {
	value, err := b.cache.get(b.blocks[kind][i].cacheKey(what), func() (any, int, error) {
		elements, err := read(i)
		weight := 0
		for _, e := range elements {
			weight += e.weight()
		}
		return elements, weight, err
	})
	if err != nil {
		return nil, err
	}
	return value.([]T), nil
}

// Relations returns the relations of block i, ids rising, as ReadRelations does,
// and keeps them as lookups do: for who reads them again soon.
func (b *Base) Relations(i int) ([]Relation, error) {
	return kept(b, RelationKind, cachedRelations, i, b.ReadRelations)
}

// find finds an element among others that are sorted by id.
func find[T element](elements []T, id int64) (found T, ok bool) {
	n := sort.Search(len(elements), func(n int) bool { return elements[n].key() >= id })
	if n == len(elements) || elements[n].key() != id {
		return found, false
	}
	return elements[n], true
}

// wayShape returns a way without its facts.
func (b *Base) wayShape(id int64) (Way, bool, error) {
	if u := b.unpacked.Load(); u != nil {
		return u.way(id)
	}
	return lookup(b, WayKind, cachedShapes, id, b.readWayShapes)
}

// Points returns the locations of a way's nodes, in order. Nodes that the base
// has not are left out.
func (b *Base) Points(refs []int64) ([]cell.Point, error) {
	points := make([]cell.Point, 0, len(refs))
	err := b.locate(refs, func(_ int64, p cell.Point) { points = append(points, p) })
	return points, err
}

// locate calls found for each node that the base has, in order.
func (b *Base) locate(refs []int64, found func(id int64, p cell.Point)) error {
	if u := b.unpacked.Load(); u != nil {
		return u.locate(refs, found)
	}
	firsts := b.firsts[NodeKind]
	var (
		part = -1 // the block in hand
		in   *places
		near int // where the last node was found
	)
	for _, id := range refs {
		if part < 0 || id < firsts[part] || part+1 < len(firsts) && id >= firsts[part+1] {
			i := last(firsts, id)
			if i < 0 {
				continue
			}
			p, err := b.placesOf(i)
			if err != nil {
				return err
			}
			part, in, near = i, p, 0
		}
		if near+1 < len(in.ids) && in.ids[near+1] == id {
			near++
		} else if n, ok := slices.BinarySearch(in.ids, id); ok {
			near = n
		} else {
			continue
		}
		found(id, in.points[near])
	}
	return nil
}

func (b *Base) placesOf(i int) (*places, error) {
	value, err := b.cache.get(b.blocks[NodeKind][i].cacheKey(cachedPlaces), func() (any, int, error) {
		p, err := b.readPlaces(i)
		if err != nil {
			return nil, 0, err
		}
		return p, 16 * len(p.ids), nil
	})
	if err != nil {
		return nil, err
	}
	return value.(*places), nil
}

// blockOf returns the block that would hold the element, -1 when none.
func (b *Base) blockOf(kind MemberKind, id int64) int { return last(b.firsts[kind], id) }

// last returns the last part whose first id is not above id, -1 when none.
func last(firsts []int64, id int64) int {
	n, ok := slices.BinarySearch(firsts, id)
	if ok {
		return n
	}
	return n - 1
}
