// Package fromosm makes features of OpenStreetMap's elements.
//
// Places (kind poi) come from nodes, ways and multipolygons whose tags
// tiles/taxonomy knows, and which have a name or need none. They are points: the
// node, the middle node of an open way, a point inside an area. Routes come from
// relations for cycling, mountain biking and hiking; their ways are joined in the
// order of the relation, gaps stay gaps, members that are relations are followed
// (depth and number bounded, cycles refused), and lines are thinned to Tolerance.
// Members whose role says that they are not the main course (alternative,
// excursion, approach, connection …) are left out, unless there is nothing else.
//
// Ids are "osm/node/1", "osm/way/2", "osm/relation/3". Texts are kept as they
// are, without control characters. The provenance's time is the element's last
// edit, so that an untouched object keeps its bytes. Every feature passes
// Validate; one that does not is counted and left out.
//
// See https://wiki.openstreetmap.org/wiki/Map_features and
// https://wiki.openstreetmap.org/wiki/Relation:route.
package fromosm

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// What every feature of OpenStreetMap says about itself.
const (
	Collection  = "osm"
	Provider    = "OpenStreetMap"
	Licence     = "ODbL-1.0"
	Attribution = "© OpenStreetMap contributors"
)

// Options says what to make.
type Options struct {
	Languages []string // of names and descriptions, beside those on the spot
	Bounds    osm.Box  // features whose box touches it; the zero box means all
	Workers   int      // 1 when less
}

// Stats counts features made and objects left out.
type Stats struct {
	POIs, Routes int
	Incomplete   int // no usable geometry: members that the base has not
	Invalid      int // refused by Validate
}

// Features calls yield for each feature of base, never for two at once. The
// features are the same for any number of workers, but their order is not: sort
// by id where it matters. An error of yield or of the base ends it.
func Features(ctx context.Context, base *osm.Base, opts Options, yield func(*feature.Feature) error) (Stats, error) {
	m := &maker{base: base, opts: opts, yield: yield}
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(max(1, opts.Workers))
	each := func(blocks int, do func(i int) error) {
		for i := range blocks {
			if running.Err() != nil {
				return
			}
			group.Go(func() error { return do(i) })
		}
	}
	each(base.NodeBlocks(), m.nodes)
	each(base.WayBlocks(), m.ways)
	each(base.RelationBlocks(), m.relations)
	if err := group.Wait(); err != nil {
		return m.stats, fmt.Errorf("make features: %w", err)
	}
	return m.stats, ctx.Err()
}

// maker is the state of one Features call.
type maker struct {
	base *osm.Base
	opts Options

	mu    sync.Mutex // guards what follows
	yield func(*feature.Feature) error
	stats Stats
	err   error // of yield, which is not called again then
}

func (m *maker) nodes(block int) error {
	nodes, err := m.base.ReadNodes(block)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := m.node(n); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) node(n osm.Node) error {
	category, tag, ok := m.place(n.Tags)
	if !ok {
		return nil
	}
	f := m.describe(osm.NodeKind, n.ID, n.Tags, n.Meta)
	classify(f, category, tag)
	f.Geometry = feature.At(n.Point)
	return m.give(f)
}

func (m *maker) ways(block int) error {
	ways, err := m.base.ReadWays(block)
	if err != nil {
		return err
	}
	for _, w := range ways {
		if err := m.way(w); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) way(w osm.Way) error {
	category, tag, ok := m.place(w.Tags)
	if !ok {
		return nil
	}
	points, err := m.base.Points(w.Nodes)
	if err != nil {
		return err
	}
	f := m.describe(osm.WayKind, w.ID, w.Tags, w.Meta)
	classify(f, category, tag)
	switch {
	case len(points) == 0:
	case w.Closed() && len(points) == len(w.Nodes):
		f.Geometry = feature.At(feature.Inside(points))
	default:
		f.Geometry = feature.At(points[len(points)/2])
	}
	return m.give(f)
}

func (m *maker) relations(block int) error {
	relations, err := m.base.ReadRelations(block)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if err := m.relation(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) relation(r osm.Relation) error {
	f, err := m.whole(r)
	if err != nil || f == nil {
		return err
	}
	return m.give(f)
}

// whole returns the feature that a relation makes, nil when none. Its
// geometry may be missing.
func (m *maker) whole(r osm.Relation) (*feature.Feature, error) {
	switch r.Tags.Get("type") {
	case "multipolygon", "boundary":
		category, tag, ok := m.place(r.Tags)
		if !ok {
			return nil, nil
		}
		f := m.describe(osm.RelationKind, r.ID, r.Tags, r.Meta)
		classify(f, category, tag)
		geometry, err := m.within(r)
		f.Geometry = geometry
		return f, err
	case "route", "superroute":
		category, ok := m.route(r.Tags)
		if !ok {
			return nil, nil
		}
		f := m.describe(osm.RelationKind, r.ID, r.Tags, r.Meta)
		f.Kind, f.Category = feature.Route, category
		return f, m.course(r, f)
	}
	return nil, nil
}

// give hands a feature on when it is whole and touches the bounds.
func (m *maker) give(f *feature.Feature) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if f.Geometry.IsZero() {
		m.stats.Incomplete++
		return nil
	}
	if !touches(m.opts.Bounds, f) {
		return nil
	}
	if f.Validate() != nil {
		m.stats.Invalid++
		return nil
	}
	if f.Kind == feature.Route {
		m.stats.Routes++
	} else {
		m.stats.POIs++
	}
	m.err = m.yield(f)
	return m.err
}

func touches(box osm.Box, f *feature.Feature) bool {
	lo, hi := f.Bounds()
	return box == (osm.Box{}) ||
		(lo.LonE7 <= box.Max.LonE7 && hi.LonE7 >= box.Min.LonE7 && lo.LatE7 <= box.Max.LatE7 && hi.LatE7 >= box.Min.LatE7)
}
