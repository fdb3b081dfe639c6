// Package tcx reads Garmin's Training Center files (TrainingCenterDatabase v2)
// as features.
//
// Each activity and each course becomes a route. Its laps are joined; further
// tracks within a lap begin where a device was stopped, and are lines of their
// own. Points of a course that are places (water, food, a summit, first aid)
// become POIs, the others (turns) waypoints of the route. Times, heart rates and
// the like are left out; positions that are none are, too, with a warning.
//
// An activity's id is that of the file; a course has none. Calls may run
// concurrently.
package tcx

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
)

// Read reads a TCX file.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	p := &parser{Reader: xmlread.New(r), all: records.NewCollector(opts)}
	if err := p.Root("TrainingCenterDatabase", "TCX"); err != nil {
		return nil, err
	}
	if err := p.Children(p.element); err != nil {
		return nil, err
	}
	return p.all.Found("activity or course of two or more positions")
}

// parser is the state of one Read.
type parser struct {
	*xmlread.Reader
	all *records.Collector
}

// element finds activities and courses, in whatever holds them.
func (p *parser) element(e xml.StartElement) error {
	switch e.Name.Local {
	case "Activities", "Courses", "MultiSportSession", "FirstSport", "NextSport":
		return p.Children(p.element)
	case "Activity", "Course":
		return p.course(e)
	}
	return p.Skip()
}

// course is what one says of itself.
type course struct {
	id, name, notes string
	lines           []feature.Line
	places          []place
	warnings        []string
}

// place is a point of a course.
type place struct {
	line              int
	name, kind, notes string
	at                feature.Line
}

func (p *parser) course(e xml.StartElement) error {
	line := p.Line()
	var c course
	err := p.Children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "Id":
			return p.Text(&c.id)
		case "Name":
			return p.Text(&c.name)
		case "Notes":
			return p.Text(&c.notes)
		case "Lap":
			first := true
			return p.Children(func(e xml.StartElement) error {
				if e.Name.Local != "Track" {
					return p.Skip()
				}
				join := first
				first = false
				return p.track(&c, join)
			})
		case "Track":
			return p.track(&c, false)
		case "CoursePoint":
			return p.place(&c)
		}
		return p.Skip()
	})
	if err != nil {
		return err
	}
	return p.add(line, e, &c)
}

func (p *parser) add(line int, e xml.StartElement, c *course) error {
	language := p.all.Language()
	where := "<" + e.Name.Local + ">"
	if c.name != "" {
		where += fmt.Sprintf(" %.60q", c.name)
	}
	f := feature.Feature{
		Kind: feature.Route, Category: records.Activity(xmlread.Attribute(e, "Sport")),
		Geometry: records.Course(c.lines), Names: records.Name(language, c.name), Descriptions: records.Description(language, c.notes),
	}
	if f.Geometry.IsZero() {
		if len(c.warnings) > 0 {
			p.all.Reject(line, where, "fewer than two of its positions can be read: "+c.warnings[0])
		}
		return nil
	}
	records.Detail(&f, "distance", records.Distance(f.Geometry))
	var pois []records.Item
	for _, one := range c.places {
		g := feature.Geometry{Shape: feature.Point, Lines: []feature.Line{one.at}}
		if category := records.CoursePlace(one.kind); category != "" {
			pois = append(pois, records.Item{Line: one.line, Feature: feature.Feature{
				Category: category, Geometry: g, Names: records.Name(language, one.name), Descriptions: records.Description(language, one.notes),
			}})
			continue
		}
		if f.Tour == nil {
			f.Tour = new(feature.Tour)
		}
		if len(f.Tour.Waypoints) < feature.MaxWaypoints {
			f.Tour.Waypoints = append(f.Tour.Waypoints, feature.Waypoint{Position: g, Names: records.Name(language, one.name)})
		}
	}
	if err := p.all.Add(records.Item{Line: line, Feature: f, Warnings: c.warnings}, where, c.id); err != nil {
		return err
	}
	for _, item := range pois {
		if err := p.all.Add(item, "<CoursePoint>", ""); err != nil {
			return err
		}
	}
	return nil
}

// track reads a track, as the end of the last line when it joins that.
func (p *parser) track(c *course, join bool) error {
	if !join || len(c.lines) == 0 {
		c.lines = append(c.lines, feature.Line{})
	}
	l := &c.lines[len(c.lines)-1]
	return p.Children(func(e xml.StartElement) error {
		if e.Name.Local != "Trackpoint" {
			return p.Skip()
		}
		line := p.Line()
		var at position
		if err := p.Children(func(e xml.StartElement) error { return p.position(e, &at) }); err != nil {
			return err
		}
		if len(l.Points) == feature.MaxPoints {
			return p.Failf("more than %d points in a line", feature.MaxPoints)
		}
		if problem := at.add(l); problem != "" && len(c.warnings) <= records.MaxWarnings {
			c.warnings = append(c.warnings, fmt.Sprintf("line %d: %s; the point is left out", line, problem))
		}
		return nil
	})
}

func (p *parser) place(c *course) error {
	one := place{line: p.Line()}
	var at position
	err := p.Children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "Name":
			return p.Text(&one.name)
		case "PointType":
			return p.Text(&one.kind)
		case "Notes":
			return p.Text(&one.notes)
		}
		return p.position(e, &at)
	})
	if err != nil {
		return err
	}
	if at == (position{}) {
		return nil
	}
	if problem := at.add(&one.at); problem != "" {
		p.all.Reject(one.line, "<CoursePoint>", problem)
		return nil
	}
	if len(c.places) < records.MaxItems {
		c.places = append(c.places, one)
	}
	return nil
}

// position is where a point lies, as texts.
type position struct{ lat, lon, height string }

// position reads an element of a point.
func (p *parser) position(e xml.StartElement, at *position) error {
	switch e.Name.Local {
	case "Position":
		return p.Children(func(e xml.StartElement) error { return p.position(e, at) })
	case "LatitudeDegrees":
		return p.Text(&at.lat)
	case "LongitudeDegrees":
		return p.Text(&at.lon)
	case "AltitudeMeters":
		return p.Text(&at.height)
	}
	return p.Skip()
}

// add appends the position to l and returns what is wrong with it, or "". A
// point without a position, as devices write when they have no reception, is
// none.
func (at position) add(l *feature.Line) string {
	if at.lat == "" && at.lon == "" {
		return ""
	}
	lat, err := strconv.ParseFloat(at.lat, 64)
	if err != nil {
		return fmt.Sprintf("latitude %.40q is not a number", at.lat)
	}
	lon, err := strconv.ParseFloat(at.lon, 64)
	if err != nil {
		return fmt.Sprintf("longitude %.40q is not a number", at.lon)
	}
	h, err := strconv.ParseFloat(at.height, 64)
	return l.Add(lon, lat, h, err == nil && math.Abs(h) <= feature.MaxHeight)
}
