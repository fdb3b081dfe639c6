package editing

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// MaxConflicts is how many conflicts of a change are told.
const MaxConflicts = 100

// ConflictsError is ErrConflict about a change: nothing of it was applied.
type ConflictsError struct {
	Number    uint64
	Conflicts []*ConflictError // the first MaxConflicts
	Total     int
}

func (e *ConflictsError) Error() string {
	return fmt.Sprintf("change %d: %d of its features were changed meanwhile; the first: %v", e.Number, e.Total, e.Conflicts[0])
}

// Unwrap returns ErrConflict.
func (e *ConflictsError) Unwrap() error { return ErrConflict }

// Propose hands a draft in for review.
func (d *Desk) Propose(ctx context.Context, a Actor, region string, number uint64, words Words) (Change, error) {
	if err := words.check(); err != nil {
		return Change{}, err
	}
	return d.move(ctx, a, region, number, Proposed, []State{Draft, Returned}, func(c *Change) error {
		if c.Proposals == 0 {
			return fmt.Errorf("%w: change %d is empty", ErrState, number)
		}
		words.into(c)
		return owns(a, *c)
	})
}

// Withdraw gives a change up.
func (d *Desk) Withdraw(ctx context.Context, a Actor, region string, number uint64) (Change, error) {
	return d.move(ctx, a, region, number, Withdrawn, []State{Draft, Proposed, Returned}, func(c *Change) error { return owns(a, *c) })
}

// Return sends a proposed change back to its author, with a note.
func (d *Desk) Return(ctx context.Context, a Actor, region string, number uint64, note string) (Change, error) {
	if err := (Words{Note: note}).check(); err != nil {
		return Change{}, err
	}
	if note == "" {
		return Change{}, invalid("note", "missing: say what is to be done")
	}
	return d.move(ctx, a, region, number, Returned, []State{Proposed}, func(c *Change) error {
		if !a.Editor {
			return fmt.Errorf("%w: an editor reviews changes", ErrForbidden)
		}
		review(c, a, d.stamp(a), note)
		return nil
	})
}

func review(c *Change, a Actor, s catalog.Stamp, reply string) {
	c.Reviewer, c.Reply, c.Reviewed = a.ID, reply, &s.At
}

// move takes a change from one of some states to another.
func (d *Desk) move(ctx context.Context, a Actor, region string, number uint64, to State, from []State, edit func(*Change) error) (c Change, err error) {
	err = d.catalog.Edit(ctx, region, d.stamp(a), 0, func(j *catalog.Journal) error {
		var err error
		if c, err = load(j.Txn, region, number); err != nil {
			return err
		}
		was := c.State
		if err := edit(&c); err != nil {
			return err
		}
		for _, s := range from {
			if s == was {
				c.State = to
				c.Updated = j.Stamp.At
				return save(j, region, c, was)
			}
		}
		return fmt.Errorf("%w: change %d is %s", ErrState, number, was)
	})
	return c, err
}

// Accept applies a proposed change to the catalog. When features were changed
// since, it is *ConflictsError and nothing is applied, unless skip leaves those
// out. An editor accepts; an organisation that is trusted accepts its own.
func (d *Desk) Accept(ctx context.Context, a Actor, region string, number uint64, note string, skip bool) (Change, error) {
	if err := (Words{Note: note}).check(); err != nil {
		return Change{}, err
	}
	stamp := d.stamp(a)
	stamp.Change = number // it may go on where another stopped
	err := d.catalog.Edit(ctx, region, stamp, 0, func(j *catalog.Journal) error {
		c, err := load(j.Txn, region, number)
		if err != nil {
			return err
		}
		if !a.Editor && !(a.Trusted && owns(a, c) == nil) {
			return fmt.Errorf("%w: an editor reviews changes", ErrForbidden)
		}
		was := c.State
		if was != Proposed {
			return fmt.Errorf("%w: change %d is %s", ErrState, number, was)
		}
		review(&c, a, stamp, note)
		c.State, c.SkipConflicts, c.Checked = Applying, skip, false
		if err := j.Hold(number); err != nil {
			return err
		}
		return save(j, region, c, was)
	})
	if err != nil {
		return Change{}, err
	}
	return d.carry(context.WithoutCancel(ctx), region, number)
}

