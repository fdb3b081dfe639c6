package kml

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

var opts = records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

const sample = `<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2" xmlns:atom="http://www.w3.org/2005/Atom">
<Document><name>All</name><Style id="s"><IconStyle/></Style>
<Folder><name>Places</name>
<Placemark id="1"><name>Mlin &amp; kmetija</name><description><![CDATA[<b>Star</b> mlin<br>ob Muri]]></description>
 <atom:link href="example.org/mlin"/><phoneNumber>+386 2</phoneNumber><address>Babič 1</address><styleUrl>#s</styleUrl>
 <ExtendedData><Data name="tourism"><value>museum</value></Data><Data name="Število Sob"><value>3</value></Data>
  <SchemaData schemaUrl="#x"><SimpleData name="fee">yes</SimpleData></SchemaData></ExtendedData>
 <Point><coordinates>16.1,46.5,180</coordinates></Point></Placemark>
</Folder>
<Placemark><name>Pot</name><LineString><coordinates>16.1,46.5,0 16.2,46.5,0
 16.2,46.6,0</coordinates></LineString></Placemark>
<Placemark><name>Vse</name><MultiGeometry>
 <Point><coordinates>16.3,46.5</coordinates></Point><Point><coordinates>16.4,46.5</coordinates></Point>
 <LineString><coordinates>16.1,46.5,1 16.2,46.5,2</coordinates></LineString>
 <LineString><coordinates>16.3,46.5 16.4, 46.5</coordinates></LineString>
 <Polygon><outerBoundaryIs><LinearRing><coordinates>16,46 17,46 17,47</coordinates></LinearRing></outerBoundaryIs>
  <innerBoundaryIs><LinearRing><coordinates>16.1,46.1 16.2,46.1 16.2,46.2 16.1,46.1</coordinates></LinearRing></innerBoundaryIs></Polygon>
</MultiGeometry></Placemark>
<Placemark><name>Sled</name><gx:Track><when>2020-01-01</when><gx:coord/><gx:coord>16.1 46.5 200.05</gx:coord><gx:coord>16.2 46.5 201</gx:coord></gx:Track></Placemark>
<NetworkLink><name>More</name><Link><href>http://169.254.169.254/</href></Link></NetworkLink>
<GroundOverlay><Icon><href>a.png</href></Icon></GroundOverlay>
</Document></kml>`

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
	return strings.Join(append(lines, file.Notes...), "\n")
}

func TestRead(t *testing.T) {
	file, err := Read(strings.NewReader(sample), opts)
	if err != nil {
		t.Fatal(err)
	}
	want := `5 poi culture.museum Mlin & kmetija {"coordinates":[16.1,46.5,180],"type":"Point"}
11 route route.other Pot {"coordinates":[[16.1,46.5],[16.2,46.5],[16.2,46.6]],"type":"LineString"}
13 poi other.place Vse {"coordinates":[16.3,46.5],"type":"Point"}
13 poi other.place Vse {"coordinates":[16.4,46.5],"type":"Point"}
13 route route.other Vse {"coordinates":[[[16.1,46.5,1],[16.2,46.5,2]],[[16.3,46.5],[16.4,46.5]]],"type":"MultiLineString"}
13 poi other.place Vse {"coordinates":[[[16,46],[17,46],[17,47],[16,46]],[[16.1,46.1],[16.2,46.1],[16.2,46.2],[16.1,46.1]]],"type":"Polygon"}
20 route route.other Sled {"coordinates":[[16.1,46.5,200.1],[16.2,46.5,201]],"type":"LineString"}
network links that were not followed: 1; import the files that they lead to
overlays that were not read, being pictures: 1`
	if got := describe(file); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	mill := file.Items[0].Feature
	if mill.Descriptions["und"] != "Star mlin\nob Muri" || mill.Contact.Website != "https://example.org/mlin" || mill.Contact.Phone != "+386 2" || mill.Address.Street != "Babič 1" {
		t.Errorf("%+v %+v %+v", mill.Descriptions, mill.Contact, mill.Address)
	}
	if got := fmt.Sprint(mill.Details); got != "map[fee:yes stevilo_sob:3 tourism:museum]" {
		t.Errorf("details %s", got)
	}
	if got := file.Items[1].Feature.Details["distance"]; got != "18.8" {
		t.Errorf("distance %s", got)
	}
}

func TestReadBad(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"<Placemark><name>A</name>\n<Point><coordinates>196,46</coordinates></Point></Placemark>", `line 1, <Placemark> "A": line 2: longitude 196 is outside -180..180; the position is left out`},
		{"<Placemark><Point><coordinates>16</coordinates></Point></Placemark>", `line 1, <Placemark>: line 1: "16" is no position; it is left out`},
		{"<Placemark><LineString><coordinates>16,46 x,46</coordinates></LineString></Placemark>", `line 1, <Placemark>: line 1: "x,46" is no position; it is left out`},
		{"<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>16,46 17,46</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>", "line 1, <Placemark>: line 1: an area needs one outer ring of at least three positions; it is left out"},
		{"<Placemark><LineString><coordinates>16,46 x,46 17,46</coordinates></LineString></Placemark>", "1 route route.other  {\"coordinates\":[[16,46],[17,46]],\"type\":\"LineString\"}\n  line 1: \"x,46\" is no position; it is left out"},
	} {
		file, err := Read(strings.NewReader("<kml>"+test.in+"</kml>"), opts)
		if err != nil || describe(file) != test.want {
			t.Errorf("%s\ngot  %v %v\nwant %s", test.in, file, err, test.want)
		}
	}
	for _, test := range []struct{ in, want string }{
		{"<gpx/>", "line 1: not a KML file: it begins with <gpx>"},
		{"<kml><Placemark>", "line 1: the file ends too early: it is cut off"},
		{"<kml/>", "it has no Placemark with a position"},
		{"<kml><NetworkLink/></kml>", "network links that were not followed: 1"},
	} {
		_, err := Read(strings.NewReader(test.in), opts)
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, feature.ErrInvalid) && !errors.Is(err, records.ErrEmpty) {
			t.Errorf("%s: %v, want %s", test.in, err, test.want)
		}
	}
}

func TestReadKMZ(t *testing.T) {
	inner := "<kml><Placemark><name>In</name><Point><coordinates>16,46</coordinates></Point></Placemark></kml>"
	file, err := ReadKMZ(bytes.NewReader(recordstest.Zip(t, "files/b.kml", inner, "images/a.png", "x", "doc.kml", sample)), opts)
	if err != nil || len(file.Items) != 8 || file.Items[7].Feature.Name() != "In" {
		t.Fatal(describe(file), err)
	}
	if want := "network links that were not followed: 1; of this archive, all KML files were read: 2"; file.Notes[0] != want {
		t.Errorf("note %q, want %q", file.Notes[0], want)
	}
	for name, raw := range map[string][]byte{
		"there is no KML file":     recordstest.Zip(t, "a.png", "x"),
		`"doc.kml" in the archive`: recordstest.Zip(t, "doc.kml", "<kml>"),
		"not a whole zip archive":  []byte("PK\x03\x04"),
	} {
		if _, err := ReadKMZ(bytes.NewReader(raw), opts); !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("<kml><Placemark><MultiGeometry><Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,1 1,0 0,0</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark></kml>"))
	f.Add(recordstest.Zip(f, "doc.kml", sample))
	f.Fuzz(func(t *testing.T, raw []byte) {
		read := Read
		if bytes.HasPrefix(raw, []byte("PK")) {
			read = ReadKMZ
		}
		file, err := read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
