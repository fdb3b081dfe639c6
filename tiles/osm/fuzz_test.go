package osm

import (
	"bytes"
	"reflect"
	"testing"
)

// FuzzBlock checks that no block makes the decoder panic, and that what decodes is
// the same after it was encoded and decoded again.
func FuzzBlock(f *testing.F) {
	w := makeWorld(60)
	f.Add(uint8(NodeKind), len(w.nodes), nodeShape(w.nodes), encodeFacts(w.nodes, nil))
	f.Add(uint8(WayKind), len(w.ways), wayShape(w.ways), encodeFacts(w.ways, nil))
	f.Add(uint8(RelationKind), len(w.relations), relationShape(w.relations), encodeFacts(w.relations, roles(w.relations)))
	uses := []use{{-5, []int64{3}}, {7, []int64{1, 3, 9}}}
	f.Add(uint8(useSection), len(uses), encodeUses(uses), []byte(nil))
	f.Fuzz(func(t *testing.T, kind uint8, count int, shape, facts []byte) {
		if count < 0 || count > maxBlockCount {
			return
		}
		switch MemberKind(kind) {
		case NodeKind:
			nodes, err := decodeNodes(shape, facts, count)
			if err != nil {
				return
			}
			again, err := decodeNodes(nodeShape(nodes), encodeFacts(nodes, nil), count)
			if err != nil || !reflect.DeepEqual(nodes, again) {
				t.Errorf("%v, got %v, want %v", err, again, nodes)
			}
		case WayKind:
			ways, err := decodeWays(shape, facts, count)
			if err != nil {
				return
			}
			again, err := decodeWays(wayShape(ways), encodeFacts(ways, nil), count)
			if err != nil || !reflect.DeepEqual(ways, again) {
				t.Errorf("%v, got %v, want %v", err, again, ways)
			}
		case RelationKind:
			relations, err := decodeRelations(shape, facts, count)
			if err != nil {
				return
			}
			again, err := decodeRelations(relationShape(relations), encodeFacts(relations, roles(relations)), count)
			if err != nil || !reflect.DeepEqual(relations, again) {
				t.Errorf("%v, got %v, want %v", err, again, relations)
			}
		case useSection:
			uses, err := decodeUses(shape, count)
			if err != nil {
				return
			}
			again, err := decodeUses(encodeUses(uses), count)
			if err != nil || !reflect.DeepEqual(uses, again) {
				t.Errorf("%v, got %v, want %v", err, again, uses)
			}
		}
	})
}

// FuzzIndex checks that a footer that decodes encodes to one that means the same.
func FuzzIndex(f *testing.F) {
	x := index{header: Header{Timestamp: 7, Source: "here"}}
	end := int64(len(magic))
	for k := range x.blocks {
		for i := range 3 {
			b := block{first: int64(i*10 - 5), count: 10 + k}
			for n, f := range b.frames(k) {
				*f = frame{offset: end, size: 100 - n, sum: sum{1, byte(i)}}
				end += int64(f.size)
			}
			x.blocks[k] = append(x.blocks[k], b)
		}
	}
	seed := x.encode()
	if got, err := decodeIndex(seed, end); err != nil || !reflect.DeepEqual(got, &x) {
		f.Fatalf("decodeIndex of a good footer = %+v, %v", got, err)
	}
	f.Add(seed, end)
	f.Fuzz(func(t *testing.T, footer []byte, end int64) {
		x, err := decodeIndex(footer, end)
		if err != nil {
			return
		}
		again, err := decodeIndex(x.encode(), end)
		if err != nil || !reflect.DeepEqual(x, again) || len(x.encode()) > len(footer) {
			t.Errorf("%v, got %+v, want %+v", err, again, x)
		}
	})
}

// FuzzGeometry checks that no relation makes the joining of ways panic, and that
// rings are closed.
func FuzzGeometry(f *testing.F) {
	f.Add([]byte("abcda\x00efghe"))
	f.Add([]byte("ab\x00bc\x00cda\x00cs"))
	f.Add([]byte("abcabc\x00\x00a\x00aa"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 200 {
			return
		}
		var ways []MemberWay
		for i, word := range bytes.Split(data, []byte{0}) {
			w := MemberWay{ID: int64(i), Role: []string{"", "inner", "forward", "backward"}[i%4]}
			for _, c := range word {
				w.Nodes = append(w.Nodes, int64(c))
				w.Points = append(w.Points, place(c))
			}
			ways = append(ways, w)
		}
		polygons, _ := AssembleMultipolygon(ways)
		for _, p := range polygons {
			for i, r := range p {
				if len(r) < 4 || r[0] != r[len(r)-1] || (area(r[:len(r)-1]) > 0) != (i == 0) {
					t.Errorf("bad ring %v", r)
				}
			}
		}
		box := Box{place('d'), place('d')}.extend(place('p')).extend(place('z'))
		sea, _ := AssembleCoast(ways, box)
		for _, p := range sea {
			for i, r := range p {
				if len(r) < 4 || r[0] != r[len(r)-1] || (area(r[:len(r)-1]) > 0) != (i == 0) {
					t.Errorf("bad ring of the sea %v", r)
				}
				for _, at := range r {
					if box.extend(at) != box {
						t.Errorf("sea at %v outside %v", at, box)
					}
				}
			}
		}
		for _, l := range JoinLines(ways) {
			if len(l) < 2 {
				t.Errorf("bad line %v", l)
			}
		}
	})
}
