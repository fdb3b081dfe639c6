// Package boundary reads the boundaries of regions, which are GeoJSON. Its functions
// are pure and safe for concurrent use.
package boundary

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/geojson"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// ErrInvalid is returned for a boundary that is not a GeoJSON area.
var ErrInvalid = errors.New("not a boundary")

// Parse reads a region's boundary: a GeoJSON geometry, Feature or
// FeatureCollection whose areas are taken together. Empty input is no boundary.
// Errors are ErrInvalid and name the line or the point.
func Parse(data []byte) (orb.MultiPolygon, error) {
	if len(data) == 0 {
		return nil, nil
	}
	geometries, err := geometries(data)
	if err != nil {
		return nil, err
	}
	var area orb.MultiPolygon
	for _, g := range geometries {
		switch g := g.(type) {
		case orb.Polygon:
			area = append(area, g)
		case orb.MultiPolygon:
			area = append(area, g...)
		case nil:
			return nil, fmt.Errorf("%w: a geometry is missing", ErrInvalid)
		default:
			return nil, fmt.Errorf("%w: a %s is no Polygon or MultiPolygon", ErrInvalid, g.GeoJSONType())
		}
	}
	if len(area) == 0 {
		return nil, fmt.Errorf("%w: there is no Polygon in it", ErrInvalid)
	}
	for i, polygon := range area {
		for j, ring := range polygon {
			if problem := checkRing(ring); problem != "" {
				return nil, fmt.Errorf("%w: polygon %d, ring %d%s", ErrInvalid, i+1, j+1, problem)
			}
		}
	}
	return area, nil
}

// geometries returns the geometries of a GeoJSON object.
func geometries(data []byte) ([]orb.Geometry, error) {
	var kind struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(data, &kind)
	var all []orb.Geometry
	switch {
	case err != nil:
	case kind.Type == "FeatureCollection":
		var collection *geojson.FeatureCollection
		if collection, err = geojson.UnmarshalFeatureCollection(data); err == nil {
			for _, f := range collection.Features {
				if f == nil {
					f = new(geojson.Feature)
				}
				all = append(all, f.Geometry)
			}
		}
	case kind.Type == "Feature":
		var f *geojson.Feature
		if f, err = geojson.UnmarshalFeature(data); err == nil {
			all = append(all, f.Geometry)
		}
	default:
		var g *geojson.Geometry
		if g, err = geojson.UnmarshalGeometry(data); err == nil {
			all = append(all, g.Geometry())
		}
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte{'\n'})
		return nil, fmt.Errorf("%w: line %d (byte %d): not JSON: %w", ErrInvalid, line, syntax.Offset, syntax)
	case err != nil: // the library's words are about its own types
		return nil, fmt.Errorf("%w: it is JSON, but not the GeoJSON of a Polygon or MultiPolygon", ErrInvalid)
	}
	return all, nil
}

// checkRing returns what is wrong with a ring, or "".
func checkRing(ring orb.Ring) string {
	for i, p := range ring {
		if !(p.Lon() >= -180 && p.Lon() <= 180 && p.Lat() >= -90 && p.Lat() <= 90) {
			return fmt.Sprintf(", point %d: longitude %v, latitude %v lies outside the world", i+1, p.Lon(), p.Lat())
		}
	}
	if len(ring) < 4 || !ring.Closed() {
		return ": it must have four points or more and end where it began"
	}
	return ""
}

// Box returns the box around an area.
func Box(area orb.MultiPolygon) osm.Box {
	b := area.Bound()
	return osm.Box{
		Min: cell.Point{LonE7: e7(b.Left()), LatE7: e7(b.Bottom())},
		Max: cell.Point{LonE7: e7(b.Right()), LatE7: e7(b.Top())},
	}
}

func e7(degrees float64) int32 { return int32(math.Round(degrees * 1e7)) }
