package build

import (
	"math"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// region is the part of the world that a build keeps. A nil region is all of it.
type region struct {
	low, high vector.WorldPoint    // the corners of its box
	tiles     map[cell.ID]struct{} // those of all zooms that touch the bounds
}

func newRegion(bounds orb.MultiPolygon) *region {
	if len(bounds) == 0 {
		return nil
	}
	r := &region{tiles: make(map[cell.ID]struct{})}
	var cutter vector.Cutter
	var all []vector.WorldPoint
	for _, polygon := range bounds {
		var g vector.World
		for _, ring := range polygon {
			for _, p := range ring {
				at := cell.Point{LonE7: e7(p.Lon(), 180), LatE7: e7(p.Lat(), 90)}
				g.Points = append(g.Points, vector.Project(at))
			}
			if len(ring) > 0 {
				g.Close()
			}
		}
		all = append(all, g.Points...)
		cutter.Polygon(cell.MaxTileZoom, &g, func(tile cell.ID, _ *vector.Tile) {
			for z := int(tile.Zoom()); z >= 0; z-- {
				r.tiles[tile.Ancestor(uint8(z))] = struct{}{}
			}
		})
	}
	r.low, r.high = vector.Bounds(all)
	return r
}

// Touching returns whether a tile touches an area, as Tiles decides it; every tile
// does when there is none.
func Touching(bounds orb.MultiPolygon) func(tile cell.ID) bool { return newRegion(bounds).holds }

// touches reports whether points reach into the box of the region.
func (r *region) touches(points []vector.WorldPoint) bool {
	if r == nil {
		return true
	}
	low, high := vector.Bounds(points)
	return low.X <= r.high.X && high.X >= r.low.X && low.Y <= r.high.Y && high.Y >= r.low.Y
}

// holds reports whether a tile touches the region.
func (r *region) holds(tile cell.ID) bool {
	if r == nil {
		return true
	}
	_, ok := r.tiles[tile]
	return ok
}

func e7(degrees, limit float64) int32 {
	return int32(math.Round(math.Max(-limit, math.Min(limit, degrees)) * 1e7))
}
