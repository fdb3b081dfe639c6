package opendatahub

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "odh", Provider: "Open Data Hub", Licence: "CC-BY-4.0"}

const (
	inn = `{"Id":"SMGPOI1","Active":true,"Shortname":"x","LastChange":"2026-03-04T10:00:00","_Meta":{"Id":"smgpoi1","Type":"odhactivitypoi"},
"Type":"Gastronomie","SubType":"Restaurants","ODHTags":[{"Id":"gastronomy","Self":"x"},{"Id":"restaurants"}],
"Detail":{"de":{"Title":"Gasthof","BaseText":"<p>Am <b>See</b></p>","Language":"de"},"it":{"Title":"Locanda","IntroText":"Al lago"},"xx1":{"Title":"?"}},
"ContactInfos":{"de":{"Phonenumber":"+39 1","Email":"a@example.org","Url":"www.example.org","Address":"Dorf 1","ZipCode":"39010","City":"Dorf","CountryCode":"IT"}},
"GpsInfo":[{"Gpstype":"position","Latitude":46.6,"Longitude":11.2,"Altitude":410}],
"ImageGallery":[{"ImageUrl":"https://example.org/a.jpg","License":"CC0","CopyRight":"IDM"},{"ImageUrl":"https://example.org/b.jpg","License":null}],
"LicenseInfo":{"License":"CC0","LicenseHolder":"https://lts.it","ClosedData":false},
"OperationSchedule":[{"Type":"1","Start":"2026-05-01T00:00:00","Stop":"2026-10-31T00:00:00","OperationScheduleTime":[{"Start":"10:00:00","End":"22:00:00","Monday":true,"Tuesday":true,"Wednesday":true,"Thuresday":true,"Friday":true,"State":2},{"Start":"00:00:00","End":"00:00:00","Sunday":true,"State":1}]}]}`
	ride   = `{"Id":"ACT1","Detail":{"de":{"Title":"Runde"}},"SubType":"Cycling","GpsInfo":[{"Gpstype":"arrivalpoint","Latitude":46.9,"Longitude":11.9},{"Gpstype":"startingpoint","Latitude":46.7,"Longitude":11.2}],"DistanceLength":12340.0,"AltitudeSumUp":210,"Difficulty":"2"}`
	hotel  = `{"Id":"ACCO1","AccoTypeId":"Camping","AccoDetail":{"en":{"Name":"Camping","Longdesc":"Long","Zip":"39010","City":"Dorf","Email":"none","Website":"https://example.org"}},"Latitude":46.8,"Longitude":11.2,"LicenseInfo":{"License":"CC0"}}`
	fair   = `{"Id":"EV1","_Meta":{"Type":"event"},"Detail":{"it":{"Title":"Festa"}},"DateBegin":"2026-06-01T00:00:00","DateEnd":"2026-06-02T00:00:00","Latitude":46.9,"Longitude":11.2}`
	closed = `{"Id":"C1","Detail":{"de":{"Title":"Zu"}},"Latitude":46.8,"Longitude":11.2,"LicenseInfo":{"ClosedData":true}}`
)

func TestRead(t *testing.T) {
	file, err := Read(strings.NewReader(`{"TotalResults":8,"CurrentPage":1,"Items":[`+inn+",\n"+ride+",\n"+hotel+",\n"+fair+",\n"+closed+`,
{"Id":"A","Active":false,"Latitude":46,"Longitude":11},
{"Id":"B","Detail":{"de":{"Title":"Irgendwo"}}},
{"Id":7}]}`), opts)
	if err != nil || len(file.Items) != 4 {
		t.Fatalf("%+v, %v", file, err)
	}
	for i, want := range []string{
		`{"address":{"country":"IT","place":"Dorf","postcode":"39010","street":"Dorf 1"},"category":"food.restaurant","collection":"odh","contact":{"email":"a@example.org","phone":"+39 1","website":"https://www.example.org"},"descriptions":{"de":"Am See","it":"Al lago"},"geometry":{"coordinates":[11.2,46.6,410],"type":"Point"},"id":"odh/SMGPOI1","kind":"poi","media":[{"credit":"IDM","licence":"CC0-1.0","url":"https://example.org/a.jpg"}],"names":{"de":"Gasthof","it":"Locanda"},"opening_hours":"2026 May 01-2026 Oct 31 Mo-Fr 10:00-22:00; 2026 May 01-2026 Oct 31 Su off","provenance":{"attribution":"https://lts.it","licence":"CC0-1.0","provider":"Open Data Hub","retrieved":"2026-03-04","source_id":"SMGPOI1"}}`,
		`{"category":"route.bicycle","collection":"odh","details":{"ascent":"210","difficulty":"2","distance":"12.3"},"geometry":{"coordinates":[11.2,46.7],"type":"Point"},"id":"odh/ACT1","kind":"poi","names":{"de":"Runde"},"provenance":{"licence":"CC-BY-4.0","provider":"Open Data Hub","source_id":"ACT1"}}`,
		`{"address":{"place":"Dorf","postcode":"39010"},"category":"lodging.camp_site","collection":"odh","contact":{"website":"https://example.org"},"descriptions":{"en":"Long"},"geometry":{"coordinates":[11.2,46.8],"type":"Point"},"id":"odh/ACCO1","kind":"poi","names":{"en":"Camping"},"provenance":{"licence":"CC0-1.0","provider":"Open Data Hub","source_id":"ACCO1"}}`,
		`{"category":"notice.event","collection":"odh","geometry":{"coordinates":[11.2,46.9],"type":"Point"},"id":"odh/EV1","kind":"notice","names":{"it":"Festa"},"provenance":{"licence":"CC-BY-4.0","provider":"Open Data Hub","source_id":"EV1"},"valid":{"from":"2026-06-01","until":"2026-06-02"}}`,
	} {
		raw, err := file.Items[i].Feature.Canonical()
		if err != nil || string(raw) != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, raw, want)
		}
	}
	var got []string
	for _, r := range file.Rejected {
		got = append(got, r.String())
	}
	want := `line 12, object 5, "Zu": its licence does not allow to pass it on (ClosedData)
line 13, object 6: it is not active
line 14, object 7, "Irgendwo": it has no position: GpsInfo is missing
line 15, object 8: Id: must not be a JSON number`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(inn))
	f.Add([]byte(`{"Items":[` + ride + `,` + hotel + `,` + fair + `]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
