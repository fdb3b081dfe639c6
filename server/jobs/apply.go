package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Apply makes a change of what is taken of a job, and hands it in for review;
// with accept it is applied at once, which an organisation that is trusted may ask
// for, and an editor. When features were changed since the file was compared,
// nothing is applied and the file is compared anew, unless skip leaves those
// out.
func (j *Jobs) Apply(ctx context.Context, a editing.Actor, region string, number uint64, words editing.Words, accept, skip bool) (Job, error) {
	if accept && !a.Trusted && !a.Editor {
		return Job{}, fmt.Errorf("%w: an editor accepts the change", editing.ErrForbidden)
	}
	j.asking.Lock()
	defer j.asking.Unlock()
	job, err := j.change(ctx, region, number, func(_ store.Txn, job *Job) error {
		if err := job.ready(); err != nil {
			return err
		}
		if n := job.taken(); n > editing.MaxProposals+job.Excluded {
			return fmt.Errorf("%w: %d objects in one change, at most %d; divide the file, or take fewer", ErrInvalid, n, editing.MaxProposals)
		}
		if words.Title == "" {
			words.Title = feature.Clean("Import of "+job.File, editing.MaxTitleChars)
		}
		a.Organisation, a.Provider = job.Actor.Organisation, job.Actor.Provider // whoever applies it
		job.State, job.Actor, job.Words, job.Accept, job.Skip, job.Problem = Applying, a, words, accept, skip, ""
		return nil
	})
	if err == nil {
		j.begin(region, number)
	}
	return job, err
}

// taken is how many objects are to be written, but for those that are excluded.
func (job Job) taken() (n int) {
	for _, g := range job.groups() {
		n += *job.Counts.of(g)
	}
	return n
}

// groups are those that are taken.
func (job Job) groups() (all []Group) {
	for _, g := range []struct {
		is    Group
		taken bool
	}{{New, job.Take.New}, {Changed, job.Take.Changed}, {Edited, job.Take.Edited}, {Vanished, job.Take.Vanished}} {
		if g.taken {
			all = append(all, g.is)
		}
	}
	return all
}

// apply makes a job's change. Every step may be done again.
func (j *Jobs) apply(ctx context.Context, region string, job Job, r *run) error {
	name := catalog.Source{Name: job.Source, Organisation: job.Actor.Organisation, File: job.File, Kind: string(job.Kind), Imported: j.at()}
	if err := j.catalog.Claim(ctx, region, name); err != nil {
		return err
	}
	state := editing.Draft
	if job.Change != 0 {
		c, err := j.desk.Change(ctx, region, job.Change)
		if err != nil {
			return err
		}
		state = c.State
	}
	if state == editing.Draft || state == editing.Returned {
		if err := j.draft(ctx, region, &job, r); err != nil {
			return refuse(err)
		}
		if job.Change == 0 { // there is nothing to write
			return j.end(ctx, region, job, Applied, editing.Change{})
		}
		c, err := j.desk.Propose(ctx, job.Actor, region, job.Change, editing.Words{})
		if err != nil {
			return refuse(err)
		}
		state = c.State
	}
	if state == editing.Proposed && job.Accept {
		r.report("apply", int64(job.taken()), int64(job.taken()))
		_, err := j.desk.Accept(ctx, job.Actor, region, job.Change, "", job.Skip)
		var moved *editing.ConflictsError
		if errors.As(err, &moved) {
			return j.compareAgain(ctx, region, job, moved)
		}
		if err != nil {
			return refuse(err)
		}
	}
	c, err := j.desk.Change(ctx, region, job.Change)
	if err != nil {
		return err
	}
	if c.State == editing.Accepted {
		return j.end(ctx, region, job, Applied, c)
	}
	return j.end(ctx, region, job, Proposed, c)
}

// draft puts what is taken into the job's change.
func (j *Jobs) draft(ctx context.Context, region string, job *Job, r *run) error {
	ids, err := j.Excluded(ctx, region, *job)
	if err != nil {
		return err
	}
	excluded := make(map[string]bool, len(ids))
	for _, id := range ids {
		excluded[id] = true
	}
	done, total := 0, job.taken()
	job.Skipped = 0
	for _, g := range job.groups() {
		for n := range job.Chunks[g] {
			r.report("apply", int64(done), int64(total))
			var writes []editing.Write
			err := j.items(ctx, region, *job, g, n, func(item Item) error {
				done++
				if excluded[item.ID] {
					return nil
				}
				w := editing.Write{Ref: catalog.Ref{Source: job.Source, ID: item.ID}, Base: item.Base}
				if g != Vanished {
					var err error
					if w.Feature, err = feature.Parse(item.Feature); err != nil {
						return err
					}
				}
				writes = append(writes, w)
				return nil
			})
			if err != nil {
				return err
			}
			if err := j.saveChunk(ctx, region, job, writes); err != nil {
				return err
			}
		}
	}
	return nil
}

// saveChunk adds writes to the job's change, and notes the change down once it is
// there.
func (j *Jobs) saveChunk(ctx context.Context, region string, job *Job, writes []editing.Write) error {
	if len(writes) == 0 {
		return nil
	}
	// The key makes a repetition after a crash find the draft.
	key := ""
	if job.Change == 0 {
		key = fmt.Sprintf("import/%d/%d", job.Number, job.Generation)
	}
	saved, err := j.desk.Save(ctx, job.Actor, region, job.Change, job.Words, writes, key, "import")
	if err != nil {
		return err
	}
	for _, err := range saved.Errs {
		if err != nil {
			job.Skipped++
		}
	}
	if job.Change != 0 || saved.Change.Number == 0 {
		return nil
	}
	job.Change = saved.Change.Number
	_, err = j.change(ctx, region, job.Number, func(txn store.Txn, now *Job) error {
		if now.State != Applying {
			return ErrState
		}
		now.Change = job.Change
		return records.Set(txn, importedKey(region, job.Change), job.Number)
	})
	return err
}

// compareAgain takes a change back of which features were changed meanwhile.
func (j *Jobs) compareAgain(ctx context.Context, region string, job Job, moved *editing.ConflictsError) error {
	if _, err := j.desk.Withdraw(ctx, job.Actor, region, job.Change); err != nil && !errors.Is(err, editing.ErrState) {
		return err
	}
	_, err := j.change(ctx, region, job.Number, func(_ store.Txn, job *Job) error {
		job.State, job.Change = Waiting, 0
		job.Problem = fmt.Sprintf("Nothing was applied: %d features were changed since the file was compared, the first is %s. It was compared anew; look at it again.", moved.Total, moved.Conflicts[0].Ref.ID)
		return nil
	})
	return err
}

// end notes that a job was applied, and lets go of its file.
func (j *Jobs) end(ctx context.Context, region string, job Job, to State, c editing.Change) error {
	_, err := j.change(ctx, region, job.Number, func(_ store.Txn, now *Job) error {
		if now.State != Applying {
			return ErrState
		}
		now.State, now.Change, now.Upload = to, job.Change, ""
		now.Written, now.Skipped = c.Applied, c.Skipped+job.Skipped
		return nil
	})
	if err != nil {
		return err
	}
	return j.release(ctx, job)
}

// release removes a job's file, if it is still there.
func (j *Jobs) release(ctx context.Context, job Job) error {
	if job.Upload == "" {
		return nil
	}
	if err := j.remove(ctx, job.Upload, job.Number); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}
