package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// How long things are kept that nobody touches.
const (
	readyLife  = 7 * 24 * time.Hour  // a job that waits for somebody
	foundLife  = 7 * 24 * time.Hour  // what a job that is over had found
	recordLife = 90 * 24 * time.Hour // the job itself
)

// load returns a job, brought up to what became of its change.
func (j *Jobs) load(ctx context.Context, region string, number uint64) (Job, error) {
	job, err := j.Job(ctx, region, number)
	if err != nil || job.Change == 0 || job.State != Proposed && (job.State != Applied || job.Undo == 0) {
		return job, err
	}
	watched := job.Change
	if job.State == Applied {
		watched = job.Undo
	}
	c, err := j.desk.Change(ctx, region, watched)
	if err != nil {
		return job, err
	}
	to := job.State
	switch {
	case c.State == editing.Accepted && job.State == Proposed:
		to = Applied
	case c.State == editing.Accepted:
		to = Undone
	case c.State == editing.Withdrawn && job.State == Proposed:
		to = Cancelled
	}
	if to == job.State {
		return job, nil
	}
	was := job.State
	return j.change(ctx, region, number, func(txn store.Txn, job *Job) error {
		if job.State != was {
			return nil
		}
		job.State = to
		if to == Applied {
			job.Written, job.Skipped = c.Applied, job.Skipped+c.Skipped
			return nil
		}
		return txn.Delete(importedKey(region, job.Change))
	})
}

// Get returns a job as it stands, and as its change does.
func (j *Jobs) Get(ctx context.Context, region string, number uint64) (Job, error) {
	return j.load(ctx, region, number)
}

// Cancel gives a job up that is not applied yet.
func (j *Jobs) Cancel(ctx context.Context, region string, number uint64) (Job, error) {
	var upload Job
	job, err := j.change(ctx, region, number, func(_ store.Txn, job *Job) error {
		switch job.State {
		case Waiting, Reading, Ready, Failed:
		default:
			return fmt.Errorf("%w: it is %s", ErrState, job.State)
		}
		upload = *job
		job.State, job.Upload = Cancelled, ""
		return nil
	})
	if err != nil {
		return job, err
	}
	j.interrupt(region, number)
	return job, j.release(ctx, upload)
}

// Sweep removes what nobody asks for any more. Run it daily; Open does.
func (j *Jobs) Sweep(ctx context.Context) error {
	uploads, stale, err := j.stale(ctx)
	if err != nil {
		return err
	}
	for _, u := range uploads {
		if err := j.remove(ctx, u.ID, u.Job); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrState) {
			return err
		}
	}
	for _, s := range stale {
		if err := j.retire(ctx, s.region, s.Job); err != nil {
			return err
		}
	}
	return j.orphans(ctx)
}

// staleJob is a job that was not touched for long.
type staleJob struct {
	region string
	Job
}

func (j *Jobs) stale(ctx context.Context) (uploads []Upload, jobs []staleJob, err error) {
	now := j.now()
	err = j.meta.View(ctx, func(txn store.Txn) error {
		uploads, jobs = nil, nil
		all, err := records.List[Upload](txn, records.Key("upload", ""))
		if err != nil {
			return err
		}
		for _, u := range all {
			if !now.After(u.Expires) {
				continue
			}
			used, err := u.used(txn)
			if err != nil {
				return err
			}
			if !used {
				uploads = append(uploads, u)
			}
		}
		for kv, err := range txn.Scan(records.Key("job", "")) {
			if err != nil {
				return err
			}
			region, _, isJob := strings.Cut(strings.TrimPrefix(string(kv.Key), "job/"), "/")
			if !isJob {
				continue
			}
			s := staleJob{region: region}
			if err := json.Unmarshal(kv.Value, &s.Job); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			idle := now.Sub(s.Updated)
			if !s.State.Working() && (idle > foundLife && len(s.Chunks) > 0 || idle > recordLife || s.State == Ready && idle > readyLife || s.State == Failed && idle > UploadLife) {
				jobs = append(jobs, s)
			}
		}
		return nil
	})
	return uploads, jobs, err
}

// used reports whether an import needs the upload still: a crash may have come
// between the note that it does not and the upload's removal.
func (u Upload) used(txn store.Txn) (bool, error) {
	if u.Job == 0 {
		return false, nil
	}
	job, err := getJob(txn, u.Region, u.Job)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return job.Upload == u.ID, err
}

// retire takes from a job what it is too old for.
func (j *Jobs) retire(ctx context.Context, region string, job Job) error {
	if job.State == Ready || job.State == Failed {
		_, err := j.Cancel(ctx, region, job.Number)
		if errors.Is(err, ErrState) || errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	}
	if err := j.forget(ctx, region, job); err != nil {
		return err
	}
	if j.now().Sub(job.Updated) > recordLife {
		return j.meta.Update(ctx, func(txn store.Txn) error { return txn.Delete(jobKey(region, job.Number)) })
	}
	return j.meta.Update(ctx, func(txn store.Txn) error {
		now, err := getJob(txn, region, job.Number)
		if err != nil || !now.Updated.Equal(job.Updated) {
			return err
		}
		now.Chunks = nil
		return records.Set(txn, jobKey(region, job.Number), now)
	})
}

// orphans removes blobs that no upload and no job has.
func (j *Jobs) orphans(ctx context.Context) error {
	for _, prefix := range []string{"uploads/", "jobs/"} {
		var names []string
		for name, err := range j.private.List(ctx, prefix) {
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		for _, name := range names {
			var used bool
			err := j.meta.View(ctx, func(txn store.Txn) (err error) {
				used, err = j.used(txn, strings.TrimPrefix(name, prefix), prefix)
				return err
			})
			if err == nil && !used {
				err = j.private.Delete(ctx, name)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// used reports whether there is what a blob belongs to.
func (j *Jobs) used(txn store.Txn, name, prefix string) (bool, error) {
	parts := strings.Split(name, ".")
	if prefix == "uploads/" {
		return records.Has(txn, uploadKey(parts[0]))
	}
	if len(parts) < 3 {
		return false, nil
	}
	number, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return false, nil
	}
	return records.Has(txn, jobKey(parts[0], number))
}
