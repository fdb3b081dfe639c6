package shapefile

import (
	"math"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Projection is what coordinates stand for, by its number in the EPSG's register.
type Projection int

// The projections that are read.
const (
	Degrees  Projection = 4326 // longitude and latitude of WGS 84
	Mercator Projection = 3857 // metres of Web Mercator
)

// mercators are what Web Mercator is called in .prj files, without spaces and lines
// below.
var mercators = []string{"webmercator", "pseudo-mercator", "googlemapsglobalmercator", "popularvisualisation", "mercatorauxiliarysphere"}

// parseProjection reads a .prj: well-known text, of which the first name decides.
func parseProjection(text string) (Projection, error) {
	name := strings.NewReplacer(" ", "", "_", "", "\ufeff", "", "\r", "", "\n", "").Replace(strings.ToLower(text))
	switch {
	case strings.HasPrefix(name, `geogcs["wgs84"`), strings.HasPrefix(name, `geogcs["gcswgs1984"`):
		return Degrees, nil
	case strings.HasPrefix(name, "projcs["):
		first, _, _ := strings.Cut(name[len("projcs["):], "geogcs[")
		for _, m := range mercators {
			if strings.Contains(first, m) {
				return Mercator, nil
			}
		}
	}
	return 0, invalid("its .prj says %.60q; bring it to WGS 84 first (ogr2ogr -t_srs EPSG:4326)", text)
}

const (
	radius = 6378137.0 // of the sphere of Web Mercator, in metres
	slack  = 1e-6      // degrees by which a place may lie beyond the world
)

// point returns the place of coordinates; false when they are none in the world.
func (p Projection) point(x, y float64) (cell.Point, bool) {
	if p == Mercator {
		x, y = x/radius*180/math.Pi, math.Atan(math.Sinh(y/radius))*180/math.Pi
	}
	if !(math.Abs(x) <= 180+slack && math.Abs(y) <= 90+slack) { // nor what is no number
		return cell.Point{}, false
	}
	return cell.Point{LonE7: int32(math.Round(min(max(x, -180), 180) * 1e7)), LatE7: int32(math.Round(min(max(y, -90), 90) * 1e7))}, true
}
