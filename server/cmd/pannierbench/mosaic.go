package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// mosaic is an extract that is laid beside itself, to make larger ones.
//
// Copies lie on a grid of the extract's box. Their ids lie among each other as
// those of a country do: what was mapped at one time, some ten thousand ids in a
// row, is near to each other, and what follows is somewhere else. Each copy
// begins at another time of the extract's history, so that what follows on each
// other is not the same, which would pack better than any map.
type mosaic struct {
	box       osm.Box
	timestamp int64
	nodes     []osm.Node // by rising id, like the others
	ways      []osm.Way
	relations []osm.Relation
}

// idRun is how many ids stay in a row: two to the power of it.
const idRun = 16

func readMosaic(ctx context.Context, file string) (*mosaic, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := new(mosaic)
	err = osmpbf.Read(ctx, f, osm.Handler{
		Header:    func(h osm.Header) error { m.box, m.timestamp = h.Bounds, h.Timestamp; return nil },
		Nodes:     func(n []osm.Node) error { m.nodes = append(m.nodes, n...); return nil },
		Ways:      func(w []osm.Way) error { m.ways = append(m.ways, w...); return nil },
		Relations: func(r []osm.Relation) error { m.relations = append(m.relations, r...); return nil },
	})
	if err == nil && (m.box == osm.Box{}) {
		err = errors.New(file + ": it does not tell the box that it is of")
	}
	slices.SortFunc(m.nodes, func(a, b osm.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(m.ways, func(a, b osm.Way) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(m.relations, func(a, b osm.Relation) int { return cmp.Compare(a.ID, b.ID) })
	return m, err
}

// tessera is one copy of several.
type tessera struct {
	number, of int64
	lon, lat   int32    // how far it is from the extract, in 1e-7 degrees
	runs       [3]int64 // of ids of each kind
}

// run returns where a run of ids goes.
func (t tessera) run(kind osm.MemberKind, run int64) int64 {
	all := t.runs[kind]
	return (run+t.number*all/t.of)%all*t.of + t.number
}

func (t tessera) id(kind osm.MemberKind, id int64) int64 {
	return t.run(kind, id>>idRun)<<idRun | id&(1<<idRun-1)
}

func (t tessera) point(p cell.Point) cell.Point {
	return cell.Point{LonE7: p.LonE7 + t.lon, LatE7: p.LatE7 + t.lat}
}

func (t tessera) node(n osm.Node) osm.Node {
	n.ID, n.Point = t.id(osm.NodeKind, n.ID), t.point(n.Point)
	return n
}

func (t tessera) way(w osm.Way) osm.Way {
	nodes := make([]int64, len(w.Nodes))
	for i, id := range w.Nodes {
		nodes[i] = t.id(osm.NodeKind, id)
	}
	w.ID, w.Nodes = t.id(osm.WayKind, w.ID), nodes
	return w
}

func (t tessera) relation(r osm.Relation) osm.Relation {
	members := slices.Clone(r.Members)
	for i := range members {
		members[i].Ref = t.id(members[i].Kind, members[i].Ref)
	}
	r.ID, r.Members = t.id(osm.RelationKind, r.ID), members
	return r
}

var (
	xmlTag    = regexp.MustCompile(`<(node|way|relation|nd|member)\s[^>]*>`)
	xmlNumber = regexp.MustCompile(`\s(id|ref)="(\d+)"`)
	xmlKind   = regexp.MustCompile(`\stype="(\w+)"`)
)

// change maps the ids of an OsmChange document to those of a copy. Places stay as
// they are: it is for the copy that lies where the extract does.
func (t tessera) change(document []byte) []byte {
	kinds := map[string]osm.MemberKind{"node": osm.NodeKind, "nd": osm.NodeKind, "way": osm.WayKind, "relation": osm.RelationKind}
	return xmlTag.ReplaceAllFunc(document, func(tag []byte) []byte {
		name := string(xmlTag.FindSubmatch(tag)[1])
		if kind := xmlKind.FindSubmatch(tag); name == "member" && kind != nil {
			name = string(kind[1])
		}
		return xmlNumber.ReplaceAllFunc(tag, func(attribute []byte) []byte {
			parts := xmlNumber.FindSubmatch(attribute)
			id, err := strconv.ParseInt(string(parts[2]), 10, 64)
			if err != nil {
				return attribute // the import tells what is wrong with it
			}
			return fmt.Appendf(nil, ` %s="%d"`, parts[1], t.id(kinds[name], id))
		})
	})
}

// middle returns the copy that lies where the extract does.
func (m *mosaic) middle(copies int) tessera {
	all, _ := m.tesserae(copies)
	return all[slices.IndexFunc(all, func(t tessera) bool { return t.lon == 0 && t.lat == 0 })]
}

// tesserae returns the copies of a mosaic, in rows around the extract's place, and
// the box around them.
func (m *mosaic) tesserae(copies int) (all []tessera, box osm.Box) {
	// Members may lie outside of the extract, so that the largest ids are theirs.
	var last [3]int64
	for _, n := range m.nodes {
		last[osm.NodeKind] = max(last[osm.NodeKind], n.ID)
	}
	for _, w := range m.ways {
		last[osm.WayKind] = max(last[osm.WayKind], w.ID)
		for _, id := range w.Nodes {
			last[osm.NodeKind] = max(last[osm.NodeKind], id)
		}
	}
	for _, r := range m.relations {
		last[osm.RelationKind] = max(last[osm.RelationKind], r.ID)
		for _, member := range r.Members {
			last[member.Kind] = max(last[member.Kind], member.Ref)
		}
	}
	for k := range last {
		last[k] = last[k]>>idRun + 1
	}
	side := int(math.Ceil(math.Sqrt(float64(copies))))
	rows := (copies + side - 1) / side
	width, height := m.box.Max.LonE7-m.box.Min.LonE7, m.box.Max.LatE7-m.box.Min.LatE7
	for i := range copies {
		t := tessera{int64(i), int64(copies), int32(i%side-side/2) * width, int32(i/side-(rows-1)/2) * height, last}
		low, high := t.point(m.box.Min), t.point(m.box.Max)
		if i == 0 {
			box = osm.Box{Min: low, Max: high}
		}
		box.Max = cell.Point{LonE7: max(box.Max.LonE7, high.LonE7), LatE7: max(box.Max.LatE7, high.LatE7)}
		all = append(all, t)
	}
	return all, box
}

// write writes so many copies as an extract. The same extract and number give the
// same bytes.
func (m *mosaic) write(ctx context.Context, w io.Writer, copies int) error {
	all, box := m.tesserae(copies)
	out := bufio.NewWriterSize(w, 1<<20)
	p, err := newPBFWriter(out, osm.Header{Bounds: box, Timestamp: m.timestamp})
	if err != nil {
		return err
	}
	err = cmp.Or(
		lay(ctx, osm.NodeKind, all, m.nodes, func(n osm.Node) int64 { return n.ID }, func(t tessera, n osm.Node) error { return p.node(t.node(n)) }),
		lay(ctx, osm.WayKind, all, m.ways, func(w osm.Way) int64 { return w.ID }, func(t tessera, w osm.Way) error { return p.way(t.way(w)) }),
		lay(ctx, osm.RelationKind, all, m.relations, func(r osm.Relation) int64 { return r.ID }, func(t tessera, r osm.Relation) error { return p.relation(t.relation(r)) }),
	)
	return cmp.Or(err, p.flush(), out.Flush())
}

// lay adds the elements of all copies by rising id.
func lay[T any](ctx context.Context, kind osm.MemberKind, all []tessera, elements []T, id func(T) int64, add func(tessera, T) error) error {
	type run struct {
		at       int64
		of       tessera
		from, to int
	}
	var runs []run
	for from := 0; from < len(elements); {
		number, to := id(elements[from])>>idRun, from
		for to < len(elements) && id(elements[to])>>idRun == number {
			to++
		}
		for _, t := range all {
			runs = append(runs, run{t.run(kind, number), t, from, to})
		}
		from = to
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.at, b.at) })
	for _, r := range runs {
		for _, e := range elements[r.from:r.to] {
			if err := add(r.of, e); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
