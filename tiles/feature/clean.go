package feature

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text from outside one line that Validate takes: control
// characters become spaces, spaces around it go, what is not UTF-8 becomes
// U+FFFD, and it is cut after limit characters.
func Clean(s string, limit int) string { return clean(s, limit, false) }

// CleanLines does as Clean does, but keeps line breaks and tabs.
func CleanLines(s string, limit int) string { return clean(s, limit, true) }

func clean(s string, limit int, lines bool) string {
	unfit := func(r rune) bool {
		return unicode.IsControl(r) && !(lines && (r == '\n' || r == '\t' || r == '\r'))
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsFunc(s, unfit) {
		s = strings.Map(func(r rune) rune {
			if unfit(r) {
				return ' '
			}
			return r
		}, s)
	}
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > limit {
		s = strings.TrimSpace(string([]rune(s)[:limit]))
	}
	return s
}

// Link makes a website's address from outside one that ValidLink takes: without
// a scheme it gets https. What cannot be helped becomes "".
func Link(s string) string {
	s = Clean(s, MaxValueChars)
	if s != "" && !strings.Contains(s, "://") {
		s = "https://" + s
	}
	if strings.ContainsAny(s, " \"<>") || !ValidLink(s) {
		return ""
	}
	return s
}

// ContentID returns an id for a feature whose source gives none: the source's
// name and 16 hex digits of a hash of kind, names and geometry. It stays while
// these stay.
func ContentID(source string, f *Feature) string {
	h := sha256.New()
	h.Write([]byte(f.Kind))
	for _, l := range sortedKeys(f.Names) {
		h.Write([]byte("\x00" + l + "\x00" + f.Names[l]))
	}
	h.Write(f.Geometry.AppendJSON([]byte{0}))
	return source + "/" + hex.EncodeToString(h.Sum(nil)[:8])
}
