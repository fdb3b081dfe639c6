package feature

import "time"

// Season is a part of each year, both ends included: months ("05") or days
// ("05-15"). One that ends before it begins runs over the new year.
type Season struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// Covers reports whether day (RFC 3339 full-date) lies in the season.
func (s Season) Covers(day string) bool {
	if len(day) != len(time.DateOnly) || len(s.From) < 2 || len(s.Until) < 2 {
		return false
	}
	day = day[len("2026-"):]
	after := day >= s.From                                 // "05-15" lies after "05"
	before := day[:min(len(s.Until), len(day))] <= s.Until // "05-15" lies in "05"
	if s.From <= s.Until || s.From[:2] == s.Until {
		return after && before
	}
	return after || before
}

// Price says what something costs. Amounts are in units of the currency.
type Price struct {
	Level    int     `json:"level,omitempty"` // 1 cheap to 4 dear
	Free     bool    `json:"free,omitempty"`
	From     float64 `json:"from,omitempty"`
	To       float64 `json:"to,omitempty"`
	Currency string  `json:"currency,omitempty"` // ISO 4217
	Per      string  `json:"per,omitempty"`      // "person", "night", "hour", "day", "group" or "piece"
}

// Access says who can get in and around.
type Access struct {
	Wheelchair string            `json:"wheelchair,omitempty"` // "yes", "limited" or "no"
	Aids       []string          `json:"aids,omitempty"`       // ids of tiles/taxonomy: "ramp", "induction_loop"
	DoorCM     int               `json:"door_cm,omitempty"`    // narrowest door on the way, centimetres
	Steps      int               `json:"steps,omitempty"`      // at the entrance
	Note       map[string]string `json:"note,omitempty"`       // by language
}

// WebLink leads to more about a feature.
type WebLink struct {
	Kind  string            `json:"kind"`
	URL   string            `json:"url"` // http or https
	Title map[string]string `json:"title,omitempty"`
}

// LinkKinds are what links lead to. A video may be a film of a trail.
var LinkKinds = []string{"website", "booking", "tickets", "menu", "video", "webcam", "timetable", "download", "social", "other"}

// Tour is what a route is like. Its course is the feature's geometry.
type Tour struct {
	Form       string         `json:"form,omitempty"`       // "loop", "line" or "there_and_back"
	Direction  string         `json:"direction,omitempty"`  // "both"; "forward" when it is only for the way it is drawn
	Difficulty string         `json:"difficulty,omitempty"` // "easy", "moderate", "difficult" or "expert"
	Length     int            `json:"length,omitempty"`     // metres
	Ascent     int            `json:"ascent,omitempty"`     // metres
	Descent    int            `json:"descent,omitempty"`    // metres
	Minutes    int            `json:"minutes,omitempty"`    // to ride it
	Surfaces   map[string]int `json:"surfaces,omitempty"`   // per cent of the length, by OSM's surface=
	Stages     []Stage        `json:"stages,omitempty"`     // in order
	Waypoints  []Waypoint     `json:"waypoints,omitempty"`  // in order
	Profile    *HeightProfile `json:"profile,omitempty"`
}

// Stage is a part of a route that is ridden in one go.
type Stage struct {
	Names        map[string]string `json:"names,omitempty"`
	Descriptions map[string]string `json:"descriptions,omitempty"`
	From         int               `json:"from,omitempty"` // metres along the route
	Until        int               `json:"until"`          // metres along the route
	Ascent       int               `json:"ascent,omitempty"`
	Descent      int               `json:"descent,omitempty"`
}

// Waypoint is a point that the route leads to.
type Waypoint struct {
	Position Geometry          `json:"position,omitzero"`
	Feature  string            `json:"feature,omitempty"` // id of the place, if it is one
	Names    map[string]string `json:"names,omitempty"`
}

// HeightProfile is the heights along a route, from its start in equal steps.
type HeightProfile struct {
	Step    int     `json:"step,omitempty"`    // metres
	Heights []int32 `json:"heights,omitempty"` // decimetres above the sea
}

// Effect is what a notice means to riders. What kind of notice it is says its
// category, where its geometry, when its period.
type Effect struct {
	Severity string   `json:"severity,omitempty"` // "minor", "moderate" or "severe"
	Routes   []string `json:"routes,omitempty"`   // ids of the routes that it concerns
}
