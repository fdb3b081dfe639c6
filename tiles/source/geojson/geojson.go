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
	"github.com/pannier-maps/pannier/tiles/source/jsonread"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Read reads a file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	p := &parser{Reader: jsonread.New(raw), opts: opts, all: records.NewCollector(opts)}
	for {
		p.Start()
		token, err := p.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, p.Explain(err)
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
	*jsonread.Reader
	opts    records.Options
	all     *records.Collector
	objects int // at the top
	count   int // of features
}

// object reads the rest of an object at the top: a collection, whose features
// are read one by one, or a Feature.
func (p *parser) object() error {
	p.objects++
	line := p.Line()
	members := map[string]json.RawMessage{}
	collection := false
	for p.More() {
		token, err := p.Token()
		if err != nil {
			return p.Explain(err)
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
		if err := p.Decode(&value); err != nil {
			return p.Explain(err)
		}
		members[name] = value
	}
	if _, err := p.Token(); err != nil {
		return p.Explain(err)
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
	token, err := p.Token()
	if err != nil {
		return p.Explain(err)
	}
	if token != json.Delim('[') {
		return &records.Error{Err: &feature.FieldError{Field: "features", Problem: "must be an array"}}
	}
	for p.More() {
		line := p.Line()
		var members map[string]json.RawMessage
		err := p.Decode(&members)
		var typ *json.UnmarshalTypeError
		switch {
		case errors.As(err, &typ):
			p.count++
			p.reject(line, &feature.FieldError{Field: "type", Problem: "must be an object, not a JSON " + typ.Value})
		case err != nil:
			return p.Explain(err)
		default:
			if err := p.feature(line, members); err != nil {
				return err
			}
		}
	}
	if _, err := p.Token(); err != nil {
		return p.Explain(err)
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
