package pyramid

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// How far around the region heights are true, and over how much more they run out,
// in degrees.
const (
	aroundDegrees = 0.01
	runOutDegrees = 0.07
)

// samplesForMean is how many heights the mean is taken of, each way.
const samplesForMean = 32

// ground is a model around a region. Far away from the region, or from the model,
// the ground is level: what a tile holds of it is neither true nor of use, and a
// cliff would be drawn as the steepest of all slopes.
type ground struct {
	model *dem.Model
	files []bounds
	box   bounds
	level float64 // metres: the mean in the region
}

// bounds are degrees.
type bounds struct{ west, south, east, north float64 }

func newGround(m *dem.Model, b Box) (*ground, error) {
	g := &ground{model: m, box: bounds{float64(b.Min.LonE7) / 1e7, float64(b.Min.LatE7) / 1e7, float64(b.Max.LonE7) / 1e7, float64(b.Max.LatE7) / 1e7}}
	for _, s := range m.Shapes() {
		var f bounds
		f.west, f.south, f.east, f.north = s.Bounds()
		g.files = append(g.files, f)
	}
	var sum, count float64
	for y := range int64(samplesForMean) {
		for x := range int64(samplesForMean) {
			at := func(from, to, i int64) int32 { return int32(from + (to-from)*(2*i+1)/(2*samplesForMean)) }
			metres, ok, err := m.Height(cell.Point{LonE7: at(int64(b.Min.LonE7), int64(b.Max.LonE7), x), LatE7: at(int64(b.Min.LatE7), int64(b.Max.LatE7), y)})
			if err != nil {
				return nil, err
			}
			if ok {
				sum, count = sum+metres, count+1
			}
		}
	}
	if count > 0 {
		g.level = math.Round(sum / count)
	}
	return g, nil
}

// nearest returns the point of bounds that is nearest to a position, and how far it
// is. The conversions keep machines from fusing operations: all get the same bits.
func (b bounds) nearest(lon, lat float64) (x, y, degrees float64) {
	x, y = max(b.west, min(lon, b.east)), max(b.south, min(lat, b.north))
	right, up := lon-x, lat-y
	return x, y, math.Sqrt(float64(right*right) + float64(up*up))
}

// overlap reports whether bounds meet others that are widened to all sides.
func (b bounds) overlap(o bounds, degrees float64) bool {
	return b.west < o.east+degrees && b.east > o.west-degrees && b.south < o.north+degrees && b.north > o.south-degrees
}

// isLevel reports whether a square lies so far away that it is level.
func (g *ground) isLevel(id cell.ID) bool {
	var square bounds
	square.west, square.south, square.east, square.north = id.Bounds()
	if !square.overlap(g.box, aroundDegrees+runOutDegrees) {
		return true
	}
	for _, f := range g.files {
		if square.overlap(f, runOutDegrees) {
			return false
		}
	}
	return true
}

// sample returns the heights at the centres of a square's pixels. Positions are
// rounded to 1e-7 degrees, as everywhere.
func (g *ground) sample(id cell.ID) (*pixels, error) {
	p := new(pixels)
	world := int64(relief.Side) << id.Zoom() // pixels around it
	for y := range relief.Side {
		_, lat := cell.Unproject(0.5, (float64(id.Y())*relief.Side+float64(y)+0.5)/float64(world))
		at := cell.Point{LatE7: int32(math.Round(lat * 1e7))}
		for x := range relief.Side {
			at.LonE7 = int32((2*(int64(id.X())*relief.Side+int64(x))+1)*180e7/world - 180e7)
			metres, known, err := g.height(at)
			if err != nil {
				return nil, err
			}
			p.known = p.known || known
			p.heights[y*relief.Side+x] = int32(math.Round(metres * relief.Unit))
		}
	}
	return p, nil
}

// height returns the metres above the sea at a point, and whether the model knows
// about it. In a void of the model they are 0.
func (g *ground) height(p cell.Point) (metres float64, known bool, err error) {
	lon, lat := float64(p.LonE7)/1e7, float64(p.LatE7)/1e7
	_, _, away := g.box.nearest(lon, lat)
	away = max(0, away-aroundDegrees)
	if away >= runOutDegrees {
		return g.level, false, nil
	}
	if metres, known, err = g.model.Height(p); err != nil {
		return 0, false, err
	}
	if !known {
		var near float64
		if metres, near, err = g.edge(lon, lat); err != nil {
			return 0, false, err
		}
		if away = max(away, near); away >= runOutDegrees {
			return g.level, false, nil
		}
	}
	share := away / runOutDegrees
	return float64(metres*(1-share)) + float64(g.level*share), known, nil
}

// edge returns the mean height around the nearest point of the model, of a square
// that is the larger the farther away it is: what goes on beyond the edge is ever
// smoother.
func (g *ground) edge(lon, lat float64) (metres, degrees float64, err error) {
	degrees = math.Inf(1)
	var x, y float64
	var in bounds
	for _, f := range g.files {
		if fx, fy, d := f.nearest(lon, lat); d < degrees {
			x, y, degrees, in = fx, fy, d, f
		}
	}
	if degrees == 0 || degrees >= runOutDegrees {
		return 0, degrees, nil // a void, or too far away
	}
	const side = 3 // samples to each side
	for i := -side; i <= side; i++ {
		for j := -side; j <= side; j++ {
			atX, atY, _ := in.nearest(x+float64(degrees*float64(i)/side), y+float64(degrees*float64(j)/side))
			h, _, err := g.model.Height(cell.Point{LonE7: int32(math.Round(atX * 1e7)), LatE7: int32(math.Round(atY * 1e7))})
			if err != nil {
				return 0, 0, err
			}
			metres += h
		}
	}
	return metres / ((2*side + 1) * (2*side + 1)), degrees, nil
}
