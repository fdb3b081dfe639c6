// Package contour draws contour lines of tiles of heights (tiles/relief), as layers
// of vector tiles. They need not travel: whoever has the heights has them.
//
// A tile has one layer, Layer, with one feature for each height that it reaches,
// of lines every StepMetres above 0: ele is the height in metres, index is true for
// every fifth. Heights are smoothed over the neighbouring pixels first. Lines end
// at the tile's edge, at the same place as those of the next tile begin.
//
// All is computed in whole numbers: the same heights give the same bytes. Functions
// are pure and safe for concurrent use.
//
// After: Lorensen and Cline, Marching Cubes, 1987, in two dimensions.
package contour

import (
	"github.com/pannier-maps/pannier/tiles/relief"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// Layer is the name of the layer.
const Layer = "contours"

// How far lines are apart, and which of them are index lines.
const (
	StepMetres  = 20
	IndexMetres = 100
)

// Positions in a tile are in parts: 16 to a tile unit, 256 to a pixel.
const (
	parts     = 16
	pixel     = vector.Extent * parts / relief.Side
	edge      = vector.Extent * parts // the tile's eastern and southern edge
	tolerance = parts                 // of simplified lines
	smallest  = 3 * pixel             // width and height of a closed line, together
)

// Tile draws the lines of a tile. around returns the heights of the tile so many
// columns to the right and rows down, each -1 to 1; nil where there is none. It
// returns nil when there is no line.
func Tile(around func(right, down int) (*relief.Heights, error)) ([]byte, error) {
	g, err := newGrid(around)
	if err != nil {
		return nil, err
	}
	var features []vector.Feature
	var s vector.Simplifier
	low, high := g.bounds()
	for metres := int32(StepMetres); metres*weight <= high; metres += StepMetres {
		if metres*weight <= low {
			continue
		}
		if lines := draw(g, metres*weight, &s); lines.Len() > 0 {
			attrs := vector.AppendAttr(vector.AppendAttr(nil, "ele", vector.Int(int64(metres))), "index", vector.Bool(metres%IndexMetres == 0))
			features = append(features, vector.Feature{Type: vector.Lines, Attrs: vector.Attrs(attrs), Geometry: lines})
		}
	}
	if len(features) == 0 {
		return nil, nil
	}
	var e vector.Encoder
	return e.AppendLayer(nil, Layer, features), nil
}

// draw returns the lines at a level.
func draw(g *grid, level int32, s *vector.Simplifier) (lines vector.Tile) {
	var t tracer
	for y := int32(0); y < side-1; y++ {
		for x := int32(0); x < side-1; x++ {
			t.cross(g, x, y, level)
		}
	}
	var thin []vector.WorldPoint
	for line := range t.lines {
		low, high := vector.Bounds(line)
		if line[0] == line[len(line)-1] && high.X-low.X+high.Y-low.Y < smallest {
			continue
		}
		thin = s.Line(thin[:0], line, tolerance)
		start := len(lines.Points)
		for _, p := range thin {
			q := vector.TilePoint{X: (p.X + parts/2) / parts, Y: (p.Y + parts/2) / parts}
			if n := len(lines.Points); n == start || lines.Points[n-1] != q {
				lines.Points = append(lines.Points, q)
			}
		}
		if len(lines.Points)-start < 2 {
			lines.Points = lines.Points[:start]
			continue
		}
		lines.Close()
	}
	return lines
}
