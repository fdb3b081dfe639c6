// Package gpx reads GPX files (https://www.topografix.com/GPX/1/1/) as features.
//
// Each trk and each rte becomes a route, its segments lines; each wpt becomes a
// POI. Versions 1.0 and 1.1 are read alike, whatever the namespace, with or
// without an XML declaration or a byte order mark, in UTF-8, UTF-16 or a common
// 8-bit encoding. Extensions, times and segments of a single point are left out.
// Heights that are no number count as missing, and a line keeps its heights only
// when all its points have one.
//
// A file is read in one pass: only the features are kept. Errors are *LineError,
// wrap feature.ErrInvalid and name the line, but ErrEmpty. Calls may run
// concurrently.
package gpx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Limits of a file.
const (
	MaxFileBytes = 64 << 20
	MaxFeatures  = 100_000
)

// ErrEmpty is returned for a GPX file in which there is nothing to show.
var ErrEmpty = errors.New("the GPX file has no waypoint and no route or track of two or more points")

// LineError says what is wrong, and where.
type LineError struct {
	Line    int
	Problem string
}

// Error returns "line LINE: PROBLEM".
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Problem) }

// Unwrap returns feature.ErrInvalid.
func (e *LineError) Unwrap() error { return feature.ErrInvalid }

// Options says what a file does not.
type Options struct {
	Source      string // name of the collection, and first part of ids
	Provider    string
	Licence     string
	Attribution string
	Language    string // of names and descriptions; empty: feature.Und
}

// Read reads a GPX file. Ids are made of content (feature.ContentID); what comes
// twice is kept once.
func Read(r io.Reader, opts Options) ([]feature.Feature, error) {
	text := &limited{r: r, left: MaxFileBytes}
	decoder := xml.NewDecoder(plain(text))
	decoder.CharsetReader = charset
	p := &parser{d: decoder, opts: opts, seen: map[string]bool{}}
	if err := p.file(); err != nil {
		if text.err != nil {
			return nil, fmt.Errorf("read GPX: %w", text.err)
		}
		return nil, err
	}
	if len(p.features) == 0 {
		return nil, ErrEmpty
	}
	return p.features, nil
}

// parser is the state of one Read.
type parser struct {
	d        *xml.Decoder
	opts     Options
	title    string // of the file
	features []feature.Feature
	seen     map[string]bool // ids
}

func (p *parser) fail(format string, args ...any) error {
	line, _ := p.d.InputPos()
	return &LineError{line, fmt.Sprintf(format, args...)}
}

// explain turns an error of encoding/xml into one with a line.
func (p *parser) explain(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &LineError{syntax.Line, "not well-formed XML: " + syntax.Msg}
	case err == io.EOF:
		return p.fail("the file ends too early")
	}
	return p.fail("%v", err)
}

// file reads the document.
func (p *parser) file() error {
	for {
		token, err := p.d.Token()
		if err == io.EOF {
			return p.fail("not a GPX file: it has no content")
		}
		if err != nil {
			return p.explain(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != "gpx" {
			return p.fail("not a GPX file: it begins with <%.40s>", start.Name.Local)
		}
		return p.children(p.top)
	}
}

// children calls element for each element in the current one, up to its end;
// element must read to the end of its own.
func (p *parser) children(element func(xml.StartElement) error) error {
	for {
		token, err := p.d.Token()
		if err != nil {
			return p.explain(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := element(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (p *parser) top(start xml.StartElement) error {
	line, _ := p.d.InputPos()
	switch start.Name.Local {
	case "metadata":
		return p.children(func(e xml.StartElement) error {
			if e.Name.Local == "name" {
				return p.text(&p.title)
			}
			return p.skip()
		})
	case "name":
		return p.text(&p.title)
	case "wpt":
		return p.waypoint(start, line)
	case "rte", "trk":
		return p.course(line)
	}
	return p.skip()
}

func (p *parser) skip() error {
	if err := p.d.Skip(); err != nil {
		return p.explain(err)
	}
	return nil
}

// text reads the text of the current element.
func (p *parser) text(into *string) error {
	var all []byte
	for {
		token, err := p.d.Token()
		if err != nil {
			return p.explain(err)
		}
		switch t := token.(type) {
		case xml.CharData:
			all = append(all, t...)
		case xml.StartElement:
			if err := p.skip(); err != nil {
				return err
			}
		case xml.EndElement:
			*into = string(all)
			return nil
		}
	}
}

// add completes a feature and keeps it.
func (p *parser) add(f feature.Feature, line int) error {
	if len(p.features) == MaxFeatures {
		return p.fail("more than %d waypoints, routes and tracks", MaxFeatures)
	}
	f.Collection = p.opts.Source
	f.Provenance = feature.Provenance{Provider: p.opts.Provider, Licence: p.opts.Licence, Attribution: p.opts.Attribution}
	f.ID = feature.ContentID(p.opts.Source, &f)
	if p.seen[f.ID] {
		return nil
	}
	if err := f.Validate(); err != nil {
		return &LineError{line, err.Error()}
	}
	p.seen[f.ID] = true
	p.features = append(p.features, f)
	return nil
}

func (p *parser) waypoint(start xml.StartElement, line int) error {
	var l feature.Line
	about, err := p.point(start, &l)
	if err != nil {
		return err
	}
	f := about.feature(p.opts.Language)
	f.Kind, f.Geometry = feature.POI, feature.Geometry{Shape: feature.Point, Lines: []feature.Line{l}}
	f.Category = placeCategory(about)
	return p.add(f, line)
}

// course reads a track, or a route: a track of one segment.
func (p *parser) course(line int) error {
	var about about
	var lines []feature.Line
	var route feature.Line
	err := p.children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "rtept":
			_, err := p.point(e, &route)
			return err
		case "trkseg":
			var segment feature.Line
			err := p.children(func(e xml.StartElement) error {
				if e.Name.Local != "trkpt" {
					return p.skip()
				}
				_, err := p.point(e, &segment)
				return err
			})
			lines = append(lines, segment)
			return err
		}
		return p.about(e, &about)
	})
	if err != nil {
		return err
	}
	f := about.feature(p.opts.Language)
	var whole []feature.Line
	metres := 0.0
	for _, l := range append(lines, route) {
		if len(l.Points) < 2 {
			continue
		}
		if len(l.Heights) != len(l.Points) {
			l.Heights = nil
		}
		metres += feature.Length(l.Points)
		whole = append(whole, l)
	}
	if len(whole) == 0 {
		return nil
	}
	f.Kind, f.Geometry, f.Category = feature.Route, feature.Along(whole...), routeCategory(about)
	f.Details = map[string]string{"distance": strconv.FormatFloat(metres/1000, 'f', 1, 64)}
	if len(f.Names) == 0 && p.title != "" {
		about.name = p.title
		f.Names = about.feature(p.opts.Language).Names
	}
	return p.add(f, line)
}

// placeCategory and routeCategory read type, a category's id or a word, and the
// symbol.
func placeCategory(a about) string {
	if c, ok := taxonomy.Lookup(a.kind); ok && taxonomy.Group(c.ID) != c.ID {
		return c.ID
	}
	for _, word := range []string{a.symbol, a.kind} {
		if id := symbols[fold(word)]; id != "" {
			return id
		}
	}
	return taxonomy.Other
}

func routeCategory(a about) string {
	if c, ok := taxonomy.Lookup(a.kind); ok && taxonomy.Group(c.ID) == "route" && c.ID != "route" {
		return c.ID
	}
	if id := activities[fold(a.kind)]; id != "" {
		return id
	}
	return taxonomy.OtherRoute
}
