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
	"street-colour": parse(`["match", ["get", "kind"], "motorway", "@motorway", "trunk", "@trunk", "primary", "@primary", "secondary", "@secondary",
		["service", "pedestrian"], "@service", "@street"]`),
	"route-colour": parse(`["match", ["get", "network"], ["icn", "ncn"], "@route-national", "rcn", "@route-regional", "@route-local"]`),
	"street-width": widths(0),
	"casing-width": widths(1.6),
}

// widths returns how wide streets are drawn, with so much more on both sides
// together.
func widths(more float64) any {
	// Of links two thirds.
	at := func(motorway, primary, secondary, tertiary, street, service float64) []any {
		w := func(n float64) any {
			return []any{"case", []any{"==", []any{"get", "link"}, true}, n*2/3 + more, n + more}
		}
		kind := func(names ...string) []any {
			all := make([]any, len(names))
			for i, n := range names {
				all[i] = n
			}
			return all
		}
		return []any{"match", []any{"get", "kind"},
			kind("motorway", "trunk"), w(motorway), kind("primary"), w(primary), kind("secondary"), w(secondary), kind("tertiary"), w(tertiary),
			kind("service", "pedestrian"), w(service), w(street)}
	}
	return []any{"interpolate", []any{"exponential", 1.5}, []any{"zoom"},
		5.0, at(0.6, 0.4, 0.3, 0.2, 0.1, 0.1),
		9.0, at(1.8, 1.2, 0.8, 0.6, 0.3, 0.2),
		12.0, at(3.2, 2.4, 1.9, 1.5, 0.8, 0.5),
		14.0, at(6, 4.8, 4, 3.6, 2.6, 1.4),
		16.0, at(13, 11, 10, 9, 7.5, 4),
		18.0, at(30, 26, 24, 22, 18, 10),
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
	plain, _, _ := strings.Cut(languages[0], "-")
	return []any{"coalesce", []any{"get", "name_" + plain}, name}
}

func parse(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err) // our own text, which the tests read
	}
	return v
}
