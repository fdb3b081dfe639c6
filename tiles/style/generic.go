package style

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// Generic returns a plain style for a map of another schema, of which only the
// list of layers is known: areas, lines and points in our colours, as far as the
// layers' names tell what they are, and names where there is such a field.
func Generic(o Options, layers archive.Layers) ([]byte, error) {
	words, err := palette(o.Theme)
	if err != nil {
		return nil, err
	}
	g := &generic{colours: words, languages: o.Languages}
	g.add(map[string]any{"id": "background", "type": "background", "paint": map[string]any{"background-color": words["ground"]}})
	all := slices.SortedFunc(maps.Values(layers), func(a, b *archive.Layer) int {
		return cmp.Or(cmp.Compare(themeOf(a.ID), themeOf(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	for _, draw := range []func(*archive.Layer, theme){g.area, g.line, g.point, g.names} {
		for _, l := range all {
			draw(l, themes[themeOf(l.ID)])
		}
	}
	return finish(map[string]any{
		"version": 8, "name": "Pannier", "layers": g.layers,
		"sources": map[string]any{"map": map[string]any{"type": "vector", "url": o.Tiles}},
	}, o)
}

// theme is how layers look that have one of some words in their names.
type theme struct {
	words  []string
	fill   string            // colour of areas; "": not filled
	fills  map[string]string // by what a feature is
	stroke string            // colour of lines
	width  float64           // of lines at zoom 14, in pixels
	text   string            // colour of names
	first  float64           // zoom of the names of points
}

// themes in the order of drawing. A layer's theme is the last that fits; the
// first one fits all.
var themes = []theme{
	{fill: "site", stroke: "path", width: 1, text: "place-minor", first: 15},
	{words: []string{"earth", "continent"}, fill: "ground", stroke: "street-casing", width: 1, text: "place", first: 4},
	{words: []string{"land", "natural", "park", "green", "wood", "forest", "vegetation", "site"}, fill: "built", fills: map[string]string{
		"forest": "forest", "wood": "forest", "scrub": "scrub", "heath": "scrub", "grass": "grass", "meadow": "grass", "park": "park", "garden": "park",
		"golf_course": "grass", "pitch": "grass", "cemetery": "grass", "recreation_ground": "grass", "nature_reserve": "park", "national_park": "park",
		"farmland": "field", "farm": "field", "orchard": "vine", "vineyard": "vine", "residential": "built", "industrial": "work", "commercial": "work", "retail": "work",
		"sand": "sand", "beach": "sand", "rock": "rock", "bare_rock": "rock", "wetland": "wet", "ice": "glacier", "glacier": "glacier", "water": "water",
	}, stroke: "path", width: 1, text: "place-minor", first: 14},
	{words: []string{"water", "ocean", "sea", "lake", "river", "physical_line"}, fill: "water", stroke: "water-line", width: 1.6, text: "water-text", first: 12},
	{words: []string{"building"}, fill: "building", stroke: "building-edge", width: 0.6, text: "building-text", first: 16},
	{words: []string{"boundar", "admin", "border"}, stroke: "boundary", width: 1.2, text: "boundary", first: 6},
	{words: []string{"transit", "rail", "ferr", "aerial"}, fill: "runway", stroke: "rail", width: 1.2, text: "place-minor", first: 14},
	{words: []string{"road", "street", "highway", "transport"}, fill: "foot-area", stroke: "street", width: 2.6, text: "street-text", first: 15},
	{words: []string{"place", "settlement", "cit"}, stroke: "boundary", width: 1, text: "place", first: 3},
}

func themeOf(layer string) int {
	name := strings.ToLower(layer)
	for i := len(themes) - 1; i > 0; i-- {
		if slices.ContainsFunc(themes[i].words, func(w string) bool { return strings.Contains(name, w) }) {
			return i
		}
	}
	return 0
}

// generic collects the layers of a style.
type generic struct {
	colours   map[string]any
	languages []string
	layers    []any
}

func (g *generic) add(layer map[string]any) { g.layers = append(g.layers, layer) }

// draw adds a layer for one kind of geometry.
func (g *generic) draw(l *archive.Layer, what, kind, geometry string, layout, paint map[string]any) map[string]any {
	layer := map[string]any{
		"id": l.ID + " " + what, "type": kind, "source": "map", "source-layer": l.ID,
		"filter": []any{"==", "$type", geometry}, "layout": layout, "paint": paint,
	}
	g.add(layer)
	return layer
}

// kindFields are those that say what a feature is, in many schemas.
var kindFields = []string{"class", "kind", "highway", "landuse", "natural", "leisure", "subclass", "type", "pmap:kind"}

// kind is an expression for what a feature is; false when nothing tells.
func kind(l *archive.Layer) (any, bool) {
	e := []any{"coalesce"}
	for _, name := range kindFields {
		if l.Fields[name] == "String" {
			e = append(e, []any{"get", name})
		}
	}
	return append(e, ""), len(e) > 1
}

func (g *generic) area(l *archive.Layer, t theme) {
	if t.fill == "" {
		return
	}
	colour := g.colours[t.fill]
	if what, ok := kind(l); ok && len(t.fills) > 0 {
		match := []any{"match", what}
		for _, value := range slices.Sorted(maps.Keys(t.fills)) {
			match = append(match, value, g.colours[t.fills[value]])
		}
		colour = append(match, colour)
	}
	paint := map[string]any{"fill-color": colour}
	if len(t.words) == 0 {
		paint["fill-opacity"] = 0.5 // nobody knows what lies below
	}
	g.draw(l, "areas", "fill", "Polygon", map[string]any{}, paint)
}

// roads are kinds of roads by their width, and paths apart.
var roads = []struct {
	kinds  []any
	colour string
	times  float64
}{
	{[]any{"motorway", "highway"}, "motorway", 2.2},
	{[]any{"trunk"}, "trunk", 2},
	{[]any{"primary", "major_road"}, "primary", 1.8},
	{[]any{"secondary", "medium_road"}, "secondary", 1.5},
	{[]any{"tertiary"}, "street", 1.3},
	{[]any{"cycleway"}, "cycleway", 0.4},
	{[]any{"track"}, "track", 0.35},
	{[]any{"path", "footway", "steps", "bridleway"}, "path", 0.22},
	{[]any{"pedestrian", "living_street", "service"}, "service", 0.7},
}

func (g *generic) line(l *archive.Layer, t theme) {
	var colour, casing, times any = g.colours[t.stroke], g.colours["street-casing"], 1.0
	if what, told := kind(l); told && t.stroke == "street" {
		colours, casings, widths := []any{"match", what}, []any{"match", what}, []any{"match", what}
		for _, r := range roads {
			colours, widths = append(colours, r.kinds, g.colours[r.colour]), append(widths, r.kinds, r.times)
			if r.times < 0.5 {
				casings = append(casings, r.kinds, g.colours["path-casing"])
			}
		}
		colour, casing, times = append(colours, colour), append(casings, casing), append(widths, times)
	}
	width := func(more float64) any {
		e := []any{"interpolate", []any{"exponential", 1.5}, []any{"zoom"}}
		for _, at := range [][2]float64{{5, 0.1}, {10, 0.3}, {14, 1}, {18, 6}} {
			e = append(e, at[0], []any{"+", []any{"*", t.width * at[1], times}, more * min(1, at[1]*2)})
		}
		return e
	}
	layout := map[string]any{"line-join": "round", "line-cap": "round"}
	if t.stroke == "street" {
		g.draw(l, "casings", "line", "LineString", layout, map[string]any{"line-color": casing, "line-width": width(1.2)})
	}
	paint := map[string]any{"line-color": colour, "line-width": width(0)}
	if t.stroke == "boundary" {
		paint["line-dasharray"] = []any{4, 2}
	}
	g.draw(l, "lines", "line", "LineString", layout, paint)
}

// point draws points without a name as dots; addresses would cover all else.
func (g *generic) point(l *archive.Layer, t theme) {
	if name := strings.ToLower(l.ID); strings.Contains(name, "label") || strings.Contains(name, "address") || strings.Contains(name, "housenum") || t.text == "place" {
		return
	}
	layer := g.draw(l, "points", "circle", "Point", map[string]any{}, map[string]any{
		"circle-color": g.colours[t.text], "circle-stroke-color": g.colours["halo"], "circle-stroke-width": 1,
		"circle-radius": []any{"interpolate", []any{"linear"}, []any{"zoom"}, 15, 1.5, 18, 4},
	})
	layer["minzoom"] = 15
}

func (g *generic) names(l *archive.Layer, t theme) {
	name := []any{"coalesce"}
	for _, language := range g.languages[:min(1, len(g.languages))] {
		plain, _, _ := strings.Cut(language, "-")
		for _, field := range []string{"name:" + plain, "name_" + plain} {
			if l.Fields[field] == "String" {
				name = append(name, []any{"get", field})
			}
		}
	}
	if l.Fields["name"] == "String" {
		name = append(name, []any{"get", "name"})
	}
	if name = append(name, ""); len(name) == 2 {
		return
	}
	font, size := "Noto Sans Regular", []any{"interpolate", []any{"linear"}, []any{"zoom"}, 6, 10, 16, 12}
	if t.text == "place" {
		var large any = 13
		if l.Fields["population"] != "" {
			large = []any{"case", []any{">", []any{"to-number", []any{"get", "population"}, 0}, 100_000}, 18, large}
		}
		font, size = "Noto Sans Bold", []any{"interpolate", []any{"linear"}, []any{"zoom"}, 4, 11, 12, large, 16, large}
	}
	paint := map[string]any{"text-color": g.colours[t.text], "text-halo-color": g.colours["halo"], "text-halo-width": 1.4}
	layout := func(more map[string]any) map[string]any {
		all := map[string]any{"text-field": name, "text-font": []any{font}, "text-size": size, "text-max-width": 8}
		if field := "population"; l.Fields[field] != "" {
			all["symbol-sort-key"] = []any{"-", 0, []any{"to-number", []any{"get", field}, 0}}
		}
		maps.Copy(all, more)
		return all
	}
	lines := g.draw(l, "line names", "symbol", "LineString", layout(map[string]any{"symbol-placement": "line", "symbol-spacing": 300}), paint)
	lines["minzoom"] = 12
	areas := g.draw(l, "area names", "symbol", "Polygon", layout(nil), paint)
	areas["minzoom"] = 15
	more := map[string]any{}
	if t.text != "place" {
		more = map[string]any{"text-anchor": "top", "text-offset": []any{0, 0.4}}
	}
	points := g.draw(l, "point names", "symbol", "Point", layout(more), paint)
	points["minzoom"] = t.first
}
