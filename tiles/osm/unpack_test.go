package osm

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestUnpack looks up everything in a base that is larger than its cache, before
// and after it is unpacked.
func TestUnpack(t *testing.T) {
	for _, n := range []int{0, 1, nodesInGroup, 20000} {
		w := makeWorld(n)
		dir := t.TempDir()
		w.write(t, filepath.Join(dir, "base"))
		b, err := OpenBase(filepath.Join(dir, "base"), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		all := make([]int64, 0, len(w.nodes)+2)
		for i := len(w.nodes) - 1; i >= 0; i-- {
			all = append(all, w.nodes[i].ID)
		}
		all = append(all, -5, 1<<50)
		var members []Member
		for _, way := range w.ways {
			members = append(members, Member{Kind: WayKind, Ref: way.ID, Role: "outer"})
		}
		members = append(members, Member{Kind: WayKind, Ref: 1 << 50})
		look := func() ([]any, error) {
			points, err := b.Points(all)
			if err != nil {
				return nil, err
			}
			ways, err := b.MemberWays(Relation{Members: members})
			return []any{points, ways}, err
		}
		want, err := look()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a second time is nothing to do
			if err := b.Unpack(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
		}
		if n > 0 && b.unpacked.Load() == nil {
			t.Errorf("a base of %d nodes was not unpacked", n)
		}
		got, err := look()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d nodes: unpacked, it gives other places or ways (%v)", n, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("a file stays: %v", left)
		}
	}
}
