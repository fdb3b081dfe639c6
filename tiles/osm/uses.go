package osm

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
)

// use says which ways run through a node, whether or not the base has the node.
// Ways rise.
type use struct {
	node int64
	ways []int64
}

func (u use) key() int64  { return u.node }
func (u use) weight() int { return 32 + 8*len(u.ways) }

func encodeUses(uses []use) []byte {
	dst := make([]byte, 0, 4*len(uses))
	last := int64(0)
	for _, u := range uses {
		dst = binary.AppendVarint(dst, u.node-last)
		last = u.node
	}
	for _, u := range uses {
		dst = binary.AppendUvarint(dst, uint64(len(u.ways)))
	}
	last = 0
	for _, u := range uses {
		for _, way := range u.ways {
			dst = binary.AppendVarint(dst, way-last)
			last = way
		}
	}
	return dst
}

func decodeUses(shape []byte, count int) ([]use, error) {
	c := column{data: shape}
	ids := c.ids(count)
	sizes, sum := c.sizes(len(ids))
	ways := make([]int64, sum)
	last := int64(0)
	for i := range ways {
		last += c.int()
		ways[i] = last
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	uses := make([]use, len(ids))
	for i, n := range sizes {
		uses[i] = use{ids[i], ways[:n:n]}
		if n == 0 || !rising(ways[:n]) {
			return nil, errBlock
		}
		ways = ways[n:]
	}
	return uses, nil
}

func rising(ids []int64) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i-1] >= ids[i] {
			return false
		}
	}
	return true
}

func (b *Base) readUses(i int) ([]use, error) {
	at := b.blocks[useSection][i]
	shape, err := b.readFrame(at.shape)
	if err != nil {
		return nil, err
	}
	uses, err := decodeUses(shape, at.count)
	if err != nil {
		return nil, b.corrupt(at.shape.offset, err.Error())
	}
	return uses, nil
}

// WaysOf returns the ids of the ways that run through any of the nodes, rising.
func (b *Base) WaysOf(ctx context.Context, nodes []int64) (ids []int64, err error) {
	nodes = slices.Clone(nodes)
	slices.Sort(nodes)
	in := -1 // the block in hand
	var uses []use
	for _, node := range slices.Compact(nodes) {
		i := b.blockOf(useSection, node)
		if i < 0 {
			continue
		}
		if i != in {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if uses, err = b.readUses(i); err != nil {
				return nil, err
			}
			in = i
		}
		at, ok := slices.BinarySearchFunc(uses, node, func(u use, id int64) int { return cmp.Compare(u.node, id) })
		if ok {
			ids = append(ids, uses[at].ways...)
		}
		uses = uses[at:]
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
