package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// A job that is cancelled while it waits or is read stops, lets go of its file and
// of its source, and leaves nothing behind.
func TestCancel(t *testing.T) {
	s := newSite(t)
	if err := s.jobs.workers.Acquire(t.Context(), 2); err != nil { // so that it waits
		t.Fatal(err)
	}
	u := s.upload(farm, "a.csv", three)
	job, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: farm, Settings: licence})
	s.must(err)
	if p, ok := s.jobs.Progress(region, job.Number); !ok || p.Stage != "wait" {
		t.Errorf("progress %+v, %v", p, ok)
	}
	if job, err = s.jobs.Cancel(t.Context(), region, job.Number); err != nil || job.State != Cancelled {
		t.Fatalf("cancelled: %+v, %v", job, err)
	}
	s.jobs.workers.Release(2)
	if _, err := s.jobs.Upload(t.Context(), u.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("its file: %v", err)
	}
	s.counts(s.read(farm, "b.csv", three), Counts{New: 3})
	left, _ := filepath.Glob(filepath.Join(s.dir, "pannier-import-*"))
	parts, _ := filepath.Glob(filepath.Join(s.dir, "private/uploads/"+u.ID+"*"))
	if len(left)+len(parts) > 0 {
		t.Errorf("left behind: %v %v", left, parts)
	}
}

// A server that stops keeps its jobs, and goes on with them when it starts.
func TestStopAndGoOn(t *testing.T) {
	s := newSite(t)
	s.must(s.jobs.workers.Acquire(t.Context(), 2)) // none is done before it stops
	u := s.upload(farm, "a.csv", three)
	job, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: farm, Settings: licence})
	s.must(err)
	waits, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.jobs.Wait(waits, region, job.Number); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
	s.must(s.jobs.Close())
	s.must(s.meta.Close())
	s.open()
	s.counts(s.wait(job), Counts{New: 3})
}
