package build

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	files "github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// drawn draws a base and returns the drawing's path.
func drawn(tb testing.TB, base *osm.Base, opts Options) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "drawing")
	if _, err := Draw(context.Background(), base, opts, path); err != nil {
		tb.Fatal(err)
	}
	return path
}

// redrawn redraws a base in place of another and returns the drawing's path.
func redrawn(tb testing.TB, path string, was, base *osm.Base, opts Options) (string, Stats) {
	tb.Helper()
	old, err := OpenDrawing(path, base, opts)
	if err != nil {
		tb.Fatal(err)
	}
	defer old.Close()
	path = filepath.Join(tb.TempDir(), "redrawn")
	said, err := osm.Diff(context.Background(), was, base)
	if err != nil {
		tb.Fatal(err)
	}
	stats, err := Redraw(context.Background(), old, was, base, said, opts, path)
	if err != nil {
		tb.Fatal(err)
	}
	return path, stats
}

func same(tb testing.TB, got, want string) bool {
	tb.Helper()
	a, err1 := os.ReadFile(got)
	b, err2 := os.ReadFile(want)
	if err := errors.Join(err1, err2); err != nil {
		tb.Fatal(err)
	}
	return bytes.Equal(a, b)
}

// applied returns the base that changes make of another.
func applied(tb testing.TB, base *osm.Base, changes []osm.Change) *osm.Base {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "base")
	if _, err := osm.Apply(context.Background(), base, changes, path, base.Header()); err != nil {
		tb.Fatal(err)
	}
	next, err := osm.OpenBase(path, 64<<20)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { next.Close() })
	return next
}

// readChanges reads a file of changes of the shared data.
func readChanges(tb testing.TB, name string) (changes []osm.Change) {
	tb.Helper()
	file, _, err := files.Open(filepath.Join(dataFolder(tb), "osm", name))
	if err != nil {
		tb.Skipf("no shared data: %v", err)
	}
	defer file.Close()
	err = osmxml.ReadChanges(context.Background(), file, func(c osm.Change) error { changes = append(changes, c); return nil })
	if err != nil {
		tb.Fatal(err)
	}
	return changes
}

// TestRedrawRealChanges redraws after daily changes and newer extracts.
func TestRedrawRealChanges(t *testing.T) {
	for _, test := range []struct {
		from string
		to   []string
	}{
		{"liechtenstein-2019-11-18.osm.pbf", []string{"liechtenstein-002435.osc.gz", "liechtenstein-002436.osc.gz"}},
		{"liechtenstein-2019-06-16.osm.pbf", []string{"liechtenstein-2019-06-18.osm.pbf"}},
		{"monaco-2021-04-21.osm.pbf", []string{"monaco-2021-08-01.osm.pbf", "monaco-003052.osc.gz", "monaco-003065.osc.gz"}},
	} {
		t.Run(test.from, func(t *testing.T) {
			opts := Options{Languages: []string{"de", "fr", "en"}, Bounds: orb.MultiPolygon{orb.Bound{Min: orb.Point{7.40, 43.7}, Max: orb.Point{9.6, 47.25}}.ToPolygon()}}
			base := openData(t, test.from)
			drawing := drawn(t, base, opts)
			for _, to := range test.to {
				var next *osm.Base
				if filepath.Ext(to) == ".pbf" {
					next = openData(t, to)
				} else {
					next = applied(t, base, readChanges(t, to))
				}
				got, stats := redrawn(t, drawing, base, next, opts)
				t.Logf("%s: %d elements, %d tiles in %d cells", to, stats.Changed, stats.Tiles, stats.Cells)
				if !same(t, got, drawn(t, next, opts)) {
					t.Errorf("%s: another drawing than one from scratch", to)
				}
				base, drawing = next, got
			}
		})
	}
}

// editor makes random changes of a base.
type editor struct {
	*rand.Rand
	tb   testing.TB
	base *osm.Base
}

func (e *editor) node() osm.Node {
	nodes, err := e.base.ReadNodes(e.IntN(e.base.NodeBlocks()))
	if err != nil {
		e.tb.Fatal(err)
	}
	return nodes[e.IntN(len(nodes))]
}

