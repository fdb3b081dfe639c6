package osm

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestDiff(t *testing.T) {
	folder, ctx := t.TempDir(), context.Background()
	was := makeWorld(30000)
	is := makeWorld(30000)
	var want Changed
	for _, i := range []int{0, 8000, 20001} { // moved, with other tags, gone
		want.Nodes = append(want.Nodes, is.nodes[i].ID)
	}
	is.nodes[0].Point = cell.Point{LonE7: 1}
	is.nodes[8000].Tags = Tags{{"a", "b"}}
	is.nodes = slices.Delete(is.nodes, 20001, 20002)
	is.nodes[5].Meta = Meta{Version: 99, Timestamp: 99} // says the same
	want.Nodes = append(want.Nodes, 1<<40)
	is.nodes = append(is.nodes, Node{ID: 1 << 40})
	want.Ways = []int64{is.ways[7].ID, is.ways[2000].ID}
	is.ways[7].Nodes = append(is.ways[7].Nodes, 1)
	is.ways[2000].Tags = nil
	want.Relations = []int64{0, is.relations[3].ID}
	is.relations[3].Members[0].Role = "other"
	is.relations = slices.Insert(is.relations, 0, Relation{ID: 0})

	a, b := was.write(t, filepath.Join(folder, "a")), is.write(t, filepath.Join(folder, "b"))
	for _, pair := range [][2]*Base{{a, b}, {b, a}} {
		if got, err := Diff(ctx, pair[0], pair[1]); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Diff = %v, %v, want %v", got, err, want)
		}
	}
	if got, err := Diff(ctx, a, a); err != nil || !reflect.DeepEqual(got, Changed{}) {
		t.Errorf("Diff of a base and itself = %v, %v", got, err)
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Diff(stopped, a, b); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context ended", err)
	}
}

func TestWaysOf(t *testing.T) {
	w := makeWorld(20000)
	b := w.write(t, filepath.Join(t.TempDir(), "base"))
	var want []int64
	some := []int64{w.nodes[70].ID, w.nodes[900].ID, w.nodes[15000].ID, w.ways[5].Nodes[0], 1 << 40}
	for _, way := range w.ways {
		if slices.ContainsFunc(way.Nodes, func(id int64) bool { return slices.Contains(some, id) }) {
			want = append(want, way.ID)
		}
	}
	if got, err := b.WaysOf(context.Background(), some); err != nil || !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("WaysOf(%v) = %v, %v, want %v", some, got, err, want)
	}
}
