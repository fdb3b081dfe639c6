package taxonomy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed terms.tsv
var termsTSV string

// TermKind is a list of terms.
type TermKind string

// The lists.
const (
	Service TermKind = "service" // what cyclists get at a place
	Aid     TermKind = "aid"     // what helps people with disabilities
	Product TermKind = "product" // what a local producer makes or sells
)

var terms, termByID = readTerms(termsTSV)

func readTerms(table string) (all map[TermKind][]Category, byID map[TermKind]map[string]Category) {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	const fixed = 3 // columns before the labels
	if !slices.Equal(strings.Split(lines[0], "\t")[fixed:], languages) {
		panic("terms.tsv: other languages than categories.tsv")
	}
	all, byID = map[TermKind][]Category{}, map[TermKind]map[string]Category{}
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		if len(columns) != fixed+len(languages) {
			panic(fmt.Sprintf("terms.tsv: %d columns in %q", len(columns), line))
		}
		kind, c := TermKind(columns[0]), Category{ID: columns[1], Icon: columns[2], Labels: map[string]string{}}
		for i, l := range languages {
			c.Labels[l] = columns[fixed+i]
		}
		if byID[kind] == nil {
			byID[kind] = map[string]Category{}
		}
		byID[kind][c.ID] = c
		all[kind] = append(all[kind], c)
	}
	return all, byID
}

// Terms returns a list, in the order of menus.
func Terms(kind TermKind) []Category { return slices.Clone(terms[kind]) }

// LookupTerm returns a term of a list.
func LookupTerm(kind TermKind, id string) (Category, bool) {
	c, ok := termByID[kind][id]
	return c, ok
}
