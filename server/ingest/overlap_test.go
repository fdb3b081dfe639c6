package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// Extracts that overlap, as those of two countries do at their border, make the
// same base as one extract of the whole, and so the same map.
func TestOverlappingExtracts(t *testing.T) {
	for i, name := range []string{"liechtenstein-2024-03-04.osm.pbf", "andorra-2021-06-22.osm.pbf"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("..", "..", "..", "shared", "data", "osm", name)
			if _, err := os.Stat(file); err != nil {
				t.Skipf("no extract: %v", err)
			}
			folder := t.TempDir()
			im := &Importer{}
			path := filepath.Join(folder, "all")
			if err := im.collect(t.Context(), file, path); err != nil {
				t.Fatal(err)
			}
			all := openBase(t, path)
			box := all.Header().Bounds
			wide := box.Max.LonE7 - box.Min.LonE7
			west, east := box, box
			west.Max.LonE7, east.Min.LonE7 = box.Min.LonE7+wide*6/10, box.Min.LonE7+wide*4/10

			whole := cut(t, all, box, box, filepath.Join(folder, "whole"))
			parts := []*osm.Base{
				cut(t, all, box, west, filepath.Join(folder, "west")),
				cut(t, all, box, east, filepath.Join(folder, "east")),
			}
			n, w, r := whole.Counts()
			sum := int64(0)
			for _, p := range parts {
				nodes, ways, relations := p.Counts()
				t.Logf("%d nodes of %d, %d ways of %d, %d relations of %d", nodes, n, ways, w, relations, r)
				if nodes == n || ways == w || relations == r {
					t.Error("a part is the whole")
				}
				sum += nodes
			}
			if sum <= n {
				t.Error("the parts do not overlap")
			}
			if i > 0 { // the order does not matter
				slices.Reverse(parts)
			}
			out := filepath.Join(folder, "merged")
			if err := osm.Merge(t.Context(), parts, out, 1<<20, mergedHeader(parts)); err != nil {
				t.Fatal(err)
			}
			merged := openBase(t, out)
			if merged.Header() != whole.Header() || merged.ID() != whole.ID() {
				t.Errorf("the parts make another base than the whole: %+v, %+v", merged.Header(), whole.Header())
			}
		})
	}
}

func openBase(t *testing.T, path string) *osm.Base {
	t.Helper()
	b, err := osm.OpenBase(path, 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// cut makes an extract of a box: the nodes in it, the ways through one of those
// with all their nodes, and the relations with one of those as a member, or a
// member's member, whether or not the other members are there. A side of the box
// that is one of the whole's is open, for what hangs over it.
func cut(t *testing.T, all *osm.Base, whole, box osm.Box, path string) *osm.Base {
	t.Helper()
	in := func(p cell.Point) bool {
		return (box.Min.LonE7 == whole.Min.LonE7 || p.LonE7 >= box.Min.LonE7) && (box.Max.LonE7 == whole.Max.LonE7 || p.LonE7 <= box.Max.LonE7)
	}
	var kept [3]map[int64]bool // by kind
	for k := range kept {
		kept[k] = make(map[int64]bool)
	}
	needed := make(map[int64]bool) // nodes of ways
	eachBlock(t, all.NodeBlocks(), all.ReadNodes, func(n osm.Node) {
		if in(n.Point) {
			kept[osm.NodeKind][n.ID] = true
		}
	})
	eachBlock(t, all.WayBlocks(), all.ReadWays, func(w osm.Way) {
		if slices.ContainsFunc(w.Nodes, func(id int64) bool { return kept[osm.NodeKind][id] }) {
			kept[osm.WayKind][w.ID] = true
			for _, id := range w.Nodes {
				needed[id] = true
			}
		}
	})
	for again := true; again; {
		again = false
		eachBlock(t, all.RelationBlocks(), all.ReadRelations, func(r osm.Relation) {
			if !kept[osm.RelationKind][r.ID] && slices.ContainsFunc(r.Members, func(m osm.Member) bool { return kept[m.Kind][m.Ref] }) {
				kept[osm.RelationKind][r.ID], again = true, true
			}
		})
	}
	header := all.Header()
	header.Bounds = box
	err := osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		if err := h.Header(header); err != nil {
			return err
		}
		return errors.Join(
			hand(all.NodeBlocks(), all.ReadNodes, h.Nodes, func(n osm.Node) bool { return kept[osm.NodeKind][n.ID] || needed[n.ID] }),
			hand(all.WayBlocks(), all.ReadWays, h.Ways, func(w osm.Way) bool { return kept[osm.WayKind][w.ID] }),
			hand(all.RelationBlocks(), all.ReadRelations, h.Relations, func(r osm.Relation) bool { return kept[osm.RelationKind][r.ID] }),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	return openBase(t, path)
}

// hand hands on what is kept of each block.
func hand[T any](n int, read func(int) ([]T, error), to func([]T) error, keep func(T) bool) error {
	for i := range n {
		batch, err := read(i)
		if batch = slices.DeleteFunc(batch, func(e T) bool { return !keep(e) }); len(batch) > 0 {
			err = errors.Join(err, to(batch))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func eachBlock[T any](t *testing.T, n int, read func(int) ([]T, error), f func(T)) {
	t.Helper()
	for i := range n {
		batch, err := read(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch {
			f(e)
		}
	}
}
