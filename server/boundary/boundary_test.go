package boundary

import (
	"errors"
	"strings"
	"testing"
)

const square = `[[[1,42],[2,42],[2,43],[1,43],[1,42]]]`

var boundaries = []struct {
	name, in string
	polygons int
	says     string // of an error
}{
	{"none", "", 0, ""},
	{"polygon", `{"type":"Polygon","coordinates":` + square + `}`, 1, ""},
	{"polygons", `{"type":"MultiPolygon","coordinates":[` + square + `,` + square + `]}`, 2, ""},
	{"feature", `{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":` + square + `}}`, 1, ""},
	{"collection", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":` + square + `}}]}`, 1, ""},
	{"empty collection", `{"type":"FeatureCollection","features":[]}`, 0, "no Polygon"},
	{"no geometry", `{"type":"Feature","properties":{},"geometry":null}`, 0, "geometry is missing"},
	{"null in a collection", `{"type":"FeatureCollection","features":[null]}`, 0, "geometry is missing"},
	{"null", `null`, 0, "not a boundary"},
	{"line", `{"type":"LineString","coordinates":[[1,42],[2,42]]}`, 0, "a LineString is no Polygon"},
	{"other JSON", `{"type":"Topology"}`, 0, "not the GeoJSON"},
	{"array", `[1]`, 0, "not the GeoJSON"},
	{"wrong depth", `{"type":"Polygon","coordinates":[[1,42],[2,42]]}`, 0, "not the GeoJSON"},
	{"text", `{"type":"Polygon","coordinates":[[["1",42],[2,42]]]}`, 0, "not the GeoJSON"},
	{"syntax", "{\"type\":\"Polygon\",\n\"coordinates\":}", 0, "line 2 (byte 34)"},
	{"outside", `{"type":"Polygon","coordinates":[[[1,42],[2,142],[2,43],[1,42]]]}`, 0, "polygon 1, ring 1, point 2: longitude 2, latitude 142"},
	{"open", `{"type":"Polygon","coordinates":[[[1,42],[2,42],[2,43],[1,43]]]}`, 0, "ring 1: it must"},
	{"short", `{"type":"Polygon","coordinates":[[[1,42],[2,42],[1,42]]]}`, 0, "ring 1: it must"},
}

func TestParse(t *testing.T) {
	for _, test := range boundaries {
		t.Run(test.name, func(t *testing.T) {
			area, err := Parse([]byte(test.in))
			switch {
			case test.says == "" && err != nil:
				t.Fatalf("error %v", err)
			case test.says != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.says)):
				t.Fatalf("error %v, want one that says %q", err, test.says)
			case len(area) != test.polygons:
				t.Errorf("%d polygons, want %d", len(area), test.polygons)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range boundaries {
		f.Add([]byte(b.in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if area, err := Parse(data); err != nil && (!errors.Is(err, ErrInvalid) || area != nil) {
			t.Errorf("%v with error %v", area, err)
		}
	})
}
