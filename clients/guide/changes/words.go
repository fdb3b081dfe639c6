package changes

import "strings"

// field tells how a member changed: "opening hours now Tu-Su 10:00-17:00".
func (o Options) field(f Field) string {
	name, language, _ := strings.Cut(f.Name, ":")
	switch f.Name {
	case "name":
		if f.Old != "" && f.New != "" {
			return o.say("called", "old", f.Old)
		}
	case "category":
		return o.say("was", "old", o.label(f.Old))
	case "media":
		return o.say("photos")
	case "season", "price", "accessibility", "services", "products", "links", "tour", "effect":
		return o.say("other." + f.Name)
	case "position":
		return o.say("moved", "new", f.New)
	case "course":
		if f.Old == f.New {
			return o.say("course")
		}
		return o.say("course.length", "new", f.New)
	case "valid":
		from, until, _ := strings.Cut(f.New, "/")
		if from == "" && until == "" {
			return o.say("always")
		}
		return o.during(o.say("now"), from, until)
	}
	what := strings.ReplaceAll(f.Name, "_", " ")
	switch {
	case name == "description":
		return o.say("described")
	case name == "name" && language != "":
		what = o.say("name.in", "language", language)
	case phrases[f.Name] != nil:
		what = o.say(f.Name)
	}
	if f.New == "" {
		return o.say("field.gone", "field", what)
	}
	return o.say("field", "field", what, "new", f.New)
}
