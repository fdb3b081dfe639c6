package gpx

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	source "github.com/pannier-maps/pannier/tiles/source/gpx"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

func features() []*feature.Feature {
	osm := feature.Provenance{Provider: "OpenStreetMap", Licence: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"}
	a, b, c := cell.Point{LonE7: 95000000, LatE7: 471000000}, cell.Point{LonE7: 95000000, LatE7: 472000000}, cell.Point{LonE7: 96000000, LatE7: -1}
	return []*feature.Feature{
		{ID: "osm/relation/1", Kind: feature.Route, Collection: "osm", Category: "route.bicycle",
			Geometry: feature.Along(
				feature.Line{Points: []cell.Point{a, b}, Heights: []int32{4505, -12}},
				feature.Line{Points: []cell.Point{b, c}}),
			Names: map[string]string{feature.Und: "A <1> & B", "sl": "Krog"}, Provenance: osm},
		{ID: "osm/node/1", Kind: feature.POI, Collection: "osm", Category: "food.cafe", Geometry: feature.At(a),
			Names: map[string]string{feature.Und: "Café"}, Contact: &feature.Contact{Website: "https://example.org/?a=1&b=2"}, Provenance: osm},
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, features(), Options{Name: "Rheintal"}); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Pannier" xmlns="http://www.topografix.com/GPX/1/1">
<metadata><name>Rheintal</name><copyright author="© OpenStreetMap contributors"><license>https://spdx.org/licenses/ODbL-1.0.html</license></copyright></metadata>
<wpt lat="47.1" lon="9.5"><name>Café</name><src>OpenStreetMap, © OpenStreetMap contributors, ODbL-1.0</src><link href="https://example.org/?a=1&amp;b=2"/><type>food.cafe</type></wpt>
<trk><name>A &lt;1&gt; &amp; B</name><src>OpenStreetMap, © OpenStreetMap contributors, ODbL-1.0</src><type>route.bicycle</type><trkseg>
<trkpt lat="47.1" lon="9.5"><ele>450.5</ele></trkpt>
<trkpt lat="47.2" lon="9.5"><ele>-1.2</ele></trkpt>
</trkseg><trkseg>
<trkpt lat="47.2" lon="9.5"></trkpt>
<trkpt lat="-0.0000001" lon="9.6"></trkpt>
</trkseg></trk>
</gpx>
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestRoundTrip(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, features(), Options{}); err != nil {
		t.Fatal(err)
	}
	back, err := source.Read(&out, records.Options{Source: "x", Provider: "x", Licence: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []*feature.Feature{features()[1], features()[0]} {
		got := back.Items[i].Feature
		if got.Category != want.Category || got.Name() != want.Name() || !reflect.DeepEqual(got.Geometry, want.Geometry) ||
			!reflect.DeepEqual(got.Contact, want.Contact) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestWriteFails(t *testing.T) {
	if err := Write(full{}, features(), Options{}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
