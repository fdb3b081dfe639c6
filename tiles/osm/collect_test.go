package osm

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCollect(t *testing.T) {
	want := makeWorld(3000)
	folder := t.TempDir()
	id := want.write(t, filepath.Join(folder, "sorted")).ID()
	header := Header{Timestamp: 5, Sequence: 6, Source: "test"}
	orders := map[string]func(h Handler) error{
		"in order": func(h Handler) error {
			return errors.Join(h.Header(header), h.Nodes(want.nodes), h.Ways(want.ways), h.Relations(want.relations))
		},
		"kinds mixed": func(h Handler) error {
			return errors.Join(h.Relations(want.relations), h.Header(header), h.Ways(want.ways), h.Nodes(want.nodes))
		},
		"shuffled with old versions": func(h Handler) error {
			random := rand.New(rand.NewPCG(3, 4))
			nodes := slices.Clone(want.nodes)
			for _, n := range want.nodes[:500] {
				n.Meta.Version--
				n.Point.LonE7++
				nodes = append(nodes, n)
			}
			random.Shuffle(len(nodes), func(i, k int) { nodes[i], nodes[k] = nodes[k], nodes[i] })
			return errors.Join(h.Header(header), h.Ways(want.ways), h.Nodes(nodes), h.Relations(want.relations))
		},
	}
	for name, read := range orders {
		for _, memory := range []int{1 << 14, 1 << 30} {
			folder := t.TempDir()
			path := filepath.Join(folder, "base")
			if err := Collect(context.Background(), path, memory, read); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := open(t, path).ID(); got != id {
				t.Errorf("%s, %d bytes: other file than the sorted one", name, memory)
			}
			if files, _ := os.ReadDir(folder); len(files) != 1 {
				t.Errorf("%s: files left: %v", name, files)
			}
		}
	}
	failed := errors.New("failed")
	path := filepath.Join(folder, "failed")
	err := Collect(context.Background(), path, 1<<14, func(h Handler) error {
		return errors.Join(h.Ways(want.ways), h.Nodes(want.nodes), failed)
	})
	if files, _ := os.ReadDir(folder); !errors.Is(err, failed) || len(files) != 1 {
		t.Errorf("error %v, files %v", err, files)
	}
}
