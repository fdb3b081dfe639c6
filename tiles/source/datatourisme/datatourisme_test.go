package datatourisme

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "dt", Provider: "DATAtourisme", Licence: "etalab-2.0"}

const (
	inn = `{"@id":"https://data.datatourisme.fr/1/a","@type":["Restaurant","PlaceOfInterest"],"rdfs:label":{"fr":["Auberge"],"en":["Inn"]},
"hasDescription":[{"dc:description":{"fr":["<p>Longue</p>"]},"shortDescription":{"fr":["Courte"],"de":["Kurz"]}}],
"isLocatedAt":[{"schema:geo":{"schema:latitude":"45.1","schema:longitude":"1.9"},
 "schema:address":[{"schema:streetAddress":["21, avenue Foch"],"schema:postalCode":"19400","schema:addressLocality":"Argentat","hasAddressCity":{"isPartOfDepartment":{"isPartOfRegion":{"isPartOfCountry":{"@id":"kb:France"}}}}}],
 "schema:openingHoursSpecification":[
  {"schema:opens":"09:00:00","schema:closes":"12:00:00","schema:dayOfWeek":[{"@id":"schema:Monday"},{"@id":"schema:Tuesday"}],"schema:validFrom":"2026-01-01T09:00:00","schema:validThrough":"2026-12-31T12:00:00"},
  {"schema:validFrom":"2026-04-01T00:00:00","schema:validThrough":"2026-10-31T00:00:00"}]}],
"hasContact":[{"schema:telephone":["+33 1","+33 2"],"schema:email":["a@example.org"],"foaf:homepage":["https://example.org/"]}],
"offers":[{"schema:priceSpecification":[{"schema:minPrice":["20"],"schema:maxPrice":["35.50"],"schema:priceCurrency":"EUR"},{"schema:minPrice":["12"],"schema:priceCurrency":"EUR"}]}],
"hasMainRepresentation":[{"ebucore:hasAnnotation":[{"ebucore:isCoveredBy":"By-NC-ND 4.0","credits":["Office"]}],"ebucore:hasRelatedResource":[{"ebucore:locator":["http://example.org/a.jpg"]}]}],
"hasRepresentation":[{"ebucore:hasAnnotation":[{}],"ebucore:hasRelatedResource":[{"ebucore:locator":["http://example.org/b.jpg"]}]}],
"hasBeenCreatedBy":{"schema:legalName":"Corrèze Tourisme"},"reducedMobilityAccess":true,"lastUpdate":"2026-02-03"}`
	fair    = `{"@id":"https://data.datatourisme.fr/1/b","@type":["EntertainmentAndEvent"],"rdfs:label":{"fr":["Fête"]},"takesPlaceAt":[{"startDate":"2026-07-01","endDate":"2026-07-02"},{"startDate":"2026-06-01"}],"isLocatedAt":[{"schema:geo":{"schema:latitude":"45.2","schema:longitude":"1.9"}}]}`
	tour    = `{"@id":"https://data.datatourisme.fr/1/c","@type":["CyclingTour"],"rdfs:label":{"fr":["Boucle"]},"isLocatedAt":[{"schema:geo":{"schema:latitude":"45.3","schema:longitude":"1.9"}}]}`
	nowhere = `{"@id":"https://data.datatourisme.fr/1/d","@type":["Restaurant"],"rdfs:label":{"fr":["Rien"]},"isLocatedAt":[{}]}`
)

