package feature

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// text checks a text's length and characters; lines allows line breaks and tabs.
func (c *checker) text(field, s string, limit int, lines bool) {
	if !utf8.ValidString(s) {
		c.fail(field, "is not UTF-8")
		return
	}
	if n := utf8.RuneCountInString(s); n > limit {
		c.fail(field, fmt.Sprintf("%d characters, more than %d", n, limit))
	}
	for _, r := range s {
		if (r < 0x20 && !(lines && (r == '\n' || r == '\t' || r == '\r'))) || (r >= 0x7f && r < 0xa0) {
			c.fail(field, fmt.Sprintf("has the control character %U", r))
			return
		}
	}
}

// url checks that a link is one that a browser may safely open.
func (c *checker) url(field, s string) {
	if s == "" {
		c.fail(field, "missing")
		return
	}
	if !ValidLink(s) {
		c.fail(field, fmt.Sprintf("%.80q is not a link with http:// or https://", s))
	}
	c.text(field, s, MaxValueChars, false)
}

// ValidLink reports whether s is an absolute http or https URL with a host.
func ValidLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// ValidLanguage reports whether s has the form of a BCP 47 tag: a language of
// two or three small letters, then parts of one to eight letters and digits.
func ValidLanguage(s string) bool {
	first, rest, more := strings.Cut(s, "-")
	if len(first) < 2 || len(first) > 3 || strings.Trim(first, "abcdefghijklmnopqrstuvwxyz") != "" || len(s) > 35 {
		return false
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, "-")
		if len(part) < 1 || len(part) > 8 {
			return false
		}
		for _, b := range []byte(part) {
			if !isLetter(b) && !isDigit(b) {
				return false
			}
		}
	}
	return true
}

func isDetail(key string) bool {
	for _, b := range []byte(key) {
		if !(b >= 'a' && b <= 'z') && !isDigit(b) && b != '_' && b != '-' && b != ':' {
			return false
		}
	}
	return key != "" && len(key) <= MaxDetailBytes
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }
