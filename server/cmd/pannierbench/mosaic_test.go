package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"reflect"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

// elements are what an extract holds.
type elements struct {
	header    osm.Header
	nodes     []osm.Node
	ways      []osm.Way
	relations []osm.Relation
}

func readPBF(t *testing.T, data []byte) (e elements) {
	t.Helper()
	err := osmpbf.Read(t.Context(), bytes.NewReader(data), osm.Handler{
		Header:    func(h osm.Header) error { e.header = h; return nil },
		Nodes:     func(n []osm.Node) error { e.nodes = append(e.nodes, n...); return nil },
		Ways:      func(w []osm.Way) error { e.ways = append(e.ways, w...); return nil },
		Relations: func(r []osm.Relation) error { e.relations = append(e.relations, r...); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// square is a mosaic's extract with each kind of element, more nodes than a block
// holds, and ids of several runs.
func square() *mosaic {
	m := &mosaic{box: osm.Box{Min: cell.Point{LonE7: 95_000_000, LatE7: 471_000_000}, Max: cell.Point{LonE7: 96_000_000, LatE7: 473_000_000}}, timestamp: 1_700_000_000}
	for i := range pbfBlock + 2 {
		n := osm.Node{ID: int64(i) * 50, Point: cell.Point{LonE7: 95_000_000 + int32(i), LatE7: 473_000_000 - int32(3*i)}, Meta: osm.Meta{Version: int32(i%7 + 1), Timestamp: 1_600_000_000 - int64(i)}}
		if n.ID++; i%100 == 0 {
			n.Tags = osm.Tags{{Key: "amenity", Value: "bench"}, {Key: "name", Value: "Bänkle"}}
		}
		m.nodes = append(m.nodes, n)
	}
	ids := []int64{1, 51, 100_001, 1}
	m.ways = []osm.Way{
		{ID: 7, Nodes: ids, Tags: osm.Tags{{Key: "building", Value: "yes"}}, Meta: osm.Meta{Version: 3, Timestamp: 1_500_000_000}},
		{ID: 1 << 34, Nodes: ids[:2]},
	}
	m.relations = []osm.Relation{{ID: 9, Tags: osm.Tags{{Key: "type", Value: "multipolygon"}}, Meta: osm.Meta{Version: 1}, Members: []osm.Member{
		{Kind: osm.WayKind, Ref: 1 << 34, Role: "outer"}, {Kind: osm.WayKind, Ref: 7, Role: "inner"}, {Kind: osm.NodeKind, Ref: 51}, {Kind: osm.RelationKind, Ref: 9, Role: "part"},
	}}}
	return m
}

func (m *mosaic) bytes(t *testing.T, copies int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := m.write(t.Context(), &out, copies); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestMosaicOfOneIsTheExtract(t *testing.T) {
	m := square()
	data := m.bytes(t, 1)
	if !bytes.Equal(data, m.bytes(t, 1)) {
		t.Error("two runs differ")
	}
	got := readPBF(t, data)
	want := elements{osm.Header{Bounds: m.box, Timestamp: m.timestamp}, m.nodes, m.ways, m.relations}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back %+v %d %+v %+v", got.header, len(got.nodes), got.ways, got.relations)
	}
}

func TestMosaicCopies(t *testing.T) {
	m := square()
	got := readPBF(t, m.bytes(t, 5))
	// Five copies take two of three rows of three.
	want := osm.Box{Min: cell.Point{LonE7: 94_000_000, LatE7: 471_000_000}, Max: cell.Point{LonE7: 97_000_000, LatE7: 475_000_000}}
	if got.header.Bounds != want {
		t.Errorf("box %+v, want %+v", got.header.Bounds, want)
	}
	if len(got.nodes) != 5*len(m.nodes) || len(got.ways) != 10 || len(got.relations) != 5 {
		t.Fatalf("%d nodes, %d ways, %d relations", len(got.nodes), len(got.ways), len(got.relations))
	}
	if !slices.IsSortedFunc(got.nodes, func(a, b osm.Node) int { return int(a.ID - b.ID) }) {
		t.Error("nodes are out of order")
	}
	places := make(map[int64]cell.Point)
	for _, n := range got.nodes {
		places[n.ID] = n.Point
	}
	if len(places) != len(got.nodes) {
		t.Errorf("%d ids for %d nodes", len(places), len(got.nodes))
	}
	ways := make(map[int64]osm.Way)
	for _, w := range got.ways {
		ways[w.ID] = w
		first, second := places[w.Nodes[0]], places[w.Nodes[1]]
		if (second != cell.Point{LonE7: first.LonE7 + 1, LatE7: first.LatE7 - 3}) {
			t.Errorf("way %d goes from %v to %v", w.ID, first, second)
		}
	}
	for _, r := range got.relations {
		outer, inner := ways[r.Members[0].Ref], ways[r.Members[1].Ref]
		if len(outer.Nodes) != 2 || len(inner.Nodes) != 4 || outer.Nodes[0] != inner.Nodes[0] || r.Members[2].Ref != inner.Nodes[1] || r.Members[3].Ref != r.ID {
			t.Errorf("relation %d has other members: %+v", r.ID, r.Members)
		}
	}
}

// TestMosaicChange maps a change to the copy in the middle: what it names is there.
func TestMosaicChange(t *testing.T) {
	m := square()
	const document = `<osmChange version="0.6"><modify>
<node id="51" version="9" lat="47.3" lon="9.5"><tag k="ref" v="51"/></node>
<way id="7" version="4"><nd ref="51"/><nd ref="1"/></way>
<relation id="9" version="2"><member type="way" ref="7" role="outer"/><member type="node" ref="51" role=""/><member type="relation" ref="9" role=""/></relation>
</modify></osmChange>`
	at := m.middle(5)
	for n := 1; n < 20; n++ {
		if c := m.middle(n); c.lon != 0 || c.lat != 0 || c.number >= int64(n) {
			t.Errorf("the middle of %d copies is %+v", n, c)
		}
	}
	node, way, relation := at.id(osm.NodeKind, 51), at.id(osm.WayKind, 7), at.id(osm.RelationKind, 9)
	var got []osm.Change
	err := osmxml.ReadChanges(t.Context(), bytes.NewReader(at.change([]byte(document))), func(c osm.Change) error {
		got = append(got, c)
		return nil
	})
	if err != nil || len(got) != 3 {
		t.Fatalf("%d changes, %v", len(got), err)
	}
	members := []osm.Member{{Kind: osm.WayKind, Ref: way, Role: "outer"}, {Kind: osm.NodeKind, Ref: node}, {Kind: osm.RelationKind, Ref: relation}}
	if got[0].Node.ID != node || got[0].Node.Tags.Get("ref") != "51" || got[1].Way.ID != way || got[1].Way.Nodes[0] != node || got[2].Relation.ID != relation || !slices.Equal(got[2].Relation.Members, members) {
		t.Errorf("%+v %+v %+v", got[0].Node, got[1].Way, got[2].Relation)
	}
	found := readPBF(t, m.bytes(t, 5))
	if !slices.ContainsFunc(found.nodes, func(n osm.Node) bool { return n.ID == node && n.Point == m.nodes[1].Point }) {
		t.Error("the mosaic has no such node at that place")
	}
}

// TestMosaicReal reads a real extract, writes it and reads it again.
func TestMosaicReal(t *testing.T) {
	m, err := readMosaic(t.Context(), "../../../../shared/data/osm/monaco-2021-04-21.osm.pbf")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the extracts are not beside the checkout")
	}
	if err != nil {
		t.Fatal(err)
	}
	got := readPBF(t, m.bytes(t, 1))
	if !reflect.DeepEqual(got.nodes, m.nodes) || !reflect.DeepEqual(got.ways, m.ways) || !reflect.DeepEqual(got.relations, m.relations) {
		t.Error("what is read back is something else")
	}
}

func TestMosaicStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := square().write(ctx, new(bytes.Buffer), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
