package editing

import "strings"

// A licence by what it lets a bundle do: pass content on, mixed with others'.
type terms uint8

const (
	unknown    terms = iota
	open             // with naming the author at most
	shareAlike       // what is made of it stands under the same
	restricted       // not for money, not to be changed, or not to be passed on
)

// licences are SPDX ids. Those that begin with a restricted one's are like it.
var licences = map[string]terms{
	"CC0-1.0": open, "PDDL-1.0": open, "CC-PDDC": open, "Unlicense": open,
	"CC-BY-2.0": open, "CC-BY-2.5": open, "CC-BY-3.0": open, "CC-BY-4.0": open, "CC-BY-3.0-AT": open, "CC-BY-3.0-DE": open,
	"ODC-By-1.0": open, "etalab-2.0": open, "OGL-UK-3.0": open, "DL-DE-BY-2.0": open, "DL-DE-ZERO-2.0": open, "CDLA-Permissive-2.0": open, "NLOD-2.0": open,
	"ODbL-1.0": shareAlike, "CC-BY-SA-2.0": shareAlike, "CC-BY-SA-3.0": shareAlike, "CC-BY-SA-4.0": shareAlike, "GFDL-1.3-only": shareAlike,
}

func licence(id string) terms {
	if t, ok := licences[id]; ok {
		return t
	}
	for _, word := range strings.Split(id, "-") {
		if word == "NC" || word == "ND" {
			return restricted
		}
	}
	return unknown
}

// attributionOnly are open licences whose terms the ODbL does not meet without
// a waiver of the author's.
func attributionOnly(id string) bool { return strings.HasPrefix(id, "CC-BY-") && licence(id) == open }

// clash says why content under one licence cannot go into an object under
// another, "" when it can.
func clash(into, from string) string {
	switch {
	case into == from || licence(from) == unknown || licence(into) == unknown:
		return ""
	case licence(from) == restricted:
		return from + " content cannot be mixed into an object under " + into
	case licence(into) == shareAlike && licence(from) == shareAlike:
		return from + " and " + into + " both ask that what is made of them stands under them alone"
	case into == "ODbL-1.0" && attributionOnly(from):
		return from + " content may go into an object under ODbL-1.0 only with its author's consent; take CC0-1.0 or ODbL-1.0"
	}
	return ""
}
