package style

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/archive"
)

func TestGeneric(t *testing.T) {
	layers := archive.ParseLayers([]byte(`[
		{"id":"pois","fields":{"name":"String"}}, {"id":"transportation_name","fields":{"name:latin":"String","name":"String","class":"String"}},
		{"id":"water","fields":{}}, {"id":"landcover","fields":{"class":"String"}}, {"id":"place","fields":{"name":"String","name:sl":"String","population":"Number"}},
		{"id":"@tiles","fields":{"@name":"String"}}, {"id":"housenumber","fields":{"housenumber":"String"}}]`))
	seen := make(map[Theme]string)
	for _, theme := range []Theme{Light, Dark} {
		data, err := Generic(Options{Theme: theme, Languages: []string{"sl"}, Tiles: "/tiles.json", Sprite: "/sprite", Fonts: []Font{{Name: "Noto Sans Bold", URL: "/bold"}}}, layers)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Generic(Options{Theme: theme, Languages: []string{"sl"}, Tiles: "/tiles.json", Sprite: "/sprite", Fonts: []Font{{Name: "Noto Sans Bold", URL: "/bold"}}}, layers)
		if err != nil || string(again) != string(data) {
			t.Errorf("%s: other bytes for the same layers, %v", theme, err)
		}
		var s spec
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		seen[theme] = string(data)
		if s.Version != 8 || s.Sources["map"].URL != "/tiles.json" || s.Sprite != "/sprite" || len(s.FontFaces) != 1 {
			t.Errorf("%s: %+v", theme, s)
		}
		ids := make(map[string]int)
		for i, l := range s.Layers {
			if _, twice := ids[l.ID]; twice {
				t.Errorf("layer %q twice", l.ID)
			}
			ids[l.ID] = i
			if l.Type != "background" && layers[l.SourceLayer] == nil {
				t.Errorf("layer %q is of %q", l.ID, l.SourceLayer)
			}
		}
		order := []string{"background", "@tiles areas", "landcover areas", "water areas", "transportation_name casings", "transportation_name lines", "pois points", "pois point names", "place point names"}
		if !slices.IsSortedFunc(order, func(a, b string) int { return ids[a] - ids[b] }) {
			t.Errorf("drawn in the order %v", ids)
		}
		for _, id := range order {
			if _, ok := ids[id]; !ok {
				t.Errorf("no layer %q", id)
			}
		}
		for _, id := range []string{"water point names", "housenumber points", "place points"} {
			if _, ok := ids[id]; ok {
				t.Errorf("layer %q", id)
			}
		}
		if names := s.Layers[ids["place point names"]].Layout["text-field"]; text(t, names) != `["coalesce",["get","name:sl"],["get","name"],""]` {
			t.Errorf("names by %v", names)
		}
	}
	if seen[Light] == seen[Dark] || strings.Contains(seen[Light], "null") {
		t.Error("both themes alike, or a colour that there is not")
	}
	if _, err := Generic(Options{Theme: "neon"}, layers); err == nil {
		t.Error("any theme will do")
	}
}

func text(t *testing.T, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
