// Package openings writes opening hours that other systems give in parts (days,
// times, spans of dates) in the syntax of OpenStreetMap
// (https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification).
//
// Functions may be called concurrently.
package openings

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Rule is one part: on these days, in this span of dates, from Opens to Closes.
type Rule struct {
	Days          [7]bool // Monday first; none: each day
	Holidays      bool    // on public holidays as well
	From, Until   string  // RFC 3339 full-date; "": open
	Opens, Closes string  // "08:00"; both "": closed
}

var days = [...]string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH"}

// MaxRules is how many rules Format looks at.
const MaxRules = 10_000

// Format writes rules in at most limit bytes; where they take more, the oldest
// spans of dates are left out, and whole is false.
func Format(rules []Rule, limit int) (text string, whole bool) {
	type span struct{ from, until string }
	spans := map[span][]Rule{}
	for _, r := range rules[:min(len(rules), MaxRules)] {
		s := span{r.From, r.Until}
		spans[s] = append(spans[s], r)
	}
	order := make([]span, 0, len(spans))
	for s := range spans {
		order = append(order, s)
	}
	slices.SortFunc(order, func(a, b span) int { // the usual hours first: later rules win
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.until, a.until))
	})
	var parts []string
	for _, s := range order {
		parts = append(parts, week(dates(s.from, s.until), spans[s])...)
	}
	for len(parts) > 0 && len(strings.Join(parts, "; ")) > limit {
		parts, whole = parts[1:], true
	}
	return strings.Join(parts, "; "), !whole && len(rules) <= MaxRules
}

// week writes the rules of one span, days of equal hours together.
func week(dates string, rules []Rule) (parts []string) {
	var hours [len(days)][]string
	for _, r := range rules {
		text := times(r)
		for d := range days {
			on := r.Days == [7]bool{} && !r.Holidays && d < 7
			if d < 7 {
				on = on || r.Days[d]
			} else {
				on = r.Holidays
			}
			if on && !slices.Contains(hours[d], text) {
				hours[d] = append(hours[d], text)
			}
		}
	}
	var written [len(days)]bool
	for d := range days {
		if written[d] || len(hours[d]) == 0 {
			continue
		}
		slices.Sort(hours[d])
		var same [len(days)]bool
		for e := d; e < len(days); e++ {
			if len(hours[e]) == 0 {
				continue
			}
			slices.Sort(hours[e])
			same[e] = slices.Equal(hours[d], hours[e])
			written[e] = written[e] || same[e]
		}
		open := slices.DeleteFunc(slices.Clone(hours[d]), func(s string) bool { return s == "off" })
		text := strings.Join(open, ",")
		if len(open) == 0 {
			text = "off"
		}
		on := list(same)
		if on == "Mo-Su" {
			on = ""
			if text == "00:00-24:00" && dates == "" {
				return []string{"24/7"}
			}
		}
		parts = append(parts, strings.Join(strings.Fields(dates+" "+on+" "+text), " "))
	}
	return parts
}

// list writes days, runs of three or more as a span.
func list(on [len(days)]bool) string {
	var parts []string
	for d := 0; d < 7; d++ {
		if !on[d] {
			continue
		}
		end := d
		for end+1 < 7 && on[end+1] {
			end++
		}
		switch {
		case end == d:
			parts = append(parts, days[d])
		case end == d+1:
			parts = append(parts, days[d], days[end])
		default:
			parts = append(parts, days[d]+"-"+days[end])
		}
		d = end
	}
	if on[7] {
		parts = append(parts, days[7])
	}
	return strings.Join(parts, ",")
}

func times(r Rule) string {
	opens, closes := Clock(r.Opens), Clock(r.Closes)
	switch {
	case opens == "" && closes == "", opens == "00:00" && closes == "00:00": // schema.org's closed
		return "off"
	case opens == "":
		opens = "00:00"
	case closes == "":
		return opens + "+"
	}
	if closes == "00:00" || closes == "23:59" {
		closes = "24:00"
	}
	return opens + "-" + closes
}

var clock = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\dT)?([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$`)

// Clock returns the "08:00" of a time such as "8:00:00" or "2024-07-01T08:00:00",
// or "".
func Clock(s string) string {
	m := clock.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return ""
	}
	return fmt.Sprintf("%02s:%s", m[1], m[2])
}

// Day returns the day of a date or time such as "2024-07-01T08:00:00", or "".
func Day(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < len(time.DateOnly) {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)]); err != nil {
		return ""
	}
	return s[:len(time.DateOnly)]
}

// dates writes a span of dates.
func dates(from, until string) string {
	a, errA := time.Parse(time.DateOnly, from)
	b, errB := time.Parse(time.DateOnly, until)
	const form = "2006 Jan 02"
	switch {
	case errA != nil && errB != nil:
		return ""
	case errB != nil:
		return a.Format(form) + "+"
	case errA != nil:
		a = time.Date(b.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if a.Equal(b) {
		return a.Format(form)
	}
	if a.Format("01-02") == "01-01" && b.Format("01-02") == "12-31" {
		if a.Year() == b.Year() {
			return a.Format("2006")
		}
		return a.Format("2006") + "-" + b.Format("2006")
	}
	return a.Format(form) + "-" + b.Format(form)
}

var (
	comment = regexp.MustCompile(`"[^"]*"`)
	token   = regexp.MustCompile(`^(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|week|easter|off|closed|open|unknown|days?|sunrise|sunset|dawn|dusk|24/7|\d{1,2}:\d{2}|\d{1,4}|\|\||[-+,;:/()\[\] ])+$`)
	timed   = regexp.MustCompile(`\d{1,2}:\d{2}|24/7|off|closed|sunrise|sunset|dawn|dusk`)
)

// Written reports whether a text has the look of the syntax. What it means is
// not checked.
func Written(s string) bool {
	s = comment.ReplaceAllString(s, "")
	return timed.MatchString(s) && token.MatchString(s)
}
