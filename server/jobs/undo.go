package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
)

// Undo takes back all that a job did, as one change. One whose change waits for
// review is withdrawn. When features were changed since, nothing is undone and
// the job says so, unless skip leaves those as they are. An organisation that is
// not trusted proposes the undoing.
func (j *Jobs) Undo(ctx context.Context, a editing.Actor, region string, number uint64, skip bool) (Job, error) {
	job, err := j.change(ctx, region, number, func(_ store.Txn, job *Job) error {
		if job.State != Applied && job.State != Proposed || job.Change == 0 {
			return fmt.Errorf("%w: it is %s", ErrState, job.State)
		}
		a.Organisation, a.Provider = job.Actor.Organisation, job.Actor.Provider
		job.State, job.Actor, job.Skip, job.Problem = Undoing, a, skip, ""
		return nil
	})
	if err == nil {
		j.begin(region, number)
	}
	return job, err
}

func (j *Jobs) undo(ctx context.Context, region string, job Job, r *run) error {
	r.report("undo", 0, int64(job.Written))
	c, err := j.desk.Change(ctx, region, job.Change)
	if err != nil {
		return err
	}
	if c.State != editing.Accepted {
		if _, err := j.desk.Withdraw(ctx, job.Actor, region, job.Change); err != nil && !errors.Is(err, editing.ErrState) {
			return refuse(err)
		}
		return j.undone(ctx, region, job, 0, Undone)
	}
	undo, err := j.inverse(ctx, region, job)
	if err != nil {
		return refuse(err)
	}
	if undo.State == editing.Proposed && (job.Actor.Trusted || job.Actor.Editor) {
		undo, err = j.desk.Accept(ctx, job.Actor, region, undo.Number, "", job.Skip)
		var moved *editing.ConflictsError
		if errors.As(err, &moved) {
			if _, err := j.desk.Withdraw(ctx, job.Actor, region, moved.Number); err != nil {
				return err
			}
			return refused("nothing was undone: %d of its features were changed since, the first is %s; undo the others, or none", moved.Total, moved.Conflicts[0].Ref.ID)
		}
		if err != nil {
			return refuse(err)
		}
	}
	if undo.State == editing.Proposed {
		return j.undone(ctx, region, job, undo.Number, Applied) // an editor will see
	}
	return j.undone(ctx, region, job, undo.Number, Undone)
}

// inverse returns the change that takes a job's back: one that a crash left whole,
// or a new one.
func (j *Jobs) inverse(ctx context.Context, region string, job Job) (editing.Change, error) {
	for first := uint64(0); ; {
		page, next, err := j.desk.Changes(ctx, region, "", job.Actor.Organisation, first, 100)
		if err != nil {
			return editing.Change{}, err
		}
		for _, c := range page {
			switch {
			case c.Number <= job.Change:
				next = 0
			case c.Undoes != job.Change:
			case c.State == editing.Draft: // half made
				if _, err := j.desk.Withdraw(ctx, job.Actor, region, c.Number); err != nil {
					return c, err
				}
			case c.State == editing.Proposed || c.State == editing.Accepted && c.Number == job.Undo:
				return c, nil
			}
		}
		if next == 0 {
			break
		}
		first = next
	}
	return j.desk.Undo(ctx, job.Actor, region, job.Change)
}

// undone notes what became of the undoing.
func (j *Jobs) undone(ctx context.Context, region string, job Job, undo uint64, to State) error {
	_, err := j.change(ctx, region, job.Number, func(txn store.Txn, now *Job) error {
		if now.State != Undoing {
			return ErrState
		}
		now.State, now.Undo = to, undo
		if to == Undone {
			return txn.Delete(importedKey(region, job.Change))
		}
		return nil
	})
	return err
}
