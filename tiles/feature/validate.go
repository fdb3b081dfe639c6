package feature

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Validate reports the first thing wrong with a whole record, as a *FieldError.
// Members are checked in a fixed order, so the same record gives the same error.
func (f *Feature) Validate() error {
	if all := f.Problems(); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Problems lists what is wrong with a record, one problem for each member, at
// most MaxProblems of them.
func (f *Feature) Problems() []*FieldError {
	var c checker
	c.id(f.ID)
	switch f.Kind {
	case POI, Route, Notice:
	case "":
		c.fail("kind", "missing: must be poi, route or notice")
	default:
		c.fail("kind", fmt.Sprintf("%.40q is not poi, route or notice", string(f.Kind)))
	}
	c.required("collection", f.Collection)
	c.required("category", f.Category)
	c.geometry(f.Geometry)
	if f.Kind == Route && f.Geometry.Shape != LineString && f.Geometry.Shape != MultiLineString {
		c.fail("geometry.type", "a route must be a LineString or MultiLineString")
	}
	c.texts("names", f.Names, MaxNameChars)
	c.texts("descriptions", f.Descriptions, MaxTextChars)
	if f.Kind == Notice && len(f.Names)+len(f.Descriptions) == 0 {
		c.fail("names", "a notice needs a name or a description")
	}
	c.facts(f)
	c.offers(f)
	c.details(f.Details)
	c.media(f.Media)
	c.tour(f)
	c.effect(f)
	c.period(f.Valid)
	c.provenance(f.Provenance)
	return c.problems
}

// checker keeps the first problem of each member.
type checker struct{ problems []*FieldError }

func (c *checker) fail(field, problem string) {
	known := func(e *FieldError) bool { return e.Field == field }
	if len(c.problems) < MaxProblems && !slices.ContainsFunc(c.problems, known) {
		c.problems = append(c.problems, &FieldError{field, problem})
	}
}

func (c *checker) id(id string) {
	switch {
	case id == "":
		c.fail("id", "missing")
	case len(id) > MaxIDBytes:
		c.fail("id", fmt.Sprintf("%d bytes, more than %d", len(id), MaxIDBytes))
	case strings.TrimSpace(id) != id:
		c.fail("id", "must not begin or end with a space")
	}
	c.text("id", id, MaxIDBytes, false)
}

// few reports whether a list has no more entries than it may.
func (c *checker) few(field string, entries, limit int) bool {
	if entries > limit {
		c.fail(field, fmt.Sprintf("%d entries, more than %d", entries, limit))
	}
	return entries <= limit
}

func (c *checker) required(field, s string) {
	if strings.TrimSpace(s) == "" {
		c.fail(field, "missing")
	}
	c.text(field, s, MaxValueChars, false)
}

// texts checks texts by language.
func (c *checker) texts(field string, texts map[string]string, limit int) {
	if len(texts) > MaxLanguages {
		c.fail(field, fmt.Sprintf("%d languages, more than %d", len(texts), MaxLanguages))
	}
	for _, l := range sortedKeys(texts) {
		if !ValidLanguage(l) {
			c.fail(field, fmt.Sprintf("%.40q is not a language tag such as de, sr-Latn or und", l))
			continue
		}
		if strings.TrimSpace(texts[l]) == "" {
			c.fail(field+"."+l, "must not be empty")
		}
		c.text(field+"."+l, texts[l], limit, limit == MaxTextChars)
	}
}

func (c *checker) facts(f *Feature) {
	if f.Contact != nil {
		c.text("contact.phone", f.Contact.Phone, MaxValueChars, false)
		c.text("contact.email", f.Contact.Email, MaxValueChars, false)
		if e := f.Contact.Email; e != "" && !strings.Contains(e, "@") {
			c.fail("contact.email", "has no @")
		}
		if f.Contact.Website != "" {
			c.url("contact.website", f.Contact.Website)
		}
	}
	if a := f.Address; a != nil {
		c.text("address.street", a.Street, MaxValueChars, false)
		c.text("address.number", a.Number, MaxValueChars, false)
		c.text("address.postcode", a.Postcode, MaxValueChars, false)
		c.text("address.place", a.Place, MaxValueChars, false)
		if a.Country != "" && !isCountry(a.Country) {
			c.fail("address.country", fmt.Sprintf("%.40q is not a country code such as SI", a.Country))
		}
	}
	c.text("opening_hours", f.OpeningHours, MaxValueChars, false)
}

func (c *checker) details(details map[string]string) {
	c.few("details", len(details), MaxDetails)
	for _, k := range sortedKeys(details) {
		if !isDetail(k) {
			c.fail("details", fmt.Sprintf("key %.80q is not 1 to %d of a-z, 0-9, _, - and :", k, MaxDetailBytes))
		}
		if strings.TrimSpace(details[k]) == "" {
			c.fail("details."+k, "must not be empty")
		}
		c.text("details."+k, details[k], MaxValueChars, false)
	}
}

func (c *checker) period(p *Period) {
	if p == nil {
		return
	}
	for _, end := range [...]struct{ field, day string }{{"valid.from", p.From}, {"valid.until", p.Until}} {
		if _, err := time.Parse(time.DateOnly, end.day); end.day != "" && err != nil {
			c.fail(end.field, fmt.Sprintf("%.40q is not a date such as 2026-05-31", end.day))
		}
	}
	switch {
	case p.From == "" && p.Until == "":
		c.fail("valid", "must have from or until")
	case p.Until != "" && p.Until < p.From:
		c.fail("valid.until", fmt.Sprintf("%s is before %s", p.Until, p.From))
	}
}

func (c *checker) provenance(p Provenance) {
	c.required("provenance.provider", p.Provider)
	c.required("provenance.licence", p.Licence)
	c.text("provenance.source_id", p.SourceID, MaxValueChars, false)
	c.text("provenance.attribution", p.Attribution, MaxValueChars, false)
	c.text("provenance.area", p.Area, MaxValueChars, false)
	c.text("provenance.amended_by", p.AmendedBy, MaxValueChars, false)
	if r := p.Retrieved; r != "" {
		_, dayErr := time.Parse(time.DateOnly, r)
		if _, err := time.Parse(time.RFC3339, r); err != nil && dayErr != nil {
			c.fail("provenance.retrieved", fmt.Sprintf("%.40q is not a time such as 2026-05-31T12:00:00Z", r))
		}
	}
}
