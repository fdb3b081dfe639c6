package changes

import "strings"

// words are what members are called.
var words = map[string]string{
	"name": "name", "opening_hours": "opening hours", "address": "address", "phone": "phone",
	"email": "email", "website": "website", "description": "description",
}

// field tells how a member changed: "opening hours now Tu-Su 10:00-17:00".
func (o Options) field(f Field) string {
	name, language, _ := strings.Cut(f.Name, ":")
	switch f.Name {
	case "name":
		if f.Old != "" && f.New != "" {
			return "was called " + f.Old
		}
	case "category":
		return "was " + o.label(f.Old)
	case "media":
		return "other photos"
	case "position":
		return "moved by " + f.New
	case "course":
		if f.Old == f.New {
			return "course changed"
		}
		return "course changed, now " + f.New
	case "valid":
		return o.valid(f.New)
	}
	if name == "description" {
		return "new description"
	}
	what := words[f.Name]
	if what == "" && name == "name" {
		what = "name in " + language
	}
	if what == "" {
		what = strings.ReplaceAll(f.Name, "_", " ")
	}
	if f.New == "" {
		return what + " no longer given"
	}
	return what + " now " + f.New
}

// valid tells a period, "FROM/UNTIL".
func (o Options) valid(period string) string {
	from, until, _ := strings.Cut(period, "/")
	text := "now"
	if from != "" {
		text += " from " + o.day(from)
	}
	if until != "" {
		text += " until " + o.day(until)
	}
	if text == "now" {
		return "now at any time"
	}
	return text
}
