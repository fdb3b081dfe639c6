package osm

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Limits of a block.
const (
	maxBlockCount = 1 << 16  // elements
	maxFrame      = 16 << 20 // bytes of a frame, uncompressed
)

// A block is two frames. The shape has ids and what the elements are made of,
// column by column; the facts have versions, times, tags and roles, with their
// strings in a table. So that a node's place can be looked up without touching
// any string.

func appendIDs[T element](dst []byte, elements []T) []byte {
	last := int64(0)
	for _, e := range elements {
		dst = binary.AppendVarint(dst, e.key()-last)
		last = e.key()
	}
	return dst
}

func nodeShape(nodes []Node) []byte {
	dst := appendIDs(make([]byte, 0, 8*len(nodes)), nodes)
	last := cell.Point{}
	for _, n := range nodes {
		dst = binary.AppendVarint(dst, int64(n.Point.LonE7)-int64(last.LonE7))
		last = n.Point
	}
	last = cell.Point{}
	for _, n := range nodes {
		dst = binary.AppendVarint(dst, int64(n.Point.LatE7)-int64(last.LatE7))
		last = n.Point
	}
	return dst
}

func wayShape(ways []Way) []byte {
	dst := appendIDs(nil, ways)
	for _, w := range ways {
		dst = binary.AppendUvarint(dst, uint64(len(w.Nodes)))
	}
	last := int64(0)
	for _, w := range ways {
		for _, ref := range w.Nodes {
			dst = binary.AppendVarint(dst, ref-last)
			last = ref
		}
	}
	return dst
}

func relationShape(relations []Relation) []byte {
	dst := appendIDs(nil, relations)
	for _, r := range relations {
		dst = binary.AppendUvarint(dst, uint64(len(r.Members)))
	}
	for _, r := range relations {
		for _, m := range r.Members {
			dst = append(dst, byte(m.Kind))
		}
	}
	var last [kinds]int64
	for _, r := range relations {
		for _, m := range r.Members {
			dst = binary.AppendVarint(dst, m.Ref-last[m.Kind])
			last[m.Kind] = m.Ref
		}
	}
	return dst
}

// encodeFacts returns the facts of elements and the roles of their members.
func encodeFacts[T element](elements []T, roles []string) []byte {
	var table stringTable
	tags := make([]int, 0, len(elements)) // string numbers, a key and a value each
	for _, e := range elements {
		t, _ := e.facts()
		for _, tag := range t {
			tags = append(tags, table.add(tag.Key), table.add(tag.Value))
		}
	}
	members := make([]int, 0, len(roles))
	for _, role := range roles {
		members = append(members, table.add(role))
	}

	dst, numbers := table.appendTo(make([]byte, 0, 8*len(elements)))
	for _, e := range elements {
		_, meta := e.facts()
		dst = binary.AppendVarint(dst, int64(meta.Version))
	}
	last := int64(0)
	for _, e := range elements {
		_, meta := e.facts()
		dst = binary.AppendVarint(dst, meta.Timestamp-last)
		last = meta.Timestamp
	}
	for _, e := range elements {
		t, _ := e.facts()
		dst = binary.AppendUvarint(dst, uint64(len(t)))
	}
	for _, s := range tags {
		dst = binary.AppendUvarint(dst, numbers[s])
	}
	for _, s := range members {
		dst = binary.AppendUvarint(dst, numbers[s])
	}
	return dst
}

// stringTable numbers strings in the order of their first use.
type stringTable struct {
	number map[string]int
	list   []string
	uses   []int
}

func (t *stringTable) add(s string) int {
	n, ok := t.number[s]
	if !ok {
		if t.number == nil {
			t.number = make(map[string]int)
		}
		n = len(t.list)
		t.number[s] = n
		t.list = append(t.list, s)
		t.uses = append(t.uses, 0)
	}
	t.uses[n]++
	return n
}

// appendTo writes the table, the most used strings first, and returns the number
// in the file of each string.
func (t *stringTable) appendTo(dst []byte) (_ []byte, numbers []uint64) {
	order := make([]int, len(t.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.uses[b], t.uses[a]), cmp.Compare(t.list[a], t.list[b]))
	})
	numbers = make([]uint64, len(order))
	dst = binary.AppendUvarint(dst, uint64(len(order)))
	for n, i := range order {
		numbers[i] = uint64(n)
		dst = binary.AppendUvarint(dst, uint64(len(t.list[i])))
	}
	for _, i := range order {
		dst = append(dst, t.list[i]...)
	}
	return dst, numbers
}

var errBlock = errors.New("bad block")
