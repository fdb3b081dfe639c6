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
		return "", false
	}
	return rules[best].category, true
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