// carry carries an accepted change through. The region is held for it, so no
// feature changes on the way.
func (d *Desk) carry(ctx context.Context, region string, number uint64) (Change, error) {
	c, err := d.Change(ctx, region, number)
	if err != nil {
		return c, err
	}
	if !c.Checked {
		found, err := d.conflicts(ctx, region, c)
		if err != nil {
			return c, err
		}
		if found.Total > 0 && !c.SkipConflicts {
			if c, err = d.finish(ctx, region, c, Proposed); err != nil {
				return c, err
			}
			for _, one := range found.Conflicts {
				d.explain(ctx, region, one)
			}
			return c, found
		}
		c.Checked = true
		err = d.catalog.Edit(ctx, region, appliedBy(c), 0, func(j *catalog.Journal) error { return j.Set(changeKey(region, number), c) })
		if err != nil {
			return c, err
		}
	}
	for n := 0; n < c.Proposals; {
		if n, err = d.apply(ctx, region, c, n); err != nil {
			return c, err
		}
	}
	return d.finish(ctx, region, c, Accepted)
}

// appliedBy is the stamp of what a change writes.
func appliedBy(c Change) catalog.Stamp {
	return catalog.Stamp{At: *c.Reviewed, By: c.Reviewer, Organisation: c.Organisation, Change: c.Number}
}

func appliedKey(region string, number uint64, n int) []byte {
	return records.Key("applied", region, fmt.Sprintf("%016x", number), fmt.Sprintf("%08x", n))
}

// clashes says whether a record is not what a proposal was made on, nor what
// it leads to.
func clashes(now catalog.Record, p Proposal) bool {
	return now.Hash() != p.Base && now.Hash() != p.Content.Hash()
}

// conflicts compares a change with the catalog.
func (d *Desk) conflicts(ctx context.Context, region string, c Change) (*ConflictsError, error) {
	found := &ConflictsError{Number: c.Number}
	err := d.each(ctx, region, c, func(txn store.Txn, p Proposal) error {
		now, err := d.catalog.RecordIn(txn, region, p.Ref)
		if err != nil || !clashes(now, p) {
			return err
		}
		if found.Total++; found.Total <= MaxConflicts {
			found.Conflicts = append(found.Conflicts, &ConflictError{Ref: p.Ref, Base: p.Base, Current: now})
		}
		return nil
	})
	return found, err
}

