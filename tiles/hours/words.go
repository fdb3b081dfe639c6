package hours

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Languages lists the languages of Words.
func Languages() []string { return []string{"en", "de", "sl", "hr", "hu", "fr", "it"} }

// language is the words of a language, in the nominative: spans join two of
// them by a dash, which suits all of these languages.
type language struct {
	days     [7]string // from Sunday
	months   [13]string
	closed   string
	unknown  string
	always   string // open around the clock, every day
	allDay   string
	holidays map[string]string
	events   map[string]string
	easter   string
	week     string
	every    string // format of "every %d weeks"
	from     string // format of "from %s"
	since    string // format of "%s or later": an open end
	before   string // format of "%s before %s"
	after    string // format of "%s after %s"
	nth      func(n int, day string) string
	within   string // format of "%s in %s"
	shift    string // format of "%s %+d days"
	date     func(day int, month string) string
}

// Words tells the hours in the first of some languages that there is, else in
// English: rules in their order, "; " between them.
func (s *Schedule) Words(languages ...string) string {
	l := dictionary["en"]
	for _, tag := range languages {
		plain, _, _ := strings.Cut(tag, "-")
		if d, ok := dictionary[plain]; ok {
			l = d
			break
		}
	}
	var all []string
	for _, r := range s.rules {
		all = append(all, l.rule(r))
	}
	return strings.Join(all, "; ")
}

func (l *language) rule(r rule) string {
	var parts []string
	add := func(words ...string) {
		if text := strings.Join(words, ", "); text != "" {
			parts = append(parts, text)
		}
	}
	add(each(r.years, func(s steps) string { return l.steps(s, maxYear) })...)
	add(each(r.dates, l.dates)...)
	if len(r.weeks) > 0 {
		add(l.week + " " + strings.Join(each(r.weeks, func(s steps) string { return l.steps(s, 53) }), ", "))
	}
	add(append(each(r.days, l.weekdays), each(r.holidays, l.holiday)...)...)
	days := len(parts) > 0
	add(each(r.times, l.span)...)
	switch {
	case r.state == Closed:
		add(l.closed)
	case r.state == Unknown && r.comment == "":
		add(l.unknown)
	case r.state == Open && !days && len(r.times) == 0:
		add(l.always)
	case r.state == Open && len(r.times) == 0:
		add(l.allDay)
	}
	if r.comment != "" {
		add("“" + r.comment + "”")
	}
	return strings.Join(parts, " ")
}

func each[T any](all []T, word func(T) string) (words []string) {
	for _, one := range all {
		words = append(words, word(one))
	}
	return words
}

func (l *language) steps(s steps, end int) string {
	text := strconv.Itoa(s.first)
	switch {
	case s.last == end && s.first != end:
		text = fmt.Sprintf(l.from, text)
	case s.last != s.first:
		text += "–" + strconv.Itoa(s.last)
	}
	if s.step > 1 {
		text += " (" + fmt.Sprintf(l.every, s.step) + ")"
	}
	return text
}

func (l *language) dates(d dates) string {
	from := l.day(d.from)
	switch {
	case d.from == d.to:
		return from
	case d.to.month == time.December && d.to.day == 31 && (d.to.year == maxYear || d.to.year == 0 && d.from.day != 0):
		return fmt.Sprintf(l.from, from)
	case d.from.month == d.to.month && d.from.year == d.to.year && d.from.nth+d.to.nth+d.from.offset+d.to.offset == 0 && d.from.day > 0 && d.to.day > 0:
		return l.inYear(d.to, strings.Replace(l.date(d.to.day, l.months[d.to.month]), strconv.Itoa(d.to.day), fmt.Sprintf("%d–%d", d.from.day, d.to.day), 1))
	}
	return from + " – " + l.day(d.to)
}

func (l *language) day(d date) string {
	var text string
	switch {
	case d.easter:
		text = l.easter
	case d.nth != 0:
		text = fmt.Sprintf(l.within, l.nth(d.nth, l.days[d.weekday]), l.months[d.month])
	case d.day != 0:
		text = l.date(d.day, l.months[d.month])
	default:
		text = l.months[d.month]
	}
	return l.shifted(l.inYear(d, text), d.offset)
}

func (l *language) inYear(d date, text string) string {
	if d.year == 0 {
		return text
	}
	return text + " " + strconv.Itoa(d.year)
}

func (l *language) shifted(text string, days int) string {
	if days == 0 {
		return text
	}
	return fmt.Sprintf(l.shift, text, days)
}

func (l *language) weekdays(w weekdays) string {
	if len(w.nth) == 0 {
		if w.from == w.to {
			return l.days[w.from]
		}
		return l.days[w.from] + "–" + l.days[w.to]
	}
	var all []string
	for _, n := range w.nth {
		all = append(all, l.nth(n, l.days[w.from]))
	}
	return l.shifted(strings.Join(all, ", "), w.offset)
}

func (l *language) holiday(h holiday) string { return l.shifted(l.holidays[h.kind], h.offset) }

func (l *language) span(t span) string {
	from := l.moment(t.from)
	if t.openEnd && t.from == t.to {
		return fmt.Sprintf(l.from, from)
	}
	to := l.moment(t.to)
	if t.openEnd {
		to = fmt.Sprintf(l.since, to)
	}
	if strings.Contains(from+to, " ") {
		return from + " – " + to
	}
	return from + "–" + to
}

func (l *language) moment(m moment) string {
	if m.event == "" {
		if m.minutes == 24*60 {
			return "24:00"
		}
		return clock(m.minutes % (24 * 60))
	}
	switch {
	case m.minutes < 0:
		return fmt.Sprintf(l.before, clock(-m.minutes), l.events[m.event])
	case m.minutes > 0:
		return fmt.Sprintf(l.after, clock(m.minutes), l.events[m.event])
	}
	return l.events[m.event]
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
