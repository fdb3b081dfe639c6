package jsonld

import (
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/openings"
)

// MaxHours is the room for opening hours in a record, in bytes.
const MaxHours = feature.MaxValueChars

var weekdays = map[string]int{
	"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
	"mo": 0, "tu": 1, "we": 2, "th": 3, "fr": 4, "sa": 5, "su": 6,
}

// Hours returns the opening hours of openingHoursSpecification nodes, in the
// syntax of OpenStreetMap. Those that only say from when until when in the year a
// place is open become seasons. whole is false when there was no room for all.
func Hours(specs []Node) (hours string, seasons []feature.Season, whole bool) {
	var rules []openings.Rule
	for _, s := range specs {
		r := openings.Rule{
			From: openings.Day(s.Text("validFrom")), Until: openings.Day(s.Text("validThrough")),
			Opens: openings.Clock(s.Text("opens")), Closes: openings.Clock(s.Text("closes")),
		}
		for _, day := range s.All("dayOfWeek") {
			if day = strings.ToLower(Short(day)); day == "publicholidays" {
				r.Holidays = true
			} else if d, ok := weekdays[day]; ok {
				r.Days[d] = true
			}
		}
		if _, timed := s["opens"]; !timed && r.Closes == "" && r.Days == [7]bool{} && !r.Holidays {
			if r.From != "" && r.Until != "" {
				seasons = season(seasons, r.From, r.Until)
			}
			continue
		}
		rules = append(rules, r)
	}
	hours, whole = openings.Format(rules, MaxHours)
	return hours, seasons, whole
}

// season adds a part of each year, unless it is the whole or is there.
func season(all []feature.Season, from, until string) []feature.Season {
	s := feature.Season{From: from[len("2026-"):], Until: until[len("2026-"):]}
	if s == (feature.Season{From: "01-01", Until: "12-31"}) || from[:4] != until[:4] && until[5:] >= from[5:] || len(all) == feature.MaxSeasons {
		return all
	}
	for _, known := range all {
		if known == s {
			return all
		}
	}
	return append(all, s)
}
