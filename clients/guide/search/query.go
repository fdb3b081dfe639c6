package search

import "strings"

// maxWords bounds a question; what comes after is left out.
const maxWords = 16

// Query returns the FTS5 expression that finds what text asks for: every word,
// in any order, the last one as a prefix because it may still be being typed.
// It is empty when text has no word. Whatever text holds, the expression is
// valid and asks for words only.
func Query(text string) string { return QueryAlso(text, nil) }

// QueryAlso is Query where a word may also be met in other ways: also returns
// FTS5 expressions for a folded word, which is unfinished if prefix is true.
func QueryAlso(text string, also func(word string, prefix bool) []string) string {
	words := strings.Fields(Fold(text))
	spelled := strings.Fields(fold(text, spelled))
	words = words[:min(len(words), maxWords)]
	terms := make([]string, len(words))
	for i, word := range words {
		prefix, star := i == len(words)-1, ""
		if prefix {
			star = "*"
		}
		ways := []string{Quote(word) + star}
		if spelled[i] != word {
			ways = append(ways, Quote(spelled[i])+star)
		}
		if also != nil {
			ways = append(ways, also(word, prefix)...)
		}
		terms[i] = strings.Join(ways, " OR ")
		if len(ways) > 1 {
			terms[i] = "(" + terms[i] + ")"
		}
	}
	return strings.Join(terms, " AND ")
}

// Quote returns words as an FTS5 string, which matches them in a row.
func Quote(words string) string { return `"` + strings.ReplaceAll(words, `"`, `""`) + `"` }
