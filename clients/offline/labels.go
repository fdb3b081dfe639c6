package offline

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/pannier-maps/pannier/clients/guide/search"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// label is a word of what people call a category, in some language.
type label struct{ word, expression string }

// labels are all words of all labels, in rising order. They are looked up when
// somebody asks, so that they need not be stored with every feature.
var labels = sync.OnceValue(func() []label {
	var all []label
	for _, c := range taxonomy.All() {
		expression := "category : ^" + search.Quote(search.Fold(c.ID))
		for _, text := range c.Labels {
			for _, form := range search.Variants(text) {
				for _, word := range strings.Fields(form) {
					all = append(all, label{word, expression})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b label) int {
		return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.expression, b.expression))
	})
	return slices.Compact(all)
})

// minPrefix is how much of a label must be typed before it counts.
const minPrefix = 3

// called returns expressions for the categories that have a label with a word.
func called(word string, prefix bool) []string {
	all := labels()
	i, _ := slices.BinarySearchFunc(all, word, func(l label, w string) int { return cmp.Compare(l.word, w) })
	var expressions []string
	for ; i < len(all) && strings.HasPrefix(all[i].word, word); i++ {
		if all[i].word != word && !(prefix && len(word) >= minPrefix) {
			break
		}
		if !slices.Contains(expressions, all[i].expression) {
			expressions = append(expressions, all[i].expression)
		}
	}
	return expressions
}
