package hours

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// maxParts bounds the work of asking a schedule.
const maxParts = 200

// The years that opening hours may name.
const (
	minYear = 1900
	maxYear = 2199
)

// Parse reads opening hours. Errors are *SyntaxError.
func Parse(text string) (schedule *Schedule, err error) {
	if n := utf8.RuneCountInString(text); n > MaxChars {
		return nil, &SyntaxError{MaxChars + 1, fmt.Sprintf("%d characters, more than %d", n, MaxChars)}
	}
	s := &scanner{text: []rune(text)}
	defer func() {
		if r := recover(); r != nil {
			syntax, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			schedule, err = nil, syntax
		}
	}()
	schedule = new(Schedule)
	if s.end() {
		s.fail("there is nothing in it")
	}
	parts := 0
	for sep := byte(';'); ; {
		r := s.rule(sep)
		schedule.rules = append(schedule.rules, r)
		if parts += 1 + len(r.years) + len(r.dates) + len(r.weeks) + len(r.days) + len(r.holidays) + len(r.times); parts > maxParts {
			s.fail("more than %d rules, days and times", maxParts)
		}
		switch {
		case s.end():
			schedule.warnings = s.warnings
			return schedule, nil
		case s.take("||"):
			sep = '|'
		case s.take(";"):
			sep = ';'
			if s.end() {
				s.warn("the last rule needs no \";\"")
				schedule.warnings = s.warnings
				return schedule, nil
			}
		case s.take(","):
			sep = ','
		default:
			s.unexpected()
		}
	}
}

func (s *scanner) unexpected() {
	to := s.at
	for to < len(s.text) && letter(s.text[to]) {
		to++
	}
	if h := hint(string(s.text[s.at:to])); h != "" {
		s.fail("%s is written %q", s.found(), h)
	}
	s.fail("did not expect %s", s.found())
}

// rule reads a rule: selectors, then what they mean.
func (s *scanner) rule(sep byte) rule {
	r := rule{sep: sep, state: Open}
	s.space()
	start := s.at
	if s.take("24/7") {
		r.said = true
	} else {
		s.wide(&r)
		s.small(&r)
	}
	selected := s.at > start
	switch {
	case s.take("open"):
		r.said = true
	case s.take("closed"), s.take("off"):
		r.state, r.said = Closed, true
	case s.take("unknown"):
		r.state, r.said = Unknown, true
	}
	if s.peek(`"`) {
		r.comment = s.quoted()
		if !selected && !r.said {
			r.state = Unknown // a comment alone: "by appointment"
		}
	}
	if !selected && !r.said && r.comment == "" {
		if s.end() {
			s.fail("expected a day, a time or \"off\", found the end")
		}
		s.unexpected()
	}
	return r
}

func (s *scanner) quoted() string {
	s.expect(`"`)
	start := s.at
	for s.at < len(s.text) && s.text[s.at] != '"' {
		s.at++
	}
	if s.at == len(s.text) {
		s.at = start - 1
		s.fail("the comment has no end: \" is missing")
	}
	s.at++
	return string(s.text[start : s.at-1])
}

// wide reads years, dates and weeks.
func (s *scanner) wide(r *rule) {
	if s.year() {
		if at := s.at; s.number("a year", 4, minYear, maxYear) > 0 && (s.peekOneOf(monthNames) || s.peek("easter")) {
			s.at = at // it belongs to the date
		} else {
			s.at = at
			r.years = s.list(func() steps { return s.steps("a year", 4, minYear, maxYear) }, s.year)
		}
	}
	if s.dateNext() {
		r.dates = s.dates()
	}
	if s.take("week") {
		r.weeks = s.list(func() steps { return s.steps("a week", 2, 1, 53) }, func() bool { return s.digits() > 0 })
	}
	if len(r.years)+len(r.dates)+len(r.weeks) > 0 {
		s.take(":")
	}
}

// year reports whether a year comes next, and not a time.
func (s *scanner) year() bool { return s.digits() == 4 }

func (s *scanner) dateNext() bool {
	if s.peekOneOf(monthNames) || s.peek("easter") {
		return true
	}
	if !s.year() {
		return false
	}
	at := s.at
	defer func() { s.at = at }()
	s.at += 4
	return s.peekOneOf(monthNames) || s.peek("easter")
}

