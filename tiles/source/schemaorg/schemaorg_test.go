package schemaorg

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "web", Provider: "Mura", Licence: "CC0-1.0"}

const (
	hotel = `{"@context":"https://schema.org","@type":["Hotel","LodgingBusiness"],"@id":"https://example.org/#hotel","name":"Hotel &amp; Spa","description":{"@value":"Ob reki","@language":"sl"},
"url":"https://example.org","telephone":"+386 2","email":"mailto:a@example.org","priceRange":"€€","petsAllowed":true,"starRating":{"ratingValue":"4"},"numberOfRooms":12,
"address":{"@type":"PostalAddress","streetAddress":"Glavna 1","postalCode":"9000","addressLocality":"Kraj","addressCountry":{"@type":"Country","name":"SI"}},
"geo":{"@type":"GeoCoordinates","latitude":"46,55","longitude":16.1},
"openingHoursSpecification":[{"@type":"OpeningHoursSpecification","dayOfWeek":["https://schema.org/Monday","Tuesday"],"opens":"08:00","closes":"18:00"}],
"image":["https://example.org/a.jpg",{"@type":"ImageObject","contentUrl":"https://example.org/b.jpg","license":"https://creativecommons.org/licenses/by/4.0/","creditText":"Mura"}],
"department":{"@type":"Restaurant","name":"Pri reki","geo":{"latitude":46.56,"longitude":16.1},"openingHours":["Mo-Fr 10:00-22:00","Sa 12:00-20:00"],"servesCuisine":"Regional"}}`
	event = `{"@context":{"schema":"https://schema.org/"},"@type":"schema:Festival","schema:name":"Praznik","schema:startDate":"2026-08-01T18:00","schema:location":{"@type":"Place","name":"Trg","schema:address":"Glavni trg","schema:geo":{"schema:latitude":46.57,"schema:longitude":16.1}}}`
)

func describe(file *records.File) string {
	var lines []string
	for _, item := range file.Items {
		f := item.Feature
		lines = append(lines, fmt.Sprintf("%d %s %s %s %s", item.Line, f.Kind, f.Category, f.Name(), f.Geometry.AppendJSON(nil)))
		for _, w := range item.Warnings {
			lines = append(lines, "  "+w)
		}
	}
	for _, r := range file.Rejected {
		lines = append(lines, r.String())
	}
	return strings.Join(lines, "\n")
}

func TestRead(t *testing.T) {
	file, err := Read(strings.NewReader(`{"@graph":[{"@type":"WebPage","name":"x"},`+hotel+",\n"+event+`,{"@type":"Museum","name":"Brez kraja"},{"@type":"TouristTrip","name":"Pot","geo":{"line":"46.5 16.1 46.6 16.1"}}]}`), opts)
	if err != nil {
		t.Fatal(err)
	}
	want := `1 poi lodging.hotel Hotel & Spa {"coordinates":[16.1,46.55],"type":"Point"}
  pictures that were left out, without a licence: 1
1 poi food.restaurant Pri reki {"coordinates":[16.1,46.56],"type":"Point"}
8 notice notice.event Praznik {"coordinates":[16.1,46.57],"type":"Point"}
8 route route.other Pot {"coordinates":[[16.1,46.5],[16.1,46.6]],"type":"LineString"}
line 8, object 4, "Brez kraja": it has no position: geo with latitude and longitude is missing`
	if got := describe(file); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	raw, err := file.Items[0].Feature.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"address":{"country":"SI","place":"Kraj","postcode":"9000","street":"Glavna 1"},"category":"lodging.hotel","collection":"web","contact":{"email":"a@example.org","phone":"+386 2","website":"https://example.org"},"descriptions":{"sl":"Ob reki"},"details":{"dog":"yes","rooms":"12","stars":"4"},"geometry":{"coordinates":[16.1,46.55],"type":"Point"},"id":"web/https://example.org/#hotel","kind":"poi","media":[{"credit":"Mura","licence":"CC-BY-4.0","url":"https://example.org/b.jpg"}],"names":{"und":"Hotel & Spa"},"opening_hours":"Mo,Tu 08:00-18:00","price":{"level":2},"provenance":{"licence":"CC0-1.0","provider":"Mura","source_id":"https://example.org/#hotel"}}`; string(raw) != want {
		t.Errorf("got\n%s\nwant\n%s", raw, want)
	}
	if got := file.Items[1].Feature; got.OpeningHours != "Mo-Fr 10:00-22:00; Sa 12:00-20:00" || got.Details["cuisine"] != "regional" {
		t.Errorf("%+v", got)
	}
	if got := file.Items[2].Feature; *got.Valid != (feature.Period{From: "2026-08-01", Until: "2026-08-01"}) || got.Address.Street != "Glavni trg" {
		t.Errorf("%+v", got)
	}
}

const page = `<!DOCTYPE html><html class="x" lang="sl-SI"><head><script>var a = "<script type='application/ld+json'>";</script>
<script type="application/ld+json">` + hotel + `</script>
<SCRIPT id=a TYPE='application/ld+json'>
{oops}</SCRIPT><script type="application/ld+json">{"@type":"Organization","name":"x"}</script></head></html>`

func TestReadPage(t *testing.T) {
	file, err := ReadPage(strings.NewReader(page), opts)
	if err != nil {
		t.Fatal(err)
	}
	want := `2 poi lodging.hotel Hotel & Spa {"coordinates":[16.1,46.55],"type":"Point"}
  pictures that were left out, without a licence: 1
2 poi food.restaurant Pri reki {"coordinates":[16.1,46.56],"type":"Point"}
line 9, script 2: line 2, byte 3: not JSON: invalid character 'o' looking for beginning of object key string`
	if got := describe(file); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if names := file.Items[0].Feature.Names; names["sl"] == "" {
		t.Errorf("names %v, want them in the page's language", names)
	}
	for text, want := range map[string]string{
		"<html></html>": "it has no place or event of schema.org in <script",
		"<html><script type=application/ld+json>{\"@type\":\"Person\"}</script>": "it has no place or event",
	} {
		if _, err := ReadPage(strings.NewReader(text), opts); !errors.Is(err, records.ErrEmpty) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(hotel))
	f.Add([]byte("[" + event + "]"))
	f.Add([]byte(page))
	f.Add([]byte("<html><script type=application/ld+json>\xff\xff{}</script>"))
	f.Add([]byte(`{"@type":"Museum","geo":{"line":"1 2 3 4"},"mainEntity":{"@type":"Park","geo":{"latitude":1,"longitude":2},"openingHours":"x"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := Read
		if bytes.HasPrefix(raw, []byte("<")) {
			read = ReadPage
		}
		file, err := read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
