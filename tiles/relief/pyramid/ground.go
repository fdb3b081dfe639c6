package pyramid

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// shoreDegrees is how far beyond the model's edge the heights there run out to sea
// level: a cliff would be drawn as the steepest of all slopes.
const shoreDegrees = 0.1

// ground is a model with what lies around it.
type ground struct {
	model *dem.Model
	boxes []bounds // of its files
}

// bounds are degrees.
type bounds struct{ west, south, east, north float64 }

func newGround(m *dem.Model) *ground {
	g := &ground{model: m}
	for _, s := range m.Shapes() {
		var b bounds
		b.west, b.south, b.east, b.north = s.Bounds()
		g.boxes = append(g.boxes, b)
	}
	return g
}

// reaches reports whether a square has anything but sea level.
func (g *ground) reaches(id cell.ID) bool {
	west, south, east, north := id.Bounds()
	for _, b := range g.boxes {
		if west < b.east+shoreDegrees && east > b.west-shoreDegrees && south < b.north+shoreDegrees && north > b.south-shoreDegrees {
			return true
		}
	}
	return false
}

// sample returns the heights at the centres of a square's pixels. Positions are
// rounded to 1e-7 degrees, as everywhere: all machines get the same.
func (g *ground) sample(id cell.ID) (*pixels, error) {
	p := new(pixels)
	world := int64(relief.Side) << id.Zoom() // pixels around it
	for y := range relief.Side {
		_, lat := cell.Unproject(0.5, (float64(id.Y())*relief.Side+float64(y)+0.5)/float64(world))
		at := cell.Point{LatE7: int32(math.Round(lat * 1e7))}
		for x := range relief.Side {
			at.LonE7 = int32((2*(int64(id.X())*relief.Side+int64(x))+1)*180e7/world - 180e7)
			metres, ok, err := g.model.Height(at)
			if err == nil && !ok {
				metres, err = g.shore(at)
			}
			if err != nil {
				return nil, err
			}
			p.known = p.known || ok
			p.heights[y*relief.Side+x] = int32(math.Round(metres * relief.Unit))
		}
	}
	return p, nil
}

// shore returns the height of a point of which the model does not know: that at
// the nearest point of it, the less the farther away. Within the model, it is 0.
func (g *ground) shore(p cell.Point) (metres float64, err error) {
	lon, lat := float64(p.LonE7)/1e7, float64(p.LatE7)/1e7
	near, at := float64(shoreDegrees), cell.Point{}
	for _, b := range g.boxes {
		x, y := max(b.west, min(lon, b.east)), max(b.south, min(lat, b.north))
		right, up := lon-x, lat-y
		if d := math.Sqrt(float64(right*right) + float64(up*up)); d < near { // converted, so that no machine fuses
			near, at = d, cell.Point{LonE7: int32(math.Round(x * 1e7)), LatE7: int32(math.Round(y * 1e7))}
		}
	}
	if near == shoreDegrees {
		return 0, nil
	}
	metres, _, err = g.model.Height(at)
	return metres * (1 - near/shoreDegrees), err
}
