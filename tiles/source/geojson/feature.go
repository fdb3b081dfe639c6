package geojson

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// feature reads one Feature's members. An error is about the whole file.
func (p *parser) feature(line int, members map[string]json.RawMessage) error {
	p.count++
	f, id, err := p.record(members)
	if err != nil {
		p.reject(line, err)
		return nil
	}
	amends := f.Geometry.IsZero() || p.foreign(id)
	if amends && id == "" {
		p.reject(line, &feature.FieldError{Field: "geometry", Problem: "missing, and there is no id of an object to amend"})
		return nil
	}
	return p.all.Add(records.Item{Line: line, Feature: *f, Amends: amends}, p.where(), id)
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
	plain(f, props, p.all.Language())
	id, err = identity(members["id"], props["id"])
	if err != nil {
		return nil, "", err
	}
	if p.foreign(id) {
		f.ID = id
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

// mixed are members that have other types elsewhere.
var mixed = map[string]bool{
	"address": true, "season": true, "price": true, "accessibility": true, "services": true, "products": true, "links": true, "tour": true, "effect": true,
}

// own reads the members that have the record's names and types. Members that
// other programs fill with plain texts as well ("address", "price") are read
// only when they are objects or lists.
func own(f *feature.Feature, props map[string]json.RawMessage) error {
	for _, m := range []struct {
		name string
		into any
	}{
		{"kind", &f.Kind}, {"category", &f.Category}, {"names", &f.Names}, {"descriptions", &f.Descriptions},
		{"contact", &f.Contact}, {"address", &f.Address}, {"details", &f.Details}, {"media", &f.Media},
		{"valid", &f.Valid}, {"provenance", &f.Provenance}, {"opening_hours", &f.OpeningHours},
		{"season", &f.Season}, {"price", &f.Price}, {"accessibility", &f.Access}, {"services", &f.Services},
		{"products", &f.Products}, {"links", &f.Links}, {"tour", &f.Tour}, {"effect", &f.Effect},
	} {
		raw := props[m.name]
		if len(raw) == 0 || string(raw) == "null" || (mixed[m.name] && raw[0] != '{' && raw[0] != '[') {
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
	if f.Category != "" && !taxonomy.Usable(f.Category) {
		return &feature.FieldError{Field: "properties.category", Problem: fmt.Sprintf("%.80q is no category", f.Category)}
	}
	return nil
}
