package fromosm

import (
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

var detailKeys = taxonomy.Details()

// place returns the category of a place worth having, and the tag that made it so.
func (m *maker) place(tags osm.Tags) (category, tag string, ok bool) {
	if len(tags) == 0 {
		return "", "", false
	}
	id, tag := taxonomy.Decide(tags.Get)
	if id == "" || taxonomy.Group(id) == "route" {
		return "", "", false
	}
	if c, _ := taxonomy.Lookup(id); m.hasName(tags) {
		return id, tag, true
	} else if !c.Nameless {
		return "", "", false
	}
	access := tags.Get("access")
	return id, tag, access != "private" && access != "no"
}

// classify makes f a place. The tag is kept where the category does not tell it.
func classify(f *feature.Feature, category, tag string) {
	f.Kind, f.Category = feature.POI, category
	if tag != taxonomy.Tag(category) {
		f.Details[feature.TagDetail] = clean(tag)
	}
}

func (m *maker) hasName(tags osm.Tags) bool {
	return tags.Get("name") != "" || tags.Get("brand") != "" ||
		slices.ContainsFunc(m.opts.Languages, func(l string) bool { return tags.Get("name:"+l) != "" })
}

// describe returns a feature with all that its tags say, without kind, category
// and geometry.
func (m *maker) describe(kind osm.MemberKind, id int64, tags osm.Tags, meta osm.Meta) *feature.Feature {
	source := sourceOf(kind, id)
	f := &feature.Feature{
		ID:           Collection + "/" + source,
		Collection:   Collection,
		Names:        m.texts(tags, "name"),
		Descriptions: m.texts(tags, "description"),
		Contact:      contact(tags),
		Address:      address(tags),
		OpeningHours: clean(tags.Get("opening_hours")),
		Details:      map[string]string{},
		Provenance: feature.Provenance{
			Provider: Provider, SourceID: source, Licence: Licence, Attribution: Attribution,
		},
	}
	if len(f.Names) == 0 {
		if brand := clean(tags.Get("brand")); brand != "" {
			f.Names = map[string]string{feature.Und: brand}
		}
	}
	for _, key := range detailKeys {
		if value := clean(tags.Get(key)); value != "" {
			f.Details[key] = value
		}
	}
	if meta.Timestamp != 0 {
		f.Provenance.Retrieved = time.Unix(meta.Timestamp, 0).UTC().Format(time.RFC3339)
	}
	return f
}

// texts returns the values of KEY, as the text on the spot, and of
// KEY:LANGUAGE for the region's languages.
func (m *maker) texts(tags osm.Tags, key string) map[string]string {
	texts := map[string]string{}
	if s := clean(tags.Get(key)); s != "" {
		texts[feature.Und] = s
	}
	for _, l := range m.opts.Languages {
		if s := clean(tags.Get(key + ":" + l)); s != "" {
			texts[l] = s
		}
	}
	return texts
}

func contact(tags osm.Tags) *feature.Contact {
	c := feature.Contact{
		Phone:   anyOf(tags, "phone", "contact:phone", "mobile", "contact:mobile"),
		Email:   one(anyOf(tags, "email", "contact:email")),
		Website: feature.Link(one(anyOf(tags, "website", "contact:website", "url"))),
	}
	if !strings.Contains(c.Email, "@") {
		c.Email = ""
	}
	if c == (feature.Contact{}) {
		return nil
	}
	return &c
}

func address(tags osm.Tags) *feature.Address {
	a := feature.Address{
		Street:   anyOf(tags, "addr:street", "addr:place"),
		Number:   anyOf(tags, "addr:housenumber", "addr:conscriptionnumber"),
		Postcode: anyOf(tags, "addr:postcode"),
		Place:    anyOf(tags, "addr:city", "addr:village", "addr:hamlet"),
		Country:  strings.ToUpper(anyOf(tags, "addr:country")),
	}
	if len(a.Country) != 2 || strings.Trim(a.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		a.Country = ""
	}
	if a == (feature.Address{Country: a.Country}) {
		return nil
	}
	return &a
}

// anyOf returns the first of the tags that has a value.
func anyOf(tags osm.Tags, keys ...string) string {
	for _, key := range keys {
		if s := clean(tags.Get(key)); s != "" {
			return s
		}
	}
	return ""
}

// one returns the first value of a list.
func one(values string) string {
	first, _, _ := strings.Cut(values, ";")
	return strings.TrimSpace(first)
}

func clean(s string) string { return feature.Clean(s, feature.MaxValueChars) }
