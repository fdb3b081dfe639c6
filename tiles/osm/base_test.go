package osm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// world is a set of elements, sorted.
type world struct {
	nodes     []Node
	ways      []Way
	relations []Relation
}

// makeWorld invents n nodes and some ways and relations of them.
func makeWorld(n int) world {
	random := rand.New(rand.NewPCG(1, 2))
	var w world
	id := int64(-50)
	for i := range n {
		id += 1 + random.Int64N(5)
		node := Node{ID: id, Point: cell.Point{LonE7: random.Int32(), LatE7: -random.Int32()}, Meta: Meta{Version: 1 + int32(i%7), Timestamp: 1500000000 + random.Int64N(1000)}}
		if i%10 == 0 {
			node.Tags = Tags{{"amenity", "bench"}, {"ref", fmt.Sprint(i)}}
		}
		w.nodes = append(w.nodes, node)
	}
	for i := range n / 10 {
		way := Way{ID: int64(i*3 + 1), Tags: Tags{{"highway", "path"}}, Meta: Meta{Version: 2}}
		for range 1 + i%12 {
			way.Nodes = append(way.Nodes, w.nodes[random.IntN(n)].ID)
		}
		w.ways = append(w.ways, way)
	}
	for i := range n / 50 {
		r := Relation{ID: int64(i + 1), Tags: Tags{{"type", "route"}}, Meta: Meta{Version: 3}}
		for k := range 1 + i%5 {
			r.Members = append(r.Members, Member{MemberKind(k % 3), random.Int64N(1000), []string{"", "outer", "stop"}[k%3]})
		}
		w.relations = append(w.relations, r)
	}
	return w
}

