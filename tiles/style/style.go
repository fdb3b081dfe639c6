// Package style is how the base map looks: one style for MapLibre on the schema
// of tiles/schema, light and dark, with cycling first.
//
// style.json holds the layers. A text that begins with "@" in it stands for
// something else: a colour of palette.tsv, an expression below, or what the
// caller asks for. What comes out is a style of the MapLibre Style Specification
// 8 (https://maplibre.org/maplibre-style-spec/) that asks for nothing but the
// addresses it was given. The same options give the same bytes. Functions are
// safe for concurrent use.
package style

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed style.json
var styleJSON []byte

//go:embed palette.tsv
var paletteTSV string

// Theme is a set of colours.
type Theme string

// The themes.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// Options of a style.
type Options struct {
	Theme     Theme    // Light when empty
	Languages []string // of names: the first counts, then what stands on the spot
	Tiles     string   // address of the TileJSON
	Relief    string   // address of the TileJSON of heights; "": no shaded hills
	Contours  string   // address of the TileJSON of contour lines; "": none
	Sprite    string   // address of the sprite without its extension; "": no icons
	Fonts     []Font
}

// Font is one file of a font, for the characters of its ranges.
type Font struct {
	Name   string   // "Noto Sans Regular"
	URL    string   // of a WOFF2 or TTF file
	Ranges []string // "U+0000-00FF"; none: all
}

// Fonts are the names of the fonts that the style uses.
func Fonts() []string { return []string{"Noto Sans Regular", "Noto Sans Bold", "Noto Sans Italic"} }

// New returns the style's JSON.
func New(o Options) ([]byte, error) {
	words, err := palette(o.Theme)
	if err != nil {
		return nil, err
	}
	for name, e := range expressions {
		words[name] = e
	}
	words["tiles"], words["relief"], words["contours"], words["name"] = o.Tiles, o.Relief, o.Contours, nameIn(o.Languages)
	var style map[string]any
	if err := json.Unmarshal(styleJSON, &style); err != nil {
		return nil, fmt.Errorf("style.json: %w", err)
	}
	filled, err := fill(style, words)
	if err != nil {
		return nil, fmt.Errorf("style.json: %w", err)
	}
	style = filled.(map[string]any)
	for source, address := range map[string]string{"relief": o.Relief, "contours": o.Contours} {
		if address == "" {
			delete(style["sources"].(map[string]any), source)
			style["layers"] = slices.DeleteFunc(style["layers"].([]any), func(l any) bool { return l.(map[string]any)["source"] == source })
		}
	}
	for _, l := range style["layers"].([]any) {
		if layer := l.(map[string]any); layer["type"] != "background" && layer["source"] == nil {
			layer["source"] = "map"
		}
	}
	return finish(style, o)
}

// finish adds what a style of ours asks for, and writes it.
func finish(style map[string]any, o Options) ([]byte, error) {
	if o.Sprite != "" {
		style["sprite"] = o.Sprite
	}
	if len(o.Fonts) > 0 {
		style["font-faces"] = faces(o.Fonts)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(style); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// palette returns a theme's colours by name.
func palette(t Theme) (map[string]any, error) {
	if t == "" {
		t = Light
	}
	words := make(map[string]any)
	lines := strings.Split(strings.TrimSpace(paletteTSV), "\n")
	column := 0
	for i, name := range strings.Split(lines[0], "\t") {
		if i > 0 && name == string(t) {
			column = i
		}
	}
	if column == 0 {
		return nil, fmt.Errorf("there is no theme %q", t)
	}
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		words[cells[0]] = cells[column]
	}
	return words, nil
}

// fill puts what they stand for in the place of texts that begin with "@", also
// in what comes for them.
func fill(v any, words map[string]any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		name, ok := strings.CutPrefix(v, "@")
		if !ok {
			return v, nil
		}
		word, ok := words[name]
		if !ok {
			return nil, fmt.Errorf("nothing stands for %q", v)
		}
		return fill(word, words)
	case []any:
		filled := make([]any, len(v))
		for i := range v {
			if filled[i], err = fill(v[i], words); err != nil {
				return nil, err
			}
		}
		return filled, nil
	case map[string]any:
		filled := make(map[string]any, len(v))
		for key := range v {
			if filled[key], err = fill(v[key], words); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}
	return v, nil
}

// faces writes fonts as the specification's font-faces.
func faces(fonts []Font) map[string]any {
	all := make(map[string]any)
	for _, f := range fonts {
		face := map[string]any{"url": f.URL}
		if len(f.Ranges) > 0 {
			face["unicode-range"] = f.Ranges
		}
		list, _ := all[f.Name].([]any)
		all[f.Name] = append(list, face)
	}
	return all
}