func (e *editor) way() osm.Way {
	ways, err := e.base.ReadWays(e.IntN(e.base.WayBlocks()))
	if err != nil {
		e.tb.Fatal(err)
	}
	return ways[e.IntN(len(ways))]
}

// coast returns a way of the coast, or any way where there is none.
func (e *editor) coast() osm.Way {
	for i := range e.base.WayBlocks() {
		ways, err := e.base.ReadWays(i)
		if err != nil {
			e.tb.Fatal(err)
		}
		for _, way := range ways {
			if isCoast(way.Tags) && e.IntN(4) == 0 {
				return way
			}
		}
	}
	return e.way()
}

func (e *editor) relation() osm.Relation {
	relations, err := e.base.ReadRelations(e.IntN(e.base.RelationBlocks()))
	if err != nil {
		e.tb.Fatal(err)
	}
	return relations[e.IntN(len(relations))]
}

// moved returns the change that moves a node by up to so many units.
func (e *editor) moved(id int64, by int32) []osm.Change {
	n, ok, err := e.base.Node(id)
	if err != nil {
		e.tb.Fatal(err)
	}
	if !ok {
		return nil
	}
	n.Meta.Version++
	n.Point.LonE7 += e.Int32N(2*by) - by
	n.Point.LatE7 += e.Int32N(2*by) - by
	return []osm.Change{{Action: osm.ModifyAction, Node: &n}}
}

// tagSets are tags that draw something; some of them in several layers.
var tagSets = []osm.Tags{
	nil,
	{{Key: "highway", Value: "residential"}, {Key: "name", Value: "Neue Gasse"}},
	{{Key: "highway", Value: "motorway"}, {Key: "ref", Value: "A 1"}},
	{{Key: "landuse", Value: "forest"}},
	{{Key: "building", Value: "yes"}, {Key: "addr:housenumber", Value: "7"}},
	{{Key: "name", Value: "Neudorf"}, {Key: "place", Value: "town"}, {Key: "population", Value: "12000"}},
	{{Key: "natural", Value: "coastline"}},
	{{Key: "natural", Value: "water"}, {Key: "name", Value: "Teich"}},
	{{Key: "route", Value: "bicycle"}, {Key: "type", Value: "route"}, {Key: "network", Value: "ncn"}, {Key: "ref", Value: "9"}},
	{{Key: "admin_level", Value: "4"}, {Key: "boundary", Value: "administrative"}, {Key: "type", Value: "boundary"}},
	{{Key: "landuse", Value: "meadow"}, {Key: "type", Value: "multipolygon"}},
}

func (e *editor) tags() osm.Tags {
	return osm.SortTags(append(osm.Tags(nil), tagSets[e.IntN(len(tagSets))]...))
}

// change returns one edit, as a mapper might make it.
func (e *editor) change() []osm.Change {
	way, r := e.way(), e.relation()
	way.Meta.Version++
	r.Meta.Version++
	switch e.IntN(12) {
	case 0:
		return e.moved(way.Nodes[e.IntN(len(way.Nodes))], 20_000)
	case 1: // out of the region, or into it
		return e.moved(way.Nodes[0], 3_000_000)
	case 2: // a small area grows
		return e.moved(way.Nodes[0], 300_000)
	case 3:
		way.Tags = e.tags()
	case 4:
		return []osm.Change{{Action: osm.DeleteAction, Way: &way}}
	case 5:
		n := e.node()
		n.Meta.Version++
		n.Tags = e.tags()
		return []osm.Change{{Action: osm.ModifyAction, Node: &n}}
	case 6:
		n := e.node()
		n.Meta.Version++
		return []osm.Change{{Action: osm.DeleteAction, Node: &n}}
	case 7:
		return []osm.Change{{Action: osm.DeleteAction, Relation: &r}}
	case 8:
		r.Tags = e.tags()
		return []osm.Change{{Action: osm.ModifyAction, Relation: &r}}
	case 9:
		r.Members = append(append([]osm.Member(nil), r.Members...), osm.Member{Kind: osm.WayKind, Ref: way.ID, Role: "outer"})
		if e.IntN(2) == 0 {
			r.Members = r.Members[e.IntN(len(r.Members)):]
		}
		r.Members[0].Role = []string{"", "inner", "forward", "backward"}[e.IntN(4)]
		return []osm.Change{{Action: osm.ModifyAction, Relation: &r}}
	case 10:
		coast := e.coast()
		return e.moved(coast.Nodes[e.IntN(len(coast.Nodes))], 30_000)
	default:
		way = e.coast()
		way.Meta.Version++
		way.Nodes = append([]int64(nil), way.Nodes[e.IntN(len(way.Nodes)):]...)
	}
	return []osm.Change{{Action: osm.ModifyAction, Way: &way}}
}

