package osm

import (
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
)

// TestShare looks up all elements in two bases that share a cache: each has its
// own, and blocks that both have are there once.
func TestShare(t *testing.T) {
	w, dir := makeWorld(20000), t.TempDir()
	w.write(t, filepath.Join(dir, "was"))
	open := func(name string, cache int) *Base {
		b, err := OpenBase(filepath.Join(dir, name), cache)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	was := open("was", 1<<30)
	if _, err := Apply(t.Context(), was, w.change(rand.New(rand.NewPCG(5, 6)), 10), filepath.Join(dir, "is"), was.Header()); err != nil {
		t.Fatal(err)
	}
	is := open("is", 0)
	is.Share(was)
	blocks := make(map[cacheKey]bool)
	for _, pair := range [][2]*Base{{was, open("was", 0)}, {is, open("is", 0)}} {
		shared, alone := pair[0], pair[1]
		for i := range alone.NodeBlocks() {
			nodes, err := alone.ReadNodes(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range nodes {
				if got, ok, err := shared.Node(want.ID); err != nil || !ok || !reflect.DeepEqual(got, want) {
					t.Fatalf("node %v, %t, %v; want %v", got, ok, err, want)
				}
			}
			blocks[alone.blocks[NodeKind][i].cacheKey(cachedNodes)] = true
		}
		for i := range alone.RelationBlocks() {
			want, err1 := alone.ReadRelations(i)
			got, err2 := shared.Relations(i)
			if err1 != nil || err2 != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("relations of block %d: %v, %v", i, err1, err2)
			}
			blocks[alone.blocks[RelationKind][i].cacheKey(cachedRelations)] = true
		}
	}
	if got := len(was.cache.entries); got != len(blocks) || len(blocks) >= was.NodeBlocks()+is.NodeBlocks()+was.RelationBlocks()+is.RelationBlocks() {
		t.Errorf("%d blocks in the cache, want %d", got, len(blocks))
	}
}
