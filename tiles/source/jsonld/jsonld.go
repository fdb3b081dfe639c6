// Package jsonld looks into objects of JSON-LD as tourism systems and web pages
// write them: prefixes are dropped ("schema:geo", "https://schema.org/geo" and
// "geo" are one), a value may stand alone or in a list, and a text may be plain,
// by language, or a value object. Contexts are not resolved.
//
// Nodes may be read concurrently.
package jsonld

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Node is an object.
type Node map[string]any

// MakeNode returns the node of a decoded JSON object, without prefixes.
func MakeNode(object map[string]any) Node {
	n := make(Node, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		short := Short(key)
		if _, there := n[short]; !there || short == key {
			n[short] = object[key]
		}
	}
	return n
}

// Short returns a name without its prefix.
func Short(name string) string {
	if i := strings.LastIndexAny(name, ":/#"); i >= 0 && i < len(name)-1 {
		return name[i+1:]
	}
	return name
}

// list returns a value's elements, or the value alone.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case map[string]any:
		if inner, ok := v["@list"].([]any); ok {
			return inner
		}
	}
	return []any{v}
}

// Nodes returns the objects of a member. A reference by text alone is a node
// with an "@id".
func (n Node) Nodes(key string) (all []Node) {
	for _, v := range list(n[key]) {
		switch v := v.(type) {
		case map[string]any:
			all = append(all, MakeNode(v))
		case string:
			all = append(all, Node{"@id": v})
		}
	}
	return all
}

// Node returns the first object of a member, or an empty one.
func (n Node) Node(key string) Node {
	if all := n.Nodes(key); len(all) > 0 {
		return all[0]
	}
	return Node{}
}

// Types returns the node's types, as they stand.
func (n Node) Types() (types []string) {
	for _, v := range append(list(n["@type"]), list(n["type"])...) {
		if s, ok := v.(string); ok {
			types = append(types, s)
		}
	}
	return types
}

// ID returns the node's "@id" or "id", or "".
func (n Node) ID() string { return cmp.Or(scalar(n["@id"]), scalar(n["id"])) }

// Text returns the first text, number or truth of a member, whatever its
// language, or "".
func (n Node) Text(key string) string {
	texts := n.Texts(key, feature.Und)
	if s := texts[feature.Und]; s != "" {
		return s
	}
	for _, l := range slices.Sorted(maps.Keys(texts)) {
		return texts[l]
	}
	return ""
}

// All returns all texts and numbers of a member.
func (n Node) All(key string) (texts []string) {
	for _, v := range list(n[key]) {
		if s := scalar(v); s != "" {
			texts = append(texts, s)
		} else if m, ok := v.(map[string]any); ok {
			if s := cmp.Or(scalar(m["@value"]), scalar(m["@id"])); s != "" {
				texts = append(texts, s)
			}
		}
	}
	return texts
}

// Texts returns a member's texts by language; those without one are in the
// language given. Of several in one language, the first counts.
func (n Node) Texts(key, language string) map[string]string {
	texts := map[string]string{}
	put := func(l, s string) {
		if s = strings.TrimSpace(s); s != "" && texts[l] == "" {
			texts[l] = s
		}
	}
	for _, v := range list(n[key]) {
		m, ok := v.(map[string]any)
		if !ok {
			put(language, scalar(v))
			continue
		}
		if value, ok := m["@value"]; ok {
			l := strings.ToLower(scalar(m["@language"]))
			if !feature.ValidLanguage(l) {
				l = language
			}
			put(l, scalar(value))
			continue
		}
		for _, l := range slices.Sorted(maps.Keys(m)) {
			if !feature.ValidLanguage(l) {
				continue
			}
			for _, s := range list(m[l]) {
				put(l, scalar(s))
			}
		}
	}
	return texts
}

// Number returns the first number of a member, also one written as a text.
func (n Node) Number(key string) (float64, bool) {
	for _, s := range n.All(key) {
		if f, err := strconv.ParseFloat(strings.TrimSpace(strings.Replace(s, ",", ".", 1)), 64); err == nil {
			return f, true
		}
	}
	return 0, false
}

// scalar returns a text, number or truth as text.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
