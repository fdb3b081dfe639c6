package schema

import "github.com/pannier-maps/pannier/tiles/osm"

// maxWeight is above every weight of a street, and so the step from one height
// to the next.
const maxWeight = 16

var siding = osm.Tag{Key: "service", Value: "*"}

var streetFields = []field{
	flag("rail", 0, isRail),
	flag("link", 11, isLink),
	flag("tunnel", 11, isTunnel),
	flag("bridge", 11, isBridge),
	flag("oneway", 14, isOneway),
	flag("oneway_reverse", 14, isReverse),
	copied("tracktype", 11, "tracktype"),
	copied("surface", 11, "surface"),
	copied("service", 11, "service"),
	copied("bicycle", 14, "bicycle"),
	copied("horse", 14, "horse"),
	copied("foot", 14, "foot"),
	{"cycleway", String, 14, cycleway},
	{"oneway_bicycle", String, 14, onewayBicycle},
	copied("smoothness", 13, "smoothness"),
	copied("mtb_scale", 13, "mtb:scale"),
}

var areaFields = []field{
	flag("tunnel", 0, isTunnel),
	flag("bridge", 0, isBridge),
	copied("surface", 0, "surface"),
}

var labelFields = []field{
	{"ref", String, 0, ref},
	{"ref_rows", Int, 0, refRowCount},
	{"ref_cols", Int, 0, refColumnCount},
}

var streetAreas = []class{
	{key: "highway", value: "pedestrian", zoom: 14, weight: 4},
	{key: "highway", value: "service", zoom: 14, weight: 3},
	{key: "aeroway", value: "runway", zoom: 11},
	{key: "aeroway", value: "taxiway", zoom: 13},
}

var aerowayAreas = []class{
	{key: "area:aeroway", value: "runway", zoom: 11},
	{key: "area:aeroway", value: "taxiway", zoom: 13},
}

var streets = []class{
	{key: "highway", value: "motorway", zoom: 5, weight: 10},
	{key: "highway", value: "motorway_link", kind: "motorway", zoom: 5, weight: 5},
	{key: "highway", value: "trunk", zoom: 6, weight: 9},
	{key: "highway", value: "trunk_link", kind: "trunk", zoom: 6, weight: 5},
	{key: "highway", value: "primary", zoom: 8, weight: 8},
	{key: "highway", value: "primary_link", kind: "primary", zoom: 8, weight: 5},
	{key: "highway", value: "secondary", zoom: 9, weight: 7},
	{key: "highway", value: "secondary_link", kind: "secondary", zoom: 9, weight: 5},
	{key: "highway", value: "tertiary", zoom: 10, weight: 6},
	{key: "highway", value: "tertiary_link", kind: "tertiary", zoom: 10, weight: 5},
	{key: "highway", value: "unclassified", zoom: 12, weight: 5},
	{key: "highway", value: "residential", zoom: 12, weight: 5},
	{key: "highway", value: "busway", zoom: 12, weight: 5},
	{key: "highway", value: "bus_guideway", zoom: 12, weight: 5},
	{key: "highway", value: "living_street", zoom: 13, weight: 4},
	{key: "highway", value: "pedestrian", zoom: 13, weight: 4},
	{key: "highway", value: "service", zoom: 13, weight: 3},
	{key: "highway", value: "track", zoom: 13, weight: 2},
	{key: "highway", value: "footway", zoom: 13, weight: 2},
	{key: "highway", value: "path", zoom: 13, weight: 2},
	{key: "highway", value: "cycleway", zoom: 13, weight: 2},
	{key: "highway", value: "steps", zoom: 13, weight: 1},
	{key: "aeroway", value: "runway", zoom: 11},
	{key: "aeroway", value: "taxiway", zoom: 13},
}

// Apart from the streets, because rails may run in one.
var rails = []class{
	{key: "railway", value: "rail", zoom: 10, with: siding, weight: 12},
	{key: "railway", value: "rail", zoom: 8, weight: 13},
	{key: "railway", value: "narrow_gauge", zoom: 10, with: siding, weight: 11},
	{key: "railway", value: "narrow_gauge", zoom: 8, weight: 12},
	{key: "railway", value: "light_rail", zoom: 10, weight: 11},
	{key: "railway", value: "tram", zoom: 10, weight: 11},
	{key: "railway", value: "subway", zoom: 10, weight: 11},
	{key: "railway", value: "funicular", zoom: 10, weight: 11},
	{key: "railway", value: "monorail", zoom: 10, weight: 11},
}

var streetLabels = []class{
	{key: "highway", value: "motorway", zoom: 10, weight: 10},
	{key: "highway", value: "motorway_link", zoom: 13, weight: 5},
	{key: "highway", value: "trunk", zoom: 12, weight: 9},
	{key: "highway", value: "trunk_link", zoom: 13, weight: 5},
	{key: "highway", value: "primary", zoom: 12, weight: 8},
	{key: "highway", value: "primary_link", zoom: 13, weight: 5},
	{key: "highway", value: "secondary", zoom: 13, weight: 7},
	{key: "highway", value: "secondary_link", zoom: 13, weight: 5},
	{key: "highway", value: "tertiary", zoom: 13, weight: 6},
	{key: "highway", value: "tertiary_link", zoom: 14, weight: 5},
	{key: "highway", value: "unclassified", zoom: 14, weight: 5},
	{key: "highway", value: "residential", zoom: 14, weight: 5},
	{key: "highway", value: "living_street", zoom: 14, weight: 4},
	{key: "highway", value: "busway", zoom: 14, weight: 4},
	{key: "highway", value: "bus_guideway", zoom: 14, weight: 4},
	{key: "highway", value: "pedestrian", zoom: 14, weight: 4},
	{key: "highway", value: "service", zoom: 14, weight: 3},
	{key: "highway", value: "track", zoom: 14, weight: 2},
	{key: "highway", value: "footway", zoom: 14, weight: 2},
	{key: "highway", value: "path", zoom: 14, weight: 2},
	{key: "highway", value: "cycleway", zoom: 14, weight: 2},
	{key: "highway", value: "steps", zoom: 14, weight: 1},
	{key: "railway", value: "rail", zoom: 10},
	{key: "railway", value: "narrow_gauge", zoom: 10},
	{key: "railway", value: "light_rail", zoom: 10},
	{key: "railway", value: "tram", zoom: 10},
	{key: "railway", value: "subway", zoom: 10},
	{key: "railway", value: "funicular", zoom: 10},
	{key: "railway", value: "monorail", zoom: 10},
	{key: "aeroway", value: "runway", zoom: 11},
	{key: "aeroway", value: "taxiway", zoom: 13},
}
