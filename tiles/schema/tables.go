package schema

import "github.com/pannier-maps/pannier/tiles/osm"

// The tables of the schema, one section after the other. Of the classes of one
// section the first that fits wins, so the special ones stand before the
// general. To extend the schema, add rows here and in SCHEMA.md.

// Zooms of labels of areas: large ones before the deepest zoom, all there.
const (
	labelZoom     = 4
	labelMinArea  = 1500 // square pixels, room for a short name
	smallestWater = 0.5  // square pixels
	smallestLand  = 1
)

var sections = []section{
	{layer: "water_polygons", form: areas, minArea: smallestWater, size: MapSize, classes: waterAreas},
	{layer: "water_polygons", form: statedAreas, minArea: smallestWater, size: MapSize, classes: canalAreas},
	{layer: "water_polygons_labels", form: areaLabels, naming: needsName,
		zoom: labelZoom, last: MaxZoom - 1, minArea: labelMinArea, size: MapSize, classes: waterAreas},
	{layer: "water_polygons_labels", form: areaLabels, naming: needsName, zoom: MaxZoom, size: MapSize, classes: waterAreas},
	{layer: "water_polygons_labels", form: statedLabels, naming: needsName, zoom: MaxZoom, size: MapSize, classes: canalAreas},
	{layer: "water_lines", form: lines, rank: byLayer, fields: waterFields, classes: []class{
		{key: "waterway", value: "river", zoom: 9},
		{key: "waterway", value: "canal", zoom: 9},
		{key: "waterway", value: "stream", zoom: 14},
		{key: "waterway", value: "ditch", zoom: 14},
	}},
	{layer: "water_lines_labels", form: lines, naming: needsName, classes: []class{
		{key: "waterway", value: "river", zoom: 12},
		{key: "waterway", value: "canal", zoom: 12},
		{key: "waterway", value: "stream", zoom: 14},
		{key: "waterway", value: "ditch", zoom: 14},
	}},
	{layer: "dam_lines", form: openLines, classes: dams},
	{layer: "dam_polygons", form: areas, classes: dams},
	{layer: "pier_lines", form: openLines, classes: piers},
	{layer: "pier_polygons", form: areas, classes: piers},

	{layer: "land", form: areas, minArea: smallestLand, classes: land},
	{layer: "sites", form: areas, classes: []class{
		{key: "amenity", value: "university", zoom: 14},
		{key: "amenity", value: "hospital", zoom: 14},
		{key: "amenity", value: "prison", zoom: 14},
		{key: "amenity", value: "parking", zoom: 14},
		{key: "amenity", value: "bicycle_parking", zoom: 14},
		{key: "amenity", value: "school", zoom: 14},
		{key: "amenity", value: "college", zoom: 14},
		{key: "leisure", value: "sports_centre", kind: "sports_center", zoom: 14},
		{key: "leisure", value: "sports_center", zoom: 14},
		{key: "landuse", value: "construction", zoom: 14},
		{key: "military", value: "danger_area", zoom: 14},
	}},
	{layer: "buildings", form: areas, classes: []class{{key: "building", value: "*", kind: "-", zoom: 14}}},
	{layer: "addresses", form: nodes, fields: addressFields, classes: addresses},
	{layer: "addresses", form: areaLabels, fields: addressFields, classes: addresses},

	{layer: "boundary_labels", form: relationLabel, naming: needsName, size: GroundSize,
		fields: []field{{"admin_level", Int, 0, adminLevel}}, classes: []class{
			{key: "boundary", value: "administrative", kind: "-", zoom: 2, with: osm.Tag{Key: "admin_level", Value: "2"}},
			{key: "boundary", value: "administrative", kind: "-", zoom: 3, with: osm.Tag{Key: "admin_level", Value: "4"}},
		}},
	{layer: "place_labels", form: nodes, naming: needsName, rank: byPopulation,
		fields: []field{{"population", Int, 0, population}}, classes: places},

	{layer: "street_polygons", form: statedAreas, fields: areaFields, rank: byHeight, classes: streetAreas},
	{layer: "street_polygons", form: areas, fields: areaFields, rank: byHeight, classes: aerowayAreas},
	{layer: "streets_polygons_labels", form: statedLabels, naming: needsName, zoom: MaxZoom, classes: streetAreas},
	{layer: "streets_polygons_labels", form: areaLabels, naming: needsName, zoom: MaxZoom, classes: aerowayAreas},
	{layer: "streets", form: lines, fields: streetFields, rank: byHeight, classes: streets},
	{layer: "streets", form: lines, fields: streetFields, rank: byHeight, classes: rails},
	{layer: "street_labels", form: lines, naming: needsText, fields: labelFields, rank: heavyFirst, classes: streetLabels},
	{layer: "streets_labels_points", form: nodes, naming: named, fields: []field{copied("ref", 0, "ref")}, classes: []class{
		{key: "highway", value: "motorway_junction", zoom: 12},
	}},
	{layer: "bridges", form: areas, classes: []class{{key: "man_made", value: "bridge", zoom: 12}}},
	{layer: "aerialways", form: lines, classes: []class{
		{key: "aerialway", value: "cable_car", zoom: 12},
		{key: "aerialway", value: "gondola", zoom: 12},
		{key: "aerialway", value: "goods", zoom: 12},
		{key: "aerialway", value: "chair_lift", zoom: 12},
		{key: "aerialway", value: "drag_lift", zoom: 12},
		{key: "aerialway", value: "t-bar", zoom: 12},
		{key: "aerialway", value: "j-bar", zoom: 12},
		{key: "aerialway", value: "platter", zoom: 12},
		{key: "aerialway", value: "rope_tow", kind: "rope-tow", zoom: 12},
	}},
	{layer: "ferries", form: lines, naming: named, classes: []class{
		{key: "route", value: "ferry", zoom: 12, with: osm.Tag{Key: "motor_vehicle", Value: "no"}},
		{key: "route", value: "ferry", zoom: 10},
	}},
	{layer: "public_transport", form: nodes, naming: named, classes: stops},
	{layer: "public_transport", form: areaLabels, naming: named, classes: stops},
}

