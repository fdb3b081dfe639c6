// Package fit reads FIT files of bicycle computers and watches (Garmin's FIT
// protocol, decoded by github.com/muktihari/fit) as features.
//
// Each sequence of a file (there is mostly one) becomes a route of its record
// messages. Course points that are places become POIs, the others (turns)
// waypoints of the route. Times, heart rates and the like are left out, records
// without a position as well. A sequence's id is made of the device's serial
// number and the time of the recording, where both are there.
//
// A file whose checksum is wrong, or that is cut off, is an error. Messages are
// looked at as they are decoded and not kept; memory is bounded by MaxFileBytes.
// Calls may run concurrently.
package fit

import (
	"fmt"
	"io"
	"math"

	"github.com/muktihari/fit/decoder"
	"github.com/muktihari/fit/profile/typedef"
	"github.com/muktihari/fit/profile/untyped/fieldnum"
	"github.com/muktihari/fit/profile/untyped/mesgnum"
	"github.com/muktihari/fit/proto"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// MaxFileBytes is the largest file: a day's ride has some 3 MB.
const MaxFileBytes = 32 << 20

// Read reads a FIT file.
func Read(r io.Reader, opts records.Options) (file *records.File, err error) {
	all := records.NewCollector(opts)
	defer func() {
		if problem := recover(); problem != nil { // the decoder is not ours
			file, err = nil, records.Errorf(0, "not a sound FIT file: %v", problem)
		}
	}()
	text := records.Limit(r, MaxFileBytes)
	ride := new(ride)
	d := decoder.New(text, decoder.WithMesgListener(ride), decoder.WithBroadcastOnly())
	for d.Next() {
		ride.reset()
		_, err := d.Decode()
		if cause := text.Err(); cause != nil {
			return nil, cause
		}
		if err != nil {
			return nil, records.Errorf(0, "not a sound FIT file: %w", err)
		}
		if err := ride.add(all); err != nil {
			return nil, err
		}
	}
	if cause := text.Err(); cause != nil {
		return nil, cause
	}
	return all.Found("ride or course of two or more positions")
}

// ride is what the messages of a sequence say.
type ride struct {
	name       string
	serial     uint32
	created    uint32
	sport, sub string
	line       feature.Line
	places     []place
	bad, over  int // positions that are none, and those beyond feature.MaxPoints
}

// place is a course point.
type place struct {
	name string
	kind typedef.CoursePoint
	at   feature.Line
}

func (r *ride) reset() { *r = ride{} }

// OnMesg implements decoder.MesgListener.
func (r *ride) OnMesg(m proto.Message) {
	switch m.Num {
	case mesgnum.FileId:
		r.serial = m.FieldValueByNum(fieldnum.FileIdSerialNumber).Uint32z()
		r.created = m.FieldValueByNum(fieldnum.FileIdTimeCreated).Uint32()
	case mesgnum.Course:
		r.name = m.FieldValueByNum(fieldnum.CourseName).String()
		r.doing(m.FieldValueByNum(fieldnum.CourseSport), m.FieldValueByNum(fieldnum.CourseSubSport))
	case mesgnum.Session:
		r.doing(m.FieldValueByNum(fieldnum.SessionSport), m.FieldValueByNum(fieldnum.SessionSubSport))
	case mesgnum.Record:
		if len(r.line.Points) == feature.MaxPoints {
			r.over++
			return
		}
		height, ok := metres(&m)
		if problem := position(&r.line, m.FieldValueByNum(fieldnum.RecordPositionLat).Int32(), m.FieldValueByNum(fieldnum.RecordPositionLong).Int32(), height, ok); problem != "" {
			r.bad++
		}
	case mesgnum.CoursePoint:
		one := place{name: m.FieldValueByNum(fieldnum.CoursePointName).String(), kind: typedef.CoursePoint(m.FieldValueByNum(fieldnum.CoursePointType).Uint8())}
		position(&one.at, m.FieldValueByNum(fieldnum.CoursePointPositionLat).Int32(), m.FieldValueByNum(fieldnum.CoursePointPositionLong).Int32(), 0, false)
		if len(one.at.Points) > 0 && len(r.places) < feature.MaxWaypoints {
			r.places = append(r.places, one)
		}
	}
}

func (r *ride) doing(sport, sub proto.Value) {
	if s := sport.Uint8(); s != math.MaxUint8 && r.sport == "" {
		r.sport, r.sub = typedef.Sport(s).String(), typedef.SubSport(sub.Uint8()).String()
	}
}

// category returns that of the route.
func (r *ride) category() string {
	if category := records.Activity(r.sport); category != "route.bicycle" || r.sub != "mountain" && r.sub != "downhill" && r.sub != "e_bike_mountain" {
		return category
	}
	return "route.mtb"
}

// metres returns the height of a record.
func metres(m *proto.Message) (float64, bool) {
	if v := m.FieldValueByNum(fieldnum.RecordEnhancedAltitude).Uint32(); v != math.MaxUint32 {
		return float64(v)/5 - 500, true
	}
	if v := m.FieldValueByNum(fieldnum.RecordAltitude).Uint16(); v != math.MaxUint16 {
		return float64(v)/5 - 500, true
	}
	return 0, false
}

// position appends a position in semicircles (2³¹ are 180 degrees), unless there
// is none.
func position(l *feature.Line, lat, lon int32, height float64, hasHeight bool) (problem string) {
	if lat == math.MaxInt32 || lon == math.MaxInt32 {
		return ""
	}
	const degrees = 180.0 / (1 << 31)
	return l.Add(float64(lon)*degrees, float64(lat)*degrees, height, hasHeight && math.Abs(height) <= feature.MaxHeight)
}

// add adds the ride's objects.
func (r *ride) add(all *records.Collector) error {
	const where = "ride"
	if r.over > 0 {
		all.Reject(0, where, fmt.Sprintf("more than %d positions", feature.MaxPoints))
		return nil
	}
	f := feature.Feature{
		Kind: feature.Route, Category: r.category(), Geometry: records.Course([]feature.Line{r.line}),
		Names: records.Name(all.Language(), r.name),
	}
	if f.Geometry.IsZero() {
		if r.bad > 0 {
			all.Reject(0, where, "fewer than two of its positions lie in the world")
		}
		return nil
	}
	records.Detail(&f, "distance", records.Distance(f.Geometry))
	var pois []feature.Feature
	for _, one := range r.places {
		g, names := feature.Geometry{Shape: feature.Point, Lines: []feature.Line{one.at}}, records.Name(all.Language(), one.name)
		if category := records.CoursePlace(one.kind.String()); category != "" {
			pois = append(pois, feature.Feature{Category: category, Geometry: g, Names: names})
			continue
		}
		if f.Tour == nil {
			f.Tour = new(feature.Tour)
		}
		f.Tour.Waypoints = append(f.Tour.Waypoints, feature.Waypoint{Position: g, Names: names})
	}
	id := ""
	if r.serial != 0 && r.created != 0 && r.created != math.MaxUint32 {
		id = fmt.Sprintf("%d-%d", r.serial, r.created)
	}
	item := records.Item{Feature: f}
	if r.bad > 0 {
		item.Warnings = []string{fmt.Sprintf("positions that were left out, outside the world: %d", r.bad)}
	}
	if err := all.Add(item, where, id); err != nil {
		return err
	}
	for _, poi := range pois {
		if err := all.Add(records.Item{Feature: poi}, "course point", ""); err != nil {
			return err
		}
	}
	return nil
}
