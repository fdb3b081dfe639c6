package osm

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestUnpackFarIDs looks up ids that lie as far apart as they can.
func TestUnpackFarIDs(t *testing.T) {
	for _, ids := range [][]int64{
		{-5, 0, 7, 7 + math.MaxUint32, 8 + math.MaxUint32},
		{math.MinInt64, 5, 6},
		{-2, math.MaxInt64 - 1, math.MaxInt64},
	} {
		lookFar(t, ids)
	}
}

func lookFar(t *testing.T, ids []int64) {
	t.Helper()
	var nodes []Node
	for i, id := range ids {
		nodes = append(nodes, Node{ID: id, Point: cell.Point{LonE7: int32(i)}})
	}
	path := filepath.Join(t.TempDir(), "base")
	err := Collect(context.Background(), path, 1<<20, func(h Handler) error {
		if err := h.Header(Header{}); err != nil {
			return err
		}
		if err := h.Nodes(nodes); err != nil {
			return err
		}
		return h.Ways([]Way{{ID: math.MinInt64}, {ID: -1, Nodes: ids}, {ID: math.MaxInt64, Nodes: ids[:1]}})
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBase(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	look := func() (all []any) {
		for _, id := range append([]int64{math.MinInt64 + 2, -6, 6, 9, 9 + math.MaxUint32, math.MaxInt64 - 2}, ids...) {
			points, err := b.Points([]int64{id})
			if err != nil {
				t.Fatal(err)
			}
			w, ok, err := b.wayShape(id)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, id, points, w.Nodes, ok)
		}
		return all
	}
	want := look()
	dir := t.TempDir()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Unpack(gone, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := b.Unpack(t.Context(), filepath.Join(dir, "missing")); err == nil {
		t.Error("unpacked into no folder")
	}
	if err := b.Unpack(t.Context(), dir); err != nil || b.unpacked.Load() == nil {
		t.Fatal("not unpacked", err)
	}
	if got := look(); !reflect.DeepEqual(got, want) {
		t.Errorf("unpacked: %v\nbefore: %v", got, want)
	}
}
