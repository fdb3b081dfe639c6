package build

import (
	"context"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
)

// coast gathers the ids of coastline ways.
type coast struct {
	mu   sync.Mutex
	ways []int64
}

func (c *coast) add(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ways = append(c.ways, id)
}

// shore is what the sea was drawn of.
type shore struct {
	ways     []int64 // of the coast, ids rising
	problems []osm.Problem
}

func isCoast(tags osm.Tags) bool { return tags.Get("natural") == "coastline" }

// oceanID is the element that the ocean counts as; no kind has it.
const oceanID = 3 << 62

// ocean draws the sea: ready polygons, if there are any, else what coastline ways
// give.
func (w *worker) ocean(ctx context.Context, opts Options, coast []int64) (shore, error) {
	if opts.Water != nil {
		return shore{}, w.sea(ctx, opts.Water.Polygons)
	}
	return w.coastal(ctx, opts.Bounds, coast)
}

// coastal draws the sea of coastline ways within the box of the bounds, else of
// the extract. Without a box it draws nothing.
func (w *worker) coastal(ctx context.Context, bounds orb.MultiPolygon, coast []int64) (shore, error) {
	box := w.base.Header().Bounds
	if len(bounds) > 0 {
		b := bounds.Bound()
		box = osm.Box{
			Min: cell.Point{LonE7: e7(b.Left(), 180), LatE7: e7(b.Bottom(), 90)},
			Max: cell.Point{LonE7: e7(b.Right(), 180), LatE7: e7(b.Top(), 90)},
		}
	}
	slices.Sort(coast) // workers find them in any order
	sea := shore{ways: coast}
	if len(coast) == 0 || box == (osm.Box{}) {
		return sea, nil
	}
	var all osm.Relation
	for _, id := range coast {
		all.Members = append(all.Members, osm.Member{Kind: osm.WayKind, Ref: id})
	}
	ways, err := w.base.MemberWays(all)
	if err != nil {
		return sea, err
	}
	var polygons [][][]cell.Point
	polygons, sea.problems = osm.AssembleCoast(ways, box)
	return sea, w.sea(ctx, polygons)
}

// sea draws polygons of the sea.
func (w *worker) sea(ctx context.Context, polygons [][][]cell.Point) error {
	w.id = oceanID
	w.take(schema.Ocean)
	for i := range polygons {
		for _, shape := range project(polygons[i : i+1]) {
			w.polygon(shape)
		}
		if err := w.ready(ctx); err != nil {
			return err
		}
	}
	w.finish()
	return nil
}
