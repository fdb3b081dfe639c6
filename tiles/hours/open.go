package hours

import (
	"slices"
	"time"
)

// horizon is how many days At looks ahead for a change.
const horizon = 400

// layer is what a rule says of a part of a day, in minutes; after 1440 it is
// the morning after.
type layer struct {
	from, to int
	state    State
	fallback bool
	comment  string
}

// At tells whether the place is open at a local time, and until when that stays
// so; until is zero when nothing changes for more than a year.
func (s *Schedule) At(t time.Time, c Calendar) (state State, until time.Time) {
	t = wall(t)
	day, minute := t.Truncate(24*time.Hour), t.Hour()*60+t.Minute()
	yesterday, today := s.layers(day.AddDate(0, 0, -1), c), s.layers(day, c)
	state = at(yesterday, today, minute)
	for range horizon {
		var bounds []int
		for _, l := range today {
			bounds = append(bounds, l.from, l.to)
		}
		for _, l := range yesterday {
			bounds = append(bounds, l.from-1440, l.to-1440)
		}
		bounds = append(bounds, 0)
		slices.Sort(bounds)
		for _, m := range bounds {
			if m >= 0 && m < 1440 && (m > minute || minute < 0) && at(yesterday, today, m) != state {
				return state, day.Add(time.Duration(m) * time.Minute)
			}
		}
		day, minute = day.AddDate(0, 0, 1), -1
		yesterday, today = today, s.layers(day, c)
	}
	return state, time.Time{}
}

// wall returns the wall clock of a time, as if it were UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// at returns the state at a minute of a day, which the day before may reach into.
func at(yesterday, today []layer, minute int) State {
	if state := say(today, minute); state != Closed {
		return state
	}
	return say(yesterday, minute+1440)
}

// say returns what the last layer that holds a minute says.
func say(layers []layer, minute int) State {
	for i := len(layers) - 1; i >= 0; i-- {
		if l := layers[i]; !l.fallback && minute >= l.from && minute < l.to {
			return l.state
		}
	}
	for _, l := range layers {
		if l.fallback && minute >= l.from && minute < l.to {
			return l.state
		}
	}
	return Closed
}

// layers returns what the rules say of a day, the stronger last.
func (s *Schedule) layers(day time.Time, c Calendar) (all []layer) {
	for _, r := range s.rules {
		if !r.holds(day, c) {
			continue
		}
		if r.sep == ';' && (r.state != Closed || len(r.times) == 0) {
			all = all[:0]
		}
		if len(r.times) == 0 {
			all = append(all, layer{0, 1440, r.state, r.sep == '|', r.comment})
		}
		for _, t := range r.times {
			all = append(all, t.layers(day, c, layer{state: r.state, fallback: r.sep == '|', comment: r.comment})...)
		}
	}
	return all
}

// layers returns the layers of one span.
func (t span) layers(day time.Time, c Calendar, l layer) []layer {
	from, okFrom := t.from.on(day, c)
	to, okTo := t.to.on(day, c)
	if !okFrom || !okTo {
		l.from, l.to, l.state = 0, 1440, Unknown
		if okFrom {
			l.from = from
		}
		if okTo {
			l.to = to
		}
		return []layer{l}
	}
	if to < from {
		to += 1440
	}
	l.from, l.to = from, to
	if !t.openEnd {
		return []layer{l}
	}
	late := l
	late.from, late.to, late.state = to, max(1440, to+60), Unknown
	return []layer{l, late}
}

// on returns the minute of a day, if it is known.
func (m moment) on(day time.Time, c Calendar) (int, bool) {
	if m.event == "" {
		return m.minutes, true
	}
	if c.Sun == nil {
		return 0, false
	}
	dawn, sunrise, sunset, dusk := c.Sun(day)
	return map[string]int{"dawn": dawn, "sunrise": sunrise, "sunset": sunset, "dusk": dusk}[m.event] + m.minutes, true
}

// holds reports whether a rule is about a day. Without a calendar no day is a
// holiday, as most are none.
func (r *rule) holds(day time.Time, c Calendar) bool {
	_, week := day.ISOWeek()
	if len(r.years) > 0 && !slices.ContainsFunc(r.years, func(s steps) bool { return s.holds(day.Year()) }) ||
		len(r.dates) > 0 && !slices.ContainsFunc(r.dates, func(d dates) bool { return d.holds(day) }) ||
		len(r.weeks) > 0 && !slices.ContainsFunc(r.weeks, func(s steps) bool { return s.holds(week) }) {
		return false
	}
	if len(r.days)+len(r.holidays) == 0 || slices.ContainsFunc(r.days, func(w weekdays) bool { return w.holds(day) }) {
		return true
	}
	return c.Holiday != nil && slices.ContainsFunc(r.holidays, func(h holiday) bool { return c.Holiday(h.kind, day.AddDate(0, 0, -h.offset)) })
}

func (w weekdays) holds(day time.Time) bool {
	day = day.AddDate(0, 0, -w.offset)
	d := day.Weekday()
	if w.from <= w.to && (d < w.from || d > w.to) || w.from > w.to && d < w.from && d > w.to {
		return false
	}
	if len(w.nth) == 0 {
		return true
	}
	first := (day.Day() + 6) / 7
	last := -((day.AddDate(0, 1, -day.Day()).Day()-day.Day())/7 + 1)
	return slices.Contains(w.nth, first) || slices.Contains(w.nth, last)
}

func (d dates) holds(day time.Time) bool {
	for _, year := range [...]int{day.Year(), day.Year() - 1} { // a span may have begun last year
		from := d.from.first(year)
		to := d.to.last(year)
		if d.to.year == 0 && to.Before(from) {
			to = d.to.last(year + 1)
		}
		if !day.Before(from) && !day.After(to) {
			return true
		}
	}
	return false
}

// first and last return the first and the last day of a date in a year, which
// counts when the date has none.
func (d date) first(year int) time.Time {
	if d.year != 0 {
		year = d.year
	}
	day := time.Date(year, d.month, max(d.day, 1), 0, 0, 0, 0, time.UTC)
	switch {
	case d.easter:
		day = easter(year)
	case d.nth > 0:
		day = day.AddDate(0, 0, (int(d.weekday-day.Weekday())+7)%7+7*(d.nth-1))
	case d.nth < 0:
		end := time.Date(year, d.month+1, 0, 0, 0, 0, 0, time.UTC)
		day = end.AddDate(0, 0, -((int(end.Weekday()-d.weekday)+7)%7 + 7*(-d.nth-1)))
	}
	return day.AddDate(0, 0, d.offset)
}

func (d date) last(year int) time.Time {
	if d.day != 0 || d.easter || d.nth != 0 {
		return d.first(year)
	}
	if d.year != 0 {
		year = d.year
	}
	return time.Date(year, d.month+1, 0, 0, 0, 0, 0, time.UTC)
}

// easter returns Easter Sunday (Meeus, Jones and Butcher).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
