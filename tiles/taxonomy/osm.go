package taxonomy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed osm.tsv
var osmTSV string

// none is the category of rules that end the search.
const none = "-"

// condition is one test of a tag.
type condition struct {
	key, value string
	not        bool
}

func (c condition) holds(get func(string) string) bool {
	v := get(c.key)
	if c.value == "*" {
		return v != "" && v != "no"
	}
	return slices.Contains(strings.Split(v, ";"), c.value) != c.not
}

// rule is one line of osm.tsv.
type rule struct {
	first    condition
	rest     []condition
	category string
}

// rules are in order; keys are their first keys, each once; first finds the
// rules by their first condition, "key=value".
var rules, keys, first = readRules(osmTSV)

func readRules(table string) (rules []rule, keys []string, first map[string][]int) {
	first = map[string][]int{}
	seen := map[string]bool{}
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		tags, category, ok := strings.Cut(line, "\t")
		if _, known := byID[category]; !ok || (!known && category != none) {
			panic(fmt.Sprintf("osm.tsv: no category in %q", line))
		}
		r := rule{category: category}
		for i, text := range strings.Fields(tags) {
			key, value, ok := strings.Cut(text, "=")
			if !ok {
				panic(fmt.Sprintf("osm.tsv: no condition in %q", line))
			}
			key, not := strings.CutSuffix(key, "!")
			c := condition{key, value, not}
			if i == 0 {
				r.first = c
				continue
			}
			r.rest = append(r.rest, c)
		}
		if !seen[r.first.key] {
			seen[r.first.key] = true
			keys = append(keys, r.first.key)
		}
		name := r.first.key + "=" + r.first.value
		first[name] = append(first[name], len(rules))
		rules = append(rules, r)
	}
	return rules, keys, first
}

// Of returns the category of an object of OpenStreetMap; get returns the value
// of a tag, "" when there is none. Of several values in a tag ("cafe;bar") each
// counts.
func Of(get func(key string) string) (category string, ok bool) {
	category, _ = Decide(get)
	return category, category != ""
}

// Decide returns the category as Of does, "" for none, and the tag that decided
// it: KEY=VALUE, one value.
func Decide(get func(key string) string) (category, tag string) {
	best := len(rules)
	for _, key := range keys {
		value := get(key)
		if value == "" {
			continue
		}
		for part := range strings.SplitSeq(value, ";") {
			best = match(first[key+"="+strings.TrimSpace(part)], best, get)
		}
		if value != "no" {
			best = match(first[key+"=*"], best, get)
		}
	}
	if best == len(rules) || rules[best].category == none {
		return "", ""
	}
	decided := rules[best].first
	if decided.value == "*" {
		part, _, _ := strings.Cut(get(decided.key), ";")
		decided.value = strings.TrimSpace(part)
	}
	return rules[best].category, decided.String()
}

// String returns KEY=VALUE.
func (c condition) String() string { return c.key + "=" + c.value }

// tags are the tags that may decide each category, in the order of the rules.
var tags = func() map[string][]condition {
	all := make(map[string][]condition)
	for _, r := range rules {
		all[r.category] = append(all[r.category], r.first)
	}
	return all
}()

// Tag returns the tag of OpenStreetMap that stands for a category: KEY=VALUE, the
// first that makes it. "" when any value of a key does, or none.
func Tag(category string) string {
	for _, c := range tags[category] {
		if c.value != "*" {
			return c.String()
		}
	}
	return ""
}

// Makes reports whether a tag, KEY=VALUE, is one that may decide a category.
func Makes(tag, category string) bool {
	key, value, ok := strings.Cut(tag, "=")
	return ok && value != "" && slices.ContainsFunc(tags[category], func(c condition) bool { return c.key == key && (c.value == value || c.value == "*") })
}

// match returns the first of some rules, in rising order, whose further
// conditions hold, when it comes before best.
func match(some []int, best int, get func(string) string) int {
	for _, i := range some {
		if i >= best {
			break
		}
		holds := true
		for _, c := range rules[i].rest {
			holds = holds && c.holds(get)
		}
		if holds {
			return i
		}
	}
	return best
}
