package fit

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/muktihari/fit/encoder"
	"github.com/muktihari/fit/profile/filedef"
	"github.com/muktihari/fit/profile/mesgdef"
	"github.com/muktihari/fit/profile/typedef"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

// course encodes a course of two records with a position and one without, and of
// two course points.
func course(t testing.TB) []byte {
	t.Helper()
	start := time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	semicircles := func(degrees float64) int32 { return int32(math.Round(degrees * (1 << 31) / 180)) }
	c := filedef.NewCourse()
	c.FileId = *mesgdef.NewFileId(nil).SetType(typedef.FileCourse).SetSerialNumber(7).SetTimeCreated(start)
	c.Course = mesgdef.NewCourse(nil).SetName("Krog").SetSport(typedef.SportCycling).SetSubSport(typedef.SubSportMountain)
	c.Lap = mesgdef.NewLap(nil).SetTimestamp(start)
	for i := range 2 {
		c.Records = append(c.Records, mesgdef.NewRecord(nil).SetTimestamp(start.Add(time.Duration(i)*time.Second)).
			SetPositionLat(semicircles(46.5+float64(i)/10)).SetPositionLong(semicircles(16.1)).SetAltitudeScaled(200))
	}
	c.Records = append(c.Records, mesgdef.NewRecord(nil).SetTimestamp(start.Add(2*time.Second)).SetAltitudeScaled(200))
	for _, kind := range []typedef.CoursePoint{typedef.CoursePointWater, typedef.CoursePointLeft} {
		c.CoursePoints = append(c.CoursePoints, mesgdef.NewCoursePoint(nil).SetTimestamp(start).SetName(kind.String()).SetType(kind).
			SetPositionLat(semicircles(46.55)).SetPositionLong(semicircles(16.1)))
	}
	var out bytes.Buffer
	whole := c.ToFIT(nil)
	if err := encoder.New(&out).Encode(&whole); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRead(t *testing.T) {
	raw := course(t)
	file, err := Read(bytes.NewReader(raw), opts)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range file.Items {
		f := item.Feature
		line := fmt.Sprintf("%s %s %s %s", f.Kind, f.Category, f.Name(), f.Geometry.AppendJSON(nil))
		if f.Tour != nil {
			line += fmt.Sprint(" ", len(f.Tour.Waypoints), f.Tour.Waypoints[0].Names)
		}
		got = append(got, line)
	}
	want := `route route.mtb Krog {"coordinates":[[16.1,46.5,200],[16.1,46.6,200]],"type":"LineString"} 1 map[und:left]
poi water.drinking water {"coordinates":[16.1,46.55],"type":"Point"}`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if id := file.Items[0].Feature.ID; !strings.HasPrefix(id, "mura/7-") {
		t.Errorf("id %s", id)
	}
	// Two sequences in one file.
	twice, err := Read(bytes.NewReader(append(bytes.Clone(raw), raw...)), opts)
	if err != nil || len(twice.Rejected) != 1 || !strings.Contains(twice.Rejected[0].Reason, "comes twice") {
		t.Errorf("twice: %+v, %v", twice, err)
	}
}

func TestRefuses(t *testing.T) {
	raw := course(t)
	flipped := bytes.Clone(raw)
	flipped[len(raw)/2] ^= 0x40
	for name, bad := range map[string][]byte{"cut": raw[:len(raw)-1], "cut in the header": raw[:10], "flipped": flipped, "empty": nil, "text": []byte("hello, hello, hello")} {
		if file, err := Read(bytes.NewReader(bad), opts); !errors.Is(err, feature.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, file, err)
		}
	}
}

// FuzzRead checks that no input breaks the reader, which decodes with a library,
// and that what it gives is valid.
func FuzzRead(f *testing.F) {
	f.Add(course(f))
	if raw, err := os.ReadFile("../../../../shared/data/fit/firefly-test.fit"); err == nil {
		f.Add(raw[:2000])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), opts)
		recordstest.Check(t, file, err)
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatalf("the decoder panicked: %v", err)
		}
	})
}
