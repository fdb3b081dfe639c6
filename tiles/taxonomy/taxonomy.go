// Package taxonomy holds the categories of features: what a rider, a visitor or
// somebody who moves to a village looks for.
//
// A category's id is "GROUP.NAME", such as "food.restaurant"; a group is an id
// without a dot and has an icon and labels as well. Icons name files of the maki
// and temaki sets (CC0): "maki/cafe", "temaki/bicycle_repair". Labels exist in
// every one of Languages. categories.tsv has the categories in the order in which
// menus show them; terms.tsv has what else a place may offer, in lists of
// terms; osm.tsv maps the tags of OpenStreetMap to them, by rules of
// which the first that holds wins.
//
// A region may have categories of its own, in a group of this list: an Own id
// has "x_" after the dot, so that it never becomes one of ours.
//
// Ids are never reused. Readers show an unknown id, from a newer version, by its
// group. All functions are safe for concurrent use.
package taxonomy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed categories.tsv
var categoriesTSV string

// Other is the category of a place that fits nowhere else, OtherRoute that of a
// route.
const (
	Other      = "other.place"
	OtherRoute = "route.other"
)

// Category is a category or, when its ID has no dot, a group of them.
type Category struct {
	ID       string
	Icon     string            // "maki/…" or "temaki/…"
	Nameless bool              // worth showing without a name of its own
	Labels   map[string]string // by language; read only
}

// Group returns the id of the group: the part of id before the dot.
func Group(id string) string {
	group, _, _ := strings.Cut(id, ".")
	return group
}

// Label returns the label in the first of languages that there is, else in
// English.
func (c Category) Label(languages ...string) string {
	for _, l := range languages {
		plain, _, _ := strings.Cut(l, "-")
		if s := c.Labels[plain]; s != "" {
			return s
		}
	}
	return c.Labels["en"]
}

var languages, categories, byID = readCategories(categoriesTSV)

func readCategories(table string) (languages []string, all []Category, byID map[string]Category) {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	const fixed = 3 // columns before the labels
	languages = strings.Split(lines[0], "\t")[fixed:]
	byID = map[string]Category{}
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		if len(columns) != fixed+len(languages) {
			panic(fmt.Sprintf("categories.tsv: %d columns in %q", len(columns), line))
		}
		c := Category{ID: columns[0], Icon: columns[1], Nameless: columns[2] == "+", Labels: map[string]string{}}
		for i, l := range languages {
			c.Labels[l] = columns[fixed+i]
		}
		byID[c.ID] = c
		all = append(all, c)
	}
	return languages, all, byID
}

// Languages returns the languages of the labels.
func Languages() []string { return slices.Clone(languages) }

// All returns the groups and categories, each group before its categories, in
// the order of menus.
func All() []Category { return slices.Clone(categories) }

// Lookup returns the category or group with this id.
func Lookup(id string) (Category, bool) {
	c, ok := byID[id]
	return c, ok
}
