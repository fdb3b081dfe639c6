package editing

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

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
