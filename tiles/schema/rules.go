package schema

import (
	"cmp"
	"slices"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// A section is a part of a layer whose elements share geometry and fields. An
// element is drawn once by a section, as the first of its classes that fits.
type section struct {
	layer   string
	form    form
	zoom    uint8   // when not 0, the first zoom of all its classes
	last    uint8   // last zoom, 0 for MaxZoom
	minArea float64 // as in Draw
	naming  naming
	size    Size // as in Draw
	fields  []field
	rank    func(Subject, *class) int32 // nil for 0
	classes []class
}

// A class is one row of a section: elements that carry key=value, and with as
// well when it is set. The value "*" stands for any but "no".
type class struct {
	key, value string
	kind       string // the field kind; the value when empty, none when "-"
	zoom       uint8
	with       osm.Tag
	weight     int32 // what its rank is made of; a place's usual population
}

// A field is an attribute besides kind and the names.
type field struct {
	name  string
	kind  ValueKind
	zoom  uint8 // first zoom that keeps it
	value func(Subject, *class) (Value, bool)
}

// form says which elements a section takes, and as what.
type form uint8

const (
	nodes         form = iota // nodes, as points
	lines                     // ways, closed or not, unless said to be an area
	openLines                 // ways that are no area
	areas                     // closed ways and area relations, unless area=no
	statedAreas               // what is said to be an area: area=yes or a relation
	areaLabels                // as areas, a point inside
	statedLabels              // as statedAreas, a point inside
	relationLabel             // area relations, a point inside
)

// naming says whether a section gives names, and needs them.
type naming uint8

const (
	unnamed   naming = iota
	named            // with its names, if any
	needsName        // left out without a name
	needsText        // left out without a name or a ref
)

// takes reports whether an element of this kind is drawn, and as what.
func (f form) takes(s Subject) (Shape, bool) {
	tag := ""
	if s.Closed {
		tag = s.Tags.Get("area")
	}
	area := s.Closed && tag != "no"
	stated := s.Closed && (tag == "yes" || s.Kind == osm.RelationKind)
	switch f {
	case nodes:
		return Point, s.Kind == osm.NodeKind
	case lines:
		return Line, s.Kind == osm.WayKind && !stated
	case openLines:
		return Line, s.Kind == osm.WayKind && !area
	case areas:
		return Polygon, area
	case statedAreas:
		return Polygon, stated
	case areaLabels:
		return LabelPoint, area
	case statedLabels:
		return LabelPoint, stated
	default:
		return LabelPoint, s.Closed && s.Kind == osm.RelationKind
	}
}

// A rule is a class with its place in the tables.
type rule struct {
	order   int // among all rules
	group   int // among sections
	section *section
	class   *class
}

// ruleIndex finds the rules for a tag: by key, then by value.
var ruleIndex = indexRules(sections)

func indexRules(sections []section) map[string]map[string][]*rule {
	index := make(map[string]map[string][]*rule)
	order := 0
	for i := range sections {
		for j := range sections[i].classes {
			c := &sections[i].classes[j]
			if index[c.key] == nil {
				index[c.key] = make(map[string][]*rule)
			}
			index[c.key][c.value] = append(index[c.key][c.value], &rule{order, i, &sections[i], c})
			order++
		}
	}
	return index
}

// fits reports whether the subject has the class's second tag.
func (c *class) fits(s Subject) bool {
	if c.with.Key == "" {
		return true
	}
	value := s.Tags.Get(c.with.Key)
	return value == c.with.Value || c.with.Value == "*" && value != "" && value != "no"
}

// Classify appends to draws what the base map draws of the subject, with names
// in its own language and in those given (BCP 47). It allocates nothing when
// nothing matches.
func Classify(s Subject, languages []string, draws []Draw) []Draw {
	if s.Kind == osm.WayKind {
		draws = appendBoundary(s, draws)
	}
	var space [16]*rule
	found := space[:0]
	for _, tag := range s.Tags {
		values := ruleIndex[tag.Key]
		if values == nil {
			continue
		}
		found = append(found, values[tag.Value]...)
		if tag.Value != "no" {
			found = append(found, values["*"]...)
		}
	}
	slices.SortFunc(found, func(a, b *rule) int { return cmp.Compare(a.order, b.order) })
	group := -1
	for _, r := range found {
		if r.group == group || !r.class.fits(s) {
			continue
		}
		group = r.group
		if shape, ok := r.section.form.takes(s); ok {
			draws = r.draw(s, shape, languages, draws)
		}
	}
	if s.Kind == osm.WayKind {
		draws = appendRoutes(s, languages, draws)
	}
	return draws
}

// draw appends what the rule makes of the subject.
func (r *rule) draw(s Subject, shape Shape, languages []string, draws []Draw) []Draw {
	sec, c := r.section, r.class
	if sec.naming >= needsName && nameOf(s.Tags, languages) == "" &&
		(sec.naming == needsName || s.Tags.Get("ref") == "") {
		return draws
	}
	d := Draw{
		Layer: sec.layer, Shape: shape, MinArea: sec.minArea,
		MinZoom: cmp.Or(sec.zoom, c.zoom), MaxZoom: cmp.Or(sec.last, MaxZoom),
		Size: sec.size,
	}
	if sec.rank != nil {
		d.Rank = sec.rank(s, c)
	}
	if c.kind != "-" {
		d.Attrs = append(d.Attrs, Attr{"kind", text(cmp.Or(c.kind, c.value))})
	}
	for _, f := range sec.fields {
		if v, ok := f.value(s, c); ok {
			d.Attrs = append(d.Attrs, Attr{f.name, v})
		}
	}
	if sec.naming != unnamed {
		d.Attrs = appendNames(d.Attrs, s.Tags, languages)
	}
	sortAttrs(d.Attrs)
	return append(draws, d)
}

func sortAttrs(attrs []Attr) {
	slices.SortFunc(attrs, func(a, b Attr) int { return cmp.Compare(a.Key, b.Key) })
}