var addresses = []class{
	{key: "addr:housenumber", value: "*", kind: "-", zoom: 14},
	{key: "addr:housename", value: "*", kind: "-", zoom: 14},
}

var addressFields = []field{copied("housenumber", 0, "addr:housenumber"), copied("housename", 0, "addr:housename")}

var stops = []class{
	{key: "aeroway", value: "aerodrome", zoom: 11},
	{key: "aeroway", value: "helipad", zoom: 13},
	{key: "railway", value: "station", zoom: 13},
	{key: "railway", value: "halt", zoom: 13},
	{key: "railway", value: "tram_stop", zoom: 14},
	{key: "amenity", value: "bus_station", zoom: 13},
	{key: "highway", value: "bus_stop", zoom: 14},
	{key: "amenity", value: "ferry_terminal", zoom: 12},
	{key: "aerialway", value: "ferry_terminal", zoom: 12},
	{key: "aerialway", value: "station", kind: "aerialway_station", zoom: 13},
}

var waterAreas = []class{
	{key: "natural", value: "glacier", zoom: 4},
	{key: "landuse", value: "reservoir", zoom: 4},
	{key: "landuse", value: "basin", zoom: 4},
	{key: "natural", value: "water", kind: "river", zoom: 4, with: osm.Tag{Key: "water", Value: "river"}},
	{key: "waterway", value: "riverbank", kind: "river", zoom: 4},
	{key: "natural", value: "water", zoom: 4},
	{key: "waterway", value: "dock", zoom: 10},
}

var canalAreas = []class{{key: "waterway", value: "canal", zoom: 10}}

var waterFields = []field{flag("tunnel", 0, isTunnel), flag("bridge", 0, isBridge)}

var dams = []class{{key: "waterway", value: "dam", zoom: 12}}

var piers = []class{
	{key: "man_made", value: "pier", zoom: 12},
	{key: "man_made", value: "breakwater", zoom: 12},
	{key: "man_made", value: "groyne", zoom: 12},
}

// A capital is one of these; other places follow.
var places = []class{
	{key: "place", value: "city", kind: "capital", zoom: 4, with: nationalCapital, weight: 100_000},
	{key: "place", value: "town", kind: "capital", zoom: 4, with: nationalCapital, weight: 5_000},
	{key: "place", value: "village", kind: "capital", zoom: 4, with: nationalCapital, weight: 100},
	{key: "place", value: "hamlet", kind: "capital", zoom: 4, with: nationalCapital, weight: 50},
	{key: "place", value: "city", kind: "state_capital", zoom: 4, with: stateCapital, weight: 100_000},
	{key: "place", value: "town", kind: "state_capital", zoom: 4, with: stateCapital, weight: 5_000},
	{key: "place", value: "village", kind: "state_capital", zoom: 4, with: stateCapital, weight: 100},
	{key: "place", value: "hamlet", kind: "state_capital", zoom: 4, with: stateCapital, weight: 50},
	{key: "place", value: "city", zoom: 6, weight: 100_000},
	{key: "place", value: "town", zoom: 7, weight: 5_000},
	{key: "place", value: "village", zoom: 10, weight: 100},
	{key: "place", value: "hamlet", zoom: 10, weight: 50},
	{key: "place", value: "suburb", zoom: 10, weight: 1_000},
	{key: "place", value: "quarter", zoom: 10, weight: 500},
	{key: "place", value: "neighbourhood", zoom: 10, weight: 100},
	{key: "place", value: "isolated_dwelling", zoom: 10, weight: 5},
	{key: "place", value: "farm", zoom: 10, weight: 5},
	{key: "place", value: "island", zoom: 10},
	{key: "place", value: "locality", zoom: 10},
}

var (
	nationalCapital = osm.Tag{Key: "capital", Value: "yes"}
	stateCapital    = osm.Tag{Key: "capital", Value: "4"}
)
