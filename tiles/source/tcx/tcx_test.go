package tcx

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

func point(lat, lon, height string) string {
	return "<Trackpoint><Time>2020-01-01T00:00:00Z</Time><Position><LatitudeDegrees>" + lat + "</LatitudeDegrees><LongitudeDegrees>" + lon +
		"</LongitudeDegrees></Position><AltitudeMeters>" + height + "</AltitudeMeters></Trackpoint>\n"
}

func courseOf(points ...string) string {
	return "<Courses><Course><Name>Krog</Name><Track>" + strings.Join(points, "") + "</Track></Course></Courses>"
}

var sample = `<?xml version="1.0"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
<Activities><Activity Sport="Biking"><Id>2020-05-01T08:00:00Z</Id>
<Lap><Track>` + point("46.5", "16.1", "200") + point("46.6", "16.1", "201") + `</Track></Lap>
<Lap><Track>` + point("46.7", "16.1", "202") + `<Trackpoint><Time>x</Time></Trackpoint></Track><Track>` + point("46.7", "16.2", "202") + point("46.7", "16.3", "203") + `</Track></Lap>
<Notes>Ob Muri</Notes></Activity></Activities>
<Courses><Course><Name>Krog</Name><Lap><DistanceMeters>1</DistanceMeters></Lap><Track>` + point("46.5", "16.1", "") + point("46.6", "16.1", "") + `</Track>
<CoursePoint><Name>Izvir</Name><Position><LatitudeDegrees>46.55</LatitudeDegrees><LongitudeDegrees>16.1</LongitudeDegrees></Position><PointType>Water</PointType></CoursePoint>
<CoursePoint><Name>Levo</Name><Position><LatitudeDegrees>46.56</LatitudeDegrees><LongitudeDegrees>16.1</LongitudeDegrees></Position><PointType>Left</PointType></CoursePoint>
</Course></Courses></TrainingCenterDatabase>`

func describe(file *records.File) string {
	var lines []string
	for _, item := range file.Items {
		f := item.Feature
		line := fmt.Sprintf("%d %s %s %s %s %s", item.Line, f.ID, f.Kind, f.Category, f.Name(), f.Geometry.AppendJSON(nil))
		if f.Tour != nil {
			line += fmt.Sprintf(" %d %v", len(f.Tour.Waypoints), f.Tour.Waypoints[0].Names)
		}
		lines = append(lines, line)
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
	file, err := Read(strings.NewReader(sample), opts)
	if err != nil {
		t.Fatal(err)
	}
	got := describe(file)
	for i, id := range []string{"2020-05-01T08:00:00Z", "KROG", "IZVIR"} {
		if i > 0 {
			got = strings.Replace(got, file.Items[i].Feature.ID, id, 1)
		}
	}
	want := `3 mura/2020-05-01T08:00:00Z route route.bicycle  {"coordinates":[[[16.1,46.5,200],[16.1,46.6,201],[16.1,46.7,202]],[[16.2,46.7,202],[16.3,46.7,203]]],"type":"MultiLineString"}
12 KROG route route.other Krog {"coordinates":[[16.1,46.5],[16.1,46.6]],"type":"LineString"} 1 map[und:Levo]
15 IZVIR poi water.drinking Izvir {"coordinates":[16.1,46.55],"type":"Point"}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadBad(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{courseOf(point("46.5", "16.1", ""), point("96.5", "16.1", "")), `line 1, <Course> "Krog": fewer than two of its positions can be read: line 2: latitude 96.5 is outside -90..90; the point is left out`},
		{courseOf(point("46.5", "16.1", ""), point("x", "16.1", "")), `line 1, <Course> "Krog": fewer than two of its positions can be read: line 2: latitude "x" is not a number; the point is left out`},
	} {
		file, err := Read(strings.NewReader("<TrainingCenterDatabase>"+test.in+"</TrainingCenterDatabase>"), opts)
		if err != nil || describe(file) != test.want {
			t.Errorf("%s\ngot  %v %v\nwant %s", test.in, file, err, test.want)
		}
	}
	for _, test := range []struct{ in, want string }{
		{"<gpx/>", "not a TCX file: it begins with <gpx>"},
		{"<TrainingCenterDatabase><Courses>", "the file ends too early"},
		{"<TrainingCenterDatabase/>", "it has no activity or course"},
	} {
		if _, err := Read(strings.NewReader(test.in), opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.in, err, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("<TrainingCenterDatabase>" + courseOf(point("1", "2", "3"), point("2", "3", "x")) + "</TrainingCenterDatabase>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
	})
}
