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

// oceanID is the element that the ocean counts as; no kind has it.
const oceanID = 3 << 62

// ocean draws the sea within the box of the bounds, else of the extract, and
// returns what is wrong with the coast. Without a box it draws nothing.
func (w *worker) ocean(ctx context.Context, bounds orb.MultiPolygon) ([]osm.Problem, error) {
	box := w.base.Header().Bounds
	if len(bounds) > 0 {
		b := bounds.Bound()
		box = osm.Box{
			Min: cell.Point{LonE7: e7(b.Left(), 180), LatE7: e7(b.Bottom(), 90)},
			Max: cell.Point{LonE7: e7(b.Right(), 180), LatE7: e7(b.Top(), 90)},
		}
	}
	if len(w.coast.ways) == 0 || box == (osm.Box{}) {
		return nil, nil
	}
	slices.Sort(w.coast.ways) // workers find them in any order
	var all osm.Relation
	for _, id := range w.coast.ways {
		all.Members = append(all.Members, osm.Member{Kind: osm.WayKind, Ref: id})
	}
	ways, err := w.base.MemberWays(all)
	if err != nil {
		return nil, err
	}
	polygons, problems := osm.AssembleCoast(ways, box)
	w.id = oceanID
	w.take(schema.Ocean)
	for _, polygon := range project(polygons) {
		w.polygon(polygon)
		if err := w.ready(ctx); err != nil {
			return nil, err
		}
	}
	w.finish()
	return problems, nil
}
