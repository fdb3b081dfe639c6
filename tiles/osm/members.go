package osm

import "github.com/pannier-maps/pannier/tiles/cell"

// MemberWay is a way as a member of a relation, with the places of its nodes.
// Nodes and Points have the same length.
type MemberWay struct {
	ID     int64
	Role   string
	Nodes  []int64
	Points []cell.Point
}

// MemberWays returns the ways among a relation's members, in order. Ways and
// nodes that the base has not are left out.
func (b *Base) MemberWays(r Relation) ([]MemberWay, error) {
	var ways []MemberWay
	for _, m := range r.Members {
		if m.Kind != WayKind {
			continue
		}
		way, ok, err := b.wayShape(m.Ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		w := MemberWay{ID: way.ID, Role: m.Role}
		err = b.locate(way.Nodes, func(id int64, p cell.Point) {
			w.Nodes, w.Points = append(w.Nodes, id), append(w.Points, p)
		})
		if err != nil {
			return nil, err
		}
		ways = append(ways, w)
	}
	return ways, nil
}

// first and last are the ids of the way's ends.
func (w MemberWay) first() int64 { return w.Nodes[0] }
func (w MemberWay) last() int64  { return w.Nodes[len(w.Nodes)-1] }
func (w MemberWay) closed() bool { return len(w.Nodes) > 2 && w.first() == w.last() }

// vertex is a node with its place.
type vertex struct {
	id int64
	at cell.Point
}

func (w MemberWay) vertices() []vertex {
	v := make([]vertex, len(w.Nodes))
	for i := range v {
		v[i] = vertex{w.Nodes[i], w.Points[i]}
	}
	return v
}

func points(vertices []vertex) []cell.Point {
	p := make([]cell.Point, len(vertices))
	for i, v := range vertices {
		p[i] = v.at
	}
	return p
}
