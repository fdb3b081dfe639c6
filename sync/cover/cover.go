package cover

import (
	"math"
	"slices"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// deepest is the zoom of the smallest cells.
const deepest = 11

// Cover is a selection worked out. A nil Cover holds everything.
type Cover struct {
	layers  []cell.Layer
	all     bool             // everywhere
	squares map[cell.ID]bool // that touch the corridor, and their ancestors
	boxes   []Box            // none crosses 180°
}

// Cover works a selection out.
func (s Selection) Cover() *Cover {
	c := &Cover{layers: s.Layers, all: s.everywhere()}
	for _, b := range s.Boxes {
		if b.West > b.East {
			c.boxes = append(c.boxes, Box{b.West, b.South, 180e7, b.North}, Box{-180e7, b.South, b.East, b.North})
		} else {
			c.boxes = append(c.boxes, b)
		}
	}
	if len(s.Lines) > 0 {
		c.squares = make(map[cell.ID]bool)
		for _, line := range s.Lines {
			c.along(line, float64(s.Meters))
		}
	}
	return c
}

// Holds reports whether a cell belongs to the selection.
func (c *Cover) Holds(key cell.Key) bool {
	if c == nil {
		return true
	}
	if len(c.layers) > 0 && !slices.Contains(c.layers, key.Layer) {
		return false
	}
	return c.all || c.squares[key.ID.Ancestor(deepest)] || slices.ContainsFunc(c.boxes, func(b Box) bool { return b.touches(key.ID) })
}

// Of returns a manifest that lists only the cells which are held.
func (c *Cover) Of(m *manifest.Manifest) *manifest.Manifest {
	if m == nil || c == nil || c.all && len(c.layers) == 0 {
		return m
	}
	part := &manifest.Manifest{Meta: m.Meta}
	for _, e := range m.Entries {
		if c.Holds(e.Key) {
			part.Entries = append(part.Entries, e)
		}
	}
	return part
}

// touches reports whether some place of the box lies in the square, as cell.At
// says.
func (b Box) touches(id cell.ID) bool {
	if !id.Valid() {
		return false
	}
	southWest := cell.At(cell.Point{LonE7: b.West, LatE7: b.South}, id.Zoom())
	northEast := cell.At(cell.Point{LonE7: b.East, LatE7: b.North}, id.Zoom())
	return southWest.X() <= id.X() && id.X() <= northEast.X() && northEast.Y() <= id.Y() && id.Y() <= southWest.Y()
}

// along adds the squares within so many metres of a line.
func (c *Cover) along(line []cell.Point, meters float64) {
	for i, p := range line {
		b := project(p)
		a := b
		if i > 0 {
			a = project(line[i-1])
			a.x = b.x + math.Remainder(a.x-b.x, 1) // the short way round
		}
		c.near(a, b, meters)
		c.beyond(p, meters)
	}
}

// near adds the squares within so many metres of a segment.
func (c *Cover) near(a, b point, meters float64) {
	const n = 1 << deepest
	_, lat := cell.Unproject(0, min(a.y, b.y))
	_, south := cell.Unproject(0, max(a.y, b.y))
	reach := meters / (2 * math.Pi * earthRadius * shrink(max(math.Abs(lat), math.Abs(south)), meters))
	first, last := math.Floor((min(a.x, b.x)-reach)*n), math.Floor((max(a.x, b.x)+reach)*n)
	last = min(last, first+n-1)
	top, bottom := max(0, math.Floor((min(a.y, b.y)-reach)*n)), min(n-1, math.Floor((max(a.y, b.y)+reach)*n))
	for x := first; x <= last; x++ {
		for y := top; y <= bottom; y++ {
			id := cell.New(deepest, uint32(math.Mod(x+2*n, n)), uint32(y))
			if !c.squares[id] && rectOf(deepest, x, y).meters(a, b) <= meters {
				c.add(id)
			}
		}
	}
}

// shrink returns how much shorter a metre's worth of longitude is than at the
// equator, at the parallel which the distance reaches from a latitude.
func shrink(lat, meters float64) float64 {
	const rad = math.Pi / 180
	return math.Cos(min(cell.MaxLat*rad, lat*rad+meters/earthRadius))
}

// beyond adds the outermost squares that hold what lies near p beyond the map's
// edge: cell.At puts that into the outermost row.
func (c *Cover) beyond(p cell.Point, meters float64) {
	const rad, n = math.Pi / 180, 1 << deepest
	lat, angle := math.Abs(float64(p.LatE7)/1e7)*rad, meters/earthRadius
	if lat+angle < cell.MaxLat*rad {
		return
	}
	half := 0.5 // the pole is near: every meridian
	if lat+angle < math.Pi/2 {
		half = math.Asin(min(1, math.Sin(angle)/math.Cos(lat))) / (2 * math.Pi)
	}
	row := uint32(0)
	if p.LatE7 < 0 {
		row = n - 1
	}
	x := project(p).x
	first := math.Floor((x - half) * n)
	for i := first; i <= min(math.Floor((x+half)*n), first+n-1); i++ {
		c.add(cell.New(deepest, uint32(math.Mod(i+2*n, n)), row))
	}
}

// add notes a square and all that it lies in.
func (c *Cover) add(id cell.ID) {
	for ; !c.squares[id]; id = id.Ancestor(id.Zoom() - 1) {
		c.squares[id] = true
		if id == cell.World {
			return
		}
	}
}