// TestRedrawRandomEdits redraws after edits, with some imports between two
// drawings, any number of workers and little memory.
func TestRedrawRandomEdits(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 2
	}
	box := orb.Bound{Min: orb.Point{7.4092, 43.7234}, Max: orb.Point{7.4386, 43.7517}}
	first := openData(t, "monaco-2021-08-01.osm.pbf")
	for i, opts := range []Options{{}, {Bounds: orb.MultiPolygon{box.ToPolygon()}, Languages: []string{"fr"}}} {
		base, drawing := first, drawn(t, first, opts)
		for round := range rounds {
			e := &editor{rand.New(rand.NewPCG(uint64(i), uint64(round))), t, base}
			opts.Workers, opts.MemoryBytes = 1+e.IntN(4), int64(e.IntN(2))
			for range 1 + e.IntN(3) {
				var edits []osm.Change
				for range 1 + e.IntN(20) {
					edits = append(edits, e.change()...)
				}
				e.base = applied(t, e.base, edits)
			}
			got, stats := redrawn(t, drawing, base, e.base, opts)
			if !same(t, got, drawn(t, e.base, opts)) {
				t.Fatalf("bounds %d, round %d: another drawing than one from scratch after %d elements, %d tiles", i, round, stats.Changed, stats.Tiles)
			}
			base, drawing = e.base, got
		}
	}
}

// TestRedrawTown checks how much is drawn anew after one edit.
func TestRedrawTown(t *testing.T) {
	base := town(t)
	lane, _, err := base.Way(3)
	if err != nil {
		t.Fatal(err)
	}
	lane.Tags = osm.Tags{{Key: "highway", Value: "residential"}}
	next := applied(t, base, []osm.Change{{Action: osm.ModifyAction, Way: &lane}})
	_, stats := redrawn(t, drawn(t, base, Options{}), base, next, Options{})
	if stats.Changed != 1 || stats.Tiles == 0 || stats.Tiles > 8 || stats.Cells > 2 {
		t.Errorf("a lane without direction: %+v", stats)
	}
	village, _, err := base.Node(100)
	if err != nil {
		t.Fatal(err)
	}
	village.Tags = append(village.Tags, osm.Tag{Key: "wikidata", Value: "Q1844"})
	next = applied(t, base, []osm.Change{{Action: osm.ModifyAction, Node: &village}})
	if _, stats := redrawn(t, drawn(t, base, Options{}), base, next, Options{}); stats.Changed != 1 || stats.Tiles != 0 || stats.Cells != 0 {
		t.Errorf("a tag that the map does not show: %+v", stats)
	}
}

