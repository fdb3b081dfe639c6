package build

import (
	"cmp"
	"context"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// lastZoom is the deepest zoom of the tiles.
const lastZoom = cell.MaxTileZoom

// Areas below these, in square pixels of a 256-pixel tile, are left out: a pixel,
// or at the last zoom, where readers zoom on, two tile units by two.
const (
	leastArea     = 1
	leastAreaLast = 4.0 / 256
)

// arenaBytes is the size of the pieces in which geometry is kept.
const arenaBytes = 256 << 10

// worker makes records of elements.
type worker struct {
	*source
	buffer     buffer
	cutter     vector.Cutter
	simplifier vector.Simplifier
	attrs      map[string]vector.Attrs // interned
	arena      []byte
	failed     error
	fresh      int // bytes of geometry and attributes that no record was charged for yet

	// The element at work.
	id     uint64
	draws  []pen
	found  []schema.Draw
	places []vector.WorldPoint
	shape  vector.World
	level  [2]vector.World // simplified geometry of the zoom at work and the one before
	packed []byte
	key    []byte
}

// pen is a draw of the element at work, with its attributes at the zoom at work.
type pen struct {
	schema.Draw
	layer uint8
	count int // of attributes
	attrs vector.Attrs
}

func newWorker(src *source, s *sorter) *worker {
	return &worker{source: src, buffer: buffer{sorter: s}, attrs: make(map[string]vector.Attrs)}
}

// classify sets and returns the draws of an element.
func (w *worker) classify(s schema.Subject) []pen {
	w.found = schema.Classify(s, w.languages, w.found[:0])
	return w.take(w.found...)
}

// take sets and returns the draws of an element.
func (w *worker) take(draws ...schema.Draw) []pen {
	w.draws = w.draws[:0]
	for _, d := range draws {
		w.draws = append(w.draws, pen{Draw: d, layer: w.layers[d.Layer], count: -1})
	}
	return w.draws
}

// measure completes the draws that depend on the area of an element: of so many
// square world units, or within outlines.
func (w *worker) measure(area int64, outlines [][][]cell.Point) {
	for i := range w.draws {
		switch d := &w.draws[i]; d.Size {
		case schema.MapSize:
			schema.Measure(&d.Draw, vector.SquareMetres(area))
		case schema.GroundSize:
			schema.Measure(&d.Draw, groundOf(outlines))
		}
	}
}

// groundOf returns the area of polygons on the ground.
func groundOf(polygons [][][]cell.Point) (area float64) {
	for _, rings := range polygons {
		for i, ring := range rings {
			if i == 0 {
				area += vector.GroundArea(ring)
			} else {
				area -= vector.GroundArea(ring)
			}
		}
	}
	return max(area, 0)
}

// ready reports what went wrong with the last element, or that ctx has ended.
func (w *worker) ready(ctx context.Context) error {
	return cmp.Or(w.failed, ctx.Err())
}

// add keeps a record, and makes room for the next when memory is full.
func (w *worker) add(r record) {
	w.buffer.add(r, w.fresh)
	w.fresh = 0
	if w.buffer.full() && w.failed == nil {
		w.failed = w.buffer.spill()
		clear(w.attrs)
		w.arena = nil
	}
}

func (w *worker) finish() { w.buffer.finish() }

// zooms returns the deepest and the lowest zoom at which a shape is drawn; last
// is below first when it is not.
func (w *worker) zooms(shape schema.Shape) (first, last int) {
	first, last = lastZoom+1, -1
	for i := range w.draws {
		if d := &w.draws[i]; d.Shape == shape {
			first, last = min(first, int(d.MinZoom)), max(last, min(int(d.MaxZoom), lastZoom))
		}
	}
	return first, last
}

// point draws a point of an area of so many square world units, 0 for a node.
func (w *worker) point(p vector.WorldPoint, shape schema.Shape, area int64) {
	if !w.region.touches([]vector.WorldPoint{p}) {
		return
	}
	first, last := w.zooms(shape)
	for z := last; z >= first; z-- {
		w.cutter.Point(uint8(z), p, w.emit(uint8(z), shape, vector.Points, area))
	}
}

// label draws a point inside the largest of some polygons.
func (w *worker) label(polygons []*vector.World) {
	first, last := w.zooms(schema.LabelPoint)
	if first > last || len(polygons) == 0 {
		return
	}
	var total, most int64
	var largest *vector.World
	for _, polygon := range polygons {
		area := areaOf(polygon)
		total += area
		if area > most {
			largest, most = polygon, area
		}
	}
	if largest == nil {
		return
	}
	if p, ok := vector.Interior(largest); ok {
		w.point(p, schema.LabelPoint, total)
	}
}

// lines draws lines, from the deepest zoom upwards, each thinned out from the one
// below it.
func (w *worker) lines(g *vector.World) {
	first, last := w.zooms(schema.Line)
	if first > last || len(g.Points) < 2 || !w.region.touches(g.Points) {
		return
	}
	for z := last; z >= first; z-- {
		next := &w.level[z%2]
		next.Reset()
		for i := range g.Len() {
			next.Points = w.simplifier.Line(next.Points, g.Part(i), vector.Tolerance(uint8(z), lastZoom))
			next.Close()
		}
		w.cutter.Lines(uint8(z), next, w.emit(uint8(z), schema.Line, vector.Lines, 0))
		g = next
	}
}

// polygon draws a polygon, an exterior ring and its interior rings, from the
// deepest zoom upwards.
func (w *worker) polygon(g *vector.World) {
	first, last := w.zooms(schema.Polygon)
	if first > last || !w.region.touches(g.Points) {
		return
	}
	area := areaOf(g)
	for z := last; z >= first; z-- {
		next := &w.level[z%2]
		if w.thin(next, g, uint8(z)); next.Len() == 0 {
			return
		}
		w.cutter.Polygon(uint8(z), next, w.emit(uint8(z), schema.Polygon, vector.Polygons, area))
		g = next
	}
}

// thin sets dst to what a zoom shows of a polygon.
func (w *worker) thin(dst, polygon *vector.World, z uint8) {
	least := float64(leastArea)
	if z == lastZoom {
		least = leastAreaLast
	}
	w.simplifier.Polygon(dst, polygon, z, vector.Tolerance(z, lastZoom))
	vector.FilterRings(dst, func(ring []vector.WorldPoint) bool {
		return vector.Pixels(ringArea(ring), z) >= least
	})
}

// emit returns a function that adds a record for each draw of the shape that the
// zoom shows.
func (w *worker) emit(z uint8, shape schema.Shape, t vector.GeomType, area int64) vector.Emit {
	pixels := vector.Pixels(area, z)
	return func(tile cell.ID, g *vector.Tile) {
		if !w.region.holds(tile) {
			return
		}
		var geometry []byte
		for i := range w.draws {
			d := &w.draws[i]
			if d.Shape != shape || z < d.MinZoom || z > d.MaxZoom || pixels < d.MinArea && t != vector.Lines {
				continue
			}
			if geometry == nil {
				geometry = w.keep(appendTile(w.packed[:0], t, g))
			}
			w.pick(d, z)
			w.add(record{placeOf(tile), w.id, d.Rank, d.layer, d.attrs, geometry})
		}
	}
}

// keep copies a packed geometry to the arena.
func (w *worker) keep(packed []byte) []byte {
	w.packed = packed
	if len(packed) > cap(w.arena)-len(w.arena) {
		w.arena = make([]byte, 0, max(arenaBytes, len(packed)))
	}
	from := len(w.arena)
	w.arena = append(w.arena, packed...)
	w.fresh += len(packed)
	return w.arena[from:len(w.arena):len(w.arena)]
}

// pick sets the pen's attributes to those of a zoom. A lower zoom never has
// others than a deeper one, only fewer, so their number tells whether they differ.
func (w *worker) pick(d *pen, z uint8) {
	attrs := schema.AttrsAt(d.Draw, z)
	if len(attrs) == d.count {
		return
	}
	w.key = w.key[:0]
	for _, a := range attrs {
		w.key = vector.AppendAttr(w.key, a.Key, valueOf(a.Value))
	}
	kept, ok := w.attrs[string(w.key)]
	if !ok {
		kept = vector.Attrs(w.key)
		w.attrs[string(kept)] = kept
		w.fresh += 2 * len(kept)
	}
	d.attrs, d.count = kept, len(attrs)
}

func valueOf(v schema.Value) vector.Value {
	switch v.Kind {
	case schema.Int:
		return vector.Int(v.I)
	case schema.Float:
		return vector.Float(v.F)
	case schema.Bool:
		return vector.Bool(v.B)
	}
	return vector.String(v.S)
}

// areaOf returns the area of a polygon without its holes.
func areaOf(polygon *vector.World) int64 {
	var area int64
	for i := range polygon.Len() {
		if i == 0 {
			area = ringArea(polygon.Part(i))
		} else {
			area -= ringArea(polygon.Part(i))
		}
	}
	return max(area, 0)
}

func ringArea(ring []vector.WorldPoint) int64 {
	area := vector.DoubleArea(ring)
	return max(area, -area) / 2
}
