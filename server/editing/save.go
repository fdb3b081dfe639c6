package editing

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Saved is what became of a Save.
type Saved struct {
	Change Change
	// Errs has an error for each write that was not taken, nil for the others.
	Errs []error
	Refs []catalog.Ref
}

// Save adds proposals to a draft, or to one that was sent back; number 0 makes a
// new draft, under an idempotency key if there is one. A feature that is in the
// change already gets the new content, on its old base or, to settle a conflict,
// on the one given. Writes that are not
// valid are left out and told; when none is left, a new draft is not made. At
// most MaxBatch writes come at once.
func (d *Desk) Save(ctx context.Context, a Actor, region string, number uint64, words Words, writes []Write, key, request string) (Saved, error) {
	if err := words.check(); err != nil {
		return Saved{}, err
	}
	if a.Organisation == "" && !a.Editor {
		return Saved{}, fmt.Errorf("%w: a change needs an organisation", ErrForbidden)
	}
	if len(writes) > MaxBatch {
		return Saved{}, fmt.Errorf("%w: %d features, at most %d", ErrTooMany, len(writes), MaxBatch)
	}
	r, err := d.rules(ctx, region, a)
	if err != nil {
		return Saved{}, err
	}
	out := Saved{Errs: make([]error, len(writes)), Refs: make([]catalog.Ref, len(writes))}
	contents, size, good := make([]catalog.Content, len(writes)), 0, 0
	for i, w := range writes {
		out.Refs[i], contents[i], out.Errs[i] = d.prepare(ctx, r, w)
		if size += contents[i].Size(); out.Errs[i] == nil {
			good++
		}
	}
	if size > catalog.MaxEditBytes {
		return Saved{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooMany, size, catalog.MaxEditBytes)
	}
	if number == 0 && good == 0 && len(writes) > 0 {
		return out, nil
	}
	err = d.catalog.Edit(ctx, region, d.stamp(a), size, func(j *catalog.Journal) error {
		if old, ok, err := d.recall(j.Txn, a, region, key, request); err != nil {
			return err
		} else if ok {
			out.Change, err = load(j.Txn, region, old.Change)
			return err
		}
		c, was, err := d.draft(j, a, region, number)
		if err != nil {
			return err
		}
		words.into(&c)
		for i, w := range writes {
			if out.Errs[i] != nil {
				continue
			}
			if err := propose(j, region, &c, Proposal{Ref: out.Refs[i], Base: w.Base, Content: contents[i]}); err != nil {
				return err
			}
		}
		out.Change = c
		out.Change.Updated = j.Stamp.At
		if key != "" {
			if err := j.Set(answerKey(a, region, key), answer{At: d.now().UTC(), Request: request, Change: c.Number}); err != nil {
				return err
			}
		}
		return save(j, region, c, was)
	})
	return out, err
}

// draft returns a change that may be written to, a new one for number 0, and
// the state it was in.
func (d *Desk) draft(j *catalog.Journal, a Actor, region string, number uint64) (c Change, was State, err error) {
	if number != 0 {
		if c, err = load(j.Txn, region, number); err != nil {
			return c, "", err
		}
		if err = owns(a, c); err != nil {
			return c, "", err
		}
		if was = c.State; was != Draft && was != Returned {
			return c, "", fmt.Errorf("%w: change %d is %s", ErrState, number, was)
		}
		c.State = Draft
		return c, was, nil
	}
	last, err := counter(j.Txn, records.Key("change", region))
	if err != nil {
		return c, "", err
	}
	c = Change{Number: last + 1, Organisation: a.Organisation, Author: a.ID, State: Draft, Created: j.Stamp.At}
	return c, "", j.Txn.Set(records.Key("change", region), binary.BigEndian.AppendUint64(nil, c.Number))
}

// propose adds one proposal, in place of an earlier one about the same feature,
// whose base stays unless the writer has seen a newer one.
func propose(j *catalog.Journal, region string, c *Change, p Proposal) error {
	pointer := proposedKey(region, c.Number, p.Ref)
	n, err := records.Get[int](j.Txn, pointer)
	switch {
	case err == nil:
		old, err := records.Get[Proposal](j.Txn, proposalKey(region, c.Number, n))
		if err != nil {
			return err
		}
		p.N = n
		if p.Base == "" || p.Base == Any || p.Base == old.Content.Hash() {
			p.Base = old.Base
		}
		return j.Set(proposalKey(region, c.Number, n), p)
	case !isAbsent(err):
		return err
	}
	if c.Proposals == MaxProposals {
		return fmt.Errorf("%w: a change has at most %d features", ErrTooMany, MaxProposals)
	}
	if p.Base == Any {
		now, err := j.Get(p.Ref)
		if err != nil {
			return err
		}
		p.Base = now.Hash()
	}
	p.N = c.Proposals
	c.Proposals++
	if err := j.Set(pointer, p.N); err != nil {
		return err
	}
	return j.Set(proposalKey(region, c.Number, p.N), p)
}