// TestBadDrawings checks that a drawing of something else is refused, and that
// a damaged one is drawn anew.
func TestBadDrawings(t *testing.T) {
	base := town(t)
	path := drawn(t, base, Options{})
	for name, opts := range map[string]Options{
		"languages": {Languages: []string{"de"}}, "schema": {Schema: 1},
		"bounds": {Bounds: orb.MultiPolygon{orb.Bound{Max: orb.Point{1, 1}}.ToPolygon()}},
	} {
		if _, err := OpenDrawing(path, base, opts); !errors.Is(err, ErrStale) {
			t.Errorf("other %s: %v, want ErrStale", name, err)
		}
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lane, _, err := base.Way(3)
	if err != nil {
		t.Fatal(err)
	}
	lane.Tags = osm.Tags{{Key: "highway", Value: "residential"}}
	next := applied(t, base, []osm.Change{{Action: osm.ModifyAction, Way: &lane}})
	want := drawn(t, next, Options{})
	for at := 0; at < len(whole); at += 1 + len(whole)/150 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x40
		for what, data := range map[string][]byte{"cut": whole[:at], "flipped": bad} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			old, err := OpenDrawing(path, next, Options{})
			if err != nil {
				if !errors.Is(err, ErrStale) && !errors.Is(err, ErrDamaged) {
					t.Fatalf("%s at %d: %v", what, at, err)
				}
				continue
			}
			got, _ := redrawn(t, path, base, next, Options{})
			checkContent(t, got, want, next)
			old.Close()
		}
	}
	other, err := OpenDrawing(want, base, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := Redraw(context.Background(), other, base, next, osm.Changed{}, Options{}, path); !errors.Is(err, ErrStale) {
		t.Errorf("a drawing of another base than the one given: %v, want ErrStale", err)
	}
}

