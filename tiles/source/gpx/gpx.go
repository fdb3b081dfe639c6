// Package gpx reads GPX files (https://www.topografix.com/GPX/1/1/) as features.
//
// Each trk and each rte becomes a route, its segments lines; each wpt becomes a
// POI. Versions 1.0 and 1.1 are read alike, whatever the namespace, with or
// without an XML declaration or a byte order mark, in UTF-8, UTF-16 or a common
// 8-bit encoding. Extensions, times and segments of a single point are left out, and so are
// positions that are none, with a warning.
// Heights that are no number count as missing, and a line keeps its heights only
// when all its points have one.
//
// A file is read in one pass: only the features are kept. Calls may run
// concurrently.
package gpx

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// ErrEmpty is returned for a GPX file in which there is nothing to show.
var ErrEmpty = fmt.Errorf("%w: it has no waypoint and no route or track of two or more points", records.ErrEmpty)

// Read reads a GPX file. Its objects have no ids of their own.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	p := &parser{Reader: xmlread.New(r), all: records.NewCollector(opts)}
	if err := p.Root("gpx", "GPX"); err != nil {
		return nil, err
	}
	if err := p.Children(p.top); err != nil {
		return nil, err
	}
	file := p.all.File()
	if len(file.Items)+len(file.Rejected) == 0 {
		return nil, ErrEmpty
	}
	return file, nil
}

// parser is the state of one Read.
type parser struct {
	*xmlread.Reader
	all   *records.Collector
	title string // of the file
}

func (p *parser) top(start xml.StartElement) error {
	switch start.Name.Local {
	case "metadata":
		return p.Children(func(e xml.StartElement) error {
			if e.Name.Local == "name" {
				return p.Text(&p.title)
			}
			return p.Skip()
		})
	case "name":
		return p.Text(&p.title)
	case "wpt":
		return p.waypoint(start)
	case "rte", "trk":
		return p.course(start)
	}
	return p.Skip()
}

func (p *parser) waypoint(start xml.StartElement) error {
	line := p.Line()
	var l feature.Line
	about, problem, err := p.point(start, &l)
	if err != nil {
		return err
	}
	if problem != "" {
		p.all.Reject(line, where(start, about.name), problem)
		return nil
	}
	f := about.feature(p.all.Language())
	f.Geometry = feature.Geometry{Shape: feature.Point, Lines: []feature.Line{l}}
	f.Category = placeCategory(about)
	return p.all.Add(records.Item{Line: line, Feature: f}, where(start, about.name), "")
}

// where names an element in reports.
func where(e xml.StartElement, name string) string {
	if name == "" {
		return "<" + e.Name.Local + ">"
	}
	return fmt.Sprintf("<%s> %.60q", e.Name.Local, name)
}

// course reads a track, or a route: a track of one segment.
func (p *parser) course(start xml.StartElement) error {
	line := p.Line()
	var about about
	var lines []feature.Line
	var route feature.Line
	var warnings []string
	add := func(e xml.StartElement, l *feature.Line) error {
		at := p.Line()
		_, problem, err := p.point(e, l)
		if problem != "" {
			warnings = append(warnings, fmt.Sprintf("line %d: %s; the point is left out", at, problem))
		}
		return err
	}
	err := p.Children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "rtept":
			return add(e, &route)
		case "trkseg":
			var segment feature.Line
			err := p.Children(func(e xml.StartElement) error {
				if e.Name.Local != "trkpt" {
					return p.Skip()
				}
				return add(e, &segment)
			})
			lines = append(lines, segment)
			return err
		}
		return p.about(e, &about)
	})
	if err != nil {
		return err
	}
	f := about.feature(p.all.Language())
	f.Geometry = records.Course(append(lines, route))
	if f.Geometry.IsZero() {
		if len(warnings) > 0 {
			p.all.Reject(line, where(start, about.name), "fewer than two of its points can be read: "+warnings[0])
		}
		return nil
	}
	f.Category = routeCategory(about)
	f.Details = map[string]string{"distance": records.Distance(f.Geometry)}
	if len(f.Names) == 0 {
		f.Names = records.Name(p.all.Language(), p.title)
	}
	return p.all.Add(records.Item{Line: line, Feature: f, Warnings: warnings}, where(start, about.name), "")
}

// placeCategory and routeCategory read type, a category's id or a word, and the
// symbol.
func placeCategory(a about) string {
	if taxonomy.Usable(a.kind) {
		return a.kind
	}
	for _, word := range []string{a.symbol, a.kind} {
		if id := symbols[fold(word)]; id != "" {
			return id
		}
	}
	return ""
}

func routeCategory(a about) string {
	if taxonomy.Usable(a.kind) && taxonomy.Group(a.kind) == "route" {
		return a.kind
	}
	return records.Activity(a.kind)
}