// each calls fn with all proposals of a change, on one snapshot.
func (d *Desk) each(ctx context.Context, region string, c Change, fn func(store.Txn, Proposal) error) error {
	return d.meta.View(ctx, func(txn store.Txn) error {
		for n := range c.Proposals {
			p, err := records.Get[Proposal](txn, proposalKey(region, c.Number, n))
			if err != nil {
				return err
			}
			if err := fn(txn, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// Conflicts tells what of a change was changed since; nil when nothing was.
func (d *Desk) Conflicts(ctx context.Context, region string, number uint64) (*ConflictsError, error) {
	c, err := d.Change(ctx, region, number)
	if err != nil {
		return nil, err
	}
	found, err := d.conflicts(ctx, region, c)
	if err != nil || found.Total == 0 {
		return nil, err
	}
	for _, one := range found.Conflicts {
		d.explain(ctx, region, one)
	}
	return found, nil
}

// apply writes proposals from number n on, as many as one transaction takes, and
// returns the number of the next. What was applied before a crash is passed over.
func (d *Desk) apply(ctx context.Context, region string, c Change, n int) (next int, err error) {
	err = d.catalog.Edit(ctx, region, appliedBy(c), catalog.MaxEditBytes, func(j *catalog.Journal) error {
		size := 0
		for next = n; next < c.Proposals && next-n < catalog.MaxEdits; next++ {
			p, err := records.Get[Proposal](j.Txn, proposalKey(region, c.Number, next))
			if err != nil {
				return err
			}
			if size += p.Content.Size(); size > catalog.MaxEditBytes && next > n {
				return nil
			}
			if done, err := records.Has(j.Txn, appliedKey(region, c.Number, next)); err != nil || done {
				if err != nil {
					return err
				}
				continue
			}
			rev, err := applyOne(j, p)
			if err != nil {
				return err
			}
			if err := j.Set(appliedKey(region, c.Number, next), rev); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}

// applyOne writes one proposal and returns the revision, 0 of one that is
// skipped or changes nothing.
func applyOne(j *catalog.Journal, p Proposal) (uint32, error) {
	now, err := j.Get(p.Ref)
	if err != nil || clashes(now, p) || now.Content.Same(p.Content) {
		return 0, err
	}
	next, err := j.Put(p.Ref, p.Content)
	return next.Rev, err
}

// finish ends the applying of a change.
func (d *Desk) finish(ctx context.Context, region string, c Change, to State) (Change, error) {
	c.Applied, c.Skipped = 0, 0
	if to == Accepted {
		err := d.each(ctx, region, c, func(txn store.Txn, p Proposal) error {
			rev, err := records.Get[uint32](txn, appliedKey(region, c.Number, p.N))
			if err != nil {
				return err
			}
			if rev > 0 {
				c.Applied++
				return nil
			}
			now, err := d.catalog.RecordIn(txn, region, p.Ref)
			if err == nil && clashes(now, p) {
				c.Skipped++
			}
			return err
		})
		if err != nil {
			return c, err
		}
	}
	was, stamp := c.State, appliedBy(c)
	c.State, c.Checked, c.SkipConflicts = to, false, false
	if to == Proposed {
		c.Reviewer, c.Reply, c.Reviewed = "", "", nil
	}
	err := d.catalog.Edit(ctx, region, stamp, 0, func(j *catalog.Journal) error {
		if err := save(j, region, c, was); err != nil {
			return err
		}
		return j.Release()
	})
	return c, err
}

// Undo makes a change that takes an accepted one back: what it made goes, what
// it changed or deleted becomes what it was. The new change is proposed; features
// that were changed since are its conflicts.
func (d *Desk) Undo(ctx context.Context, a Actor, region string, number uint64) (Change, error) {
	old, err := d.Change(ctx, region, number)
	if err != nil {
		return Change{}, err
	}
	if err := owns(a, old); err != nil {
		return Change{}, err
	}
	if old.State != Accepted {
		return Change{}, fmt.Errorf("%w: change %d is %s", ErrState, number, old.State)
	}
	var c Change
	for n := 0; n < old.Proposals || c.Number == 0; {
		next := n
		err := d.catalog.Edit(ctx, region, d.stamp(a), catalog.MaxEditBytes, func(j *catalog.Journal) error {
			draft, was, err := d.draft(j, a, region, c.Number)
			if err != nil {
				return err
			}
			draft.Organisation, draft.Undoes, draft.Title = old.Organisation, number, fmt.Sprintf("Undo change %d", number)
			size := 0
			for next = n; next < old.Proposals && next-n < catalog.MaxEdits; next++ {
				p, err := d.inverse(j.Txn, region, old, next)
				if err != nil {
					return err
				}
				if p == nil {
					continue
				}
				if size += p.Content.Size(); size > catalog.MaxEditBytes && next > n {
					break
				}
				if err := propose(j, region, &draft, *p); err != nil {
					return err
				}
			}
			if err := save(j, region, draft, was); err != nil {
				return err
			}
			c = draft
			return nil
		})
		if err != nil {
			return Change{}, err
		}
		n = next
	}
	if c.Proposals == 0 {
		return d.Withdraw(ctx, a, region, c.Number)
	}
	return d.Propose(ctx, a, region, c.Number, Words{})
}

// inverse returns the proposal that takes one of an accepted change back; nil
// when that one was skipped.
func (d *Desk) inverse(txn store.Txn, region string, old Change, n int) (*Proposal, error) {
	p, err := records.Get[Proposal](txn, proposalKey(region, old.Number, n))
	if err != nil {
		return nil, err
	}
	rev, err := records.Get[uint32](txn, appliedKey(region, old.Number, n))
	if err != nil || rev == 0 {
		return nil, err
	}
	out := &Proposal{Ref: p.Ref, Base: p.Content.Hash()}
	if rev > 1 {
		before, err := d.catalog.VersionIn(txn, region, p.Ref, rev-1)
		if errors.Is(err, store.ErrNotFound) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out.Content = before.Content
	}
	return out, nil
}
