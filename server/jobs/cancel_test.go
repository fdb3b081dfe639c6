package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/tiles/source/table"
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

// An import that nobody looks at does not keep its source when whoever waits for it
// gives up, or a crash comes; and nobody has to clear up.
func TestImportIsGivenUp(t *testing.T) {
	s := newSite(t)
	o := Order{Region: region, Actor: farm, Settings: licence}
	s.must(s.jobs.workers.Acquire(t.Context(), 2)) // it is not read
	gone, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.jobs.Import(gone, o, "feed.csv", all, strings.NewReader(three))
		ended <- err
	}()
	for { // until it waits to be read
		if job, err := s.jobs.Job(t.Context(), region, 1); err == nil && job.State == Waiting {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	u := s.upload(farm, "feed.csv", three)
	o.Upload = u.ID
	job, err := s.jobs.start(t.Context(), o, true)
	s.must(err)
	s.must(s.jobs.Close()) // as a crash leaves it
	s.must(s.meta.Close())
	s.open()
	if job, err = s.jobs.Job(t.Context(), region, job.Number); err != nil || job.State != Cancelled {
		t.Errorf("after a crash: %+v, %v", job, err)
	}
	if job, err = s.jobs.Import(t.Context(), o, "feed.csv", all, strings.NewReader(three)); err != nil || job.State != Applied {
		t.Errorf("the next: %+v, %v", job, err)
	}
	if uploads, _, err := s.jobs.stale(t.Context()); err != nil || len(uploads) > 0 {
		t.Errorf("left behind: %v, %v", uploads, err)
	}
}

// What a job refuses must not change what it does.
func TestRefusedChoice(t *testing.T) {
	s := newSite(t)
	job := s.read(farm, "a.csv", three)
	_, err := s.jobs.Choose(t.Context(), region, job.Number, all, []string{"farm/2"})
	s.must(err)
	s.must(s.jobs.workers.Acquire(t.Context(), 2)) // it is not applied yet
	_, err = s.jobs.Apply(t.Context(), farm, region, job.Number, editing.Words{}, true, false)
	s.must(err)
	if _, err := s.jobs.Choose(t.Context(), region, job.Number, all, []string{"farm/1", "farm/3"}); !errors.Is(err, ErrState) {
		t.Errorf("a choice too late: %v", err)
	}
	s.jobs.workers.Release(2)
	if job = s.wait(job); job.State != Applied || job.Written != 2 || s.features("farm")["farm/2"] != "" {
		t.Errorf("%+v has brought %v", job, s.features("farm"))
	}

	s.must(s.jobs.workers.Acquire(t.Context(), 2))
	u := s.upload(farm, "b.csv", "what;north;east\nGostilna;46.6;16.1\n")
	job, err = s.jobs.Start(t.Context(), Order{Region: region, Source: "farm.b", Upload: u.ID, Actor: farm, Settings: licence})
	s.must(err)
	s.jobs.workers.Release(2)
	if job = s.wait(job); job.State != Failed {
		t.Fatalf("%+v", job)
	}
	c, err := s.jobs.Columns(t.Context(), region, job)
	s.must(err)
	mapped := func(name, lat, lon string) *table.Mapping {
		m := c.Mapping
		m.Columns = slices.Clone(m.Columns)
		m.Columns[0].Field, m.Columns[1].Field, m.Columns[2].Field = table.Field(name), table.Field(lat), table.Field(lon)
		return &m
	}
	s.must(s.jobs.workers.Acquire(t.Context(), 2))
	_, err = s.jobs.Reread(t.Context(), region, job.Number, nil, mapped("name", "latitude", "longitude"))
	s.must(err)
	if _, err := s.jobs.Reread(t.Context(), region, job.Number, nil, mapped("name", "longitude", "latitude")); !errors.Is(err, ErrState) {
		t.Errorf("other columns too late: %v", err)
	}
	s.jobs.workers.Release(2)
	job = s.counts(s.wait(job), Counts{New: 1})
	if c, err = s.jobs.Columns(t.Context(), region, job); err != nil || c.Mapping.Columns[1].Field != table.Latitude {
		t.Errorf("%+v, %v", c.Mapping, err)
	}
}
