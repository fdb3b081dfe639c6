// Package kml reads KML 2.0 to 2.3 (OGC 12-007r2, with the gx extensions of
// Google) and KMZ archives of it as features.
//
// Each Placemark becomes a POI or, of its lines and tracks, a route; areas are
// POIs. A MultiGeometry gives one object for each of its points, one for all of
// its lines and one for all of its areas. Folders only hold Placemarks together.
// Styles, views, times and overlays are ignored, HTML in descriptions is made
// plain. ExtendedData gives the plain properties that records.Plain knows, and
// details of the rest. Heights that are all 0 are none. Positions that are none
// are left out, with a warning; <gx:coord/> without one says that a device had no
// reception.
//
// Network links are never followed. Of a KMZ archive, each KML file is read, the
// first at the top before the others; pictures and the like are not. Placemarks'
// ids are not used: programs number them anew with each export.
//
// Calls may run concurrently. Memory is bounded by records.MaxFileBytes and
// zipped.MaxEntry.
package kml

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

const wanted = "Placemark with a position"

// Read reads a KML file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	p := &parser{all: records.NewCollector(opts)}
	if err := p.file(r, ""); err != nil {
		return nil, err
	}
	if p.links > 0 {
		p.all.Note("network links that were not followed: %d; import the files that they lead to", p.links)
	}
	return p.end()
}

// ReadKMZ reads an archive.
func ReadKMZ(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	archive, err := zipped.Open(raw)
	if err != nil {
		return nil, err
	}
	p := &parser{all: records.NewCollector(opts)}
	files := 0
	for _, inner := range []bool{false, true} { // those at the top first
		for _, f := range archive.Files() {
			if !strings.HasSuffix(strings.ToLower(f.Name), ".kml") || strings.Contains(f.Name, "/") != inner {
				continue
			}
			files++
			text, err := archive.Read(f, zipped.MaxEntry)
			if err != nil {
				return nil, err
			}
			if err := p.file(bytes.NewReader(text), f.Name); err != nil {
				return nil, fmt.Errorf("%.80q in the archive: %w", f.Name, err)
			}
		}
	}
	if files == 0 {
		return nil, records.Errorf(0, "there is no KML file in the archive")
	}
	if p.links > 0 {
		p.all.Note("network links that were not followed: %d; of this archive, all KML files were read: %d", p.links, files)
	}
	return p.end()
}

// parser is the state of one Read.
type parser struct {
	*xmlread.Reader
	all             *records.Collector
	inside          string // the file in the archive, or ""
	links, pictures int
}

func (p *parser) file(r io.Reader, inside string) error {
	p.Reader, p.inside = xmlread.New(r), inside
	if err := p.Root("kml", "KML"); err != nil {
		return err
	}
	return p.Children(p.element)
}

func (p *parser) end() (*records.File, error) {
	if p.pictures > 0 {
		p.all.Note("overlays that were not read, being pictures: %d", p.pictures)
	}
	file, err := p.all.Found(wanted)
	if err != nil {
		notes := p.all.File().Notes
		return nil, fmt.Errorf("%w%s", err, strings.Join(slices.Concat([]string{""}, notes), "; "))
	}
	return file, nil
}

// element reads what a document or folder holds.
func (p *parser) element(e xml.StartElement) error {
	switch e.Name.Local {
	case "Document", "Folder":
		return p.Children(p.element)
	case "Placemark":
		return p.placemark()
	case "NetworkLink":
		p.links++
	case "GroundOverlay", "ScreenOverlay", "PhotoOverlay":
		p.pictures++
	}
	return p.Skip()
}
