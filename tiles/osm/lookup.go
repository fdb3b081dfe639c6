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
	value, err := b.cache.get(cacheKey{what, i}, func() (any, int, error) {
		elements, err := read(i)
		weight := 0
		for _, e := range elements {
			weight += e.weight()
		}
		return elements, weight, err
	})
	if err != nil {
		return found, false, err
	}
	elements := value.([]T)
	n := sort.Search(len(elements), func(n int) bool { return elements[n].key() >= id })
	if n == len(elements) || elements[n].key() != id {
		return found, false, nil
	}
	return elements[n], true, nil
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
	var (
		block = -1 // the block in hand
		in    *places
		near  int // where the last node was found
	)
	for _, id := range refs {
		if block < 0 || !b.within(block, id) {
			i := b.blockOf(NodeKind, id)
			if i < 0 {
				continue
			}
			p, err := b.placesOf(i)
			if err != nil {
				return err
			}
			block, in, near = i, p, 0
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
	value, err := b.cache.get(cacheKey{cachedPlaces, i}, func() (any, int, error) {
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
func (b *Base) blockOf(kind MemberKind, id int64) int {
	n, ok := slices.BinarySearch(b.firsts[kind], id)
	if ok {
		return n
	}
	return n - 1
}

// within reports whether block i would hold the node.
func (b *Base) within(i int, id int64) bool {
	firsts := b.firsts[NodeKind]
	return firsts[i] <= id && (i+1 == len(firsts) || id < firsts[i+1])
}
