package osm

import (
	"encoding/binary"
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// column reads the numbers of a frame one after another. After a fault it gives
// zeros and stays bad.
type column struct {
	data []byte
	bad  bool
}

func (c *column) uint() uint64 {
	if len(c.data) > 0 && c.data[0] < 0x80 {
		v := uint64(c.data[0])
		c.data = c.data[1:]
		return v
	}
	v, n := binary.Uvarint(c.data)
	if n <= 0 {
		c.bad, c.data = true, nil
		return 0
	}
	c.data = c.data[n:]
	return v
}

func (c *column) int() int64 {
	v := c.uint()
	return int64(v>>1) ^ -int64(v&1)
}

// size reads a count of things that take at least one byte each.
func (c *column) size() int {
	v := c.uint()
	if v > uint64(len(c.data)) {
		c.bad, c.data = true, nil
		return 0
	}
	return int(v)
}

// sizes reads n counts and returns them with their sum.
func (c *column) sizes(n int) (sizes []int, sum int) {
	sizes = make([]int, n)
	for i := range sizes {
		sizes[i] = c.size()
		sum += sizes[i]
	}
	if sum > len(c.data) {
		c.bad, c.data = true, nil
		return make([]int, n), 0
	}
	return sizes, sum
}

func (c *column) bytes(n int) []byte {
	if n > len(c.data) {
		c.bad, c.data = true, nil
		return nil
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

// end reports whether everything was read and nothing was wrong.
func (c *column) end() error {
	if c.bad || len(c.data) != 0 {
		return errBlock
	}
	return nil
}

// ids reads n ids, which must rise.
func (c *column) ids(n int) []int64 {
	if n > len(c.data) {
		c.bad, n = true, 0
	}
	ids := make([]int64, n)
	last := int64(0)
	for i := range ids {
		id := last + c.int()
		if i > 0 && id <= last {
			c.bad = true
		}
		ids[i], last = id, id
	}
	return ids
}

// places are the ids and locations of a block of nodes.
type places struct {
	ids    []int64
	points []cell.Point
}

func decodePlaces(shape []byte, count int) (*places, error) {
	c := column{data: shape}
	p := &places{ids: c.ids(count)}
	if c.bad {
		return nil, errBlock
	}
	p.points = make([]cell.Point, count)
	v := int64(0)
	for i := range p.points {
		v += c.int()
		p.points[i].LonE7 = c.int32(v)
	}
	v = 0
	for i := range p.points {
		v += c.int()
		p.points[i].LatE7 = c.int32(v)
	}
	return p, c.end()
}

func (c *column) int32(v int64) int32 {
	if v < math.MinInt32 || v > math.MaxInt32 {
		c.bad = true
		return 0
	}
	return int32(v)
}

func decodeNodes(shape, facts []byte, count int) ([]Node, error) {
	p, err := decodePlaces(shape, count)
	if err != nil {
		return nil, err
	}
	nodes := make([]Node, count)
	f := openFacts(facts, count)
	for i := range nodes {
		nodes[i] = Node{ID: p.ids[i], Point: p.points[i], Tags: f.tags[i], Meta: f.metas[i]}
	}
	return nodes, f.end()
}

func decodeWays(shape, facts []byte, count int) ([]Way, error) {
	ways, err := decodeWayShapes(shape, count)
	if err != nil {
		return nil, err
	}
	f := openFacts(facts, count)
	for i := range ways {
		ways[i].Tags, ways[i].Meta = f.tags[i], f.metas[i]
	}
	return ways, f.end()
}

// decodeWayShapes returns ways without their facts.
func decodeWayShapes(shape []byte, count int) ([]Way, error) {
	c := column{data: shape}
	ids := c.ids(count)
	sizes, sum := c.sizes(len(ids))
	refs := make([]int64, sum)
	last := int64(0)
	for i := range refs {
		last += c.int()
		refs[i] = last
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	ways := make([]Way, count)
	for i, n := range sizes {
		ways[i] = Way{ID: ids[i], Nodes: refs[:n:n]}
		refs = refs[n:]
	}
	return ways, nil
}

func decodeRelations(shape, facts []byte, count int) ([]Relation, error) {
	c := column{data: shape}
	ids := c.ids(count)
	sizes, sum := c.sizes(len(ids))
	members := make([]Member, sum)
	for i, k := range c.bytes(sum) {
		if k >= kinds {
			return nil, errBlock
		}
		members[i].Kind = MemberKind(k)
	}
	var last [kinds]int64
	for i := range members {
		m := &members[i]
		last[m.Kind] += c.int()
		m.Ref = last[m.Kind]
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	relations := make([]Relation, count)
	f := openFacts(facts, count)
	for i := range members {
		members[i].Role = f.string()
	}
	for i, n := range sizes {
		relations[i] = Relation{ID: ids[i], Members: members[:n:n], Tags: f.tags[i], Meta: f.metas[i]}
		members = members[n:]
	}
	return relations, f.end()
}

// factReader reads a facts frame; what stays unread are the roles.
type factReader struct {
	column
	strings []string
	tags    []Tags
	metas   []Meta
}

func openFacts(facts []byte, count int) *factReader {
	f := &factReader{column: column{data: facts}, tags: make([]Tags, count), metas: make([]Meta, count)}
	lengths, sum := f.sizes(f.size())
	text := string(f.bytes(sum))
	f.strings = make([]string, len(lengths))
	for i, n := range lengths {
		f.strings[i], text = text[:n], text[n:]
	}
	for i := range f.metas {
		f.metas[i].Version = f.int32(f.int())
	}
	last := int64(0)
	for i := range f.metas {
		last += f.int()
		f.metas[i].Timestamp = last
	}
	sizes, sum := f.sizes(count)
	tags := make(Tags, sum)
	for i := range tags {
		tags[i] = Tag{Key: f.string(), Value: f.string()}
	}
	for i, n := range sizes {
		if n > 0 {
			f.tags[i] = tags[:n:n]
			tags = tags[n:]
		}
	}
	return f
}

func (f *factReader) string() string {
	n := f.uint()
	if n >= uint64(len(f.strings)) {
		f.bad = true
		return ""
	}
	return f.strings[n]
}