func TestRead(t *testing.T) {
	file, err := Read(strings.NewReader(`{"@graph":[`+inn+",\n"+fair+",\n"+tour+",\n"+nowhere+`,7]}`), opts)
	if err != nil || len(file.Items) != 3 {
		t.Fatalf("%+v, %v", file, err)
	}
	raw, err := file.Items[0].Feature.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"accessibility":{"wheelchair":"yes"},"address":{"country":"FR","place":"Argentat","postcode":"19400","street":"21, avenue Foch"},"category":"food.restaurant","collection":"dt","contact":{"email":"a@example.org","phone":"+33 1","website":"https://example.org/"},"descriptions":{"de":"Kurz","fr":"Longue"},"geometry":{"coordinates":[1.9,45.1],"type":"Point"},"id":"dt/1/a","kind":"poi","media":[{"credit":"Office","licence":"CC-BY-NC-ND-4.0","url":"http://example.org/a.jpg"}],"names":{"en":"Inn","fr":"Auberge"},"opening_hours":"2026 Mo,Tu 09:00-12:00","price":{"currency":"EUR","from":12,"to":35.5},"provenance":{"attribution":"Corrèze Tourisme","licence":"etalab-2.0","provider":"DATAtourisme","retrieved":"2026-02-03","source_id":"1/a"},"season":[{"from":"04-01","until":"10-31"}]}`
	if string(raw) != want {
		t.Errorf("got\n%s\nwant\n%s", raw, want)
	}
	if w := file.Items[0].Warnings; len(w) != 1 || w[0] != "pictures that were left out, without a licence: 1" {
		t.Errorf("warnings %q", w)
	}
	event := file.Items[1].Feature
	if event.Kind != feature.Notice || *event.Valid != (feature.Period{From: "2026-06-01", Until: "2026-07-02"}) {
		t.Errorf("event %+v", event)
	}
	if loop := file.Items[2]; loop.Feature.Kind != feature.POI || loop.Feature.Category != "route.bicycle" || len(loop.Warnings) != 1 {
		t.Errorf("tour %+v", loop)
	}
	if len(file.Rejected) != 2 || file.Rejected[0].String() != `line 15, object 4, "Rien": geo: the latitude is missing` || file.Rejected[1].String() != "line 15, object 5: must be an object, not a JSON number" {
		t.Errorf("rejected %v", file.Rejected)
	}
}

const index = `[{"lastUpdateDatatourisme":"2026-01-01","label":"Auberge","file":"0/00/a.json"}]`

func TestReadZip(t *testing.T) {
	raw := recordstest.Zip(t, "context.jsonld", `{"@context":{}}`, "index.json", index, "objects/0/00/a.json", inn, "objects/0/00/b.json", "{", "objects/0/00/c.json", nowhere)
	file, err := ReadZip(bytes.NewReader(raw), opts)
	if err != nil || len(file.Items) != 1 || len(file.Rejected) != 2 {
		t.Fatalf("%+v, %v", file, err)
	}
	if got := file.Rejected[0].String(); !strings.HasPrefix(got, "line 1, objects/0/00/b.json: line 1, byte 1: not JSON") {
		t.Errorf("rejected %s", got)
	}
	if _, err := Read(strings.NewReader(index), opts); !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), "import the whole archive") {
		t.Errorf("the index alone: %v", err)
	}
}

func TestReadFiles(t *testing.T) {
	paths, err := filepath.Glob("../../../../shared/data/poi/datatourisme/*-*.json")
	if err != nil || len(paths) == 0 {
		t.Skip("no test data")
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := Read(f, opts)
		f.Close()
		if err != nil || len(file.Items) != 1 {
			t.Errorf("%s: %+v, %v", path, file, err)
			continue
		}
		one := file.Items[0].Feature
		t.Logf("%s %s %s %v: %s", one.ID, one.Category, one.Name("fr"), one.Season, one.OpeningHours)
		if one.Name("fr") == "" || one.Descriptions["fr"] == "" || one.Address == nil || one.Address.Country != "FR" || one.Contact == nil || one.Category == "other.place" {
			t.Errorf("%s: %+v", path, one)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(inn))
	f.Add([]byte("[" + fair + "," + tour + "," + nowhere + "]"))
	f.Add(recordstest.Zip(f, "index.json", index, "objects/a.json", inn))
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := Read
		if bytes.HasPrefix(raw, []byte("PK")) {
			read = ReadZip
		}
		file, err := read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
