package taxonomy

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed schemaorg.tsv
var schemaOrgTSV string

//go:embed datatourisme.tsv
var dataTourismeTSV string

//go:embed words.tsv
var wordsTSV string

// ranked are types of another vocabulary in order: the first that an object has
// gives its category.
type ranked map[string]struct {
	rank     int
	category string
}

var schemaOrg, dataTourisme = readTypes("schemaorg.tsv", schemaOrgTSV), readTypes("datatourisme.tsv", dataTourismeTSV)

func readTypes(file, table string) ranked {
	types := ranked{}
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		name, category, ok := strings.Cut(line, "\t")
		if _, known := byID[category]; !ok || !known || types[name].category != "" {
			panic(fmt.Sprintf("%s: no category, or a type twice, in %q", file, line))
		}
		types[name] = struct {
			rank     int
			category string
		}{len(types) + 1, category}
	}
	return types
}

func (r ranked) of(types []string) (category string, ok bool) {
	best := len(r) + 1
	for _, name := range types {
		if i := strings.LastIndexAny(name, ":/#"); i >= 0 { // schema:Restaurant, https://schema.org/Restaurant
			name = name[i+1:]
		}
		if t, known := r[name]; known && t.rank < best {
			best, category = t.rank, t.category
		}
	}
	return category, category != ""
}

// OfSchemaOrg returns the category of an object of these types of schema.org,
// with or without the vocabulary's name before them.
func OfSchemaOrg(types ...string) (category string, ok bool) { return schemaOrg.of(types) }

// OfDATAtourisme returns the category of an object of these classes of the
// ontology of DATAtourisme.
func OfDATAtourisme(types ...string) (category string, ok bool) { return dataTourisme.of(types) }

// byWord finds categories by words that people use (words.tsv) and by labels in
// all languages, in small letters. Where two labels are the same, the first in
// menus wins.
var byWord = func() map[string]string {
	found := map[string]string{}
	for word, t := range readTypes("words.tsv", wordsTSV) {
		found[word] = t.category
	}
	for _, c := range categories {
		if c.ID == Group(c.ID) {
			continue
		}
		for _, l := range languages {
			word := strings.ToLower(c.Labels[l])
			if found[word] == "" {
				found[word] = c.ID
			}
		}
	}
	return found
}()

// Usable reports whether a feature may have this category: one of ours, or one of
// the form that a region's own have.
func Usable(id string) bool {
	if Own(id) {
		_, ok := byID[Group(id)]
		return ok
	}
	_, ok := byID[id]
	return ok && id != Group(id)
}

// OfWord returns the category that a word means in a list that people keep: its
// id, its label or a common word in one of the languages, a tag of OpenStreetMap ("amenity=cafe",
// "cafe") or a type of schema.org; "" when it is none.
func OfWord(word string) string {
	word = strings.TrimSpace(word)
	if Usable(word) {
		return word
	}
	small := strings.ToLower(word)
	if id := byWord[small]; id != "" {
		return id
	}
	key, value, tagged := strings.Cut(small, "=")
	if !tagged {
		key, value = "", strings.ReplaceAll(small, " ", "_")
	}
	for _, k := range keys {
		if tagged && k != key {
			continue
		}
		if some := first[k+"="+value]; len(some) > 0 {
			if id, ok := Of(func(name string) string { return map[string]string{k: value}[name] }); ok {
				return id
			}
		}
	}
	id, _ := OfSchemaOrg(word)
	return id
}
