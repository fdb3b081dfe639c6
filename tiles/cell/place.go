package cell

import "math"

// Zooms are the zooms on which cells lie, deepest first.
var Zooms = [3]uint8{11, 7, 0}

// MaxTileZoom is the deepest zoom of base map tiles.
const MaxTileZoom = 14

// MaxLat is the latitude, in degrees, at which Web Mercator ends.
const MaxLat = 85.05112877980659

// Point is a place in units of 1e-7 degrees, the precision of OpenStreetMap.
type Point struct{ LonE7, LatE7 int32 }

// OfTile returns the cell that a base map tile belongs to.
func OfTile(tile ID) ID {
	for _, z := range Zooms {
		if tile.Zoom() >= z {
			return tile.Ancestor(z)
		}
	}
	return World
}

// TileZooms returns the first and last zoom of the base map tiles that are
// grouped in cells of the cell's zoom.
func TileZooms(id ID) (first, last uint8) {
	last = MaxTileZoom
	for _, z := range Zooms {
		if id.Zoom() >= z {
			return z, last
		}
		last = z - 1
	}
	return 0, last
}

// OfBounds returns the smallest cell that holds the box from min (south-west)
// to max (north-east).
func OfBounds(min, max Point) ID {
	a, b := At(min, Zooms[0]), At(max, Zooms[0])
	for _, z := range Zooms {
		if a.Ancestor(z) == b.Ancestor(z) {
			return a.Ancestor(z)
		}
	}
	return World
}

// At returns the square of zoom z that holds p. Latitudes beyond MaxLat fall
// into the outermost row.
func At(p Point, z uint8) ID {
	x, y := Project(float64(p.LonE7)/1e7, float64(p.LatE7)/1e7)
	n := float64(uint32(1) << z)
	return New(z, clampIndex(x*n, z), clampIndex(y*n, z))
}

// Project maps degrees to the unit square of Web Mercator: x 0 to 1 eastwards
// from 180° west, y 0 to 1 southwards from MaxLat.
func Project(lon, lat float64) (x, y float64) {
	s := math.Sin(math.Max(-MaxLat, math.Min(MaxLat, lat)) * math.Pi / 180)
	return lon/360 + 0.5, 0.5 - math.Log((1+s)/(1-s))/(4*math.Pi)
}

// Unproject maps a point of the unit square back to degrees.
func Unproject(x, y float64) (lon, lat float64) {
	return (x - 0.5) * 360, math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi
}

// Bounds returns the square's box in degrees.
func (id ID) Bounds() (west, south, east, north float64) {
	n := float64(uint32(1) << id.Zoom())
	west, north = Unproject(float64(id.X())/n, float64(id.Y())/n)
	east, south = Unproject(float64(id.X()+1)/n, float64(id.Y()+1)/n)
	return west, south, east, north
}

func clampIndex(v float64, z uint8) uint32 {
	last := float64(uint32(1)<<z - 1)
	return uint32(math.Max(0, math.Min(last, math.Floor(v))))
}
