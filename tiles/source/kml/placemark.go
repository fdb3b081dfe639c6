package kml

import (
	"encoding/xml"
	"fmt"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
)

// placemark is what one says of itself.
type placemark struct {
	name, text, address, phone, link string
	keys                             []string // of data, in order
	data                             map[string]string
	shapes                           shapes
}

// placemark reads one to its end and adds its objects.
func (p *parser) placemark() error {
	line := p.Line()
	one := placemark{data: map[string]string{}}
	if err := p.Children(func(e xml.StartElement) error { return p.about(e, &one) }); err != nil {
		return err
	}
	where := "<Placemark>"
	if one.name != "" {
		where = fmt.Sprintf("<Placemark> %.60q", one.name)
	}
	if p.inside != "" {
		where = fmt.Sprintf("%.80q, %s", p.inside, where)
	}
	geometries := one.shapes.geometries()
	if len(geometries) == 0 && len(one.shapes.warnings) > 0 {
		p.all.Reject(line, where, one.shapes.warnings[0])
		return nil
	}
	for _, g := range geometries {
		f := one.feature(p.all.Language())
		f.Geometry = g
		if g.Shape == feature.LineString || g.Shape == feature.MultiLineString {
			f.Category = records.Activity(one.data["type"])
			records.Detail(&f, "distance", records.Distance(g))
		}
		records.Plain(&f, func(key string) string { return one.data[key] })
		for _, key := range one.keys {
			if !known[key] {
				records.Detail(&f, key, one.data[key])
			}
		}
		if err := p.all.Add(records.Item{Line: line, Feature: f, Warnings: one.shapes.warnings}, where, ""); err != nil {
			return err
		}
	}
	return nil
}

// known are the data that have other places in a record than its details.
var known = map[string]bool{
	"name": true, "Name": true, "description": true, "Description": true, "phone": true, "contact:phone": true,
	"email": true, "contact:email": true, "website": true, "contact:website": true, "url": true, "addr:street": true,
	"addr:place": true, "address": true, "street": true, "addr:housenumber": true, "addr:postcode": true,
	"postcode": true, "addr:city": true, "city": true, "addr:country": true, "opening_hours": true,
}

// feature returns a feature with the texts.
func (one *placemark) feature(language string) feature.Feature {
	f := feature.Feature{Names: records.Name(language, one.name), Descriptions: records.Description(language, one.text)}
	if f.Descriptions == nil {
		f.Descriptions = records.Description(language, one.data["description"])
	}
	if one.phone != "" || one.link != "" {
		records.SetContact(&f, feature.Contact{Phone: one.phone, Website: feature.Link(one.link)})
	}
	records.SetAddress(&f, feature.Address{Street: one.address})
	return f
}

// about reads one element of a placemark.
func (p *parser) about(e xml.StartElement, one *placemark) error {
	switch e.Name.Local {
	case "name":
		return p.Text(&one.name)
	case "description":
		return p.Text(&one.text)
	case "address":
		return p.Text(&one.address)
	case "phoneNumber":
		return p.Text(&one.phone)
	case "link":
		one.link = xmlread.Attribute(e, "href")
	case "ExtendedData", "SchemaData":
		return p.Children(func(e xml.StartElement) error { return p.extended(e, one) })
	case "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack":
		return p.shape(e, &one.shapes)
	}
	return p.Skip()
}

// extended reads one element of ExtendedData.
func (p *parser) extended(e xml.StartElement, one *placemark) error {
	name := xmlread.Attribute(e, "name")
	var value string
	switch e.Name.Local {
	case "SchemaData":
		return p.Children(func(e xml.StartElement) error { return p.extended(e, one) })
	case "SimpleData":
		if err := p.Text(&value); err != nil {
			return err
		}
	case "Data":
		err := p.Children(func(e xml.StartElement) error {
			if e.Name.Local == "value" {
				return p.Text(&value)
			}
			return p.Skip()
		})
		if err != nil {
			return err
		}
	default:
		return p.Skip()
	}
	if name != "" && value != "" && one.data[name] == "" && len(one.keys) < feature.MaxDetails {
		one.keys = append(one.keys, name)
		one.data[name] = value
	}
	return nil
}
