package changes

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Options say how a list is told.
type Options struct {
	Languages []string // of names, categories and words, the best first
	Near      *Place   // what is near it comes first; nil: unknown
	Limit     int      // how many changed features get a line; 0: all
	Today     string   // RFC 3339 date: years other than this one are told
}

// Line is one thing to tell.
type Line struct {
	What   What     `json:"what"`
	Text   string   `json:"text"`
	N      int      `json:"n"`                         // features that it counts
	Meters *float64 `json:"distance_meters,omitempty"` // of the nearest one from the place
	IDs    []string `json:"ids,omitempty"`             // of those that are listed
}

// Tell puts a list into lines: notices, then what is new, changed and gone. In
// each part routes come before places, and what is near comes first.
func (l List) Tell(o Options) (lines []Line) {
	listed := slices.Clone(l.Changes)
	slices.SortFunc(listed, o.Near.compare)
	var rest []Change
	for _, c := range listed {
		if c.Kind == feature.Notice && c.What != Gone {
			lines = append(lines, o.line(c.What, o.notice(c), c))
		} else {
			rest = append(rest, c)
		}
	}
	lines = append(lines, o.grouped(New, rest, l.More)...)
	lines = append(lines, o.changed(rest, l.More)...)
	return append(lines, o.grouped(Gone, rest, l.More)...)
}

// line makes a line about changes, the nearest first.
func (o Options) line(what What, text string, about ...Change) Line {
	l := Line{What: what, Text: text, N: len(about)}
	for _, c := range about {
		l.IDs = append(l.IDs, c.ID)
	}
	if o.Near != nil && len(o.Near.Lines) > 0 && len(about) > 0 {
		m := o.Near.meters(about[0].At())
		l.Meters = &m
	}
	return l
}

// grouped tells of new or gone features by category.
func (o Options) grouped(what What, listed []Change, more []Count) (lines []Line) {
	var order []string // categories, as their nearest feature stands
	byCategory := make(map[string][]Change)
	for _, c := range listed {
		if c.What == what {
			if byCategory[c.Category] == nil {
				order = append(order, c.Category)
			}
			byCategory[c.Category] = append(byCategory[c.Category], c)
		}
	}
	unlisted := make(map[string]int)
	for _, c := range more {
		if c.What == what {
			if byCategory[c.Category] == nil && unlisted[c.Category] == 0 {
				order = append(order, c.Category)
			}
			unlisted[c.Category] += c.N
		}
	}
	for _, category := range order {
		all := byCategory[category]
		n := len(all) + unlisted[category]
		text := o.say(string(what)+".many", "n", strconv.Itoa(n), "what", o.label(category))
		if n == 1 && len(all) == 1 {
			text = o.say(string(what), "what", o.title(all[0]))
		} else if names := o.names(all, n); names != "" {
			text += " (" + names + ")"
		}
		line := o.line(what, text, all...)
		line.N = n
		lines = append(lines, line)
	}
	return lines
}

// maxNames is how many names a group shows.
const maxNames = 3

func (o Options) names(all []Change, n int) string {
	var names []string
	for _, c := range all {
		if name := o.name(c); name != "" && !slices.Contains(names, name) && len(names) < maxNames {
			names = append(names, name)
		}
	}
	if len(names) > 0 && n > len(names) {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// changed tells of changed features one by one, and counts the others.
func (o Options) changed(listed []Change, more []Count) (lines []Line) {
	others := make(map[string]int)
	for _, c := range more {
		if c.What == Changed {
			others[c.Category] += c.N
		}
	}
	for _, c := range listed {
		switch {
		case c.What != Changed:
		case o.Limit > 0 && len(lines) >= o.Limit:
			others[c.Category]++
		default:
			var parts []string
			for _, f := range c.Fields {
				parts = append(parts, o.field(f))
			}
			lines = append(lines, o.line(Changed, o.title(c)+": "+strings.Join(slices.Compact(parts), "; "), c))
		}
	}
	for _, category := range slices.SortedFunc(maps.Keys(others), func(a, b string) int {
		return cmp.Or(cmp.Compare(others[b], others[a]), cmp.Compare(a, b))
	}) {
		lines = append(lines, Line{What: Changed, N: others[category], Text: o.say("changed.many", "n", strconv.Itoa(others[category]), "what", o.label(category))})
	}
	return lines
}

// notice tells of a notice: "closed from 1 May: Bridge to Buchs".
func (o Options) notice(c Change) string {
	text := o.label(c.Category)
	if c.Category == "notice.closure" {
		text = o.say("closed")
	}
	if p := c.Valid; p != nil {
		text = o.during(text, p.From, p.Until)
	}
	if name := o.name(c); name != "" {
		text += ": " + name
	}
	if c.What == Changed {
		text = o.say("notice.changed", "what", text)
	}
	return text
}

func (o Options) name(c Change) string {
	f := feature.Feature{Names: c.Names}
	return f.Name(o.Languages...)
}

// title returns the name of a feature and what it is.
func (o Options) title(c Change) string {
	if name := o.name(c); name != "" {
		return name + " · " + o.label(c.Category)
	}
	return o.label(c.Category)
}

// label returns what the reader calls a category.
func (o Options) label(category string) string {
	for _, id := range []string{category, taxonomy.Group(category)} {
		if c, ok := taxonomy.Lookup(id); ok {
			return c.Label(o.Languages...)
		}
	}
	return category
}
