// Package schema says what the base map draws: it turns the tags of an
// OpenStreetMap element into features of vector tile layers.
//
// The layers follow the Shortbread 1.0 vector tile schema
// (https://shortbread-tiles.org/schema/1.0/), to which the package adds the
// layer cycle_routes and a few fields that riders need; SCHEMA.md beside this
// file lists every layer and field. The package knows tags only: geometry,
// areas and lengths are the caller's.
//
// Zooms are those of the tile quadtree, 0 to 14. Nothing here fails: an element
// that no layer wants gives no Draw. All functions are pure and safe for
// concurrent use; equal input gives equal output in equal order.
package schema

import (
	"maps"
	"slices"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// MaxZoom is the deepest zoom of the schema's tiles.
const MaxZoom = 14

// Shape is the geometry that a Draw wants of its element.
type Shape uint8

// The shapes.
const (
	Point      Shape = iota // the node itself
	Line                    // the way's line
	Polygon                 // the area
	LabelPoint              // a point inside the area
)

// Size says which area of an element its Draw depends on.
type Size uint8

// The sizes, in square metres.
const (
	Unsized    Size = iota
	MapSize         // in Web Mercator
	GroundSize      // on the ground
)

// ValueKind is the type of a Value.
type ValueKind uint8

// The kinds of values.
const (
	String ValueKind = iota
	Int
	Float
	Bool
)

// Value is one attribute's value. Only the field that Kind names is set, so
// that values may be compared and used as map keys.
type Value struct {
	Kind ValueKind
	S    string
	I    int64
	F    float64
	B    bool
}

// Attr is one attribute of a feature.
type Attr struct {
	Key   string
	Value Value
}

// Draw asks for one feature in one layer.
type Draw struct {
	Layer            string
	Shape            Shape
	MinZoom, MaxZoom uint8   // first and last zoom, inclusive
	Rank             int32   // order inside the layer, low first
	Attrs            []Attr  // sorted by key
	MinArea          float64 // square pixels of a 256-pixel tile below which a zoom leaves it out, 0 for none
	Size             Size    // what Measure wants to know, before the element is drawn
}

// Ocean is the Draw of the sea, which is no element of its own: the caller makes
// it of the coastline.
var Ocean = Draw{Layer: oceanLayer, Shape: Polygon, MaxZoom: MaxZoom}

// Subject is an element as Classify sees it.
type Subject struct {
	Tags       osm.Tags
	Closed     bool // a closed way or an area relation
	Kind       osm.MemberKind
	Routes     []Route    // the cycling and hiking route relations that this way is a member of
	Boundaries []osm.Tags // of the boundary relations that this way is a member of
}

// Route is a route relation as one of its ways has it.
type Route struct {
	Tags osm.Tags
	Way  Direction
}

// Direction says which way along the line something goes.
type Direction uint8

// The directions.
const (
	Both Direction = iota
	Forward
	Backward
)

// Layer describes one layer, as TileJSON's vector_layers does. Fields has "name"
// where the layer is labelled; LayersIn adds the languages.
type Layer struct {
	Name             string
	Fields           map[string]string // field name to "String", "Number" or "Boolean"
	MinZoom, MaxZoom uint8
}

// LayersIn returns the layers with name fields for the languages added.
func LayersIn(languages []string) []Layer {
	all := slices.Clone(Layers)
	for i, l := range all {
		if l.Fields["name"] == "" {
			continue
		}
		all[i].Fields = maps.Clone(l.Fields)
		for _, language := range languages {
			all[i].Fields["name_"+language] = "String"
		}
	}
	return all
}