// list reads what read reads, as long as a comma is followed by more of it.
func (s *scanner) list(read func() steps, more func() bool) []steps {
	all := []steps{read()}
	for {
		at := s.at
		if !s.take(",") || !more() {
			s.at = at
			return all
		}
		all = append(all, read())
	}
}

// steps reads 5, 5-9, 5-9/2 or 5+.
func (s *scanner) steps(what string, digits, low, high int) steps {
	n := s.number(what, digits, low, high)
	r := steps{n, n, 1}
	switch {
	case s.take("+"):
		r.last = high
	case s.take("-"):
		if r.last = s.number(what, digits, low, high); r.last < n {
			s.fail("%s %d comes before %d", what, r.last, n)
		}
		if s.take("/") {
			r.step = s.number("a step", 2, 1, 99)
		}
	}
	return r
}

// dates reads spans of dates.
func (s *scanner) dates() (all []dates) {
	for {
		from := s.date(date{})
		to := from
		if s.take("-") {
			to = s.date(from)
			if from.year != 0 && to.year == from.year && to.last(0).Before(from.first(0)) {
				to.year++ // "2026 Dec 24-Jan 6"
			}
		} else if s.peek("+") && from.nth == 0 {
			s.expect("+")
			to = date{month: time.December, day: 31, year: maxYear}
			if from.year == 0 {
				to.year = 0
			}
		}
		all = append(all, dates{from, to})
		at := s.at
		if !s.take(",") {
			return all
		}
		switch {
		case s.dateNext():
		case from.day != 0 && from.nth == 0 && s.digits() > 0 && s.digits() <= 2 && !s.clock():
			// "Dec 25,26": another day of the month
			for {
				next := s.date(to)
				last := next
				if s.take("-") {
					last = s.date(next)
				}
				all = append(all, dates{next, last})
				if at = s.at; !s.take(",") {
					return all
				}
				if s.digits() == 0 || s.digits() > 2 || s.clock() {
					break
				}
			}
			if !s.dateNext() {
				s.at = at
				return all
			}
		default:
			s.at = at
			return all
		}
	}
}

// clock reports whether a time comes next, such as 10:00.
func (s *scanner) clock() bool {
	n := s.digits()
	return n > 0 && s.at+n < len(s.text) && s.text[s.at+n] == ':' && s.at+n+1 < len(s.text) && digit(s.text[s.at+n+1])
}

// date reads a date; what it leaves out is as in the one before.
func (s *scanner) date(before date) (d date) {
	if s.year() {
		d.year = s.number("a year", 4, minYear, maxYear)
	} else {
		d.year = before.year
	}
	switch m := s.oneOf(monthNames); {
	case m >= 0:
		d.month = time.Month(m + 1)
		if at := s.at; s.peekOneOf(dayNames) {
			w := s.oneOf(dayNames)
			if !s.take("[") {
				s.at = at // a day of the week follows
				return d
			}
			d.weekday, d.nth = time.Weekday(w), s.nth()
			s.expect("]")
			break
		}
		if n := s.digits(); n > 0 && n <= 2 && !s.clock() {
			d.day = s.number("a day", 2, 1, daysIn(d.month))
		}
	case s.take("easter"):
		d.easter = true
	case before.month != 0 && before.day != 0:
		d.month, d.day = before.month, s.number("a day", 2, 1, daysIn(before.month))
	default:
		s.unexpected()
	}
	if d.easter || d.nth != 0 || d.day != 0 {
		d.offset = s.offset()
	}
	return d
}

