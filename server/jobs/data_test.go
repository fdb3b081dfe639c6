package jobs

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maps are the kinds of the test data that are no provider's: each is refused, and
// the words that say so.
var maps = []struct{ part, says string }{
	{".osm.pbf", "which the map has from there"}, {".osm.bz2", "which the map has from there"}, {".osc.gz", "which the map has from there"},
	{"osm-overpass", "which the map has from there"},
}

// Every file of the test data goes through an import, or is refused with words that
// name the file; none is a fault of the server. Importing it again changes
// nothing.
func TestSharedData(t *testing.T) {
	root := filepath.FromSlash("../../../shared/data")
	var names []string
	for _, kind := range []string{"gpx", "kml", "fit", "poi", "routes-history", "admin", "osm"} {
		filepath.WalkDir(filepath.Join(root, kind), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, name)
			}
			return nil
		})
	}
	if len(names) == 0 {
		t.Skip("the test data is not beside this checkout")
	}
	s := newSite(t)
	ready := 0
	for _, name := range names {
		short, err := filepath.Rel(root, name)
		s.must(err)
		data, err := os.ReadFile(name)
		s.must(err)
		if len(data) == 0 {
			continue
		}
		job := s.read(museum, filepath.Base(name), string(data))
		t.Logf("%-70s %-20s %-9s %+v %s", short, job.Kind, job.State, job.Counts, job.Problem)
		for _, m := range maps {
			if strings.Contains(short, m.part) && !strings.Contains(job.Problem, m.says) {
				t.Errorf("%s: %s %q", short, job.State, job.Problem)
			}
		}
		switch {
		case job.State == Failed && (job.Problem == fault || !strings.Contains(job.Problem, filepath.Base(name)) || strings.Contains(job.Problem, s.dir)):
			t.Errorf("%s: refused with %q", short, job.Problem)
		case job.State == Ready:
			ready++
			if job.Counts.New == 0 && job.Counts.Rejected == 0 {
				t.Errorf("%s: it has nothing, and nothing is wrong with it", short)
			}
			job = s.apply(editor, job, job.Take)
			if job.State != Applied || job.Written != job.Counts.New {
				t.Errorf("%s: applied %+v", short, job)
			}
			again := s.read(museum, filepath.Base(name), string(data))
			if again.Counts.New+again.Counts.Changed+again.Counts.Edited > 0 || again.Counts.Unchanged != job.Counts.New+job.Counts.Unchanged+job.Counts.Changed {
				t.Errorf("%s: imported again %+v", short, again.Counts)
			}
			_, err = s.jobs.Cancel(t.Context(), region, again.Number)
			s.must(err)
			if job.Change != 0 {
				_, err := s.jobs.Undo(t.Context(), editor, region, job.Number, false)
				s.must(err)
				if job = s.wait(job); job.State != Undone {
					t.Errorf("%s: undone %+v", short, job)
				}
			}
		}
	}
	t.Logf("%d files, %d of them imported", len(names), ready)
	if ready < 60 {
		t.Errorf("only %d files are imported", ready)
	}
}

// The history of a real file: each state brings only what it changed.
func TestRouteHistory(t *testing.T) {
	names, _ := filepath.Glob(filepath.FromSlash("../../../shared/data/routes-history/*.geojson"))
	if len(names) < 3 {
		t.Skip("the test data is not beside this checkout")
	}
	s := newSite(t)
	take := Take{New: true, Changed: true, Vanished: true}
	for _, name := range names {
		data, err := os.ReadFile(name)
		s.must(err)
		job := s.read(farm, filepath.Base(name), string(data))
		t.Logf("%s: %+v", filepath.Base(name), job.Counts)
		if job = s.apply(farm, job, take); job.State != Applied {
			t.Fatalf("%s: %+v", name, job)
		}
		again := s.read(farm, filepath.Base(name), string(data))
		want := Counts{Unchanged: len(s.features("farm")), Rejected: job.Counts.Rejected}
		s.counts(again, want)
		if want.Unchanged != job.Counts.New+job.Counts.Changed+job.Counts.Unchanged {
			t.Errorf("%s: the region has %d, the file %+v", name, want.Unchanged, job.Counts)
		}
		_, err = s.jobs.Cancel(t.Context(), region, again.Number)
		s.must(err)
	}
}