// checkContent checks that each cell is as wanted, or known to be damaged.
func checkContent(t *testing.T, got, want string, base *osm.Base) {
	t.Helper()
	var cells [2][]DrawnCell
	for i, path := range []string{got, want} {
		d, err := OpenDrawing(path, base, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, c := range d.Cells() {
			if _, err := d.Content(c); err != nil && !(errors.Is(err, ErrDamaged) && path == got) {
				t.Fatal(err)
			}
		}
		cells[i] = d.Cells()
	}
	if !slices.Equal(cells[0], cells[1]) {
		t.Fatal("other cells than from scratch")
	}
}

// copies makes a base of n copies of another, side by side to the east.
func copies(tb testing.TB, base *osm.Base, n int) *osm.Base {
	tb.Helper()
	const apart, stride = 4_500_000, 100_000_000_000 // 1e-7 degrees; ids
	path := filepath.Join(tb.TempDir(), "copies")
	w, err := osm.Create(path, osm.Header{})
	if err != nil {
		tb.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	for i := range n {
		for k := range base.NodeBlocks() {
			nodes, err := base.ReadNodes(k)
			must(err)
			for _, node := range nodes {
				node.ID += int64(i) * stride
				node.Point.LonE7 += int32(i) * apart
				must(w.Node(node))
			}
		}
	}
	for i := range n {
		for k := range base.WayBlocks() {
			ways, err := base.ReadWays(k)
			must(err)
			for _, way := range ways {
				way.ID += int64(i) * stride
				way.Nodes = append([]int64(nil), way.Nodes...)
				for j := range way.Nodes {
					way.Nodes[j] += int64(i) * stride
				}
				must(w.Way(way))
			}
		}
	}
	for i := range n {
		for k := range base.RelationBlocks() {
			relations, err := base.ReadRelations(k)
			must(err)
			for _, r := range relations {
				r.ID += int64(i) * stride
				r.Members = append([]osm.Member(nil), r.Members...)
				for j := range r.Members {
					r.Members[j].Ref += int64(i) * stride
				}
				must(w.Relation(r))
			}
		}
	}
	must(w.Finish())
	all, err := osm.OpenBase(path, 64<<20)
	must(err)
	tb.Cleanup(func() { all.Close() })
	return all
}

// delaware is an extract that a module ships as its test data.
func delaware(tb testing.TB) *osm.Base {
	tb.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	if err != nil {
		tb.Skipf("the extract is not at hand: %v", err)
	}
	return openExtract(tb, filepath.Join(strings.TrimSpace(string(dir)), "testdata", "delaware-latest.osm.pbf"))
}

// BenchmarkRedraw measures drawing after a day's changes, or after made-up ones
// that lie in some places, beside drawing everything.
func BenchmarkRedraw(b *testing.B) {
	liechtenstein, monaco, state := openData(b, "liechtenstein-2019-11-18.osm.pbf"), openData(b, "monaco-2021-08-01.osm.pbf"), delaware(b)
	first, second := readChanges(b, "liechtenstein-002435.osc.gz"), readChanges(b, "liechtenstein-002436.osc.gz")
	e := &editor{rand.New(rand.NewPCG(3, 4)), b, state}
	var edits []osm.Change
	for range 20 {
		edits = append(edits, e.change()...)
	}
	for _, bench := range []struct {
		name    string
		base    *osm.Base
		changes []osm.Change
	}{
		{"liechtenstein", liechtenstein, first},
		{"liechtenstein-next", liechtenstein, second},
		{"10-liechtensteins", copies(b, liechtenstein, 10), second},
		{"monaco", monaco, readChanges(b, "monaco-003052.osc.gz")},
		{"delaware", state, edits},
	} {
		next := applied(b, bench.base, bench.changes)
		path := drawn(b, bench.base, Options{})
		b.Run(bench.name+"/all", func(b *testing.B) {
			for b.Loop() {
				drawn(b, next, Options{})
			}
		})
		b.Run(bench.name+"/changed", func(b *testing.B) {
			for b.Loop() {
				_, stats := redrawn(b, path, bench.base, next, Options{})
				b.ReportMetric(float64(stats.Changed), "elements")
				b.ReportMetric(float64(stats.Tiles), "tiles")
				b.ReportMetric(float64(stats.Cells), "cells")
			}
		})
	}
}

func FuzzDrawing(f *testing.F) {
	path := filepath.Join(f.TempDir(), "base")
	w, err := osm.Create(path, osm.Header{})
	if err == nil {
		err = w.Node(osm.Node{ID: 1, Point: cell.Point{LonE7: 95209000, LatE7: 471410000}, Tags: osm.Tags{{Key: "name", Value: "Vaduz"}, {Key: "place", Value: "town"}}})
	}
	if err == nil {
		err = w.Finish()
	}
	base, err2 := osm.OpenBase(path, 1<<20)
	if err := errors.Join(err, err2); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { base.Close() })
	whole, err := os.ReadFile(drawn(f, base, Options{}))
	if err != nil {
		f.Fatal(err)
	}
	d := &Drawing{findings: findings{
		sea:    shore{ways: []int64{3, 9}, problems: []osm.Problem{{What: "broken", Ways: []int64{3}}}},
		broken: []Broken{{5, osm.Problem{What: "ring is not closed", Ways: []int64{7, 8}}}},
	}}
	tail := d.encodeIndex(nil)
	index := int(order.Uint64(whole[len(whole)-drawingTail:]))
	end := len(whole) - drawingTail - index
	f.Add(whole[end:end+index], int64(end))
	f.Add(tail[:len(tail)-drawingTail], int64(drawingHead))
	f.Fuzz(func(t *testing.T, index []byte, end int64) {
		var d Drawing
		if d.decodeIndex(index, end) != nil {
			return
		}
		again := d.encodeIndex(nil)
		var e Drawing
		if err := e.decodeIndex(again[:len(again)-drawingTail], end); err != nil || len(e.tiles) != len(d.tiles) || len(e.cells) != len(d.cells) {
			t.Errorf("an index reads otherwise once it is written again: %v", err)
		}
	})
}

func FuzzRecords(f *testing.F) {
	home := placeOf(cell.New(9, 268, 179))
	attrs := vector.Attrs(vector.AppendAttr(nil, "kind", vector.String("forest")))
	line := appendTile(nil, vector.Lines, &vector.Tile{Points: []vector.TilePoint{{X: 1, Y: 2}, {X: 300, Y: -4}}, Ends: []int{2}})
	f.Add(packRecords(nil, []record{{place: home, id: 7, layer: 1, attrs: attrs, geometry: line}, {place: home, id: 1<<63 + 7, rank: -3, layer: 2, attrs: attrs, geometry: line}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		records, err := parseRecords(raw, home)
		if err != nil || len(records) == 0 {
			return
		}
		again, err := parseRecords(packRecords(nil, records), home)
		if err != nil || !reflect.DeepEqual(again, records) {
			t.Errorf("records read otherwise once they are packed again: %v", err)
		}
		new(tileEncoder).encode(records)
	})
}
