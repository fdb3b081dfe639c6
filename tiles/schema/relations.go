package schema

import "slices"

// Layers whose content comes from the relations that a way is a member of.
const (
	boundariesLayer = "boundaries"
	routesLayer     = "cycle_routes"
)

// boundaryZooms gives the first zoom of an admin_level.
var boundaryZooms = []struct {
	level string
	value int64
	zoom  uint8
}{{"2", 2, 0}, {"4", 4, 7}}

// appendBoundary draws a way that is part of a country's or state's boundary.
func appendBoundary(s Subject, draws []Draw) []Draw {
	level, disputed := len(boundaryZooms), s.Tags.Get("disputed") == "yes"
	for _, b := range s.Boundaries {
		switch b.Get("boundary") {
		case "administrative":
			for i, z := range boundaryZooms[:level] {
				if b.Get("admin_level") == z.level {
					level = i
					break
				}
			}
		case "disputed":
			switch b.Get("admin_level") {
			case "", "2", "3", "4":
				disputed = true
			}
		}
	}
	if level == len(boundaryZooms) {
		return draws
	}
	z := boundaryZooms[level]
	attrs := []Attr{{"admin_level", number(z.value)}}
	if disputed {
		attrs = append(attrs, Attr{"disputed", truth(true)})
	}
	if s.Tags.Get("maritime") == "yes" || s.Tags.Get("natural") == "coastline" {
		attrs = append(attrs, Attr{"maritime", truth(true)})
	}
	return append(draws, Draw{
		Layer: boundariesLayer, Shape: Line, MinZoom: z.zoom, MaxZoom: MaxZoom,
		Rank: -int32(z.value), Attrs: attrs,
	})
}

// A network is a row of cycle_routes: its first zoom, and its rank, higher for
// routes of wider reach.
type network struct {
	zoom uint8
	rank int32
}

// networks holds the tag network by kind of route; the empty network is that of
// all others.
var networks = map[string]map[string]network{
	"bicycle": {"icn": {5, 12}, "ncn": {6, 11}, "rcn": {8, 10}, "lcn": {10, 9}, "": {11, 8}},
	"mtb":     {"icn": {5, 7}, "ncn": {6, 7}, "rcn": {8, 6}, "lcn": {10, 5}, "": {10, 5}},
	"hiking":  {"iwn": {8, 4}, "nwn": {9, 3}, "rwn": {10, 2}, "lwn": {12, 1}, "": {12, 0}},
}

// routeFields are the tags of a route that are copied, with the first zoom that
// keeps them.
var routeFields = []field{
	copied("colour", 0, "colour"), copied("network", 0, "network"), copied("ref", 8, "ref"),
	{"direction", String, 13, direction},
}

// direction says which way along its line a route is ridden, where not both.
func direction(s Subject, _ *class) (Value, bool) {
	switch s.Routes[0].Way {
	case Forward:
		return text("forward"), true
	case Backward:
		return text("backward"), true
	}
	return Value{}, false
}

// appendRoutes draws the routes along a way: once for each, and once only for
// routes that look the same, such as the two directions of one.
func appendRoutes(s Subject, languages []string, draws []Draw) []Draw {
	start := len(draws)
	for _, route := range s.Routes {
		tags, kind := route.Tags, route.Tags.Get("route")
		if kind == "foot" {
			kind = "hiking"
		}
		byNetwork := networks[kind]
		if byNetwork == nil || tags.Get("state") == "proposed" {
			continue
		}
		n, ok := byNetwork[tags.Get("network")]
		if !ok {
			n = byNetwork[""]
		}
		if d := drawRoute(kind, n, route, languages); !slices.ContainsFunc(draws[start:], d.looksLike) {
			draws = append(draws, d)
		}
	}
	return draws
}

func drawRoute(kind string, n network, r Route, languages []string) Draw {
	attrs := []Attr{{"route", text(kind)}}
	for _, f := range routeFields {
		if v, ok := f.value(Subject{Routes: []Route{r}, Tags: r.Tags}, nil); ok {
			attrs = append(attrs, Attr{f.name, v})
		}
	}
	attrs = appendNames(attrs, r.Tags, languages)
	sortAttrs(attrs)
	return Draw{Layer: routesLayer, Shape: Line, MinZoom: n.zoom, MaxZoom: MaxZoom, Rank: n.rank, Attrs: attrs}
}

func (d Draw) looksLike(o Draw) bool { return d.Rank == o.Rank && slices.Equal(d.Attrs, o.Attrs) }
