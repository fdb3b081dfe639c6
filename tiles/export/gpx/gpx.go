// Package gpx writes features as GPX 1.1 (https://www.topografix.com/GPX/1/1/)
// for other apps and devices.
//
// Routes become tracks with a segment for each line; places become waypoints, an
// area at a point inside it. Each carries its category's id as type and its
// provider, attribution and licence as src; the file's copyright names all
// attributions. Times are left out: a route is a plan, not a ride. The same
// features give the same bytes. Built into phones.
package gpx

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Options says how to write.
type Options struct {
	Name      string   // of the file
	Languages []string // of names and descriptions, the best first
}

// Write writes features that are valid, in their order but waypoints first, as
// the format wants.
func Write(w io.Writer, features []*feature.Feature, opts Options) error {
	x := &writer{w: bufio.NewWriter(w), opts: opts}
	x.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	x.raw(`<gpx version="1.1" creator="Pannier" xmlns="http://www.topografix.com/GPX/1/1">` + "\n")
	x.metadata(features)
	for _, f := range features {
		if !isTrack(f) {
			x.waypoint(f)
		}
	}
	for _, f := range features {
		if isTrack(f) {
			x.track(f)
		}
	}
	x.raw("</gpx>\n")
	if err := x.w.Flush(); err != nil {
		return fmt.Errorf("write GPX: %w", err)
	}
	return nil
}

func isTrack(f *feature.Feature) bool {
	return f.Geometry.Shape == feature.LineString || f.Geometry.Shape == feature.MultiLineString
}

// writer writes XML; bufio keeps the first error.
type writer struct {
	w    *bufio.Writer
	opts Options
}

func (x *writer) raw(s string) { _, _ = x.w.WriteString(s) }

// element writes an element with a text, unless the text is empty.
func (x *writer) element(name, text string) {
	if text == "" {
		return
	}
	x.raw("<" + name + ">")
	x.escaped(text)
	x.raw("</" + name + ">")
}

func (x *writer) escaped(s string) { _ = xml.EscapeText(x.w, []byte(s)) }

func (x *writer) metadata(features []*feature.Feature) {
	var owners, licences []string
	seen := map[string]bool{}
	once := func(list []string, s string) []string {
		if s == "" || seen[s] {
			return list
		}
		seen[s] = true
		return append(list, s)
	}
	for _, f := range features {
		owner := f.Provenance.Attribution
		if owner == "" {
			owner = f.Provenance.Provider
		}
		owners = once(owners, owner)
		licences = once(licences, f.Provenance.Licence)
	}
	x.raw("<metadata>")
	x.element("name", x.opts.Name)
	if len(owners) > 0 {
		x.raw(`<copyright author="`)
		x.escaped(strings.Join(owners, "; "))
		x.raw(`">`)
		if len(licences) == 1 {
			x.element("license", "https://spdx.org/licenses/"+licences[0]+".html")
		}
		x.raw("</copyright>")
	}
	x.raw("</metadata>\n")
}

// about writes what waypoints and tracks have in common, in the format's order.
func (x *writer) about(f *feature.Feature) {
	x.element("name", f.Name(x.opts.Languages...))
	x.element("desc", f.Description(x.opts.Languages...))
	x.element("src", credit(f.Provenance))
	if f.Contact != nil && f.Contact.Website != "" {
		x.raw(`<link href="`)
		x.escaped(f.Contact.Website)
		x.raw(`"/>`)
	}
	x.element("type", f.Category)
}

// credit returns "PROVIDER, ATTRIBUTION, LICENCE", without what is empty.
func credit(p feature.Provenance) string {
	var parts []string
	for _, s := range []string{p.Provider, p.Attribution, p.Licence} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func (x *writer) waypoint(f *feature.Feature) {
	l := feature.Line{Points: []cell.Point{f.Anchor()}}
	if f.Geometry.Shape == feature.Point {
		l = f.Geometry.Lines[0]
	}
	x.point("wpt", l, 0)
	x.about(f)
	x.raw("</wpt>\n")
}

func (x *writer) track(f *feature.Feature) {
	x.raw("<trk>")
	x.about(f)
	for _, l := range f.Geometry.Lines {
		x.raw("<trkseg>\n")
		for i := range l.Points {
			x.point("trkpt", l, i)
			x.raw("</trkpt>\n")
		}
		x.raw("</trkseg>")
	}
	x.raw("</trk>\n")
}

// point writes the beginning of a point, with its height.
func (x *writer) point(name string, l feature.Line, i int) {
	p := l.Points[i]
	x.raw("<" + name + ` lat="` + degrees(p.LatE7) + `" lon="` + degrees(p.LonE7) + `">`)
	if i < len(l.Heights) {
		x.element("ele", strconv.FormatFloat(float64(l.Heights[i])/10, 'f', -1, 64))
	}
}

func degrees(e7 int32) string { return strconv.FormatFloat(float64(e7)/1e7, 'f', -1, 64) }
