// Package hours reads opening hours in the syntax of OpenStreetMap, tells whether
// a place is open, and puts them into words.
//
// Parse is strict: an error says at which character what is wrong. What is legal
// but cannot be told without knowing more is read and told in words; the hours of
// the sun are then Unknown, and no day is a holiday, unless a Calendar knows.
//
// Times are local to the place: a time.Time is read as a wall clock, whatever its
// zone. Rules follow https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification:
// a rule after ";" takes the place of earlier ones on its days, one after "," adds to
// them, one after "||" counts where the others say nothing. Hours after midnight
// belong to the day before. A Schedule is read only and safe for concurrent use.
package hours

import (
	"errors"
	"fmt"
	"time"
)

// MaxChars is the longest text that Parse reads, in characters.
const MaxChars = 2000

// ErrSyntax is wrapped by every error of Parse.
var ErrSyntax = errors.New("these are no opening hours")

// SyntaxError says where a text goes wrong.
type SyntaxError struct {
	At      int // character, from 1
	Problem string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.At, e.Problem) }

// Unwrap returns ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }

// State is whether a place is open.
type State uint8

// The states.
const (
	Closed State = iota
	Open
	Unknown
)

// Schedule is opening hours as they were read.
type Schedule struct {
	rules    []rule
	warnings []string
}

// Warnings says what is legal in the text but better written otherwise, or not
// taken into account.
func (s *Schedule) Warnings() []string { return s.warnings }

// rule is one rule of a schedule. It holds on the days that all of its
// selectors hold; an absent selector holds always.
type rule struct {
	sep      byte // ';', ',' or '|' before it
	years    []steps
	dates    []dates
	weeks    []steps
	days     []weekdays
	holidays []holiday
	times    []span // none: all day
	state    State
	comment  string
	said     bool // the state stands in the text
}

// steps is every step-th number from first to last.
type steps struct{ first, last, step int }

func (s steps) holds(n int) bool { return n >= s.first && n <= s.last && (n-s.first)%s.step == 0 }

// dates is a span of days of the year, both included.
type dates struct{ from, to date }

// date is a day, or with day 0 a month.
type date struct {
	year    int // 0: every one
	month   time.Month
	day     int
	easter  bool
	nth     int // of weekday in month, negative from its end; 0: by day
	weekday time.Weekday
	offset  int // days
}

// weekdays is a span of days of the week, some of them in a month.
type weekdays struct {
	from, to time.Weekday
	nth      []int // 1 to 5, or -1 to -5 from the end; none: all
	offset   int   // days
}

// holiday is "PH" (public) or "SH" (school).
type holiday struct {
	kind   string
	offset int
}

// moment is a time of day in minutes, or an event of the sun and minutes after it.
type moment struct {
	event   string // "", "dawn", "sunrise", "sunset", "dusk"
	minutes int
}

// span is a time of day. The end is after midnight when it is over 1440 minutes.
type span struct {
	from, to moment
	openEnd  bool // "+": it may last longer; without an end to equals from
}

// Calendar knows what does not stand in opening hours. Either function may be nil.
type Calendar struct {
	// Holiday reports whether a day is a public ("PH") or school ("SH") holiday.
	Holiday func(kind string, day time.Time) bool
	// Sun returns the minutes of the day of dawn, sunrise, sunset and dusk.
	Sun func(day time.Time) (dawn, sunrise, sunset, dusk int)
}
