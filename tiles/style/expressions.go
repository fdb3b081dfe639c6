package style

import (
	"encoding/json"
	"strings"
)

// expressions are what layers of style.json have in common.
var expressions = map[string]any{
	"is-street": parse(`["match", ["get", "kind"], ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "pedestrian", "service", "busway", "bus_guideway"], true, false]`),
	"is-unpaved": parse(`["match", ["get", "surface"],
		["unpaved", "gravel", "fine_gravel", "compacted", "ground", "dirt", "earth", "grass", "sand", "mud", "pebblestone", "rock", "woodchips"], true, false]`),
	"is-paved": parse(`["match", ["get", "surface"],
		["paved", "asphalt", "concrete", "concrete:plates", "concrete:lanes", "paving_stones", "sett", "cobblestone", "metal", "wood"], true, false]`),
	"is-path": parse(`["match", ["get", "kind"], ["track", "footway", "path", "cycleway"], true, false]`),
	// Low zooms tell no bridges; only tunnels and bridges have the field at all.
	"on-ground":   parse(`["all", ["!=", ["get", "tunnel"], true], ["!=", ["get", "bridge"], true]]`),
	"on-bridge":   parse(`["all", ["!=", ["get", "tunnel"], true], ["==", ["get", "bridge"], true]]`),
	"may-cycle":   parse(`["match", ["get", "bicycle"], ["yes", "designated", "permissive"], true, false]`),
	"path-colour": parse(`["case", ["==", ["get", "kind"], "cycleway"], "@cycleway", ["==", ["get", "kind"], "track"], "@track", "@may-cycle", "@cycleway", "@path"]`),
	"street-colour": parse(`["match", ["get", "kind"], "motorway", "@motorway", "trunk", "@trunk", "primary", "@primary", "secondary", "@secondary",
		["service", "pedestrian"], "@service", "@street"]`),
	"casing-colour":     parse(`["match", ["get", "kind"], ["motorway", "trunk"], "@motorway-casing", ["primary", "secondary"], "@primary-casing", "@street-casing"]`),
	"is-minor":          parse(`["match", ["get", "kind"], ["service", "track", "footway", "path", "cycleway", "steps"], true, false]`),
	"most-people-first": parse(`["-", 0, ["get", "population"]]`),
	"first-ref":         parse(`["case", ["in", ";", ["get", "ref"]], ["slice", ["get", "ref"], 0, ["index-of", ";", ["get", "ref"]]], ["get", "ref"]]`),
	"route-colour":      parse(`["match", ["get", "network"], ["icn", "ncn"], "@route-national", "rcn", "@route-regional", "@route-local"]`),
	"street-width":      streetWidths(false),
	"casing-width":      streetWidths(true),
	"path-width":        parse(`["interpolate", ["exponential", 1.4], ["zoom"], 13, 0.8, 14, 1.1, 16, 1.9, 18, 4]`),
	"path-casing-width": parse(`["interpolate", ["exponential", 1.4], ["zoom"], 13, 2, 14, 2.8, 16, 4.6, 18, 8]`),
	"cycleway-width":    parse(`["interpolate", ["exponential", 1.4], ["zoom"], 13, 1.1, 14, 1.5, 16, 2.6, 18, 5.5]`),
}

// streetWidths returns how wide streets are drawn, with or without their casing;
// links two thirds of that.
func streetWidths(cased bool) any {
	kinds := [][]any{{"motorway", "trunk"}, {"primary"}, {"secondary"}, {"tertiary"}, {"service", "pedestrian"}}
	at := func(casing float64, widths ...float64) []any {
		if !cased {
			casing = 0
		}
		width := func(n float64) any {
			return []any{"case", []any{"==", []any{"get", "link"}, true}, n*2/3 + casing, n + casing}
		}
		match := []any{"match", []any{"get", "kind"}}
		for i, k := range kinds {
			match = append(match, k, width(widths[i]))
		}
		return append(match, width(widths[len(kinds)]))
	}
	return []any{"interpolate", []any{"exponential", 1.5}, []any{"zoom"},
		// casing; motorway, primary, secondary, tertiary, service, any other
		5.0, at(0, 0.8, 0.5, 0.4, 0.3, 0.1, 0.1),
		9.0, at(1, 1.8, 1.2, 0.9, 0.6, 0.2, 0.3),
		12.0, at(1.2, 3.2, 2.6, 2.1, 1.6, 0.5, 0.9),
		14.0, at(1.6, 6, 4.8, 4.2, 3.6, 1.4, 2.6),
		16.0, at(2, 13, 11, 10, 9, 4, 7.5),
		18.0, at(2.4, 30, 26, 24, 22, 10, 18),
	}
}

// nameIn returns the expression for names in the best of languages. Tiles have
// name_xx only where it differs from name, so a second language would win over a
// name that stands on the spot in the first.
func nameIn(languages []string) any {
	name := []any{"get", "name"}
	if len(languages) == 0 {
		return name
	}
	best := []any{"coalesce", []any{"get", "name_" + languages[0]}}
	if plain, _, narrowed := strings.Cut(languages[0], "-"); narrowed { // sr-Latn, else sr
		best = append(best, []any{"get", "name_" + plain})
	}
	return append(best, name)
}

func parse(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err) // our own text, which the tests read
	}
	return v
}
