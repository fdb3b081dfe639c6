// Package geojson reads GeoJSON (RFC 7946) as features: a FeatureCollection, one
// Feature, or Features one after the other (newline-delimited, RFC 8142).
//
// Properties may be the record's own members (tiles/feature/FORMAT.md) or plain
// ones: name, name:de, description, website, phone, email, addr:street …,
// opening_hours and tags of OpenStreetMap such as amenity=cafe, which give the
// category through tiles/taxonomy and the known details. The record's own win;
// properties that mean nothing here are ignored.
//
// Ids. A Feature's id (or properties.id) is that of the source, and the record's
// is SOURCE/ID. Without one it is made of kind, names and geometry
// (feature.ContentID): such a feature becomes another when these change. An id
// that names an object of another collection ("osm/node/123"; see
// Options.Collections) makes an amendment; so does a feature without a geometry.
// An amendment holds only the members given; whoever merges it with its object
// (feature.Merge) validates the result. All others are complete and valid.
//
// Errors are *Error, wrap feature.ErrInvalid and name the feature, counted from
// 1, and the member, or the line and byte of a syntax error. Calls may run
// concurrently; memory is bounded by MaxFileBytes.
package geojson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of a file.
const (
	MaxFileBytes = 64 << 20
	MaxFeatures  = 200_000
)

// Error says what is wrong, and where.
type Error struct {
	Feature int   // counted from 1; 0 when it is none's
	Line    int   // of a syntax error, counted from 1; else 0
	Offset  int64 // of a syntax error, in bytes
	Err     error // often a *feature.FieldError
}

// Error returns "feature FEATURE, FIELD: PROBLEM" or "line LINE (byte OFFSET): PROBLEM".
func (e *Error) Error() string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("line %d (byte %d): %v", e.Line, e.Offset, e.Err)
	case e.Feature > 0:
		return fmt.Sprintf("feature %d, %v", e.Feature, e.Err)
	}
	return e.Err.Error()
}

// Unwrap returns the cause and feature.ErrInvalid.
func (e *Error) Unwrap() []error { return []error{e.Err, feature.ErrInvalid} }

// Options says what a file does not.
type Options struct {
	Source      string   // name of the collection, and first part of ids
	Provider    string   // wins over what the file says
	Licence     string   // where the file says nothing
	Attribution string   // where the file says nothing
	Collections []string // that amendments may change, beside "osm"
}

// File is what a file holds, each in its order.
type File struct {
	Features   []feature.Feature // complete and valid
	Amendments []feature.Feature // some members of other objects
}

// Read reads a file.
func Read(r io.Reader, opts Options) (*File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read GeoJSON: %w", err)
	}
	if len(raw) > MaxFileBytes {
		return nil, &Error{Err: fmt.Errorf("the file is larger than %d MiB", MaxFileBytes>>20)}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	raw = bytes.ReplaceAll(raw, []byte{0x1e}, []byte{' '}) // RFC 8142 puts it before each text
	p := &parser{raw: raw, d: json.NewDecoder(bytes.NewReader(raw)), opts: opts, seen: map[string]bool{}}
	for {
		p.start = p.d.InputOffset()
		token, err := p.d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, p.syntax(err)
		}
		if token != json.Delim('{') {
			return nil, &Error{Err: errors.New("not GeoJSON: it does not begin with {")}
		}
		if err := p.object(); err != nil {
			return nil, err
		}
	}
	if p.objects == 0 {
		return nil, &Error{Err: errors.New("the file is empty")}
	}
	return &p.file, nil
}

// parser is the state of one Read.
type parser struct {
	raw     []byte
	d       *json.Decoder
	opts    Options
	start   int64 // of the object in hand
	objects int   // at the top
	count   int   // of features
	seen    map[string]bool
	file    File
}

// syntax says where the JSON is broken. The decoder counts only some bytes, so
// the object is scanned again.
func (p *parser) syntax(err error) error {
	var whole json.RawMessage
	var broken *json.SyntaxError
	if again := json.Unmarshal(p.raw[p.start:], &whole); errors.As(again, &broken) {
		end := min(p.start+broken.Offset, int64(len(p.raw)))
		return &Error{Line: 1 + bytes.Count(p.raw[:end], []byte{'\n'}), Offset: end, Err: fmt.Errorf("not JSON: %w", broken)}
	}
	return &Error{Err: fmt.Errorf("not JSON: %w", err)}
}

// object reads the rest of an object at the top: a collection, whose features
// are read one by one, or a Feature.
func (p *parser) object() error {
	p.objects++
	members := map[string]json.RawMessage{}
	collection := false
	for p.d.More() {
		token, err := p.d.Token()
		if err != nil {
			return p.syntax(err)
		}
		name, _ := token.(string)
		if name == "features" {
			collection = true
			if err := p.features(); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := p.d.Decode(&value); err != nil {
			return p.syntax(err)
		}
		members[name] = value
	}
	if _, err := p.d.Token(); err != nil {
		return p.syntax(err)
	}
	if problem := checkSystem(members["crs"]); problem != nil {
		return &Error{Err: problem}
	}
	kind, err := text(members["type"])
	switch {
	case collection && (err != nil || kind != "FeatureCollection"):
		return &Error{Err: &feature.FieldError{Field: "type", Problem: "must be FeatureCollection where there are features"}}
	case collection:
		return nil
	case kind == "FeatureCollection":
		return &Error{Err: &feature.FieldError{Field: "features", Problem: "missing"}}
	}
	return p.feature(members)
}

// features reads the array of a collection.
func (p *parser) features() error {
	token, err := p.d.Token()
	if err != nil {
		return p.syntax(err)
	}
	if token != json.Delim('[') {
		return &Error{Err: &feature.FieldError{Field: "features", Problem: "must be an array"}}
	}
	for p.d.More() {
		var members map[string]json.RawMessage
		if err := p.d.Decode(&members); err != nil {
			var typ *json.UnmarshalTypeError
			if errors.As(err, &typ) {
				return &Error{Feature: p.count + 1, Err: &feature.FieldError{Field: "type", Problem: "must be an object, not a JSON " + typ.Value}}
			}
			return p.syntax(err)
		}
		if err := p.feature(members); err != nil {
			return err
		}
	}
	if _, err := p.d.Token(); err != nil {
		return p.syntax(err)
	}
	return nil
}

// checkSystem refuses coordinates that are not WGS 84; GeoJSON of 2008 could
// name others.
func checkSystem(crs json.RawMessage) error {
	name := string(crs)
	if name == "" || name == "null" || bytes.Contains(crs, []byte("CRS84")) || bytes.Contains(crs, []byte("4326")) {
		return nil
	}
	return &feature.FieldError{Field: "crs", Problem: fmt.Sprintf("only WGS 84 can be read, not %.120s", name)}
}
