// Package geojson reads GeoJSON (RFC 7946) as features: a FeatureCollection, one
// Feature, or Features one after the other (newline-delimited, RFC 8142).
//
// Properties may be the record's own members (tiles/feature/FORMAT.md) or plain
// ones: name, name:de, description, website, phone, email, addr:street …,
// opening_hours and tags of OpenStreetMap such as amenity=cafe, which give the
// category through tiles/taxonomy and the known details. The record's own win;
// properties that mean nothing here are ignored.
//
// A Feature's id (or properties.id) is that of the source. An id
// that names an object of another collection ("osm/node/123"; see
// records.Options) makes an amendment; so does a feature without a geometry.
// An amendment holds only the members given; whoever merges it with its object
// (feature.Merge) validates the result.
//
// Features that cannot be read are rejected and named by their number, from 1,
// and the member. An error for the file names the line and byte of a syntax
// error. Calls may run concurrently; memory is bounded by records.MaxFileBytes.
package geojson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Read reads a file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	raw = bytes.ReplaceAll(raw, []byte{0x1e}, []byte{' '}) // RFC 8142 puts it before each text
	p := &parser{raw: raw, d: json.NewDecoder(bytes.NewReader(raw)), opts: opts, all: records.NewCollector(opts), line: 1}
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
			return nil, records.Errorf(0, "not GeoJSON: it does not begin with {")
		}
		if err := p.object(); err != nil {
			return nil, err
		}
	}
	if p.objects == 0 {
		return nil, records.Errorf(0, "the file is empty")
	}
	return p.all.File(), nil
}

// parser is the state of one Read.
type parser struct {
	raw     []byte
	d       *json.Decoder
	opts    records.Options
	all     *records.Collector
	start   int64 // of the object in hand
	objects int   // at the top
	count   int   // of features
	line    int   // at byte counted
	counted int64
}

// here returns the line that the decoder has come to. It skips the spaces before
// what comes next.
func (p *parser) here() int {
	at := p.d.InputOffset()
	for at < int64(len(p.raw)) && bytes.IndexByte([]byte(" \t\r\n,"), p.raw[at]) >= 0 {
		at++
	}
	if at > p.counted {
		p.line += bytes.Count(p.raw[p.counted:at], []byte{'\n'})
		p.counted = at
	}
	return p.line
}

// syntax says where the JSON is broken. The decoder counts only some bytes, so
// the object is scanned again.
func (p *parser) syntax(err error) error {
	var whole json.RawMessage
	var broken *json.SyntaxError
	if again := json.Unmarshal(p.raw[p.start:], &whole); errors.As(again, &broken) {
		end := min(p.start+broken.Offset, int64(len(p.raw)))
		line := 1 + bytes.Count(p.raw[:end], []byte{'\n'})
		return &records.Error{Line: line, Where: fmt.Sprintf("byte %d", end), Err: fmt.Errorf("not JSON: %w", broken)}
	}
	return records.Errorf(0, "not JSON: %w", err)
}

// object reads the rest of an object at the top: a collection, whose features
// are read one by one, or a Feature.
func (p *parser) object() error {
	p.objects++
	line := p.here()
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
		return &records.Error{Err: problem}
	}
	kind, err := text(members["type"])
	switch {
	case collection && (err != nil || kind != "FeatureCollection"):
		return &records.Error{Err: &feature.FieldError{Field: "type", Problem: "must be FeatureCollection where there are features"}}
	case collection:
		return nil
	case kind == "FeatureCollection":
		return &records.Error{Err: &feature.FieldError{Field: "features", Problem: "missing"}}
	case kind != "Feature" && p.objects == 1:
		return &records.Error{Err: &feature.FieldError{Field: "type", Problem: fmt.Sprintf("%.40q is not Feature or FeatureCollection", kind)}}
	}
	return p.feature(line, members)
}

// features reads the array of a collection.
func (p *parser) features() error {
	token, err := p.d.Token()
	if err != nil {
		return p.syntax(err)
	}
	if token != json.Delim('[') {
		return &records.Error{Err: &feature.FieldError{Field: "features", Problem: "must be an array"}}
	}
	for p.d.More() {
		line := p.here()
		var members map[string]json.RawMessage
		err := p.d.Decode(&members)
		var typ *json.UnmarshalTypeError
		switch {
		case errors.As(err, &typ):
			p.count++
			p.reject(line, &feature.FieldError{Field: "type", Problem: "must be an object, not a JSON " + typ.Value})
		case err != nil:
			return p.syntax(err)
		default:
			if err := p.feature(line, members); err != nil {
				return err
			}
		}
	}
	if _, err := p.d.Token(); err != nil {
		return p.syntax(err)
	}
	return nil
}

func (p *parser) reject(line int, err error) {
	p.all.Reject(line, p.where(), err.Error())
}

// where names the feature in hand.
func (p *parser) where() string { return fmt.Sprintf("feature %d", p.count) }

// checkSystem refuses coordinates that are not WGS 84; GeoJSON of 2008 could
// name others.
func checkSystem(crs json.RawMessage) error {
	name := string(crs)
	if name == "" || name == "null" || bytes.Contains(crs, []byte("CRS84")) || bytes.Contains(crs, []byte("4326")) {
		return nil
	}
	return &feature.FieldError{Field: "crs", Problem: fmt.Sprintf("only WGS 84 can be read, not %.120s", name)}
}
