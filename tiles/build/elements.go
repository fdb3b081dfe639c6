package build

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// source is what the workers share.
type source struct {
	base      *osm.Base
	languages []string
	members   *members
	region    *region
	layers    map[string]uint8 // index in schema.Layers
	coast     coast
	broken    brokens
}

// newSource returns a source without coast.
func newSource(base *osm.Base, opts Options, members *members) *source {
	src := &source{base: base, languages: opts.Languages, members: members, region: newRegion(opts.Bounds), layers: make(map[string]uint8)}
	for i, layer := range schema.Layers {
		src.layers[layer.Name] = uint8(i)
	}
	return src
}

// cutElements turns all elements into records in s. It returns the ways of the
// coast and what is wrong with them.
func cutElements(ctx context.Context, base *osm.Base, opts Options, s *sorter) (findings, error) {
	if err := base.Unpack(ctx, opts.TempDir); err != nil {
		return findings{}, err
	}
	members, err := readMembers(ctx, base)
	if err != nil {
		return findings{}, err
	}
	src := newSource(base, opts, members)
	// Relations first: theirs are the largest areas.
	relations, ways, nodes := base.RelationBlocks(), base.WayBlocks(), base.NodeBlocks()
	total := relations + ways + nodes
	p := progress{tell: opts.Progress, stage: "elements", total: int64(total)}
	err = src.each(ctx, opts.Workers, total, s, func(ctx context.Context, w *worker, i int) error {
		defer p.add(1)
		switch {
		case i < relations:
			return w.relations(ctx, i)
		case i < relations+ways:
			return w.ways(ctx, i-relations)
		}
		return w.nodes(ctx, i-relations-ways)
	})
	if err != nil {
		return findings{}, err
	}
	sea, err := newWorker(src, s).ocean(ctx, opts, src.coast.ways)
	return findings{sea, src.broken.sorted(nil, nil)}, err
}

// each calls do for the numbers below n, with as many workers at a time, whose
// records go to s.
func (src *source) each(ctx context.Context, workers, n int, s *sorter, do func(ctx context.Context, w *worker, i int) error) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error {
			w := newWorker(src, s)
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					w.finish()
					return nil
				}
				if err := do(ctx, w, i); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

func (w *worker) nodes(ctx context.Context, block int) error {
	nodes, err := w.base.ReadNodes(block)
	if err != nil {
		return err
	}
	for i := range nodes {
		if err := w.node(ctx, &nodes[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *worker) node(ctx context.Context, n *osm.Node) error {
	if len(n.Tags) == 0 || len(w.classify(schema.Subject{Tags: n.Tags, Kind: osm.NodeKind})) == 0 {
		return nil
	}
	w.id = elementID(osm.NodeKind, n.ID)
	w.point(vector.Project(n.Point), schema.Point, 0)
	return w.ready(ctx)
}

func (w *worker) ways(ctx context.Context, block int) error {
	ways, err := w.base.ReadWays(block)
	if err != nil {
		return err
	}
	for i := range ways {
		if err := w.way(ctx, &ways[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *worker) way(ctx context.Context, way *osm.Way) error {
	if isCoast(way.Tags) {
		w.coast.add(way.ID)
	}
	routes, boundaries := w.members.routes[way.ID], w.members.boundaries[way.ID]
	if len(way.Tags) == 0 && len(routes) == 0 && len(boundaries) == 0 {
		return nil
	}
	draws := w.classify(schema.Subject{
		Tags: way.Tags, Closed: way.Closed(), Kind: osm.WayKind,
		Routes: w.members.routesOf(routes), Boundaries: w.members.boundariesOf(boundaries),
	})
	if len(draws) == 0 {
		return nil
	}
	places, err := w.base.Points(way.Nodes)
	if err != nil {
		return fmt.Errorf("way %d: %w", way.ID, err)
	}
	w.id = elementID(osm.WayKind, way.ID)
	w.course(places, way.Closed())
	return w.ready(ctx)
}

// course draws a way's line or area.
func (w *worker) course(places []cell.Point, closed bool) {
	w.places = vector.ProjectAll(w.places[:0], places)
	w.shape.Reset()
	w.shape.Add(w.places)
	w.lines(&w.shape)
	if n := len(w.places); closed && n > 3 && w.places[0] == w.places[n-1] {
		w.shape.Reset()
		w.shape.Add(w.places[:n-1])
		w.measure(areaOf(&w.shape), nil)
		w.polygon(&w.shape)
		w.label([]*vector.World{&w.shape})
	}
}

func (w *worker) relations(ctx context.Context, block int) error {
	relations, err := w.base.ReadRelations(block)
	if err != nil {
		return err
	}
	for i := range relations {
		if err := w.relation(ctx, &relations[i]); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (w *worker) relation(ctx context.Context, r *osm.Relation) error {
	if !isArea(r) || len(r.Tags) == 0 || len(w.classify(schema.Subject{Tags: r.Tags, Closed: true, Kind: osm.RelationKind})) == 0 {
		return nil
	}
	members, err := w.base.MemberWays(*r)
	if err != nil {
		return fmt.Errorf("relation %d: %w", r.ID, err)
	}
	outlines, problems := osm.AssembleMultipolygon(members)
	w.broken.add(r, members, problems)
	polygons := project(outlines)
	w.id = elementID(osm.RelationKind, r.ID)
	var area int64
	for _, polygon := range polygons {
		area += areaOf(polygon)
	}
	w.measure(area, outlines)
	for _, polygon := range polygons {
		w.polygon(polygon)
	}
	w.label(polygons)
	return w.ready(ctx)
}

// project maps polygons to world units.
func project(polygons [][][]cell.Point) []*vector.World {
	var shapes []*vector.World
	for _, rings := range polygons {
		shape := new(vector.World)
		for i, ring := range rings {
			from := len(shape.Points)
			shape.Points = vector.ProjectAll(shape.Points, ring)
			shape.Points = shape.Points[:len(shape.Points)-1] // the first again
			if len(shape.Points)-from >= 3 {
				shape.Close()
			} else if shape.Points = shape.Points[:from]; i == 0 {
				break
			}
		}
		if shape.Len() > 0 {
			shapes = append(shapes, shape)
		}
	}
	return shapes
}
