package jsonld

import (
	"maps"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Position returns the point of a GeoCoordinates node, and what is wrong with it,
// or "".
func Position(geo Node) (g feature.Geometry, problem string) {
	lat, okLat := geo.Number("latitude")
	lon, okLon := geo.Number("longitude")
	switch {
	case !okLat:
		return g, "geo: the latitude is missing"
	case !okLon:
		return g, "geo: the longitude is missing"
	case lat == 0 && lon == 0:
		return g, "geo: 0, 0 is no place: the position is missing"
	}
	var l feature.Line
	height, ok := geo.Number("elevation")
	if problem := l.Add(lon, lat, height, ok && height > -feature.MaxHeight && height < feature.MaxHeight); problem != "" {
		if lat >= -180 && lat <= 180 && lon >= -90 && lon <= 90 {
			problem += "; latitude and longitude look swapped"
		}
		return g, "geo: " + problem
	}
	return feature.Geometry{Shape: feature.Point, Lines: []feature.Line{l}}, ""
}

// Address returns the address of a PostalAddress node.
func Address(n Node) feature.Address {
	country := strings.ToUpper(n.Text("addressCountry"))
	if country == "" {
		country = strings.ToUpper(n.Node("addressCountry").Text("name"))
	}
	if len(country) != 2 {
		country = ""
	}
	return feature.Address{
		Street: strings.Join(n.All("streetAddress"), ", "), Postcode: n.Text("postalCode"), Place: n.Text("addressLocality"), Country: country,
	}
}

// Contact returns how to reach the organisation or place that a node is.
func Contact(n Node) feature.Contact {
	c := feature.Contact{Phone: n.Text("telephone"), Email: strings.TrimPrefix(n.Text("email"), "mailto:")}
	if !strings.Contains(c.Email, "@") {
		c.Email = ""
	}
	for _, key := range []string{"homepage", "url"} {
		if c.Website == "" {
			c.Website = feature.Link(n.Text(key))
		}
	}
	return c
}

// Names and Descriptions make texts by language fit for a record.
func Names(texts map[string]string) map[string]string {
	return clean(texts, func(s string) string {
		return feature.Clean(strings.Join(strings.Fields(records.PlainText(s)), " "), feature.MaxNameChars)
	})
}

// Descriptions does as Names does, and keeps line breaks.
func Descriptions(texts map[string]string) map[string]string {
	return clean(texts, records.PlainText)
}

func clean(texts map[string]string, one func(string) string) map[string]string {
	var out map[string]string
	for _, l := range slices.Sorted(maps.Keys(texts)) {
		s := one(texts[l])
		if s == "" || len(out) == feature.MaxLanguages {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[l] = s
	}
	return out
}
