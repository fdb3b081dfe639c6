package records

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/pannier-maps/pannier/tiles/feature"
)

var (
	breaks  = regexp.MustCompile(`(?i)<(br|/p|/div|/li|/tr|/h[1-6])\b[^>]*>`)
	hidden  = regexp.MustCompile(`(?is)<(script|style)\b.*?(</(script|style)\s*>|$)|<!--.*?(-->|$)`)
	tags    = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)
	spaces  = regexp.MustCompile(`[ \t\r\x{a0}]+`)
	newline = regexp.MustCompile(` ?\n ?(?:\n ?)+`)
)

// PlainText makes a description of one that may be HTML: tags go, paragraphs
// and line breaks stay.
func PlainText(s string) string {
	if len(s) > 8*feature.MaxTextChars {
		s = s[:8*feature.MaxTextChars]
	}
	if strings.ContainsAny(s, "<&") {
		s = hidden.ReplaceAllString(s, " ")
		s = breaks.ReplaceAllString(s, "\n")
		s = tags.ReplaceAllString(s, "")
		s = html.UnescapeString(s)
		s = spaces.ReplaceAllString(s, " ")
		s = newline.ReplaceAllString(s, "\n\n")
	}
	return feature.CleanLines(s, feature.MaxTextChars)
}

// Texts returns a map of one text, or nil when there is none.
func Texts(language, s string) map[string]string {
	if s == "" {
		return nil
	}
	return map[string]string{language: s}
}

// Name returns names of one text.
func Name(language, s string) map[string]string {
	return Texts(language, feature.Clean(PlainText(s), feature.MaxNameChars))
}

// Description returns descriptions of one text.
func Description(language, s string) map[string]string { return Texts(language, PlainText(s)) }

// Fold makes a word comparable: small letters without marks, as far as the
// languages of the region have them.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'ß':
			b.WriteString("ss")
		case r == 'đ':
			b.WriteByte('d')
		case r == 'ł':
			b.WriteByte('l')
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

var notKey = regexp.MustCompile(`[^a-z0-9_:-]+`)

// Detail keeps a fact under a key made fit for one: lower case, with _ for what
// no key may have. What does not fit, or is there already, is left.
func Detail(f *feature.Feature, key, value string) {
	if value == "" {
		return
	}
	key = strings.Trim(notKey.ReplaceAllString(Fold(key), "_"), "_")
	value = feature.Clean(strings.Join(strings.Fields(PlainText(value)), " "), feature.MaxValueChars)
	if key == "" || value == "" || len(key) > feature.MaxDetailBytes || len(f.Details) >= feature.MaxDetails || f.Details[key] != "" {
		return
	}
	if f.Details == nil {
		f.Details = map[string]string{}
	}
	f.Details[key] = value
}
