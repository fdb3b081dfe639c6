package source_test

import (
	"encoding/xml"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// provided returns the files of providers' kinds beside the checkout.
func provided(t *testing.T) (root string, files []string) {
	t.Helper()
	root = filepath.Dir(shared(t, ""))
	for _, folder := range []string{"gpx", "kml", "fit", "poi", "routes-history", "admin"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) != ".md" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Skipf("no test data: %v", err)
		}
	}
	return root, files
}

// readProvided reads a file.
func readProvided(path string) (*records.File, source.Kind, error) {
	f, kind, err := source.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	all, err := source.Read(f, kind, records.Options{Source: "test", Provider: "test", Licence: "CC0-1.0"})
	if err == nil {
		err = f.End()
	}
	return all, kind, err
}

// refused are files that cannot be imported, and what is said of them.
var refused = map[string]string{
	"gpx/organicmaps/route.gpx":                 "line 16: the file ends too early: it is cut off",
	"gpx/organicmaps/empty.gpx":                 "no waypoint and no route",
	"gpx/organicmaps/export_test_empty.gpx":     "no waypoint and no route",
	"gpx/gpxgo/gpx-without-root-attributes.gpx": "no waypoint and no route",
	"gpx/gpxgo/gpx-without-xml-declaration.gpx": "no waypoint and no route",
	"kml/om-kmz_index.kml":                      "network links that were not followed: 4",
	"kml/huroutes/data.json":                    "this JSON is of no kind that is known",
	"admin/si-municipalities-OB.csv":            "metres of a national grid must be converted",
}

