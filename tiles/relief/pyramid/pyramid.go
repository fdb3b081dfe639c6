// Package pyramid draws a height model (tiles/dem) as tiles of heights
// (tiles/relief).
//
// Tiles takes heights at the centres of pixels, between the four points of the
// survey around each; above the deepest zoom a pixel is the mean of the four that
// it is made of. So neighbours meet without a seam.
// There are tiles where the region's box and the model meet, from the zoom on
// which the box is some pixels wide (MinZoom) to the one whose pixels match the
// survey (MaxZoom); viewers go on from there by themselves. Each tile has one below
// it on every zoom to the last, and one above it to the first.
//
// Heights are true in the region's box and 1 km around it. From there on, and from
// the model's edge, they run out to the region's mean height within 8 km; there the
// tiles end. Where the survey has a void that tiles/dem did not fill, as at sea,
// they are 0.
//
// The same model and box give the same bytes. A model is for one goroutine. Memory
// is bounded by some tiles on each zoom.
package pyramid

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// Deepest and widest zoom that a region's tiles can begin and end at.
const (
	firstZoom = 5
	lastZoom  = 12
)

// fewPixels is how much of its first tile a region's box takes, at least.
const fewPixels = 64

// Box is bounds in 1e-7 degrees.
type Box struct{ Min, Max cell.Point }

// widened returns a box with so many degrees more on all sides.
func (b Box) widened(degrees float64) Box {
	by := int32(degrees * 1e7)
	b.Min.LonE7, b.Min.LatE7 = max(b.Min.LonE7-by, -180e7), max(b.Min.LatE7-by, -90e7)
	b.Max.LonE7, b.Max.LatE7 = min(b.Max.LonE7+by, 180e7-1), min(b.Max.LatE7+by, 90e7)
	return b
}

// MaxZoom returns the zoom whose pixels are about as far apart as the points of
// the model's finest file.
func MaxZoom(m *dem.Model) uint8 {
	step := 360.0
	for _, s := range m.Shapes() {
		step = min(step, s.StepLon)
	}
	return uint8(max(firstZoom, min(lastZoom, math.Round(math.Log2(360.0/relief.Side/step)))))
}

// MinZoom returns the first zoom on which a box is fewPixels wide or high, but at
// most the given one.
func MinZoom(b Box, deepest uint8) uint8 {
	west, north := cell.Project(float64(b.Min.LonE7)/1e7, float64(b.Max.LatE7)/1e7)
	east, south := cell.Project(float64(b.Max.LonE7)/1e7, float64(b.Min.LatE7)/1e7)
	z := uint8(firstZoom)
	for z < deepest && max(east-west, south-north)*float64(int(relief.Side)<<z) < fewPixels {
		z++
	}
	return z
}

// Within reports whether a model may know heights in a box.
func Within(m *dem.Model, b Box) bool {
	return slices.ContainsFunc(m.Shapes(), func(s dem.Shape) bool {
		west, south, east, north := s.Bounds()
		return float64(b.Min.LonE7)/1e7 <= east && float64(b.Max.LonE7)/1e7 >= west &&
			float64(b.Min.LatE7)/1e7 <= north && float64(b.Max.LatE7)/1e7 >= south
	})
}

// Tiles draws a box's tiles and gives away their cells, each once. It tells
// progress, if that is set, how many squares of the last zoom are done.
func Tiles(ctx context.Context, m *dem.Model, b Box, progress func(done, total int64), emit func(id cell.ID, raw []byte) error) error {
	g, err := newGround(m, b)
	if err != nil {
		return err
	}
	d := &drawer{ground: g, region: b.widened(aroundDegrees + runOutDegrees), last: MaxZoom(m), pending: make(map[cell.ID][]tile), emit: emit, progress: progress}
	for i := range d.far.heights {
		d.far.heights[i] = int32(g.level * relief.Unit)
	}
	_, _, d.total = d.region.squares(d.last)
	d.first = MinZoom(d.region, d.last)
	from, to, _ := d.region.squares(d.first)
	for y := from.Y(); y <= to.Y(); y++ {
		for x := from.X(); x <= to.X(); x++ {
			if _, err := d.draw(ctx, cell.New(d.first, x, y)); err != nil {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.pending)) {
		if err := d.flush(id); err != nil {
			return err
		}
	}
	if progress != nil {
		progress(d.total, d.total)
	}
	return nil
}

// squares returns the north-western and the south-eastern square of a box on a
// zoom, and how many there are.
func (b Box) squares(zoom uint8) (from, to cell.ID, count int64) {
	from = cell.At(cell.Point{LonE7: b.Min.LonE7, LatE7: b.Max.LatE7}, zoom)
	to = cell.At(cell.Point{LonE7: b.Max.LonE7, LatE7: b.Min.LatE7}, zoom)
	return from, to, int64(to.X()-from.X()+1) * int64(to.Y()-from.Y()+1)
}
