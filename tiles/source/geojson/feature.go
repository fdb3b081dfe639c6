package geojson

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// feature reads one Feature's members.
func (p *parser) feature(members map[string]json.RawMessage) error {
	p.count++
	if p.count > MaxFeatures {
		return &Error{Err: fmt.Errorf("more than %d features", MaxFeatures)}
	}
	f, id, err := p.record(members)
	if err != nil {
		return &Error{Feature: p.count, Err: err}
	}
	amends := p.amends(f, id)
	switch {
	case amends && id == "":
		err = &feature.FieldError{Field: "geometry", Problem: "missing, and there is no id of an object to amend"}
	case !amends:
		err = f.Validate()
	}
	if err == nil && p.seen[f.ID] {
		if id == "" {
			return nil // the same object again
		}
		err = &feature.FieldError{Field: "id", Problem: fmt.Sprintf("%.80q comes twice", f.ID)}
	}
	if err != nil {
		return &Error{Feature: p.count, Err: err}
	}
	p.seen[f.ID] = true
	if amends {
		p.file.Amendments = append(p.file.Amendments, *f)
	} else {
		p.file.Features = append(p.file.Features, *f)
	}
	return nil
}

// amends reports whether a record with this id of the source changes another.
func (p *parser) amends(f *feature.Feature, id string) bool {
	return f.Geometry.IsZero() || p.foreign(id)
}

// record makes a record of a Feature's members; id is the one they give, or "".
func (p *parser) record(members map[string]json.RawMessage) (f *feature.Feature, id string, err error) {
	kind, err := text(members["type"])
	if err != nil || kind != "Feature" {
		return nil, "", &feature.FieldError{Field: "type", Problem: fmt.Sprintf("%.40q is not Feature", kind)}
	}
	var props map[string]json.RawMessage
	if raw := members["properties"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &props); err != nil {
			return nil, "", &feature.FieldError{Field: "properties", Problem: "must be an object"}
		}
	}
	f = new(feature.Feature)
	if err := own(f, props); err != nil {
		return nil, "", err
	}
	if raw := members["geometry"]; len(raw) > 0 {
		if err := f.Geometry.UnmarshalJSON(raw); err != nil {
			return nil, "", err
		}
	}
	plain(f, props)
	id, err = identity(members["id"], props["id"])
	if err != nil {
		return nil, "", err
	}
	if !p.amends(f, id) {
		complete(f)
		f.Collection = p.opts.Source
	}
	f.Provenance.Provider = cmp.Or(p.opts.Provider, f.Provenance.Provider)
	f.Provenance.Licence = cmp.Or(f.Provenance.Licence, p.opts.Licence)
	f.Provenance.Attribution = cmp.Or(f.Provenance.Attribution, p.opts.Attribution)
	switch {
	case id == "":
		f.ID = feature.ContentID(p.opts.Source, f)
	case p.foreign(id) || strings.HasPrefix(id, p.opts.Source+"/"):
		f.ID = id
	default:
		f.ID = p.opts.Source + "/" + id
		f.Provenance.SourceID = cmp.Or(f.Provenance.SourceID, id)
	}
	return f, id, nil
}

// foreign reports whether an id names an object of another collection.
func (p *parser) foreign(id string) bool {
	collection, _, ok := strings.Cut(id, "/")
	return ok && collection != p.opts.Source && (collection == "osm" || slices.Contains(p.opts.Collections, collection))
}

// identity returns the id, a text or a number.
func identity(candidates ...json.RawMessage) (string, error) {
	for _, raw := range candidates {
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		var number json.Number
		if json.Unmarshal(raw, &number) == nil && raw[0] != '"' {
			return number.String(), nil
		}
		s, err := text(raw)
		if err != nil {
			return "", &feature.FieldError{Field: "id", Problem: "must be a text or a number"}
		}
		if s != "" {
			return s, nil
		}
	}
	return "", nil
}

// complete fills in kind and category.
func complete(f *feature.Feature) {
	if f.Kind == "" {
		group := taxonomy.Group(f.Category)
		line := f.Geometry.Shape == feature.LineString || f.Geometry.Shape == feature.MultiLineString
		switch {
		case group == "notice":
			f.Kind = feature.Notice
		case group == "route", f.Category == "" && line:
			f.Kind = feature.Route
		default:
			f.Kind = feature.POI
		}
	}
	if f.Category == "" {
		f.Category = map[feature.Kind]string{
			feature.Route: taxonomy.OtherRoute, feature.Notice: "notice.info",
		}[f.Kind]
		f.Category = cmp.Or(f.Category, taxonomy.Other)
	}
}

// own reads the members that have the record's names and types. A plain
// "address" is a text.
func own(f *feature.Feature, props map[string]json.RawMessage) error {
	for _, m := range []struct {
		name string
		into any
	}{
		{"kind", &f.Kind}, {"category", &f.Category}, {"names", &f.Names}, {"descriptions", &f.Descriptions},
		{"contact", &f.Contact}, {"address", &f.Address}, {"details", &f.Details}, {"media", &f.Media},
		{"valid", &f.Valid}, {"provenance", &f.Provenance}, {"opening_hours", &f.OpeningHours},
	} {
		raw := props[m.name]
		if len(raw) == 0 || string(raw) == "null" || (m.name == "address" && raw[0] == '"') {
			continue
		}
		err := json.Unmarshal(raw, m.into)
		var typ *json.UnmarshalTypeError
		switch {
		case errors.As(err, &typ):
			field := strings.TrimSuffix("properties."+m.name+"."+typ.Field, ".")
			return &feature.FieldError{Field: field, Problem: "must not be a JSON " + typ.Value}
		case err != nil:
			return &feature.FieldError{Field: "properties." + m.name, Problem: err.Error()}
		}
	}
	if c, ok := taxonomy.Lookup(f.Category); f.Category != "" && (!ok || c.ID == taxonomy.Group(c.ID)) {
		return &feature.FieldError{Field: "properties.category", Problem: fmt.Sprintf("%.80q is no category", f.Category)}
	}
	return nil
}
