package gpx

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
)

// about is what a waypoint, a route or a track says about itself.
type about struct{ name, text, comment, link, kind, symbol string }

// about reads one element of a waypoint, a route or a track.
func (p *parser) about(e xml.StartElement, a *about) error {
	switch e.Name.Local {
	case "name":
		return p.Text(&a.name)
	case "desc":
		return p.Text(&a.text)
	case "cmt":
		return p.Text(&a.comment)
	case "url": // 1.0
		return p.Text(&a.link)
	case "link": // 1.1
		if a.link == "" {
			a.link = xmlread.Attribute(e, "href")
		}
	case "type":
		return p.Text(&a.kind)
	case "sym":
		return p.Text(&a.symbol)
	}
	return p.Skip()
}

// feature returns a feature with the texts.
func (a about) feature(language string) feature.Feature {
	f := feature.Feature{Names: records.Name(language, a.name), Descriptions: records.Description(language, a.text)}
	if f.Descriptions == nil {
		f.Descriptions = records.Description(language, a.comment)
	}
	if link := feature.Link(a.link); link != "" {
		f.Contact = &feature.Contact{Website: link}
	}
	return f
}

// point reads a point to its end and appends it to l, unless its position is
// none; the problem says so.
func (p *parser) point(start xml.StartElement, l *feature.Line) (a about, problem string, err error) {
	var height string
	err = p.Children(func(e xml.StartElement) error {
		if e.Name.Local == "ele" {
			return p.Text(&height)
		}
		return p.about(e, &a)
	})
	if err != nil {
		return a, "", err
	}
	if len(l.Points) == feature.MaxPoints {
		return a, "", p.Failf("more than %d points in a line", feature.MaxPoints)
	}
	var degrees [2]float64
	for i, name := range [2]string{"lon", "lat"} {
		text := xmlread.Attribute(start, name)
		if text == "" {
			return a, fmt.Sprintf("<%s> has no %s", start.Name.Local, name), nil
		}
		if degrees[i], err = strconv.ParseFloat(text, 64); err != nil {
			return a, fmt.Sprintf("<%s>: %s %.40q is not a number", start.Name.Local, name, text), nil
		}
	}
	h, err := strconv.ParseFloat(height, 64)
	hasHeight := err == nil && math.Abs(h) <= feature.MaxHeight
	return a, l.Add(degrees[0], degrees[1], h, hasHeight), nil
}

func fold(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// symbols are the common names of waypoint symbols, after Garmin's.
var symbols = map[string]string{
	"airport": "transport.airport", "bank": "service.bank", "bar": "food.bar", "beach": "nature.beach",
	"bike trail": "cycling.park", "bridge": "sight.bridge", "bus": "transport.bus_stop", "cafe": "food.cafe",
	"campground": "lodging.camp_site", "cemetery": "service.cemetery", "church": "culture.church",
	"drinking water": "water.drinking", "fast food": "food.fast_food", "gas station": "transport.fuel",
	"hospital": "health.hospital", "hotel": "lodging.hotel", "hut": "lodging.alpine_hut", "information": "info.board",
	"lodge": "lodging.alpine_hut", "lodging": "lodging.hotel", "medical facility": "health.doctor",
	"museum": "culture.museum", "park": "leisure.park", "parking": "transport.parking",
	"parking area": "transport.parking", "pharmacy": "health.pharmacy", "picnic area": "rest.picnic",
	"police station": "emergency.police", "post office": "service.post_office", "restaurant": "food.restaurant",
	"restroom": "water.toilets", "scenic area": "sight.viewpoint", "school": "education.school",
	"shelter": "rest.shelter", "shopping center": "shop.mall", "shower": "water.shower", "spring": "water.spring",
	"summit": "nature.peak", "swimming area": "leisure.bathing_place", "toilets": "water.toilets",
	"train station": "transport.station", "viewpoint": "sight.viewpoint", "water source": "water.drinking",
	"waterfall": "nature.waterfall",
}
