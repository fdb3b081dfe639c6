package schema

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pannier-maps/pannier/tiles/osm"
)

func text(s string) Value  { return Value{Kind: String, S: s} }
func number(i int64) Value { return Value{Kind: Int, I: i} }
func truth(yes bool) Value { return Value{Kind: Bool, B: yes} }
func (k ValueKind) typeName() string {
	switch k {
	case String:
		return "String"
	case Bool:
		return "Boolean"
	}
	return "Number"
}

// flag is a boolean field that is written only when true.
func flag(name string, zoom uint8, holds func(Subject, *class) bool) field {
	return field{name, Bool, zoom, func(s Subject, c *class) (Value, bool) {
		yes := holds(s, c)
		return truth(yes), yes
	}}
}

// copied is a field that holds a tag's value as it is.
func copied(name string, zoom uint8, key string) field {
	return field{name, String, zoom, func(s Subject, _ *class) (Value, bool) {
		v := s.Tags.Get(key)
		return text(v), v != ""
	}}
}

func isTunnel(s Subject, _ *class) bool {
	switch s.Tags.Get("tunnel") {
	case "yes", "building_passage":
		return true
	}
	return s.Tags.Get("covered") == "yes"
}

func isBridge(s Subject, _ *class) bool {
	switch s.Tags.Get("bridge") {
	case "yes", "viaduct", "boardwalk", "cantilever", "covered", "low_water_crossing", "movable", "trestle":
		return true
	}
	return false
}

func isRail(_ Subject, c *class) bool { return c.key == "railway" }
func isLink(_ Subject, c *class) bool { return strings.HasSuffix(c.value, "_link") }

func isOneway(s Subject, c *class) bool {
	switch s.Tags.Get("oneway") {
	case "yes", "1", "true", "-1":
		return !isRail(s, c)
	}
	return false
}

func isReverse(s Subject, c *class) bool { return s.Tags.Get("oneway") == "-1" && !isRail(s, c) }

// refRows returns the road numbers of a ref, which OSM parts by semicolons.
func refRows(s Subject) []string {
	var rows []string
	for row := range strings.SplitSeq(s.Tags.Get("ref"), ";") {
		if row = strings.TrimSpace(row); row != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

func ref(s Subject, _ *class) (Value, bool) {
	rows := refRows(s)
	return text(strings.Join(rows, "\n")), len(rows) > 0
}

func refRowCount(s Subject, _ *class) (Value, bool) {
	n := len(refRows(s))
	return number(int64(n)), n > 0
}

func refColumnCount(s Subject, _ *class) (Value, bool) {
	n := 0
	for _, row := range refRows(s) {
		n = max(n, utf8.RuneCountInString(row))
	}
	return number(int64(n)), n > 0
}

// populationOf returns the tagged population, or what is usual for the place.
func populationOf(s Subject, c *class) int64 {
	n, err := strconv.ParseInt(s.Tags.Get("population"), 10, 64)
	if err != nil || n < 0 {
		return int64(c.weight)
	}
	return n
}

func population(s Subject, c *class) (Value, bool) { return number(populationOf(s, c)), true }

func adminLevel(s Subject, _ *class) (Value, bool) {
	n, err := strconv.ParseInt(s.Tags.Get("admin_level"), 10, 8)
	return number(n), err == nil
}

// layerOf returns the tag layer, -7 to 7.
func layerOf(s Subject) int32 {
	n, err := strconv.Atoi(s.Tags.Get("layer"))
	if err != nil {
		return 0
	}
	return int32(min(max(n, -7), 7))
}

// The ranks of sections.

func byLayer(s Subject, _ *class) int32      { return layerOf(s) }
func heavyFirst(_ Subject, c *class) int32   { return -c.weight }
func byPopulation(s Subject, c *class) int32 { return -int32(min(populationOf(s, c), math.MaxInt32)) }

// byHeight puts what lies higher later, and of one height the greater road.
func byHeight(s Subject, c *class) int32 {
	level := layerOf(s)
	switch {
	case isBridge(s, c):
		level++
	case isTunnel(s, c):
		level--
	}
	return level*maxWeight + c.weight
}

// nameOf returns what an element is called: on the spot, else in the first of the
// languages that has a name for it, else in English or internationally; "" when
// nobody named it.
func nameOf(tags osm.Tags, languages []string) string {
	name := tags.Get("name")
	for i := 0; name == "" && i < len(languages); i++ {
		name = tags.Get("name:" + languages[i])
	}
	if name == "" {
		name = cmp.Or(tags.Get("name:en"), tags.Get("int_name"))
	}
	return name
}

// appendNames adds name and, where it differs, name_xx for each language.
func appendNames(attrs []Attr, tags osm.Tags, languages []string) []Attr {
	name := nameOf(tags, languages)
	if name == "" {
		return attrs
	}
	attrs = append(attrs, Attr{"name", text(name)})
	for _, tag := range tags {
		language, ok := strings.CutPrefix(tag.Key, "name:")
		if ok && tag.Value != name && tag.Value != "" && slices.Contains(languages, language) {
			attrs = append(attrs, Attr{"name_" + language, text(tag.Value)})
		}
	}
	return attrs
}
