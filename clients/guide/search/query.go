package search

import "strings"

// maxWords bounds a question; what comes after is left out.
const maxWords = 16

// Query returns the FTS5 expression that finds what text asks for: every word,
// in any order, the last one as a prefix because it may still be being typed.
// It is empty when text has no word. Whatever text holds, the expression is
// valid and asks for words only.
func Query(text string) string {
	words := strings.Fields(Fold(text))
	spelled := strings.Fields(fold(text, spelled))
	words = words[:min(len(words), maxWords)]
	terms := make([]string, len(words))
	for i, word := range words {
		prefix := ""
		if i == len(words)-1 {
			prefix = "*"
		}
		terms[i] = quote(word) + prefix
		if spelled[i] != word {
			terms[i] = "(" + terms[i] + " OR " + quote(spelled[i]) + prefix + ")"
		}
	}
	return strings.Join(terms, " AND ")
}

// quote returns word as an FTS5 string. Folded words hold no quotes; doubling
// them keeps that from mattering.
func quote(word string) string { return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` }
