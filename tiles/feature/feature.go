// Package feature holds the record of everything a rider looks up: points of
// interest, routes and notices.
//
// A Feature's bytes are its canonical JSON (RFC 8785): one record, one form,
// one hash. Coordinates are whole units of 1e-7 degrees and heights whole
// decimetres, so that no rounding depends on the machine. Members that are
// empty are absent. FORMAT.md beside this file lists the members and limits.
//
// Errors about content are *FieldError and wrap ErrInvalid; they name the member
// in words a provider understands. Parse is bounded (MaxBytes, MaxPoints) and
// ignores members it does not know, so that an older reader survives a newer
// minor version; Canonical of a parsed record therefore gives back its bytes
// only when it had no unknown members.
//
// Nothing here has shared state: functions may be called concurrently, and a
// Feature may be read concurrently while nobody changes it. The package is built
// into phones, so it imports nothing but the standard library, tiles/cell and
// gowebpki/jcs.
package feature

import "github.com/pannier-maps/pannier/tiles/cell"

// Kind says how a feature is used.
type Kind string

// The kinds.
const (
	POI    Kind = "poi"    // a place
	Route  Kind = "route"  // a way to follow: LineString or MultiLineString
	Notice Kind = "notice" // a passing message: a closure, an event, a warning
)

// Values lists the kinds.
func (Kind) Values() []string { return []string{string(POI), string(Route), string(Notice)} }

// Und is the language of a name as it stands on the spot (OSM's name=).
const Und = "und"

// TagDetail is the key of a detail: the tag of OpenStreetMap that decided the
// category, KEY=VALUE, where it is not taxonomy's first for that category.
const TagDetail = "tag"

// Feature is one record. Its zero members are absent in the JSON form.
type Feature struct {
	ID         string `json:"id,omitempty"`         // "osm/node/123", "SOURCE/ID IN THE SOURCE"
	Kind       Kind   `json:"kind,omitempty"`       //
	Collection string `json:"collection,omitempty"` // "osm", or the source's name
	Category   string `json:"category,omitempty"`   // an id of tiles/taxonomy

	Geometry Geometry `json:"geometry,omitzero"`

	Names        map[string]string `json:"names,omitempty"`        // by BCP 47 language, or Und
	Descriptions map[string]string `json:"descriptions,omitempty"` // by BCP 47 language, or Und
	Contact      *Contact          `json:"contact,omitempty"`
	Address      *Address          `json:"address,omitempty"`
	OpeningHours string            `json:"opening_hours,omitempty"` // OSM syntax, verbatim
	Season       []Season          `json:"season,omitempty"`        // of each year; none: all year
	Price        *Price            `json:"price,omitempty"`
	Access       *Access           `json:"accessibility,omitempty"`
	Services     []string          `json:"services,omitempty"` // for cyclists, ids of tiles/taxonomy
	Products     []string          `json:"products,omitempty"` // of a local producer, ids of tiles/taxonomy
	Links        []WebLink         `json:"links,omitempty"`
	Details      map[string]string `json:"details,omitempty"` // other facts, by OSM-like key
	Media        []Media           `json:"media,omitempty"`
	Tour         *Tour             `json:"tour,omitempty"`   // of a route
	Effect       *Effect           `json:"effect,omitempty"` // of a notice
	Valid        *Period           `json:"valid,omitempty"`
	Provenance   Provenance        `json:"provenance,omitzero"`
}

// Contact says how to reach a place.
type Contact struct {
	Phone   string `json:"phone,omitempty"`
	Email   string `json:"email,omitempty"`
	Website string `json:"website,omitempty"` // http or https
}

// Address is a postal address.
type Address struct {
	Street   string `json:"street,omitempty"`
	Number   string `json:"number,omitempty"`
	Postcode string `json:"postcode,omitempty"`
	Place    string `json:"place,omitempty"`
	Country  string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// Media is a photo or another file that belongs to a feature: somewhere on the
// web, or kept with the region by its content's hash.
type Media struct {
	URL     string            `json:"url,omitempty"`    // http or https
	Hash    string            `json:"hash,omitempty"`   // SHA-256 of the file kept, 64 hex digits
	Type    string            `json:"type,omitempty"`   // "image/jpeg"
	Width   int               `json:"width,omitempty"`  // pixels
	Height  int               `json:"height,omitempty"` // pixels
	Alt     map[string]string `json:"alt,omitempty"`    // what it shows, by language
	Licence string            `json:"licence,omitempty"`
	Credit  string            `json:"credit,omitempty"`
}

// Period is a span of days, both included; an empty end is open.
type Period struct {
	From  string `json:"from,omitempty"`  // RFC 3339 full-date
	Until string `json:"until,omitempty"` // RFC 3339 full-date
}

// Covers reports whether day (RFC 3339 full-date) lies in the period. A nil
// period covers every day.
func (p *Period) Covers(day string) bool {
	return p == nil || (p.From <= day && (p.Until == "" || day <= p.Until))
}

// Over reports whether the record is a notice whose last day lies before day
// (RFC 3339 full-date): then nobody needs it any longer.
func (f *Feature) Over(day string) bool {
	return f.Kind == Notice && f.Valid != nil && f.Valid.Until != "" && f.Valid.Until < day
}

// Provenance says where a record comes from and under which terms.
type Provenance struct {
	Provider    string `json:"provider,omitempty"`    // who answers for it
	SourceID    string `json:"source_id,omitempty"`   // the id in the provider's own data
	Licence     string `json:"licence,omitempty"`     // SPDX id such as "ODbL-1.0"
	Attribution string `json:"attribution,omitempty"` // the line to show
	Area        string `json:"area,omitempty"`        // legal area, ISO 3166
	Retrieved   string `json:"retrieved,omitempty"`   // RFC 3339; for OSM the element's last edit
	AmendedBy   string `json:"amended_by,omitempty"`  // the provider that changed some members
}

// Bounds returns the box that holds the geometry, south-west and north-east.
// It is the zero box when there is no geometry.
func (f *Feature) Bounds() (min, max cell.Point) { return f.Geometry.Bounds() }

// Anchor returns a point on or in the geometry, for a marker or a label.
func (f *Feature) Anchor() cell.Point { return f.Geometry.Anchor() }

// Cell returns the cell that holds the feature.
func (f *Feature) Cell() cell.ID { return cell.OfBounds(f.Bounds()) }
