package geojson

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// plain fills what the record's own members leave empty from the common plain
// properties and from tags of OpenStreetMap.
func plain(f *feature.Feature, props map[string]json.RawMessage, language string) {
	if len(f.Names) == 0 {
		f.Names = texts(props, "name", language, func(s string) string { return feature.Clean(s, feature.MaxNameChars) })
	}
	if len(f.Descriptions) == 0 {
		f.Descriptions = texts(props, "description", language, func(s string) string { return feature.CleanLines(s, feature.MaxTextChars) })
	}
	records.Plain(f, func(key string) string { return scalar(props[key]) })
}

// texts returns KEY, in the language given, and KEY:LANGUAGE or KEY_LANGUAGE.
func texts(props map[string]json.RawMessage, key, unmarked string, clean func(string) string) map[string]string {
	found := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(props)) {
		language, ok := strings.CutPrefix(name, key)
		switch {
		case !ok:
			continue
		case language == "":
			language = unmarked
		case (language[0] == ':' || language[0] == '_') && feature.ValidLanguage(language[1:]):
			language = language[1:]
		default:
			continue
		}
		if s := clean(scalar(props[name])); s != "" {
			found[language] = s
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// scalar returns a text, a number or a truth as text, "" for anything else.
func scalar(raw json.RawMessage) string {
	if s, err := text(raw); err == nil {
		return s
	}
	if b, err := strconv.ParseBool(string(raw)); err == nil && len(raw) >= 4 {
		return map[bool]string{true: "yes", false: "no"}[b]
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return string(raw)
	}
	return ""
}

// text reads a JSON string; absent and null are "".
func text(raw json.RawMessage) (string, error) {
	var s string
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return "", nil
	}
	err := json.Unmarshal(raw, &s)
	return s, err
}
