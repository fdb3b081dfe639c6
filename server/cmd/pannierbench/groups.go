package main

import "slices"

// group is a kind of content, and the layers in which each schema has it: ours
// Shortbread with an extension, theirs OpenMapTiles as tilemaker ships it, less
// what it takes from shapefiles.
type group struct {
	Name   string   `json:"name"`
	Ours   []string `json:"ours"`
	Theirs []string `json:"theirs"`
	Note   string   `json:"note"`
	// Apart says that only one of both has this, or has it in tiles.
	Apart bool `json:"apart,omitempty"`
}

// apart reports whether a layer is among what only one schema has.
func apart(layer string) bool {
	return slices.ContainsFunc(groups, func(g group) bool {
		return g.Apart && (slices.Contains(g.Ours, layer) || slices.Contains(g.Theirs, layer))
	})
}

var groups = []group{
	{
		"streets, rails, ferries", []string{"streets", "street_polygons", "bridges", "aerialways", "ferries"}, []string{"transportation", "aeroway"},
		"ours: surface, smoothness, tracktype, mtb_scale, bicycle and horse access, paths from z13, private ways; theirs: all paths as one class at z14, ramps, piers", false,
	},
	{
		"their names", []string{"street_labels", "streets_labels_points", "streets_polygons_labels"},
		[]string{"transportation_name", "transportation_name_mid", "transportation_name_detail"},
		"ours: names in the region's languages, streets of one name and ref as one; theirs: name:latin, network, class", false,
	},
	{"buildings", []string{"buildings"}, []string{"building"}, "ours: z14; theirs: z13 and 14, each by itself with its heights, dams too", false},
	{"addresses", []string{"addresses"}, []string{"housenumber"}, "ours: house names too, areas as points", false},
	{
		"land", []string{"land", "sites"}, []string{"landcover", "landuse", "park"},
		"ours: one kind each, sites; theirs: class and subclass, parks by name", false,
	},
	{
		"water", []string{"ocean", "water_polygons", "water_polygons_labels", "water_lines", "water_lines_labels", "dam_lines", "dam_polygons", "pier_lines", "pier_polygons"},
		[]string{"water", "water_name", "water_name_detail", "waterway", "waterway_detail"},
		"ours: the sea from the coastline in the extract, dams, piers; theirs: the sea only from shapefiles, which are left out", false,
	},
	{"places", []string{"place_labels"}, []string{"place"}, "ours: population, names in the region's languages; theirs: rank, name:latin", false},
	{"boundaries", []string{"boundaries", "boundary_labels"}, []string{"boundary"}, "ours: levels 2 and 4, as in Shortbread, with labels; theirs: all levels, from z4, 8, 10 and 12", false},
	{
		"places of interest", []string{"pois", "public_transport"}, []string{"poi", "poi_detail", "mountain_peak", "aerodrome_label"},
		"ours travel as features beside the tiles, with hours, contact and more (features bytes in CONTENT); in tiles stops alone; theirs: a point with class and name", true,
	},
	{"cycle and hiking routes", []string{"cycle_routes"}, nil, "ours alone: each way once for each route that looks different", true},
}
