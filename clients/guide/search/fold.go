// Package search turns names and questions into the plain words that a full-text
// index can match.
//
// Fold takes away what people leave out when they type: case, accents, and the
// letters of other alphabets of the neighbourhood (č š ž đ ł ø ß). Some letters
// are typed in two ways (Đurđevac is found as Durdevac and as Djurdjevac, Müller
// as Muller and as Mueller), so Variants lists what to index, and Query asks for
// any of them.
//
// Folded text is lower-case words of letters and digits, divided by single
// spaces, in Unicode normal form C. Folding folded text changes nothing.
// SQLite's unicode61 tokenizer with remove_diacritics does less (it keeps đ ł ø
// ß æ); folded text wants the ascii tokenizer, which divides at spaces only.
//
// All functions are pure and safe for concurrent use.
package search

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// plain holds the letters that Unicode does not decompose.
var plain = map[rune]string{
	'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i", 'ĸ': "k", 'ł': "l", 'ŋ': "n", 'ø': "o",
	'ŧ': "t", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ə': "e", 'ƒ': "f", 'ɓ': "b",
	'ɗ': "d", 'ɨ': "i", 'ƶ': "z", 'ⱡ': "l", 'ς': "σ",
}

// spelled holds the second spelling of letters, as people write them who have no
// such key.
var spelled = map[rune]string{
	'đ': "dj", 'ä': "ae", 'ö': "oe", 'ü': "ue", 'å': "aa", 'ø': "oe", 'ő': "oe", 'ű': "ue",
}

// Fold returns the plain words of s.
func Fold(s string) string { return fold(s, nil) }

// Variants returns the folded forms under which s should be found: Fold(s)
// first, then, if it differs, the form in which letters such as đ and ü are
// spelled out.
func Variants(s string) []string {
	forms := []string{fold(s, nil), fold(s, spelled)}
	return slices.Compact(forms)
}

// fold returns the plain words of s, with the letters of first spelled so.
func fold(s string, first map[rune]string) string {
	var words strings.Builder
	gap := false
	write := func(t string) {
		if gap && words.Len() > 0 {
			words.WriteByte(' ')
		}
		gap = false
		words.WriteString(t)
	}
	for _, r := range norm.NFC.String(s) {
		if t, ok := first[unicode.ToLower(r)]; ok {
			write(t)
			continue
		}
		for _, r := range norm.NFKD.String(string(r)) {
			r = lower(r)
			switch t, ok := plain[r]; {
			case ok:
				write(t)
			case accent(r):
			case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
				write(string(r))
			default:
				gap = true
			}
		}
	}
	return norm.NFC.String(words.String())
}

// lower returns the form of a letter that all its cases share.
func lower(r rune) rune {
	if l := unicode.ToLower(r); l != r {
		return l
	}
	return unicode.ToLower(unicode.ToUpper(r)) // such as ſ, which is a small letter itself
}

// accent reports whether r is a mark that people leave out: the accents that
// letters of many scripts share, and the points of Hebrew. Marks that make
// another syllable, as in Devanagari or Kana, stay.
func accent(r rune) bool {
	switch {
	case r == '\u3099', r == '\u309a': // voiced Kana
		return false
	case !unicode.Is(unicode.Mn, r):
		return false
	}
	return unicode.In(r, unicode.Inherited, unicode.Hebrew)
}