func (w world) write(t *testing.T, path string) *Base {
	t.Helper()
	if err := w.pack(path); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func (w world) pack(path string) error {
	return w.packAs(path, Header{Timestamp: 5, Sequence: 6, Source: "test"})
}

func (w world) packAs(path string, header Header) error {
	out, err := Create(path, header)
	if err != nil {
		return err
	}
	for _, n := range w.nodes {
		err = errors.Join(err, out.Node(n))
	}
	for _, way := range w.ways {
		err = errors.Join(err, out.Way(way))
	}
	for _, r := range w.relations {
		err = errors.Join(err, out.Relation(r))
	}
	return errors.Join(err, out.Finish())
}

func open(t *testing.T, path string) *Base {
	t.Helper()
	b, err := OpenBase(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// read returns all elements of a base.
func read(t *testing.T, b *Base) (w world) {
	t.Helper()
	var err error
	w.nodes, err = readAll(b.NodeBlocks(), b.ReadNodes)
	if err == nil {
		w.ways, err = readAll(b.WayBlocks(), b.ReadWays)
	}
	if err == nil {
		w.relations, err = readAll(b.RelationBlocks(), b.ReadRelations)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func readAll[T any](blocks int, read func(int) ([]T, error)) (all []T, err error) {
	for i := range blocks {
		batch, err := read(i)
		if err != nil {
			return nil, err
		}
		all = append(all, batch...)
	}
	return all, nil
}

func TestBaseRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 50, sizesOf[NodeKind].least - 1, sizesOf[NodeKind].greatest + 1, 45000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			want := makeWorld(n)
			path := filepath.Join(t.TempDir(), "base")
			b := want.write(t, path)
			if got := read(t, b); !reflect.DeepEqual(got, want) {
				t.Errorf("read other elements than were written")
			}
			nodes, ways, relations := b.Counts()
			if int(nodes) != len(want.nodes) || int(ways) != len(want.ways) || int(relations) != len(want.relations) {
				t.Errorf("Counts() = %d, %d, %d", nodes, ways, relations)
			}
			h := b.Header()
			if h.Timestamp != 5 || h.Sequence != 6 || h.Source != "test" || (n > 1 && h.Bounds == Box{}) {
				t.Errorf("Header() = %+v", h)
			}
			again := want.write(t, path+"2")
			if again.ID() != b.ID() {
				t.Errorf("the same elements gave other bytes")
			}
		})
	}
}

func TestLookup(t *testing.T) {
	w := makeWorld(45000)
	b := w.write(t, filepath.Join(t.TempDir(), "base"))
	known := map[int64]Node{}
	for _, n := range w.nodes {
		known[n.ID] = n
	}
	for id := w.nodes[0].ID - 2; id < 20000; id += 37 {
		got, ok, err := b.Node(id)
		want, wantOK := known[id]
		if err != nil || ok != wantOK || !reflect.DeepEqual(got, want) {
			t.Fatalf("Node(%d) = %v, %v, %v, want %v, %v", id, got, ok, err, want, wantOK)
		}
	}
	for _, way := range w.ways[:500] {
		got, ok, err := b.Way(way.ID)
		if err != nil || !ok || !reflect.DeepEqual(got, way) {
			t.Fatalf("Way(%d) = %v, %v, %v", way.ID, got, ok, err)
		}
		var want []cell.Point
		for _, ref := range way.Nodes {
			want = append(want, known[ref].Point)
		}
		refs := append([]int64{w.nodes[0].ID - 1, 1 << 40}, way.Nodes...) // two that are not there
		if points, err := b.Points(refs); err != nil || !slices.Equal(points, want) {
			t.Fatalf("Points(%v) = %v, %v, want %v", refs, points, err, want)
		}
	}
	if _, ok, err := b.Relation(1); !ok || err != nil {
		t.Errorf("Relation(1): %v, %v", ok, err)
	}
	if _, ok, err := b.Way(2); ok || err != nil {
		t.Errorf("Way(2): %v, %v, want none", ok, err)
	}
}

// TestConcurrentLookup looks from several goroutines, with a cache that is too
// small for all.
func TestConcurrentLookup(t *testing.T) {
	w := makeWorld(45000)
	path := filepath.Join(t.TempDir(), "base")
	w.write(t, path)
	b, err := OpenBase(path, 300<<10)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var group sync.WaitGroup
	for start := range 4 {
		group.Go(func() {
			for i := start * 100; i < len(w.ways); i += 29 {
				way, ok, err := b.Way(w.ways[i].ID)
				if err != nil || !ok || way.ID != w.ways[i].ID {
					t.Errorf("Way(%d) = %v, %v, %v", w.ways[i].ID, way, ok, err)
				}
				if points, err := b.Points(way.Nodes); err != nil || len(points) != len(way.Nodes) {
					t.Errorf("Points(%v) = %v, %v", way.Nodes, points, err)
				}
			}
		})
	}
	group.Wait()
	if b.cache.used > b.cache.budget || b.cache.recent.Len() != len(b.cache.entries) {
		t.Errorf("cache of %d bytes holds %d", b.cache.budget, b.cache.used)
	}
}

// TestWorkedBytes holds the example of FORMAT.md.
func TestWorkedBytes(t *testing.T) {
	nodes := []Node{{ID: 5, Point: cell.Point{LonE7: 1, LatE7: -2}, Tags: Tags{{"a", "b"}}, Meta: Meta{Version: 3, Timestamp: 1}}}
	if got := fmt.Sprintf("%x %x", nodeShape(nodes), encodeFacts(nodes, nil)); got != "0a0203 02010161620602010001" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkPoints(b *testing.B) {
	w := makeWorld(200000)
	path := filepath.Join(b.TempDir(), "base")
	if err := w.pack(path); err != nil {
		b.Fatal(err)
	}
	base, err := OpenBase(path, 64<<20)
	if err != nil {
		b.Fatal(err)
	}
	defer base.Close()
	b.ReportAllocs()
	nodes := 0
	for i := 0; b.Loop(); i++ {
		points, err := base.Points(w.ways[i%len(w.ways)].Nodes)
		if err != nil {
			b.Fatal(err)
		}
		nodes += len(points)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(nodes), "ns/node")
}

func TestWriterOrder(t *testing.T) {
	steps := map[string]func(w *Writer) error{
		"same node":       func(w *Writer) error { return errors.Join(w.Node(Node{ID: 1}), w.Node(Node{ID: 1})) },
		"lower way":       func(w *Writer) error { return errors.Join(w.Way(Way{ID: 2}), w.Way(Way{ID: 1})) },
		"node behind way": func(w *Writer) error { return errors.Join(w.Way(Way{ID: 2}), w.Node(Node{ID: 3})) },
	}
	for name, step := range steps {
		path := filepath.Join(t.TempDir(), "base")
		w, err := Create(path, Header{})
		if err != nil {
			t.Fatal(err)
		}
		if err := step(w); !errors.Is(err, ErrOrder) {
			t.Errorf("%s: error %v, want ErrOrder", name, err)
		}
		if err := w.Abort(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path + ".part"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: Abort left a file", name)
		}
	}
}

// TestDamage flips each byte of a file in turn: opening and reading must fail.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "base")
	makeWorld(50).write(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(data []byte) error {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		b, err := OpenBase(path, 0)
		if err != nil {
			return err
		}
		defer b.Close()
		_, err1 := readAll(b.NodeBlocks(), b.ReadNodes)
		_, err2 := readAll(b.WayBlocks(), b.ReadWays)
		_, err3 := readAll(b.RelationBlocks(), b.ReadRelations)
		_, err4 := readAll(len(b.blocks[useSection]), b.readUses)
		return errors.Join(err1, err2, err3, err4)
	}
	if err := try(whole); err != nil {
		t.Fatal(err)
	}
	starts := make([]int64, len(whole)) // of the frame that a byte is in, 0 outside of frames
	for kind, blocks := range open(t, path).blocks {
		for _, b := range blocks {
			for _, f := range b.frames(kind) {
				for i := range f.size {
					starts[f.offset+int64(i)] = f.offset
				}
			}
		}
	}
	for i := range whole {
		whole[i] ^= 0x10
		err := try(whole)
		if !errors.Is(err, ErrCorrupt) || starts[i] > 0 && !strings.Contains(err.Error(), fmt.Sprintf(": byte %d: ", starts[i])) {
			t.Fatalf("byte %d changed: error %v, want ErrCorrupt and byte %d", i, err, starts[i])
		}
		whole[i] ^= 0x10
		if err := try(whole[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at byte %d: error %v, want ErrCorrupt", i, err)
		}
	}
}

// TestVersion opens a file of an older version of the format.
func TestVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "base")
	makeWorld(50).write(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(magicName)] = '1'
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBase(path, 0); !errors.Is(err, ErrVersion) || errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want ErrVersion", err)
	}
}
