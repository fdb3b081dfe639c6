package osm

import "slices"

// areaRule says for which values of a key a closed way is an area.
type areaRule struct {
	only   []string // these values; nil means every value
	except []string // but not these
}

// areaRules are the polygon features that editors and converters of
// OpenStreetMap agree on (https://wiki.openstreetmap.org/wiki/Overpass_turbo/Polygon_Features).
var areaRules = map[string]areaRule{
	"aeroway":          {except: []string{"taxiway"}},
	"amenity":          {},
	"area:highway":     {},
	"barrier":          {only: []string{"city_wall", "ditch", "hedge", "retaining_wall", "spikes"}},
	"boundary":         {},
	"building":         {},
	"building:part":    {},
	"craft":            {},
	"golf":             {},
	"highway":          {only: []string{"services", "rest_area", "escape", "elevator"}},
	"historic":         {},
	"indoor":           {},
	"landuse":          {},
	"leisure":          {},
	"man_made":         {except: []string{"cutline", "embankment", "pipeline"}},
	"military":         {},
	"natural":          {except: []string{"coastline", "cliff", "ridge", "arete", "tree_row"}},
	"office":           {},
	"place":            {},
	"power":            {only: []string{"plant", "substation", "generator", "transformer"}},
	"public_transport": {},
	"railway":          {only: []string{"station", "turntable", "roundhouse", "platform"}},
	"ruins":            {},
	"shop":             {},
	"tourism":          {},
	"waterway":         {only: []string{"riverbank", "dock", "boatyard", "dam"}},
}

// IsArea reports whether a way with these tags is an area rather than a line. An
// open way never is; area=yes and area=no decide for themselves.
func IsArea(tags Tags, closed bool) bool {
	if !closed {
		return false
	}
	switch area := tags.Get("area"); area {
	case "":
	case "no":
		return false
	default:
		return true
	}
	for _, tag := range tags {
		rule, ok := areaRules[tag.Key]
		if !ok || tag.Value == "no" || slices.Contains(rule.except, tag.Value) {
			continue
		}
		if rule.only == nil || slices.Contains(rule.only, tag.Value) {
			return true
		}
	}
	return false
}
