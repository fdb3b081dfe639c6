// Package dem holds height models: what surveys such as SRTM tell of how high
// the ground lies, and how much a way along it climbs.
//
// Read makes a Grid of an .hgt or GeoTIFF file, Fill closes its voids, and Write
// keeps it as a file of this package (FORMAT.md), of which Open reads a block at
// a time. A Model is several of those, asked for the height at a point or for
// the Climb of a route.
//
// Positions are WGS 84 degrees, heights metres above the sea as the survey gives
// them. A grid has at most MaxPoints; its heights are kept as Levels.
//
// Errors about content wrap ErrInvalid and say what to do. A Grid may be read
// concurrently, a Model is for one goroutine.
//
// Sources: NASA, SRTM User Guide (.hgt); Adobe, TIFF Revision 6.0 and TIFF
// Technical Note 3; OGC 19-008r4, GeoTIFF 1.1.
package dem

import (
	"errors"
	"fmt"
	"math"
)

// Limits of a grid.
const (
	MaxPoints = 50_000_000
	MaxSide   = 50_000 // columns, or rows
	MinHeight = -500   // metres; what lies outside is no land, so a void
	MaxHeight = 9_000
)

// ErrInvalid is wrapped by errors about a file's content.
var ErrInvalid = errors.New("not a height model that can be read")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}

// Level is a height in steps of 2 decimetres above MinHeight.
type Level uint16

// Void is the level of a point whose height is not known.
const Void Level = math.MaxUint16

// LevelOf returns the level next to a height, Void for no land or NaN.
func LevelOf(metres float64) Level {
	if !(metres >= MinHeight && metres <= MaxHeight) {
		return Void
	}
	return Level(math.Round((metres - MinHeight) * 5))
}

// Metres returns the height.
func (l Level) Metres() float64 { return float64(l)/5 + MinHeight }

// Shape says where the points of a grid lie.
type Shape struct {
	West, North      float64 // the first point, degrees
	StepLon, StepLat float64 // to the next point eastwards and southwards, degrees
	Cols, Rows       int
}

// Grid is heights in rows from north to south, each from west to east.
type Grid struct {
	Shape
	Levels []Level
}

// String tells where the points lie: the first, how far they are apart, how many
// there are.
func (s Shape) String() string {
	return fmt.Sprintf("%.9f,%.9f/%.9g,%.9g/%dx%d", s.West, s.North, s.StepLon, s.StepLat, s.Cols, s.Rows)
}

// Bounds returns the box of the points in degrees.
func (s Shape) Bounds() (west, south, east, north float64) {
	return s.West, s.North - float64(float64(s.Rows-1)*s.StepLat), s.West + float64(float64(s.Cols-1)*s.StepLon), s.North
}

// check returns what is wrong with a shape.
func (s Shape) check() error {
	switch {
	case s.Cols < 2 || s.Rows < 2 || s.Cols > MaxSide || s.Rows > MaxSide:
		return invalid("%d × %d points, want 2 to %d each way", s.Cols, s.Rows, MaxSide)
	case s.Cols*s.Rows > MaxPoints:
		return invalid("%d × %d points are more than %d; cut it to the region (gdal_translate -projwin)", s.Cols, s.Rows, MaxPoints)
	case !(s.StepLon > 0 && s.StepLon <= 1 && s.StepLat > 0 && s.StepLat <= 1):
		return invalid("its points are %v × %v degrees apart, want more than 0 and at most 1", s.StepLon, s.StepLat)
	}
	if west, south, east, north := s.Bounds(); !(west >= -181 && east <= 181 && north <= 91 && south >= -91) {
		return invalid("it lies at %.4f to %.4f east, %.4f to %.4f north, outside the world", west, east, south, north)
	}
	return nil
}

// place returns the point north-west of a position and how far beyond it the
// position lies, in steps. Half a step around the outermost points belongs to
// the grid too: neighbours whose points do not touch leave no seam.
func (s Shape) place(lon, lat float64) (col, row int, right, down float64, ok bool) {
	x, y := (lon-s.West)/s.StepLon, (s.North-lat)/s.StepLat
	if !(x >= -0.5 && y >= -0.5 && x <= float64(s.Cols)-0.5 && y <= float64(s.Rows)-0.5) {
		return 0, 0, 0, 0, false
	}
	x, y = max(0, min(x, float64(s.Cols-1))), max(0, min(y, float64(s.Rows-1)))
	col, row = min(int(x), s.Cols-2), min(int(y), s.Rows-2)
	return col, row, x - float64(col), y - float64(row), true
}

// between interpolates in a square of points: north-west, north-east,
// south-west, south-east. A void with a say makes the height unknown. The
// conversions keep machines from fusing operations: all get the same bits.
func between(corner [4]Level, right, down float64) (metres float64, ok bool) {
	share := [4]float64{float64((1 - right) * (1 - down)), float64(right * (1 - down)), float64((1 - right) * down), float64(right * down)}
	for i, l := range corner {
		if share[i] == 0 {
			continue
		}
		if l == Void {
			return 0, false
		}
		metres += float64(l.Metres() * share[i])
	}
	return metres, true
}
