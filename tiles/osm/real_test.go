package osm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

// shared returns the path of an extract beside the checkout.
func shared(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "osm", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Skipf("no extract %s: %v", name, err)
	}
	return path
}

// collect reads an extract into a base.
func collect(t testing.TB, extract string) *osm.Base {
	t.Helper()
	f, _, err := source.Open(extract)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	path := filepath.Join(t.TempDir(), "base")
	if err := osm.Collect(t.Context(), path, 64<<20, func(h osm.Handler) error { return osmpbf.Read(t.Context(), f, h) }); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func open(t testing.TB, path string) *osm.Base {
	t.Helper()
	b, err := osm.OpenBase(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func readChanges(t testing.TB, names ...string) (changes []osm.Change) {
	t.Helper()
	for _, name := range names {
		f, _, err := source.Open(shared(t, name))
		if err != nil {
			t.Fatal(err)
		}
		err = osmxml.ReadChanges(t.Context(), f, func(c osm.Change) error {
			changes = append(changes, c)
			return nil
		})
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return changes
}

// content is what is in a base.
type content struct {
	nodes     map[int64]osm.Node
	ways      map[int64]osm.Way
	relations map[int64]osm.Relation
}

// each hands a base's elements on, in order.
func each(ctx context.Context, b *osm.Base, h osm.Handler) error {
	for i := range b.NodeBlocks() {
		nodes, err := b.ReadNodes(i)
		if err = errors.Join(err, ctx.Err()); err == nil {
			err = h.Nodes(nodes)
		}
		if err != nil {
			return err
		}
	}
	for i := range b.WayBlocks() {
		ways, err := b.ReadWays(i)
		if err == nil {
			err = h.Ways(ways)
		}
		if err != nil {
			return err
		}
	}
	for i := range b.RelationBlocks() {
		relations, err := b.ReadRelations(i)
		if err == nil {
			err = h.Relations(relations)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func contents(t testing.TB, b *osm.Base) content {
	t.Helper()
	c := content{map[int64]osm.Node{}, map[int64]osm.Way{}, map[int64]osm.Relation{}}
	err := each(t.Context(), b, osm.Handler{
		Nodes: func(list []osm.Node) error {
			for _, n := range list {
				c.nodes[n.ID] = n
			}
			return nil
		},
		Ways: func(list []osm.Way) error {
			for _, w := range list {
				c.ways[w.ID] = w
			}
			return nil
		},
		Relations: func(list []osm.Relation) error {
			for _, r := range list {
				c.relations[r.ID] = r
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sameNode(a, b osm.Node) bool { return a.Point == b.Point && slices.Equal(a.Tags, b.Tags) }
func sameWay(a, b osm.Way) bool {
	return slices.Equal(a.Nodes, b.Nodes) && slices.Equal(a.Tags, b.Tags)
}
func sameRelation(a, b osm.Relation) bool {
	return slices.Equal(a.Members, b.Members) && slices.Equal(a.Tags, b.Tags)
}

func differing[T any](a, b map[int64]T, same func(a, b T) bool) (ids []int64) {
	for id, e := range a {
		if o, ok := b[id]; !ok || !same(e, o) {
			ids = append(ids, id)
		}
	}
	for id := range b {
		if _, ok := a[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// between returns the bases of two extracts, and the changes from one to the other.
func between(t testing.TB, from, to string) (old, new *osm.Base, changes []osm.Change) {
	t.Helper()
	old, new = collect(t, shared(t, from)), collect(t, shared(t, to))
	changed, err := osm.Diff(t.Context(), old, new)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range changed.Nodes {
		e, ok, err := new.Node(id)
		changes = append(changes, osm.Change{Action: action(t, ok, err), Node: &e})
		e.ID = id
	}
	for _, id := range changed.Ways {
		e, ok, err := new.Way(id)
		changes = append(changes, osm.Change{Action: action(t, ok, err), Way: &e})
		e.ID = id
	}
	for _, id := range changed.Relations {
		e, ok, err := new.Relation(id)
		changes = append(changes, osm.Change{Action: action(t, ok, err), Relation: &e})
		e.ID = id
	}
	return old, new, changes
}

func action(t testing.TB, there bool, err error) osm.Action {
	if err != nil {
		t.Fatal(err)
	}
	if there {
		return osm.ModifyAction
	}
	return osm.DeleteAction
}

// TestNewerExtract makes of an extract the one of days or months later.
func TestNewerExtract(t *testing.T) {
	for _, names := range [][2]string{
		{"liechtenstein-2019-06-16.osm.pbf", "liechtenstein-2019-06-18.osm.pbf"},
		{"monaco-2021-04-21.osm.pbf", "monaco-2021-08-01.osm.pbf"},
	} {
		t.Run(names[1], func(t *testing.T) {
			old, want, changes := between(t, names[0], names[1])
			path := filepath.Join(t.TempDir(), "new")
			done, err := osm.Apply(t.Context(), old, changes, path, want.Header())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", done)
			left, err := osm.Diff(t.Context(), open(t, path), want)
			if err != nil || !reflect.DeepEqual(left, osm.Changed{}) || len(changes) < 20 {
				t.Errorf("after %d changes %v, %v is left", len(changes), left, err)
			}
		})
	}
}

// TestRealChanges applies days of real changes: the base has the bytes of one that
// is collected of the same elements, Diff finds what a comparison of all elements
// does, and WaysOf what a look at all ways does.
func TestRealChanges(t *testing.T) {
	for _, test := range []struct {
		extract string
		changes []string
	}{
		{"liechtenstein-2019-11-18.osm.pbf", []string{"liechtenstein-002435.osc.gz", "liechtenstein-002436.osc.gz"}},
		{"monaco-2021-04-21.osm.pbf", []string{"monaco-003052.osc.gz", "monaco-003060.osc.gz", "monaco-003065.osc.gz", "monaco-003072.osc.gz"}},
	} {
		t.Run(strings.Join(test.changes, " "), func(t *testing.T) {
			folder, ctx := t.TempDir(), t.Context()
			old := collect(t, shared(t, test.extract))
			path := filepath.Join(folder, "applied")
			if _, err := osm.Apply(ctx, old, readChanges(t, test.changes...), path, old.Header()); err != nil {
				t.Fatal(err)
			}
			applied := open(t, path)
			afresh := filepath.Join(folder, "collected")
			err := osm.Collect(ctx, afresh, 1<<20, func(h osm.Handler) error {
				return errors.Join(h.Header(old.Header()), each(ctx, applied, h))
			})
			if err != nil {
				t.Fatal(err)
			}
			sameFile(t, path, afresh)

			was, is := contents(t, old), contents(t, applied)
			want := osm.Changed{
				Nodes: differing(was.nodes, is.nodes, sameNode), Ways: differing(was.ways, is.ways, sameWay),
				Relations: differing(was.relations, is.relations, sameRelation),
			}
			got, err := osm.Diff(ctx, old, applied)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("Diff = %v, %v, want %v", got, err, want)
			}
			t.Logf("%d nodes, %d ways and %d relations differ", len(got.Nodes), len(got.Ways), len(got.Relations))

			for _, b := range []struct {
				*osm.Base
				content
			}{{old, was}, {applied, is}} {
				changed := make(map[int64]bool)
				for _, id := range got.Nodes {
					changed[id] = true
				}
				var want []int64
				for id, way := range b.ways {
					if slices.ContainsFunc(way.Nodes, func(id int64) bool { return changed[id] }) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				if ways, err := b.WaysOf(ctx, got.Nodes); err != nil || !slices.Equal(ways, want) {
					t.Errorf("WaysOf = %v, %v, want %v", ways, err, want)
				}
			}
		})
	}
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
		t.Errorf("%s and %s differ", a, b)
	}
}

// mosaic makes a base of n copies of an extract; the first has the extract's ids.
func mosaic(b *testing.B, one *osm.Base, n int) *osm.Base {
	b.Helper()
	path := filepath.Join(b.TempDir(), "mosaic")
	w, err := osm.Create(path, one.Header())
	if err != nil {
		b.Fatal(err)
	}
	const stride = 20_000_000_000
	nothing := osm.Handler{
		Nodes: func([]osm.Node) error { return nil }, Ways: func([]osm.Way) error { return nil }, Relations: func([]osm.Relation) error { return nil },
	}
	copies := func(make func(h *osm.Handler, add int64)) {
		for i := range n {
			h := nothing
			make(&h, int64(i)*stride)
			if err := each(b.Context(), one, h); err != nil {
				b.Fatal(err)
			}
		}
	}
	copies(func(h *osm.Handler, add int64) {
		h.Nodes = func(nodes []osm.Node) (err error) {
			for _, e := range nodes {
				e.ID += add
				err = errors.Join(err, w.Node(e))
			}
			return err
		}
	})
	copies(func(h *osm.Handler, add int64) {
		h.Ways = func(ways []osm.Way) (err error) {
			for _, e := range ways {
				e.ID += add
				e.Nodes = slices.Clone(e.Nodes)
				for i := range e.Nodes {
					e.Nodes[i] += add
				}
				err = errors.Join(err, w.Way(e))
			}
			return err
		}
	})
	copies(func(h *osm.Handler, add int64) {
		h.Relations = func(relations []osm.Relation) (err error) {
			for _, e := range relations {
				e.ID += add
				e.Members = slices.Clone(e.Members)
				for i := range e.Members {
					e.Members[i].Ref += add
				}
				err = errors.Join(err, w.Relation(e))
			}
			return err
		}
	})
	if err := w.Finish(); err != nil {
		b.Fatal(err)
	}
	return open(b, path)
}

// BenchmarkChange brings two days' changes of Liechtenstein into regions of 1, 10
// and 100 times its size, asks what differs, and which ways that concerns.
func BenchmarkChange(b *testing.B) {
	one, _, changes := between(b, "liechtenstein-2019-06-16.osm.pbf", "liechtenstein-2019-06-18.osm.pbf")
	for _, n := range []int{1, 10, 100} {
		base := mosaic(b, one, n)
		path := filepath.Join(b.TempDir(), "new")
		var changed osm.Changed
		b.Run(fmt.Sprintf("apply/%dx", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := osm.Apply(b.Context(), base, changes, path, base.Header()); err != nil {
					b.Fatal(err)
				}
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size()), "file-B")
		})
		next := open(b, path)
		b.Run(fmt.Sprintf("diff/%dx", n), func(b *testing.B) {
			var err error
			for b.Loop() {
				if changed, err = osm.Diff(b.Context(), base, next); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("ways/%dx", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := next.WaysOf(b.Context(), changed.Nodes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(changed.Nodes)), "nodes")
		})
	}
}
