package opendatahub

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/jsonld"
	"github.com/pannier-maps/pannier/tiles/source/openings"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// add reads the object and adds it.
func (o *object) add(all *records.Collector, line int, where string) error {
	var f feature.Feature
	o.texts(&f)
	if len(f.Names) == 0 {
		f.Names = records.Name(all.Language(), o.Shortname)
	}
	if name := f.Name(); name != "" {
		where += fmt.Sprintf(", %.60q", name)
	}
	switch at := o.position(); {
	case o.Active != nil && !*o.Active:
		all.Reject(line, where, "it is not active")
		return nil
	case o.LicenseInfo != nil && o.LicenseInfo.ClosedData:
		all.Reject(line, where, "its licence does not allow to pass it on (ClosedData)")
		return nil
	case at == (position{}):
		all.Reject(line, where, "it has no position: GpsInfo is missing")
		return nil
	default:
		var l feature.Line
		if problem := l.Add(at.Longitude, at.Latitude, at.Altitude, at.Altitude != 0 && math.Abs(at.Altitude) <= feature.MaxHeight); problem != "" {
			all.Reject(line, where, "GpsInfo: "+problem)
			return nil
		}
		f.Geometry = feature.Geometry{Shape: feature.Point, Lines: []feature.Line{l}}
	}
	item := records.Item{Line: line}
	if f.Category = o.category(); taxonomy.Group(f.Category) == "route" {
		o.tour(&f)
	}
	if f.Category == "notice.event" {
		f.Valid = &feature.Period{From: openings.Day(o.DateBegin), Until: openings.Day(o.DateEnd)}
		if *f.Valid == (feature.Period{}) {
			f.Valid = nil
		}
	}
	var whole bool
	if f.OpeningHours, whole = o.hours(); !whole {
		item.Warnings = append(item.Warnings, "there was no room for the oldest opening hours")
	}
	if bare := o.photos(&f); bare > 0 {
		item.Warnings = append(item.Warnings, fmt.Sprintf("pictures that were left out, without a licence: %d", bare))
	}
	if l := o.LicenseInfo; l != nil {
		f.Provenance.Licence = records.Licence(l.License)
		f.Provenance.Attribution = feature.Clean(cmp.Or(l.LicenseHolder, l.Author), feature.MaxValueChars)
	}
	f.Provenance.Retrieved = openings.Day(cmp.Or(o.LastChange, o.Meta.LastUpdate))
	item.Feature = f
	return all.Add(item, where, o.ID)
}

// texts reads names, descriptions, contact and address.
func (o *object) texts(f *feature.Feature) {
	names, descriptions := map[string]string{}, map[string]string{}
	for _, all := range []map[string]detail{o.Detail, o.AccoDetail} {
		for _, l := range slices.Sorted(maps.Keys(all)) {
			d := all[l]
			if !feature.ValidLanguage(l) {
				continue
			}
			names[l] = cmp.Or(names[l], d.Title, d.Name)
			descriptions[l] = cmp.Or(descriptions[l], d.BaseText, d.Longdesc, d.IntroText, d.Shortdesc, d.Header)
			records.SetContact(f, feature.Contact{Phone: cmp.Or(d.Phone, d.MobilePhone), Email: mail(d.Email), Website: feature.Link(d.Website)})
			records.SetAddress(f, feature.Address{Street: d.Street, Postcode: d.Zip, Place: d.City, Country: country(d.CountryCode)})
		}
	}
	f.Names, f.Descriptions = jsonld.Names(names), jsonld.Descriptions(descriptions)
	for _, l := range slices.Sorted(maps.Keys(o.ContactInfos)) {
		c := o.ContactInfos[l]
		records.SetContact(f, feature.Contact{Phone: c.Phonenumber, Email: mail(c.Email), Website: feature.Link(c.URL)})
		records.SetAddress(f, feature.Address{Street: c.Address, Postcode: c.ZipCode, Place: c.City, Country: country(c.CountryCode)})
	}
}

func mail(s string) string {
	if !strings.Contains(s, "@") {
		return ""
	}
	return s
}

func country(s string) string {
	if s = strings.ToUpper(strings.TrimSpace(s)); len(s) != 2 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return s
}

// position returns where the object lies or begins.
func (o *object) position() position {
	for _, kind := range []string{"position", "startingpoint", ""} {
		for _, p := range o.GpsInfo {
			if (p.Latitude != 0 || p.Longitude != 0) && (kind == "" || p.Gpstype == kind) {
				return p
			}
		}
		if p := o.GpsPoints[kind]; p.Latitude != 0 || p.Longitude != 0 {
			p.Gpstype = kind
			return p
		}
	}
	return position{"", o.Latitude, o.Longitude, o.Altitude}
}

