package datatourisme

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/jsonld"
	"github.com/pannier-maps/pannier/tiles/source/openings"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// poi is a PointOfInterest: a place, a product, a tour or an event.
type poi struct {
	jsonld.Node
	language string // of texts that have none
	warnings []string
}

func (o *poi) warn(format string, args ...any) {
	o.warnings = append(o.warnings, fmt.Sprintf(format, args...))
}

// add reads the object and adds it.
func (o *poi) add(all *records.Collector, line int, where string) error {
	language := cmp.Or(o.language, "fr")
	f := feature.Feature{Names: jsonld.Names(o.Texts("label", language))}
	if len(f.Names) == 0 {
		f.Names = jsonld.Names(o.Texts("name", language))
	}
	if name := f.Name("fr"); name != "" {
		where += fmt.Sprintf(", %.60q", name)
	}
	at := o.Node.Node("isLocatedAt")
	if len(at) == 0 {
		at = o.Node // older objects say it themselves
	}
	geometry, problem := jsonld.Position(at.Node("geo"))
	if problem != "" {
		all.Reject(line, where, problem)
		return nil
	}
	f.Geometry = geometry
	o.texts(&f, language)
	f.Category, _ = taxonomy.OfDATAtourisme(o.Types()...)
	if f.Category == "notice.event" {
		o.days(&f)
	}
	address := jsonld.Address(at.Node("address"))
	if address.Country == "" && at.Node("address").Node("hasAddressCity").Node("isPartOfDepartment").Node("isPartOfRegion").Node("isPartOfCountry").ID() == "kb:France" {
		address.Country = "FR"
	}
	records.SetAddress(&f, address)
	for _, key := range []string{"hasContact", "hasBookingContact", "isOwnedBy"} {
		records.SetContact(&f, jsonld.Contact(o.Node.Node(key)))
	}
	var whole bool
	if f.OpeningHours, f.Season, whole = jsonld.Hours(at.Nodes("openingHoursSpecification")); !whole {
		o.warn("there was no room for the oldest opening hours")
	}
	o.price(&f)
	if o.Text("reducedMobilityAccess") == "true" {
		f.Access = &feature.Access{Wheelchair: "yes"}
	}
	o.photos(&f)
	f.Provenance.Attribution = feature.Clean(o.Node.Node("hasBeenCreatedBy").Text("legalName"), feature.MaxValueChars)
	f.Provenance.Retrieved = openings.Day(o.Text("lastUpdate"))
	id := cmp.Or(strings.TrimPrefix(o.ID(), "https://data.datatourisme.fr/"), o.Text("identifier"))
	return all.Add(records.Item{Line: line, Feature: f, Warnings: o.warnings}, where, id)
}

// texts reads the descriptions: the longer of the two before the abstract.
func (o *poi) texts(f *feature.Feature, language string) {
	found := map[string]string{}
	var sources []jsonld.Node
	sources = append(sources, o.Nodes("hasDescription")...)
	for _, key := range []string{"description", "shortDescription", "comment"} {
		for _, n := range append(sources, o.Node) {
			for l, s := range n.Texts(key, language) {
				if found[l] == "" {
					found[l] = s
				}
			}
		}
	}
	f.Descriptions = jsonld.Descriptions(found)
}

// days reads when an event takes place: from its first day to its last.
func (o *poi) days(f *feature.Feature) {
	var from, until string
	for _, n := range append(o.Nodes("takesPlaceAt"), o.Node) {
		a, b := openings.Day(n.Text("startDate")), openings.Day(n.Text("endDate"))
		if a != "" && (from == "" || a < from) {
			from = a
		}
		until = max(until, b, a)
	}
	if from != "" || until != "" {
		f.Valid = &feature.Period{From: from, Until: until}
	}
}

// price reads the span of all prices in one currency.
func (o *poi) price(f *feature.Feature) {
	var p feature.Price
	for _, offer := range append(o.Nodes("offers"), o.Nodes("hasOffers")...) {
		for _, spec := range offer.Nodes("priceSpecification") {
			currency := spec.Text("priceCurrency")
			if currency == "" || p.Currency != "" && currency != p.Currency {
				continue
			}
			for _, key := range []string{"minPrice", "price", "maxPrice"} {
				amount, ok := spec.Number(key)
				if !ok || amount <= 0 || amount > feature.MaxAmount {
					continue
				}
				amount = math.Round(amount*100) / 100
				if p.Currency == "" {
					p = feature.Price{From: amount, To: amount, Currency: currency}
				}
				p.From, p.To = min(p.From, amount), max(p.To, amount)
			}
		}
	}
	if len(p.Currency) == 3 && strings.ToUpper(p.Currency) == p.Currency {
		f.Price = &p
	}
}

// photos reads the pictures that have a licence.
func (o *poi) photos(f *feature.Feature) {
	bare := 0
	for _, n := range append(o.Nodes("hasMainRepresentation"), o.Nodes("hasRepresentation")...) {
		about := n.Node("hasAnnotation")
		for _, file := range n.Nodes("hasRelatedResource") {
			link := feature.Link(file.Text("locator"))
			licence := records.Licence(cmp.Or(about.Text("isCoveredBy"), about.Text("license"), about.Text("rights")))
			known := slices.ContainsFunc(f.Media, func(m feature.Media) bool { return m.URL == link })
			switch {
			case link == "" || known || len(f.Media) == feature.MaxMedia:
			case licence == "":
				bare++
			default:
				credit := feature.Clean(strings.Join(about.All("credits"), ", "), feature.MaxValueChars)
				f.Media = append(f.Media, feature.Media{URL: link, Licence: licence, Credit: credit})
			}
		}
	}
	if bare > 0 {
		o.warn("pictures that were left out, without a licence: %d", bare)
	}
}