// TestProvided reads all files: each is read or refused with the message that is
// listed, and what is read is valid and has the same ids when it is read again.
func TestProvided(t *testing.T) {
	root, files := provided(t)
	kinds := map[source.Kind][3]int{} // files, objects, positions
	for _, path := range files {
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		all, kind, err := readProvided(path)
		if kind == source.Overpass {
			continue // map data, read elsewhere
		}
		if want := refused[filepath.ToSlash(name)]; want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(all.Rejected) > 0 {
			t.Errorf("%s: rejected %v", name, all.Rejected)
		}
		again, _, err := readProvided(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := kinds[kind]
		sum[0]++
		for i := range all.Items {
			f := &all.Items[i].Feature
			if err := f.Validate(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if f.ID != again.Items[i].Feature.ID {
				t.Errorf("%s: id %s, then %s", name, f.ID, again.Items[i].Feature.ID)
			}
			sum[1]++
			sum[2] += f.Geometry.Count()
		}
		kinds[kind] = sum
	}
	for kind, sum := range kinds {
		t.Logf("%s: %d files, %d objects, %d positions", kind, sum[0], sum[1], sum[2])
	}
}

// near reports whether two chains of positions are the same to 1e-7 degrees:
// gpsbabel has other digits beyond these, and so rounds otherwise.
func near(a, b []cell.Point) bool {
	return slices.EqualFunc(a, b, func(p, q cell.Point) bool {
		return max(p.LonE7-q.LonE7, q.LonE7-p.LonE7, p.LatE7-q.LatE7, q.LatE7-p.LatE7) <= 1
	})
}

func has(all [][]cell.Point, one []cell.Point) bool {
	return slices.ContainsFunc(all, func(other []cell.Point) bool { return near(one, other) })
}

// ours returns the points and lines of a file.
func ours(all *records.File) (shapes [][]cell.Point) {
	for _, f := range all.Features() {
		for _, l := range f.Geometry.Lines {
			shapes = append(shapes, l.Points)
		}
	}
	return shapes
}

// babel returns the points and lines that gpsbabel finds. whole joins the segments
// of a track.
func babel(t *testing.T, format, path string, whole bool) (shapes [][]cell.Point, err error) {
	out, err := exec.Command("gpsbabel", "-i", format, "-f", path, "-o", "gpx", "-F", "-").Output()
	if err != nil {
		return nil, err
	}
	type point struct {
		Lon  float64 `xml:"lon,attr"`
		Lat  float64 `xml:"lat,attr"`
		Name string  `xml:"name"`
	}
	var file struct {
		Points []point `xml:"wpt"`
		Routes []struct {
			Points []point `xml:"rtept"`
		} `xml:"rte"`
		Tracks []struct {
			Segments []struct {
				Points []point `xml:"trkpt"`
			} `xml:"trkseg"`
		} `xml:"trk"`
	}
	if err := xml.Unmarshal(out, &file); err != nil {
		t.Fatalf("%s: gpsbabel's GPX: %v", path, err)
	}
	position := func(lon, lat float64) cell.Point {
		p, problem := feature.PointAt(lon, lat)
		if problem != "" {
			t.Fatalf("%s: gpsbabel's %s", path, problem)
		}
		return p
	}
	line := func(points []point) {
		var chain []cell.Point
		for _, p := range points {
			chain = append(chain, position(p.Lon, p.Lat))
		}
		if len(chain) > 1 {
			shapes = append(shapes, chain)
		}
	}
	for _, p := range file.Points {
		if format != "garmin_fit" || !strings.HasPrefix(p.Name, "LAP") { // of laps, gpsbabel makes waypoints
			shapes = append(shapes, []cell.Point{position(p.Lon, p.Lat)})
		}
	}
	for _, r := range file.Routes {
		line(r.Points)
	}
	for _, tr := range file.Tracks {
		var joined []point
		for _, seg := range tr.Segments {
			if joined = append(joined, seg.Points...); !whole {
				line(seg.Points)
			}
		}
		if whole {
			line(joined)
		}
	}
	return shapes, nil
}

// TestAgainstGPSBabel holds each point and line that we read against gpsbabel's,
// in both directions. What is in a file twice, we keep once.
func TestAgainstGPSBabel(t *testing.T) {
	if _, err := exec.LookPath("gpsbabel"); err != nil {
		t.Skip("no gpsbabel (Debian: apt install gpsbabel)")
	}
	formats := map[source.Kind]string{source.GPX: "gpx", source.KML: "kml", source.FIT: "garmin_fit"}
	root, files := provided(t)
	same, points, lines := 0, 0, 0
	for _, path := range files {
		all, kind, err := readProvided(path)
		if err != nil || formats[kind] == "" || filepath.Ext(path) == ".gz" {
			continue
		}
		name, _ := filepath.Rel(root, path)
		want, err := babel(t, formats[kind], path, kind == source.FIT)
		if err != nil {
			t.Logf("%s: gpsbabel cannot read it: %v", name, err)
			continue
		}
		got := ours(all)
		for _, s := range want {
			if !has(got, s) {
				t.Errorf("%s: only gpsbabel has the %d positions from %v", name, len(s), s[0])
			}
		}
		for _, s := range got {
			if !has(want, s) {
				t.Errorf("%s: only we have the %d positions from %v", name, len(s), s[0])
			}
			if len(s) > 1 {
				lines++
			} else {
				points++
			}
		}
		same++
	}
	if same < 40 {
		t.Errorf("only %d files were compared", same)
	}
	t.Logf("%d files are the same: %d points, %d lines", same, points, lines)
}

var segments = regexp.MustCompile(`Track #\d+, Segment #\d+[\s\S]*?Points: (\d+)`)

// TestAgainstGPXInfo holds the lengths, in points, of tracks' segments against
// gpxinfo's.
func TestAgainstGPXInfo(t *testing.T) {
	if _, err := exec.LookPath("gpxinfo"); err != nil {
		t.Skip("no gpxinfo (Debian: apt install gpxinfo)")
	}
	root, files := provided(t)
	same := 0
	for _, path := range files {
		all, kind, err := readProvided(path)
		if err != nil || kind != source.GPX || filepath.Ext(path) == ".gz" {
			continue
		}
		name, _ := filepath.Rel(root, path)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "<rtept") {
			continue // gpxinfo does not count routes
		}
		out, err := exec.Command("gpxinfo", path).Output()
		if err != nil || strings.Contains(string(out), "Error processing") {
			t.Logf("%s: gpxinfo cannot read it", name)
			continue
		}
		var want, got []int
		for _, m := range segments.FindAllStringSubmatch(string(out), -1) {
			if n, _ := strconv.Atoi(m[1]); n > 1 && !slices.Contains(want, n) {
				want = append(want, n)
			}
		}
		for _, f := range all.Features() {
			for _, l := range f.Geometry.Lines {
				if n := len(l.Points); f.Kind == feature.Route && !slices.Contains(got, n) {
					got = append(got, n)
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: segments of %v points, gpxinfo has %v", name, got, want)
		}
		same++
	}
	if same < 25 {
		t.Errorf("only %d files were compared", same)
	}
	t.Logf("%d files are the same", same)
}

// TestTelling makes sure that errors for files are of a known class.
func TestTelling(t *testing.T) {
	_, files := provided(t)
	for _, path := range files {
		if _, kind, err := readProvided(path); err != nil && kind != source.Overpass && !errors.Is(err, feature.ErrInvalid) && !errors.Is(err, records.ErrEmpty) && !errors.Is(err, source.ErrUnknown) {
			t.Errorf("%s: error of an unknown class: %v", path, err)
		}
	}
}
