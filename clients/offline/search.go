package offline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/clients/guide/search"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// words is what a feature is found by, folded.
type words struct{ name, category, place string }

func wordsOf(f *feature.Feature) words {
	var names []string
	for _, language := range slices.Sorted(maps.Keys(f.Names)) {
		names = append(names, f.Names[language])
	}
	names = append(names, f.Details["ref"])
	places := []string{f.Details["operator"]}
	if a := f.Address; a != nil {
		places = append(places, a.Street, a.Number, a.Postcode, a.Place)
	}
	return words{
		name:     foldAll(names),
		category: foldAll(categoryWords(f)),
		place:    foldAll(places),
	}
}

// categoryWords returns the category, which must come first for labels to be
// found, and what says more about it.
func categoryWords(f *feature.Feature) []string {
	return []string{f.Category, f.Details["cuisine"], f.Details["network"]}
}

// foldAll folds texts to one, each different form once.
func foldAll(texts []string) string {
	var forms []string
	for _, text := range texts {
		for _, form := range search.Variants(text) {
			if form != "" && !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	return strings.Join(forms, " ")
}

// Weights of a match in a name, in a category and in a place.
const rank = `bm25(search, 10.0, 3.0, 1.0)`

// Search returns up to limit features that have every word of text in a name, a
// category or an address, the last word possibly unfinished. Accents, case and
// letters such as đ and ß do not matter. Features of just that name come
// first, then those whose name begins so, then the closest matches.
func (r *Region) Search(ctx context.Context, text string, limit int) ([]*feature.Feature, error) {
	expression := search.QueryAlso(text, called)
	if expression == "" || limit <= 0 {
		return nil, nil
	}
	found, err := r.selectFeatures(ctx, `SELECT f.id, f.record FROM search JOIN features AS f ON f.n = search.rowid
		WHERE search MATCH ? ORDER BY `+rank+`, f.id LIMIT ?`, expression, max(4*limit, 100))
	if err != nil {
		return nil, fmt.Errorf("search %q: %w", text, err)
	}
	day := today()
	found = slices.DeleteFunc(found, func(f *feature.Feature) bool { return f.Over(day) })
	asked := search.Variants(text)
	slices.SortStableFunc(found, func(a, b *feature.Feature) int {
		return cmp.Compare(distanceInName(a, asked), distanceInName(b, asked))
	})
	return found[:min(limit, len(found))], nil
}

// today is the day on the device, by which notices are over.
func today() string { return time.Now().Format(time.DateOnly) }

// distanceInName is 0 for a feature whose name has the words that were asked for
// and no others, 1 for one whose name begins so, else 2.
func distanceInName(f *feature.Feature, asked []string) int {
	best := 2
	for _, name := range f.Names {
		for _, form := range search.Variants(name) {
			for _, a := range asked {
				switch {
				case form == a, sortWords(form) == sortWords(a):
					return 0
				case strings.HasPrefix(form, a):
					best = 1
				}
			}
		}
	}
	return best
}

func sortWords(folded string) string {
	words := strings.Fields(folded)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// selectFeatures runs a query for id and record.
func (r *Region) selectFeatures(ctx context.Context, query string, args ...any) ([]*feature.Feature, error) {
	rows, err := r.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, explain(err)
	}
	defer rows.Close()
	var found []*feature.Feature
	for rows.Next() {
		var id string
		var record []byte
		if err := rows.Scan(&id, &record); err != nil {
			return nil, explain(err)
		}
		f, err := parse(id, record)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	if err := rows.Err(); err != nil {
		return nil, explain(err)
	}
	return found, nil
}
