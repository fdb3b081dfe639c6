package hours

import (
	"fmt"
	"strings"
	"time"
)

// scanner walks a text. Its first error ends the parsing by panic, which Parse
// recovers.
type scanner struct {
	text     []rune
	at       int
	warnings []string
}

func (s *scanner) fail(format string, args ...any) {
	panic(&SyntaxError{s.at + 1, fmt.Sprintf(format, args...)})
}

func (s *scanner) warn(format string, args ...any) {
	if len(s.warnings) < 20 {
		s.warnings = append(s.warnings, fmt.Sprintf("character %d: ", s.at+1)+fmt.Sprintf(format, args...))
	}
}

func (s *scanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t') {
		s.at++
	}
}

// end reports whether nothing is left.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.text)
}

// peek reports whether some text comes next, as a whole word when it is one.
func (s *scanner) peek(word string) bool {
	s.space()
	n := len([]rune(word))
	if s.at+n > len(s.text) || string(s.text[s.at:s.at+n]) != word {
		return false
	}
	last, next := s.text[s.at+n-1], rune(0)
	if s.at+n < len(s.text) {
		next = s.text[s.at+n]
	}
	return !letter(last) || !letter(next)
}

// take takes some text when it comes next.
func (s *scanner) take(word string) bool {
	if !s.peek(word) {
		return false
	}
	s.at += len([]rune(word))
	return true
}

func (s *scanner) expect(word string) {
	if !s.take(word) {
		s.fail("expected %q, found %s", word, s.found())
	}
}

// found names what comes next.
func (s *scanner) found() string {
	if s.end() {
		return "the end"
	}
	to := s.at + 1
	for to < len(s.text) && to < s.at+20 && letter(s.text[to]) && letter(s.text[s.at]) {
		to++
	}
	return fmt.Sprintf("%q", string(s.text[s.at:to]))
}

func letter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r > 0x7f }
func digit(r rune) bool  { return r >= '0' && r <= '9' }

// digits returns how many digits come next.
func (s *scanner) digits() (n int) {
	s.space()
	for s.at+n < len(s.text) && digit(s.text[s.at+n]) {
		n++
	}
	return n
}

// number reads a number of at most so many digits, from low to high.
func (s *scanner) number(what string, limit, low, high int) (n int) {
	count := s.digits()
	if count == 0 || count > limit {
		s.fail("expected %s, found %s", what, s.found())
	}
	for _, r := range s.text[s.at : s.at+count] {
		n = 10*n + int(r-'0')
	}
	if (n < low || n > high) && what == "a year" {
		s.fail("%d is no year; a time is written as 08:00", n)
	}
	if n < low || n > high {
		s.fail("%s must be %d to %d, not %d", what, low, high, n)
	}
	s.at += count
	return n
}

// oneOf takes one of some words and returns its place, or -1.
func (s *scanner) oneOf(words []string) int {
	for i, w := range words {
		if s.take(w) {
			return i
		}
	}
	return -1
}

func (s *scanner) peekOneOf(words []string) bool {
	at := s.at
	defer func() { s.at = at }()
	return s.oneOf(words) >= 0
}

var (
	dayNames   = []string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}
	monthNames = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
	eventNames = []string{"dawn", "sunrise", "sunset", "dusk"}
	holidays   = []string{"PH", "SH"}
)

// hint says how a word that is none of ours is written, or "".
func hint(word string) string {
	w := strings.ToLower(word)
	for i, full := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		if len(w) >= 2 && strings.HasPrefix(full, w) {
			return dayNames[i]
		}
	}
	for m := time.January; m <= time.December; m++ {
		if len(w) >= 3 && strings.HasPrefix(strings.ToLower(m.String()), w) {
			return monthNames[m-1]
		}
	}
	return ""
}
