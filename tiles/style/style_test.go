package style

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/relief/contour"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

type spec struct {
	Version int
	Sprite  string
	Sources map[string]struct{ Type, URL string }
	Layers  []struct {
		ID, Type, Source string
		SourceLayer      string `json:"source-layer"`
		Filter           any
		Layout, Paint    map[string]any
	}
	FontFaces map[string][]struct{ URL string } `json:"font-faces"`
}

func styleOf(t *testing.T, o Options) (spec, []byte) {
	t.Helper()
	data, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var s spec
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	return s, data
}

// fieldsOf lists the fields that expressions in v read.
func fieldsOf(v any) (fields []string) {
	switch v := v.(type) {
	case []any:
		if len(v) == 2 && (v[0] == "get" || v[0] == "has") {
			return []string{v[1].(string)}
		}
		for _, e := range v {
			fields = append(fields, fieldsOf(e)...)
		}
	case map[string]any:
		for _, e := range v {
			fields = append(fields, fieldsOf(e)...)
		}
	}
	return fields
}

// categoriesOf lists the categories that an expression names.
func categoriesOf(v any) (ids []string) {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, ".") {
			return []string{v}
		}
	case []any:
		for _, e := range v {
			ids = append(ids, categoriesOf(e)...)
		}
	}
	return ids
}

// shapesOf lists the pictures of no category that an expression names.
func shapesOf(v any) (names []string) {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "shield-") || strings.HasPrefix(v, "arrow") {
			return []string{v}
		}
	case []any:
		for _, e := range v {
			names = append(names, shapesOf(e)...)
		}
	}
	return names
}

// TestStyleFitsTheSchema checks that each layer and field that the style asks
// for is one of the schema.
func TestStyleFitsTheSchema(t *testing.T) {
	languages := []string{"de", "sl"}
	fields := make(map[string][]string)
	for _, l := range schema.LayersIn(languages) {
		fields[l.Name] = append(slices.Collect(maps.Keys(l.Fields)), "")
	}
	s, _ := styleOf(t, Options{Languages: languages, Tiles: "/tiles.json"})
	seen := make(map[string]bool)
	for _, l := range s.Layers {
		if seen[l.ID] {
			t.Errorf("two layers are called %s", l.ID)
		}
		seen[l.ID] = true
		if l.Type == "background" {
			continue
		}
		known := fields[l.SourceLayer]
		if known == nil {
			t.Errorf("%s: the schema has no layer %q", l.ID, l.SourceLayer)
		}
		for _, f := range slices.Concat(fieldsOf(l.Filter), fieldsOf(l.Layout), fieldsOf(l.Paint)) {
			if !slices.Contains(known, f) {
				t.Errorf("%s: layer %s has no field %q", l.ID, l.SourceLayer, f)
			}
		}
		for _, icon := range shapesOf(l.Layout["icon-image"]) {
			if _, err := os.Stat("../../server/viewer/web/shapes/" + icon + ".svg"); err != nil {
				t.Errorf("%s: the sprite has no %s", l.ID, icon)
			}
		}
		for _, icon := range categoriesOf(l.Layout["icon-image"]) {
			if _, ok := taxonomy.Lookup(icon); !ok {
				t.Errorf("%s: the sprite has icons by category, but there is no category %s", l.ID, icon)
			}
		}
		if font := l.Layout["text-font"]; font != nil && !slices.Contains(Fonts(), fmt.Sprint(font.([]any)[0])) {
			t.Errorf("%s: font %v", l.ID, font)
		}
	}
}

// TestWords checks that each colour and each expression is used, and that each
// word that is used stands for something, in every theme.
func TestWords(t *testing.T) {
	text, err := json.Marshal(expressions)
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, m := range regexp.MustCompile(`"@([^"]+)"`).FindAllSubmatch(slices.Concat(styleJSON, text), -1) {
		used[string(m[1])] = true
	}
	for _, theme := range []Theme{Light, Dark} {
		known, err := palette(theme)
		if err != nil {
			t.Fatal(err)
		}
		for name, colour := range known {
			if !used[name] {
				t.Errorf("%s: nothing has the colour %s", theme, name)
			}
			if !regexp.MustCompile(`^#(?:[0-9a-f]{6}|[0-9a-f]{8})$`).MatchString(colour.(string)) {
				t.Errorf("%s: %s is %q", theme, name, colour)
			}
		}
		maps.Copy(known, expressions)
		for _, name := range []string{"tiles", "relief", "contours", "name"} {
			known[name] = true
		}
		for name := range used {
			if known[name] == nil {
				t.Errorf("%s: nothing stands for @%s", theme, name)
			}
		}
	}
	for name := range expressions {
		if !used[name] {
			t.Errorf("no layer uses @%s", name)
		}
	}
}

// TestNames prefers the first language, and then what stands on the spot: tiles
// have a name in a language only where it differs from that.
func TestNames(t *testing.T) {
	for _, test := range []struct {
		languages []string
		want      string
	}{
		{nil, `["get","name"]`},
		{[]string{"sl"}, `["coalesce",["get","name_sl"],["get","name"]]`},
		{[]string{"sr-Latn", "sl"}, `["coalesce",["get","name_sr-Latn"],["get","name_sr"],["get","name"]]`},
	} {
		if got, err := json.Marshal(nameIn(test.languages)); err != nil || string(got) != test.want {
			t.Errorf("%v: %s, %v, want %s", test.languages, got, err, test.want)
		}
	}
}

func TestNew(t *testing.T) {
	o := Options{Languages: []string{"sl-SI"}, Tiles: "https://maps.example/tiles.json", Sprite: "https://maps.example/sprite",
		Fonts: []Font{{"Noto Sans Bold", "/a.woff2", []string{"U+0000-00FF"}}, {"Noto Sans Bold", "/b.woff2", nil}}}
	light, data := styleOf(t, o)
	_, again := styleOf(t, o)
	if string(data) != string(again) {
		t.Error("twice the same options give other bytes")
	}
	o.Theme = Dark
	if _, dark := styleOf(t, o); string(dark) == string(data) || len(dark) < len(data)*9/10 {
		t.Error("dark is light")
	}
	if light.Sprite != o.Sprite || light.Sources["map"].URL != o.Tiles || len(light.FontFaces["Noto Sans Bold"]) != 2 {
		t.Errorf("%+v", light)
	}
	if !strings.Contains(string(data), `["coalesce",["get","name_sl-SI"],["get","name_sl"],["get","name"]]`) {
		t.Error("names are not in Slovene first")
	}
	if strings.Contains(string(data), `"@`) {
		t.Error("something was left to fill in")
	}
	if _, err := New(Options{Theme: "neon"}); err == nil {
		t.Error("any theme will do")
	}
}

// TestRelief draws shaded hills and contour lines below all else that is drawn on
// the ground, where there are heights.
func TestRelief(t *testing.T) {
	plain, _ := styleOf(t, Options{Tiles: "/tiles.json"})
	hilly, _ := styleOf(t, Options{Tiles: "/tiles.json", Relief: "/relief.json", Contours: "/contours.json"})
	shaded, _ := styleOf(t, Options{Tiles: "/tiles.json", Relief: "/relief.json"})
	if len(plain.Sources) != 1 || len(shaded.Layers) != len(plain.Layers)+1 || len(hilly.Layers) != len(plain.Layers)+4 {
		t.Fatalf("sources %v; %d layers, %d with shade, %d with contours", plain.Sources, len(plain.Layers), len(shaded.Layers), len(hilly.Layers))
	}
	if r, c := hilly.Sources["relief"], hilly.Sources["contours"]; r.Type != "raster-dem" || r.URL != "/relief.json" || c.Type != "vector" || c.URL != "/contours.json" {
		t.Errorf("sources %+v, %+v", r, c)
	}
	for i, l := range hilly.Layers {
		if (l.Type == "hillshade") != (l.Source == "relief") || l.Source == "contours" && l.SourceLayer != contour.Layer {
			t.Errorf("%s is drawn of %s %s", l.ID, l.Source, l.SourceLayer)
		}
		if l.Source == "map" || l.Type == "background" || l.Type == "symbol" {
			continue
		}
		for _, above := range hilly.Layers[:i] {
			if above.Type != "background" && above.Type != "fill" && above.Source == "map" {
				t.Errorf("%s is drawn over %s", l.ID, above.ID)
			}
		}
	}
}
