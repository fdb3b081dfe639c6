package editing

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

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
		if isAbsent(err) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out.Content = before.Content
	}
	return out, nil
}
