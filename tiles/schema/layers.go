package schema

import "strings"

// oceanLayer is the layer that is not made of tags.
const oceanLayer = "ocean"

// layerOrder lists the layers in drawing order.
var layerOrder = []string{
	oceanLayer, "land", "water_polygons", "water_lines", "dam_polygons", "dam_lines", "pier_polygons", "pier_lines",
	"sites", "buildings", "bridges", "street_polygons", "streets", "aerialways", "ferries",
	boundariesLayer, routesLayer,
	"water_polygons_labels", "water_lines_labels", "streets_polygons_labels", "street_labels",
	"streets_labels_points", "addresses", "public_transport", "boundary_labels", "place_labels",
}

// Layers lists the layers, in drawing order.
var Layers = describeLayers()

func describeLayers() []Layer {
	byName := map[string]*Layer{
		oceanLayer: {Fields: map[string]string{}},
		boundariesLayer: {MinZoom: MaxZoom, Fields: map[string]string{
			"admin_level": "Number", "maritime": "Boolean", "disputed": "Boolean"}},
		routesLayer: {MinZoom: MaxZoom, Fields: map[string]string{"route": "String", "name": "String"}},
	}
	for _, f := range routeFields {
		byName[routesLayer].Fields[f.name] = f.kind.typeName()
	}
	for _, z := range boundaryZooms {
		byName[boundariesLayer].MinZoom = min(byName[boundariesLayer].MinZoom, z.zoom)
	}
	for _, byNetwork := range networks {
		for _, n := range byNetwork {
			byName[routesLayer].MinZoom = min(byName[routesLayer].MinZoom, n.zoom)
		}
	}
	for i := range sections {
		describe(&sections[i], byName)
	}
	layers := make([]Layer, 0, len(layerOrder))
	for _, name := range layerOrder {
		l := byName[name]
		l.Name, l.MaxZoom = name, MaxZoom
		layers = append(layers, *l)
	}
	return layers
}

func describe(sec *section, byName map[string]*Layer) {
	l := byName[sec.layer]
	if l == nil {
		l = &Layer{Fields: map[string]string{}, MinZoom: MaxZoom}
		byName[sec.layer] = l
	}
	for _, c := range sec.classes {
		if sec.zoom == 0 {
			l.MinZoom = min(l.MinZoom, c.zoom)
		} else {
			l.MinZoom = min(l.MinZoom, sec.zoom)
		}
		if c.kind != "-" {
			l.Fields["kind"] = "String"
		}
	}
	for _, f := range sec.fields {
		l.Fields[f.name] = f.kind.typeName()
	}
	if sec.naming != unnamed {
		l.Fields["name"] = "String"
	}
	if sec.size != Unsized {
		l.Fields[areaField] = "Number"
	}
}

// fieldZooms gives the first zoom of fields that low zooms drop, by layer.
var fieldZooms = indexFields()

func indexFields() map[string]map[string]uint8 {
	index := map[string]map[string]uint8{routesLayer: {"name": 10}}
	add := func(layer string, fields []field) {
		for _, f := range fields {
			if f.zoom == 0 {
				continue
			}
			if index[layer] == nil {
				index[layer] = make(map[string]uint8)
			}
			index[layer][f.name] = f.zoom
		}
	}
	add(routesLayer, routeFields)
	for _, sec := range sections {
		add(sec.layer, sec.fields)
	}
	return index
}

// AttrsAt returns the attributes that a zoom keeps of a Draw. A lower zoom keeps
// fewer of the same, never others. The result may alias d.Attrs.
func AttrsAt(d Draw, zoom uint8) []Attr {
	zooms := fieldZooms[d.Layer]
	if zooms == nil {
		return d.Attrs
	}
	for i, a := range d.Attrs {
		if zoom < zoomOf(zooms, a.Key) {
			kept := append(make([]Attr, 0, len(d.Attrs)), d.Attrs[:i]...)
			for _, a := range d.Attrs[i+1:] {
				if zoom >= zoomOf(zooms, a.Key) {
					kept = append(kept, a)
				}
			}
			return kept
		}
	}
	return d.Attrs
}

// zoomOf returns a field's first zoom; name_xx goes with name.
func zoomOf(zooms map[string]uint8, key string) uint8 {
	if strings.HasPrefix(key, "name_") {
		key = "name"
	}
	return zooms[key]
}
