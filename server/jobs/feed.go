package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pannier-maps/pannier/server/editing"
)

// Import brings a file from a feed into a source, from its upload to its change,
// and returns when that is made: accepted where the order's actor may do so, else
// proposed. take says which groups; vanished ones only where a feed is whole.
// When it fails, the job says why; one that it cannot bring to its end is cancelled,
// so that it does not keep the source. An import of the source that is under way is
// ErrBusy.
func (j *Jobs) Import(ctx context.Context, o Order, name string, take Take, r io.Reader) (job Job, err error) {
	u, err := j.collect(ctx, o, name, r)
	if err != nil {
		return Job{}, err
	}
	o.Upload = u.ID
	if job, err = j.start(ctx, o, true); err != nil {
		return job, errors.Join(err, j.RemoveUpload(context.WithoutCancel(ctx), u.ID))
	}
	number := job.Number
	defer func() {
		if err != nil || job.State == Ready {
			err = errors.Join(err, j.giveUp(context.WithoutCancel(ctx), id{o.Region, number}))
		}
	}()
	for range maxCompared {
		if job, err = j.Wait(ctx, o.Region, job.Number); err != nil {
			return job, err
		}
		if job.State != Ready {
			return job, nil
		}
		if job, err = j.Choose(ctx, o.Region, job.Number, take, nil); err != nil {
			return job, err
		}
		if job, err = j.Apply(ctx, o.Actor, o.Region, job.Number, editing.Words{}, o.Actor.Trusted || o.Actor.Editor, false); err != nil {
			return job, err
		}
	}
	return j.Wait(ctx, o.Region, job.Number)
}

// giveUp cancels a job that is not being applied.
func (j *Jobs) giveUp(ctx context.Context, k id) error {
	if _, err := j.Cancel(ctx, k.region, k.number); !errors.Is(err, ErrState) {
		return err
	}
	return nil
}

// maxCompared is how often a feed is compared anew because of what is written
// meanwhile.
const maxCompared = 3

// collect makes an upload of a file whose length nobody knows yet.
func (j *Jobs) collect(ctx context.Context, o Order, name string, r io.Reader) (u Upload, err error) {
	spool, err := os.CreateTemp(j.temp, "pannier-import-*")
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	size, err := io.Copy(spool, io.LimitReader(r, MaxFile+1))
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		return u, fmt.Errorf("receive %s: %w", name, err)
	}
	if u, err = j.CreateUpload(ctx, o.Actor.ID, o.Actor.Organisation, name, size); err != nil {
		return u, err
	}
	made := u
	if u, err = j.Fill(ctx, u.ID, 0, nil, spool); err != nil {
		err = errors.Join(err, j.RemoveUpload(context.WithoutCancel(ctx), made.ID))
	}
	return u, err
}

// Wait returns a job once no worker has anything to do for it.
func (j *Jobs) Wait(ctx context.Context, region string, number uint64) (Job, error) {
	for {
		job, err := j.Get(ctx, region, number)
		if err != nil || !job.State.Working() {
			return job, err
		}
		j.mu.Lock()
		r := j.running[id{region, number}]
		j.mu.Unlock()
		if r == nil { // it has just ended, or the server does
			if err := j.ctx.Err(); err != nil {
				return job, err
			}
			continue
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return job, ctx.Err()
		}
	}
}