// daysIn returns the most days that a month has.
func daysIn(m time.Month) int { return time.Date(2024, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// offset reads "+1 day" or "-2 days", 0 when there is none.
func (s *scanner) offset() int {
	at, sign := s.at, 1
	switch {
	case s.take("+"):
	case s.take("-"):
		sign = -1
	default:
		return 0
	}
	if n := s.digits(); n == 0 || n > 3 || s.clock() {
		s.at = at
		return 0
	}
	n := s.number("days", 3, 0, 999)
	if !s.take("days") && !s.take("day") {
		s.at = at
		return 0
	}
	return sign * n
}

func (s *scanner) nth() int {
	if s.take("-") {
		return -s.number("a number", 1, 1, 5)
	}
	return s.number("a number", 1, 1, 5)
}

// small reads days of the week, holidays and times.
func (s *scanner) small(r *rule) {
	for s.peekOneOf(dayNames) || s.peekOneOf(holidays) {
		if k := s.oneOf(holidays); k >= 0 {
			r.holidays = append(r.holidays, holiday{holidays[k], s.offset()})
		} else {
			r.days = append(r.days, s.weekdays())
		}
		at := s.at
		if !s.take(",") {
			break
		}
		if !s.peekOneOf(dayNames) && !s.peekOneOf(holidays) {
			s.at = at
			return
		}
	}
	if len(r.days)+len(r.holidays) > 0 {
		if s.take(":") {
			s.space()
		}
		if s.peekOneOf(dayNames) || s.peekOneOf(holidays) { // "PH Mo": days that are both
			s.warn("days after holidays are taken as further days; put a comma between")
			s.small(r)
			return
		}
	}
	if s.timeNext() {
		r.times = s.times()
	}
}

func (s *scanner) weekdays() weekdays {
	from := time.Weekday(s.oneOf(dayNames))
	w := weekdays{from: from, to: from}
	switch {
	case s.take("["):
		for {
			n := s.nth()
			w.nth = append(w.nth, n)
			if n > 0 && s.take("-") {
				for last := s.number("a number", 1, n, 5); n < last; {
					n++
					w.nth = append(w.nth, n)
				}
			}
			if !s.take(",") {
				break
			}
		}
		s.expect("]")
		w.offset = s.offset()
	case s.take("-"):
		to := s.oneOf(dayNames)
		if to < 0 {
			s.unexpected()
		}
		w.to = time.Weekday(to)
	}
	return w
}

func (s *scanner) timeNext() bool {
	return s.digits() > 0 || s.peek("(") || s.peekOneOf(eventNames)
}

func (s *scanner) times() (all []span) {
	for {
		all = append(all, s.span())
		at := s.at
		if !s.take(",") {
			return all
		}
		if !s.timeNext() || s.year() {
			s.at = at
			return all
		}
	}
}

func (s *scanner) span() span {
	from := s.moment(24)
	t := span{from: from, to: from}
	switch {
	case s.take("+"):
		t.openEnd = true
		return t
	case s.take("-"):
	default:
		s.fail("a time needs an end, such as 08:00-18:00, or a \"+\"; found %s", s.found())
	}
	t.to = s.moment(48)
	if t.to.event == "" && from.event == "" && t.to.minutes <= from.minutes {
		t.to.minutes += 24 * 60
	}
	if t.openEnd = s.take("+"); !t.openEnd && s.take("/") {
		s.warn("the step of %s is not taken into account", s.found())
		s.number("a step", 2, 1, 99)
		if s.take(":") {
			s.number("minutes", 2, 0, 59)
		}
	}
	return t
}

// moment reads 08:00, sunset or (sunset-01:00).
func (s *scanner) moment(hours int) (m moment) {
	if e := s.oneOf(eventNames); e >= 0 {
		return moment{event: eventNames[e]}
	}
	if !s.take("(") {
		return moment{minutes: s.time(hours)}
	}
	e := s.oneOf(eventNames)
	if e < 0 {
		s.fail("expected dawn, sunrise, sunset or dusk, found %s", s.found())
	}
	sign := 1
	if s.take("-") {
		sign = -1
	} else {
		s.expect("+")
	}
	m = moment{eventNames[e], sign * s.time(23)}
	s.expect(")")
	return m
}

// time reads hours and minutes.
func (s *scanner) time(hours int) int {
	if s.digits() == 1 {
		s.warn("hours have two digits, such as 08:00")
	}
	at := s.at
	h := s.number("a time", 2, 0, hours)
	if !s.take(":") {
		s.fail("a time is written as 08:00; found %s after %d", s.found(), h)
	}
	if s.digits() != 2 {
		s.fail("minutes have two digits; found %s", s.found())
	}
	m := s.number("minutes", 2, 0, 59)
	if h == hours && m > 0 {
		s.at = at
		s.fail("%02d:%02d is later than %d:00", h, m, hours)
	}
	return h*60 + m
}

// Uses reports whether the hours depend on public ("PH") or school ("SH")
// holidays, or on the "sun".
func (s *Schedule) Uses(what string) bool {
	return slices.ContainsFunc(s.rules, func(r rule) bool {
		return slices.ContainsFunc(r.holidays, func(h holiday) bool { return h.kind == what }) ||
			(what == "sun" && slices.ContainsFunc(r.times, func(t span) bool { return t.from.event+t.to.event != "" }))
	})
}
