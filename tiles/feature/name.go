package feature

import (
	"maps"
	"slices"
	"strings"
)

// Name returns the name in the first of languages that has one, then the name
// on the spot, then the English one, then that of the first language by tag, or
// "" when there is none.
func (f *Feature) Name(languages ...string) string { return pick(f.Names, languages) }

// Description returns the description, chosen as Name chooses.
func (f *Feature) Description(languages ...string) string { return pick(f.Descriptions, languages) }

// pick chooses a text. A language with a region or script ("de-AT") falls back
// to the plain one ("de").
func pick(texts map[string]string, languages []string) string {
	for _, l := range languages {
		plain, _, _ := strings.Cut(l, "-")
		for _, key := range [2]string{l, plain} {
			if s := texts[key]; s != "" {
				return s
			}
		}
	}
	for _, l := range [2]string{Und, "en"} {
		if s := texts[l]; s != "" {
			return s
		}
	}
	for _, l := range sortedKeys(texts) {
		if texts[l] != "" {
			return texts[l]
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
