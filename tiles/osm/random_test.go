package osm

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// TestRandomChanges makes change after change, and holds each base against one
// that is written afresh, Diff against a comparison of all elements, and WaysOf
// against a look at all ways.
func TestRandomChanges(t *testing.T) {
	t.Run("real blocks", func(t *testing.T) { testRandomChanges(t, 20000) })
	t.Run("blocks that often are full", func(t *testing.T) {
		defer func(was [sections]sizes) { sizesOf = was }(sizesOf)
		sizesOf = [sections]sizes{{5, 20, 16}, {1, 10, 8}, {3, 4, 64}, {10, 11, 16}}
		testRandomChanges(t, 2000)
	})
}

func testRandomChanges(t *testing.T, n int) {
	random := rand.New(rand.NewPCG(5, 6))
	folder, ctx := t.TempDir(), context.Background()
	w := makeWorld(n)
	base := w.write(t, filepath.Join(folder, "base"))
	for round := range 12 {
		was := w
		changes := w.change(random, []int{0, 1, 5, 300}[round%4])
		out := filepath.Join(folder, "next")
		if _, err := Apply(ctx, base, changes, out, base.Header()); err != nil {
			t.Fatal(err)
		}
		wantBounds := Header{Timestamp: 5, Sequence: 6, Source: "test", Bounds: base.Header().Bounds}
		afresh := filepath.Join(folder, "afresh")
		if err := w.packAs(afresh, wantBounds); err != nil {
			t.Fatal(err)
		}
		sameFile(t, out, afresh)
		next := open(t, out)
		if got := read(t, next); !reflect.DeepEqual(got, w) {
			t.Fatalf("round %d: Apply made other elements", round)
		}
		got, err := Diff(ctx, base, next)
		if want := compare(was, w); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: Diff = %v, %v, want %v", round, got, err, want)
		}
		nodes := append(slices.Clone(got.Nodes), w.nodes[random.IntN(len(w.nodes))].ID)
		ways, err := next.WaysOf(ctx, nodes)
		if want := w.waysOf(nodes); err != nil || !slices.Equal(ways, want) {
			t.Fatalf("round %d: WaysOf = %v, %v, want %v", round, ways, err, want)
		}
		base = next
		if err := os.Rename(out, filepath.Join(folder, "base")); err != nil {
			t.Fatal(err)
		}
	}
}

// change edits n elements of each kind and returns what it did.
func (w *world) change(random *rand.Rand, n int) (changes []Change) {
	nodes, ways, relations := byID(w.nodes), byID(w.ways), byID(w.relations)
	done := map[[2]int64]bool{}                                                                 // kind and id: each is changed once
	anyNode := func() int64 { return w.nodes[random.IntN(len(w.nodes))].ID + random.Int64N(2) } // or one that is not there
	for range n {
		id := anyNode()
		node := Node{ID: id, Point: nodes[id].Point, Tags: nodes[id].Tags, Meta: Meta{Version: nodes[id].Meta.Version + 1}}
		c := Change{Action: ModifyAction, Node: &node}
		switch random.IntN(4) {
		case 0:
			node.Point.LonE7++
		case 1:
			node.Tags = Tags{{"seen", "yes"}}
		case 2: // says the same
		case 3:
			c.Action = DeleteAction
		}
		if key := [2]int64{0, id}; !done[key] {
			done[key] = true
			changes = append(changes, c)
			put(nodes, node, c.Action)
		}
	}
	for range n {
		id := int64(random.IntN(3 * len(w.ways)))
		way := Way{ID: id, Nodes: slices.Clone(ways[id].Nodes), Tags: ways[id].Tags, Meta: Meta{Version: ways[id].Meta.Version + 1}}
		c := Change{Action: ModifyAction, Way: &way}
		switch random.IntN(4) {
		case 0:
			way.Nodes = append(way.Nodes, anyNode(), anyNode())
		case 1:
			way.Nodes = append([]int64{anyNode()}, way.Nodes[min(2, len(way.Nodes)):]...)
		case 2:
			way.Tags = Tags{{"highway", "track"}}
		case 3:
			c.Action = DeleteAction
		}
		if len(way.Nodes) == 0 {
			way.Nodes = []int64{anyNode()}
		}
		if key := [2]int64{1, id}; !done[key] {
			done[key] = true
			changes = append(changes, c)
			put(ways, way, c.Action)
		}
	}
	for range n {
		id := int64(random.IntN(len(w.relations) + 5))
		r := Relation{ID: id, Members: []Member{{WayKind, int64(random.IntN(100)), "outer"}}, Meta: Meta{Version: relations[id].Meta.Version + 1}}
		c := Change{Action: Action(random.IntN(3)), Relation: &r}
		if key := [2]int64{2, id}; !done[key] {
			done[key] = true
			changes = append(changes, c)
			put(relations, r, c.Action)
		}
	}
	w.nodes, w.ways, w.relations = sortedByID(nodes), sortedByID(ways), sortedByID(relations)
	return changes
}

func put[T element](all map[int64]T, e T, action Action) {
	if delete(all, e.key()); action != DeleteAction {
		all[e.key()] = e
	}
}

func byID[T element](list []T) map[int64]T {
	all := make(map[int64]T, len(list))
	for _, e := range list {
		all[e.key()] = e
	}
	return all
}

func sortedByID[T element](all map[int64]T) (list []T) {
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[id])
	}
	return list
}

// compare is Diff the long way.
func compare(a, b world) Changed {
	return Changed{
		differing(a.nodes, b.nodes, func(n Node) Node { n.Meta = Meta{}; return n }),
		differing(a.ways, b.ways, func(w Way) Way { w.Meta = Meta{}; return w }),
		differing(a.relations, b.relations, func(r Relation) Relation { r.Meta = Meta{}; return r }),
	}
}

func differing[T element](a, b []T, plain func(T) T) (ids []int64) {
	old := byID(a)
	for _, e := range b {
		if o, ok := old[e.key()]; !ok || !reflect.DeepEqual(plain(o), plain(e)) {
			ids = append(ids, e.key())
		}
		delete(old, e.key())
	}
	ids = slices.AppendSeq(ids, maps.Keys(old))
	slices.Sort(ids)
	return ids
}

func (w world) waysOf(nodes []int64) (ids []int64) {
	for _, way := range w.ways {
		if slices.ContainsFunc(way.Nodes, func(id int64) bool { return slices.Contains(nodes, id) }) {
			ids = append(ids, way.ID)
		}
	}
	return ids
}

func sameFile(t *testing.T, a, b string) {
	t.Helper()
	left, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	right, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(left, right) {
		t.Fatalf("%s and %s differ", a, b)
	}
}