// categories are those of types and tags, in small letters.
var categories = map[string]string{
	"hotelpension": "lodging.hotel", "bedbreakfast": "lodging.guest_house", "farm": "lodging.guest_house",
	"camping": "lodging.camp_site", "youth": "lodging.hostel", "mountain": "lodging.alpine_hut", "apartment": "lodging.apartment",
	"bike": "route.bicycle", "cycling": "route.bicycle", "cycling tours": "route.bicycle", "mountain bikes": "route.mtb",
	"mountain bike tours": "route.mtb", "radfahren": "route.bicycle", "hiking": "route.hiking", "wandern": "route.hiking",
	"mountain hikes": "route.hiking", "restaurants": "food.restaurant", "restaurants gasthäuser": "food.restaurant",
	"gastronomy": "food.restaurant", "essen trinken": "food.restaurant", "bars cafes bistros": "food.cafe", "pizzerias": "food.restaurant",
	"wineries": "food.winery", "weinkellereien": "food.winery", "bicycle rental": "cycling.rental", "radverleih": "cycling.rental",
	"museums": "culture.museum", "museen": "culture.museum", "churches": "culture.church", "kirchen klöster": "culture.church",
	"castles": "sight.castle", "burgen schlösser": "sight.castle", "lakes": "leisure.bathing_place", "summits": "nature.peak",
	"swimming pools": "leisure.bath", "sights": "sight.attraction", "sehenswürdigkeiten": "sight.attraction", "poi": "sight.attraction",
	"tourist offices": "info.office", "pharmacies": "health.pharmacy", "mobility": "transport.bus_stop", "shops": "shop.other",
}

// category tells the most particular of the types and tags: those come last.
func (o *object) category() string {
	words := []string{o.AccoTypeID, o.PoiType, o.SubType}
	for _, t := range o.ODHTags {
		words = append(words, t.ID)
	}
	words = append(append(append(words, o.SmgTags...), o.TagIDs...), o.Type)
	for _, w := range words {
		if id := cmp.Or(categories[strings.ToLower(w)], taxonomy.OfWord(w)); id != "" {
			return id
		}
	}
	switch strings.ToLower(o.Meta.Type) {
	case "accommodation":
		return "lodging.guest_house"
	case "ltsgastronomy", "gastronomy", "odhactivitypoi.gastronomy":
		return "food.restaurant"
	case "event":
		return "notice.event"
	}
	return ""
}

// hours reads the schedules.
func (o *object) hours() (string, bool) {
	var rules []openings.Rule
	for _, s := range o.OperationSchedule {
		for _, t := range s.OperationScheduleTime {
			r := openings.Rule{
				Days: [7]bool{t.Monday, t.Tuesday, t.Wednesday, t.Thursday || t.Thuresday, t.Friday, t.Saturday, t.Sunday},
				From: openings.Day(s.Start), Until: openings.Day(s.Stop), Opens: openings.Clock(t.Start), Closes: openings.Clock(t.End),
			}
			if t.State == 1 {
				r.Opens, r.Closes = "", ""
			}
			if r.Days != [7]bool{} {
				rules = append(rules, r)
			}
		}
	}
	return openings.Format(rules, jsonld.MaxHours)
}

// tour reads figures of a route into details.
func (o *object) tour(f *feature.Feature) {
	for _, d := range []struct {
		key    string
		value  float64
		format string
	}{
		{"distance", o.DistanceLength / 1000, "%.1f"}, {"ascent", o.AltitudeSumUp, "%.0f"}, {"descent", o.AltitudeSumDown, "%.0f"},
	} {
		if d.value > 0 {
			records.Detail(f, d.key, fmt.Sprintf(d.format, d.value))
		}
	}
	records.Detail(f, "difficulty", o.Difficulty)
}

// photos reads the pictures with a licence, and counts those without.
func (o *object) photos(f *feature.Feature) (bare int) {
	for _, i := range o.ImageGallery {
		link, licence := feature.Link(i.ImageURL), records.Licence(i.License)
		switch {
		case link == "" || len(f.Media) == feature.MaxMedia:
		case licence == "":
			bare++
		default:
			credit := feature.Clean(cmp.Or(i.CopyRight, i.LicenseHolder), feature.MaxValueChars)
			f.Media = append(f.Media, feature.Media{URL: link, Licence: licence, Credit: credit})
		}
	}
	return bare
}
