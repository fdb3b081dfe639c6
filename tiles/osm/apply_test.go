package osm

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
)

func TestApply(t *testing.T) {
	node := func(id int64, version int32) Node {
		return Node{ID: id, Point: place(byte(version)), Meta: Meta{Version: version}}
	}
	change := func(action Action, id int64, version int32) Change {
		n := node(id, version)
		return Change{Action: action, Node: &n}
	}
	old := world{nodes: []Node{node(1, 3), node(2, 3), node(5, 3)}, ways: []Way{{ID: 1, Nodes: []int64{1, 2}}}}
	tests := []struct {
		name    string
		changes []Change
		want    []Node
		done    Applied
	}{
		{"nothing", nil, old.nodes, Applied{}},
		{"create", []Change{change(CreateAction, 3, 1), change(CreateAction, 9, 1), change(CreateAction, -1, 1)},
			[]Node{node(-1, 1), node(1, 3), node(2, 3), node(3, 1), node(5, 3), node(9, 1)}, Applied{Created: 3}},
		{"modify", []Change{change(ModifyAction, 2, 4)}, []Node{node(1, 3), node(2, 4), node(5, 3)}, Applied{Modified: 1}},
		{"delete", []Change{change(DeleteAction, 2, 4)}, []Node{node(1, 3), node(5, 3)}, Applied{Deleted: 1}},
		{"older", []Change{change(ModifyAction, 1, 2), change(DeleteAction, 2, 2)}, old.nodes, Applied{Skipped: 2}},
		{"version unknown", []Change{change(DeleteAction, 2, 0)}, []Node{node(1, 3), node(5, 3)}, Applied{Deleted: 1}},
		{"missing", []Change{change(ModifyAction, 3, 2), change(DeleteAction, 4, 2)},
			[]Node{node(1, 3), node(2, 3), node(3, 2), node(5, 3)}, Applied{Missing: 2}},
		{"several of one", []Change{change(DeleteAction, 5, 6), change(ModifyAction, 5, 5), change(ModifyAction, 5, 4)},
			[]Node{node(1, 3), node(2, 3)}, Applied{Deleted: 1, Skipped: 2}},
		{"several of one version", []Change{change(DeleteAction, 5, 4), change(CreateAction, 5, 4)},
			[]Node{node(1, 3), node(2, 3), node(5, 4)}, Applied{Modified: 1, Skipped: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			base := old.write(t, filepath.Join(folder, "old"))
			out := filepath.Join(folder, "new")
			done, err := Apply(context.Background(), base, test.changes, out, Header{})
			if err != nil || done != test.done {
				t.Fatalf("Apply: %+v, %v, want %+v", done, err, test.done)
			}
			got := read(t, open(t, out))
			if want := (world{nodes: test.want, ways: old.ways}); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestMerge(t *testing.T) {
	node := func(id int64, version, lon int32) Node {
		n := Node{ID: id, Meta: Meta{Version: version}}
		n.Point.LonE7 = lon
		return n
	}
	folder := t.TempDir()
	a := world{nodes: []Node{node(1, 1, 0), node(2, 2, 0), node(3, 1, 0)}}.write(t, filepath.Join(folder, "a"))
	b := world{nodes: []Node{node(0, 1, 1), node(2, 1, 1), node(3, 1, 1)}}.write(t, filepath.Join(folder, "b"))
	out := filepath.Join(folder, "out")
	if err := Merge(context.Background(), []*Base{a, b}, out, 1<<20, Header{}); err != nil {
		t.Fatal(err)
	}
	got := read(t, open(t, out)).nodes
	want := []Node{node(0, 1, 1), node(1, 1, 0), node(2, 2, 0), node(3, 1, 1)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Merge(stopped, []*Base{a, b}, out, 1<<20, Header{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after the context ended", err)
	}
}
