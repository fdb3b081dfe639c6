package kml

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// shapes are what a placemark's geometry is made of.
type shapes struct {
	points, lines, rings []feature.Line
	polygons             []int // rings of each
	count                int   // of positions
	warnings             []string
}

// geometries returns a geometry for each point, one for the lines and one for
// the areas.
func (s *shapes) geometries() (all []feature.Geometry) {
	for _, l := range s.points {
		all = append(all, feature.Geometry{Shape: feature.Point, Lines: []feature.Line{heights(l)}})
	}
	for i := range s.lines {
		s.lines[i] = heights(s.lines[i])
	}
	if g := records.Course(s.lines); !g.IsZero() {
		all = append(all, g)
	} else if len(s.lines) > 0 {
		s.warn("a line needs at least two positions")
	}
	switch len(s.polygons) {
	case 0:
	case 1:
		all = append(all, feature.Geometry{Shape: feature.Polygon, Lines: s.rings})
	default:
		all = append(all, feature.Geometry{Shape: feature.MultiPolygon, Lines: s.rings, Rings: s.polygons})
	}
	return all
}

// heights drops heights that only some positions have, or that are all 0, as
// programs write them for what lies on the ground.
func heights(l feature.Line) feature.Line {
	ground := true
	for _, h := range l.Heights {
		ground = ground && h == 0
	}
	if ground || len(l.Heights) != len(l.Points) {
		l.Heights = nil
	}
	return l
}

func (s *shapes) warn(format string, args ...any) {
	if len(s.warnings) <= records.MaxWarnings {
		s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
	}
}

// shape reads a geometry to its end.
func (p *parser) shape(e xml.StartElement, s *shapes) error {
	switch e.Name.Local {
	case "MultiGeometry", "MultiTrack":
		return p.Children(func(e xml.StartElement) error { return p.shape(e, s) })
	case "Point":
		l, err := p.positions(s)
		if err == nil && len(l.Points) > 0 {
			s.points = append(s.points, l)
		}
		return err
	case "LineString", "LinearRing":
		l, err := p.positions(s)
		s.lines = append(s.lines, l)
		return err
	case "Track":
		var l feature.Line
		err := p.Children(func(e xml.StartElement) error {
			if e.Name.Local != "coord" {
				return p.Skip()
			}
			at := p.Line()
			var text string
			if err := p.Text(&text); err != nil || text == "" {
				return err
			}
			return p.position(strings.Fields(text), at, &l, s)
		})
		s.lines = append(s.lines, l)
		return err
	case "Polygon":
		return p.polygon(s)
	}
	return p.Skip()
}

// polygon reads an area, its outer ring first. One with a bad ring is left out.
func (p *parser) polygon(s *shapes) error {
	var outer, inner []feature.Line
	err := p.Children(func(e xml.StartElement) error {
		into := &inner
		switch e.Name.Local {
		case "outerBoundaryIs":
			into = &outer
		case "innerBoundaryIs":
		default:
			return p.Skip()
		}
		return p.Children(func(e xml.StartElement) error {
			if e.Name.Local != "LinearRing" {
				return p.Skip()
			}
			l, err := p.positions(s)
			*into = append(*into, closed(heights(l)))
			return err
		})
	})
	if err != nil {
		return err
	}
	if len(outer) != 1 || len(outer[0].Points) < 4 {
		s.warn("line %d: an area needs one outer ring of at least three positions; it is left out", p.Line())
		return nil
	}
	rings := outer
	for _, l := range inner {
		if len(l.Points) < 4 {
			s.warn("line %d: a hole needs at least three positions; it is left out", p.Line())
			continue
		}
		rings = append(rings, l)
	}
	s.rings, s.polygons = append(s.rings, rings...), append(s.polygons, len(rings))
	return nil
}

// closed lets a ring end where it begins.
func closed(l feature.Line) feature.Line {
	if n := len(l.Points); n > 0 && l.Points[0] != l.Points[n-1] {
		l.Points = append(l.Points, l.Points[0])
		if l.Heights != nil {
			l.Heights = append(l.Heights, l.Heights[0])
		}
	}
	return l
}

// positions reads a geometry's coordinates: "longitude,latitude[,height]",
// divided by spaces.
func (p *parser) positions(s *shapes) (l feature.Line, err error) {
	err = p.Children(func(e xml.StartElement) error {
		if e.Name.Local != "coordinates" {
			return p.Skip()
		}
		at := p.Line()
		var text string
		if err := p.Text(&text); err != nil {
			return err
		}
		if strings.Contains(text, ", ") || strings.Contains(text, " ,") {
			text = strings.NewReplacer(" ,", ",", ", ", ",").Replace(text) // not allowed, but written
		}
		for tuple := range strings.FieldsSeq(text) {
			if err := p.position(strings.Split(strings.Trim(tuple, ","), ","), at, &l, s); err != nil {
				return err
			}
		}
		return nil
	})
	return l, err
}

// position appends one position to l, or warns.
func (p *parser) position(parts []string, line int, l *feature.Line, s *shapes) error {
	if s.count++; s.count > feature.MaxPoints {
		return records.Errorf(line, "more than %d positions in one <Placemark>", feature.MaxPoints)
	}
	var v [3]float64
	for i := range min(len(parts), 3) {
		n, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			s.warn("line %d: %.40q is no position; it is left out", line, strings.Join(parts, ","))
			return nil
		}
		v[i] = n
	}
	if len(parts) < 2 {
		s.warn("line %d: %.40q is no position; it is left out", line, strings.Join(parts, ","))
		return nil
	}
	hasHeight := len(parts) > 2 && math.Abs(v[2]) <= feature.MaxHeight
	if problem := l.Add(v[0], v[1], v[2], hasHeight); problem != "" {
		s.warn("line %d: %s; the position is left out", line, problem)
	}
	return nil
}
