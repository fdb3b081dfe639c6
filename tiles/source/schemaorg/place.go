package schemaorg

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/jsonld"
	"github.com/pannier-maps/pannier/tiles/source/openings"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// place adds a place or an event.
func (p *parser) place(n jsonld.Node, category string, line int, where string) error {
	f := feature.Feature{Category: category, Names: p.names(n)}
	item := records.Item{Line: line}
	warn := func(format string, args ...any) {
		item.Warnings = append(item.Warnings, fmt.Sprintf(format, args...))
	}
	if name := f.Name(); name != "" {
		where += fmt.Sprintf(", %.60q", name)
	}
	geometry, problem := position(n)
	if problem != "" {
		p.all.Reject(line, where, problem)
		return nil
	}
	f.Geometry = geometry
	f.Descriptions = jsonld.Descriptions(plain(n.Texts("description", p.all.Language())))
	f.Valid = days(n)
	place := n
	if location := n.Node("location"); len(n.Node("address")) == 0 {
		place = location
	}
	if s, ok := place["address"].(string); ok {
		records.SetAddress(&f, feature.Address{Street: s})
	} else {
		records.SetAddress(&f, jsonld.Address(place.Node("address")))
	}
	records.SetContact(&f, jsonld.Contact(n))
	p.hours(n, &f, warn)
	details(n, &f)
	if bare := photos(n, &f); bare > 0 {
		warn("pictures that were left out, without a licence: %d", bare)
	}
	f.Provenance.Licence = records.Licence(n.Text("license"))
	f.Provenance.Retrieved = openings.Day(n.Text("dateModified"))
	item.Feature = f
	id := cmp.Or(n.Text("identifier"), n.Node("identifier").Text("value"), n.ID())
	return p.all.Add(item, where, feature.Clean(id, feature.MaxValueChars))
}

// position reads a position, or the line of a shape, of a place or of an event's
// location.
func position(n jsonld.Node) (g feature.Geometry, problem string) {
	geo := n.Node("geo")
	if len(geo) == 0 {
		geo = n.Node("location").Node("geo")
	}
	if len(geo) == 0 && n["latitude"] != nil {
		geo = n
	}
	if len(geo) == 0 {
		return g, "it has no position: geo with latitude and longitude is missing"
	}
	line := geo.Text("line")
	if line == "" {
		return jsonld.Position(geo)
	}
	var l feature.Line
	numbers := strings.Fields(strings.ReplaceAll(line, ",", " "))
	for i := 0; i+1 < len(numbers); i += 2 {
		lat, errLat := strconv.ParseFloat(numbers[i], 64)
		lon, errLon := strconv.ParseFloat(numbers[i+1], 64)
		if errLat != nil || errLon != nil {
			return g, fmt.Sprintf("geo.line: %.40q is no position", numbers[i]+" "+numbers[i+1])
		}
		if problem := l.Add(lon, lat, 0, false); problem != "" {
			return g, "geo.line: " + problem
		}
	}
	if g = records.Course([]feature.Line{l}); g.IsZero() {
		return g, "geo.line needs at least two positions"
	}
	return g, ""
}

func days(n jsonld.Node) *feature.Period {
	p := feature.Period{From: openings.Day(n.Text("startDate")), Until: openings.Day(n.Text("endDate"))}
	if p == (feature.Period{}) {
		return nil
	}
	p.Until = cmp.Or(p.Until, p.From)
	return &p
}

// hours reads openingHoursSpecification, or else openingHours: "Mo-Fr 08:00-17:00".
func (p *parser) hours(n jsonld.Node, f *feature.Feature, warn func(string, ...any)) {
	var whole bool
	f.OpeningHours, f.Season, whole = jsonld.Hours(n.Nodes("openingHoursSpecification"))
	if !whole {
		warn("there was no room for the oldest opening hours")
	}
	text := strings.Join(n.All("openingHours"), "; ")
	if f.OpeningHours != "" || text == "" {
		return
	}
	if text = feature.Clean(text, feature.MaxValueChars); openings.Written(text) {
		f.OpeningHours = text
		return
	}
	records.Detail(f, "opening_hours:text", text)
	warn("the opening hours %.60q are not in the form of schema.org (Mo-Fr 08:00-17:00); they are kept as a text", text)
}

// details reads further facts.
func details(n jsonld.Node, f *feature.Feature) {
	for key, member := range map[string]string{"capacity": "maximumAttendeeCapacity", "rooms": "numberOfRooms", "operator": "brand"} {
		records.Detail(f, key, cmp.Or(n.Text(member), n.Node(member).Text("name"), n.Node(member).Text("value")))
	}
	records.Detail(f, "stars", n.Node("starRating").Text("ratingValue"))
	records.Detail(f, "cuisine", strings.ToLower(strings.Join(n.All("servesCuisine"), ";")))
	if s := n.Text("petsAllowed"); s == "true" || s == "false" {
		records.Detail(f, "dog", map[string]string{"true": "yes", "false": "no"}[s])
	}
	if n.Text("isAccessibleForFree") == "true" {
		f.Price = &feature.Price{Free: true}
	} else if s := n.Text("priceRange"); s != "" {
		if level := len([]rune(s)); strings.Trim(s, "€$£") == "" && level <= 4 {
			f.Price = &feature.Price{Level: level}
		} else {
			records.Detail(f, "price", s)
		}
	}
	for _, amenity := range n.Nodes("amenityFeature") {
		name, value := strings.ToLower(amenity.Text("name")), amenity.Text("value")
		if value != "false" && strings.Contains(name, "wheelchair") {
			f.Access = &feature.Access{Wheelchair: "yes"}
		}
	}
}

// photos reads the pictures with a licence, and counts those without.
func photos(n jsonld.Node, f *feature.Feature) (bare int) {
	for _, key := range []string{"image", "photo"} {
		for _, image := range n.Nodes(key) {
			link := feature.Link(cmp.Or(image.Text("contentUrl"), image.Text("url"), image.ID()))
			licence := records.Licence(image.Text("license"))
			known := slices.ContainsFunc(f.Media, func(m feature.Media) bool { return m.URL == link })
			switch {
			case link == "" || known || len(f.Media) == feature.MaxMedia:
			case licence == "":
				bare++
			default:
				credit := cmp.Or(image.Text("creditText"), image.Text("copyrightNotice"), image.Node("creator").Text("name"), image.Node("author").Text("name"))
				f.Media = append(f.Media, feature.Media{URL: link, Licence: licence, Credit: feature.Clean(credit, feature.MaxValueChars)})
			}
		}
	}
	return bare
}
