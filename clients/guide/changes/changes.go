// Package changes tells what a new version of a region brings, in words a rider
// reads before setting out: which places, routes and notices are new, gone or
// different.
//
// A Comparison takes the records of two versions and gives Changes. A List is
// what a device keeps of them, bounded. List.Tell puts it into lines: notices
// first, then what is new, changed and gone, counted by category where there is
// much, and what is near first when the reader's place or route is known.
//
// Only what a reader sees counts: a record whose provenance alone is newer has
// not changed. Lines come in the reader's language where phrases.tsv has it, else
// in English. Positions are in 1e-7 degrees, distances in metres. Everything here
// is pure; a Comparison is for one goroutine.
package changes

import (
	"bytes"
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// What says how a feature changed.
type What string

// The ways to change.
const (
	New     What = "new"
	Changed What = "changed"
	Gone    What = "gone"
)

// Change is one feature's change.
type Change struct {
	What     What              `json:"what"`
	ID       string            `json:"id"`
	Kind     feature.Kind      `json:"kind"`
	Category string            `json:"category"`
	Names    map[string]string `json:"names,omitempty"` // by language, as in a feature
	LonE7    int32             `json:"lon_e7"`
	LatE7    int32             `json:"lat_e7"`
	Valid    *feature.Period   `json:"valid,omitempty"`
	Fields   []Field           `json:"fields,omitempty"` // of a changed one
}

// At returns where the feature is, or was.
func (c Change) At() cell.Point { return cell.Point{LonE7: c.LonE7, LatE7: c.LatE7} }

// Field is a member of a record that changed; "" stands for no value.
type Field struct {
	Name string `json:"name"` // "name", "opening_hours", "position", a detail's key …
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Of compares a feature with what it was; nil stands for none. It returns false
// when a reader sees no difference.
func Of(old, new *feature.Feature) (Change, bool) {
	switch {
	case old == nil && new == nil:
		return Change{}, false
	case old == nil:
		return about(New, new), true
	case new == nil:
		return about(Gone, old), true
	}
	c := about(Changed, new)
	c.Fields = fields(old, new)
	return c, len(c.Fields) > 0
}

func about(what What, f *feature.Feature) Change {
	at := f.Anchor()
	return Change{
		What: what, ID: f.ID, Kind: f.Kind, Category: f.Category,
		Names: f.Names, LonE7: at.LonE7, LatE7: at.LatE7, Valid: f.Valid,
	}
}

// Comparison gathers the records of two versions, each in any order. It keeps
// only those that differ.
type Comparison struct{ records map[string]*versions }

type versions struct{ old, new []byte }

// Old adds a record of the older version.
func (c *Comparison) Old(id string, record []byte) {
	v := c.of(id)
	v.old = bytes.Clone(record)
	c.settle(id, v)
}

// New adds a record of the newer version.
func (c *Comparison) New(id string, record []byte) {
	v := c.of(id)
	v.new = bytes.Clone(record)
	c.settle(id, v)
}

func (c *Comparison) of(id string) *versions {
	if c.records == nil {
		c.records = make(map[string]*versions)
	}
	if c.records[id] == nil {
		c.records[id] = &versions{}
	}
	return c.records[id]
}

func (c *Comparison) settle(id string, v *versions) {
	if v.old != nil && bytes.Equal(v.old, v.new) {
		delete(c.records, id)
	}
}

// Changes returns what differs, in the order of ids. A record that cannot be
// read counts as none.
func (c *Comparison) Changes() []Change {
	var all []Change
	for _, id := range slices.Sorted(maps.Keys(c.records)) {
		v := c.records[id]
		if change, ok := Of(parse(v.old), parse(v.new)); ok {
			all = append(all, change)
		}
	}
	return all
}

func parse(record []byte) *feature.Feature {
	if record == nil {
		return nil
	}
	f, err := feature.Parse(record)
	if err != nil {
		return nil
	}
	return f
}

// fields lists what a reader sees changed.
func fields(old, new *feature.Feature) (all []Field) {
	add := func(name, was, is string) {
		if was != is {
			all = append(all, Field{name, feature.Clean(was, maxText), feature.Clean(is, maxText)})
		}
	}
	addMap := func(was, is map[string]string, name func(key string) string) {
		keys := maps.Clone(was)
		if keys == nil {
			keys = map[string]string{}
		}
		maps.Copy(keys, is)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			add(name(key), was[key], is[key])
		}
	}
	addMap(old.Names, new.Names, func(language string) string { return inLanguage("name", language) })
	add("category", old.Category, new.Category)
	add("opening_hours", old.OpeningHours, new.OpeningHours)
	add("valid", period(old.Valid), period(new.Valid))
	add("address", address(old.Address), address(new.Address))
	a, b := contact(old), contact(new)
	add("phone", a.Phone, b.Phone)
	add("email", a.Email, b.Email)
	add("website", a.Website, b.Website)
	addMap(old.Details, new.Details, func(key string) string { return key })
	addMap(old.Descriptions, new.Descriptions, func(language string) string { return inLanguage("description", language) })
	for _, m := range [...]struct {
		name    string
		was, is any
	}{
		{"media", old.Media, new.Media}, {"season", old.Season, new.Season}, {"price", old.Price, new.Price},
		{"accessibility", old.Access, new.Access}, {"services", old.Services, new.Services}, {"products", old.Products, new.Products},
		{"links", old.Links, new.Links}, {"tour", old.Tour, new.Tour}, {"effect", old.Effect, new.Effect},
	} {
		if !reflect.DeepEqual(m.was, m.is) {
			all = append(all, Field{Name: m.name})
		}
	}
	if new.Kind == feature.Route {
		if !sameLines(old.Geometry, new.Geometry) {
			all = append(all, Field{"course", distance(old.Geometry.Length()), distance(new.Geometry.Length())})
		}
	} else if d := feature.Distance(old.Anchor(), new.Anchor()); d >= minMove {
		all = append(all, Field{"position", "", distance(d)})
	}
	return all
}

// minMove is how many metres a place must move for a reader to see it.
const minMove = 10

// maxText is how many characters of a value are kept.
const maxText = 200

func inLanguage(name, language string) string {
	if language == feature.Und {
		return name
	}
	return name + ":" + language
}

func contact(f *feature.Feature) feature.Contact {
	if f.Contact == nil {
		return feature.Contact{}
	}
	return *f.Contact
}

func period(p *feature.Period) string {
	if p == nil {
		return ""
	}
	return p.From + "/" + p.Until
}

func address(a *feature.Address) string {
	if a == nil {
		return ""
	}
	return joined(", ", joined(" ", a.Street, a.Number), joined(" ", a.Postcode, a.Place), a.Country)
}

func joined(by string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), by)
}

func sameLines(a, b feature.Geometry) bool {
	return slices.EqualFunc(a.Lines, b.Lines, func(a, b feature.Line) bool { return slices.Equal(a.Points, b.Points) })
}

// rank orders kinds by how much they matter on the way.
func rank(k feature.Kind) int {
	switch k {
	case feature.Notice:
		return 0
	case feature.Route:
		return 1
	}
	return 2
}

// compare orders changes: by kind, by distance, by id.
func (p *Place) compare(a, b Change) int {
	return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(p.meters(a.At()), p.meters(b.At())), cmp.Compare(a.ID, b.ID))
}
