package editing

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of a change.
const (
	MaxProposals  = 50_000 // features in one change
	MaxTitleChars = 200
	MaxNoteChars  = 4_000
)

// State says how far a change has come.
type State string

// The states.
const (
	Draft     State = "draft"
	Proposed  State = "proposed"
	Returned  State = "returned" // sent back with a note; its author may go on with it
	Applying  State = "applying" // accepted, and being written to the catalog
	Accepted  State = "accepted"
	Withdrawn State = "withdrawn"
)

// Values lists the states.
func (State) Values() []string {
	return []string{string(Draft), string(Proposed), string(Returned), string(Applying), string(Accepted), string(Withdrawn)}
}

// Change is a set of proposals that is reviewed and applied as one.
type Change struct {
	Number       uint64    `json:"number"`
	Organisation string    `json:"organisation,omitempty"`
	Author       string    `json:"author"`
	Title        string    `json:"title,omitempty"`
	Note         string    `json:"note,omitempty"`
	State        State     `json:"state"`
	Proposals    int       `json:"proposals"`
	Created      time.Time `json:"created"`
	Updated      time.Time `json:"updated"`
	Undoes       uint64    `json:"undoes,omitempty"` // the change that this one takes back
	// Of the review.
	Reviewer string     `json:"reviewer,omitempty"`
	Reply    string     `json:"reply,omitempty"`
	Reviewed *time.Time `json:"reviewed,omitempty"`
	Applied  int        `json:"applied,omitempty"`
	Skipped  int        `json:"skipped,omitempty"` // conflicts

	SkipConflicts bool `json:"skip_conflicts,omitempty"` // while it is applied
	Checked       bool `json:"checked,omitempty"`        // while it is applied: its conflicts are settled
}

// Proposal is what a change does to one feature.
type Proposal struct {
	N int `json:"n"` // 0, 1, 2 …
	catalog.Ref
	Base            string `json:"base,omitempty"` // hash of the content it was made on, "" for a new feature
	catalog.Content        // none: the feature shall go
}

// Words are what a person says of a change; "" leaves what there is.
type Words struct{ Title, Note string }

func changeKey(region string, number uint64) []byte {
	return records.Key("change", region, fmt.Sprintf("%016x", number))
}

func stateKey(region string, c Change) []byte {
	return records.Key("changes", region, string(c.State), fmt.Sprintf("%016x", c.Number))
}

func proposalKey(region string, number uint64, n int) []byte {
	return records.Key("proposal", region, fmt.Sprintf("%016x", number), fmt.Sprintf("%08x", n))
}

func proposedKey(region string, number uint64, ref catalog.Ref) []byte {
	return records.Key("proposed", region, fmt.Sprintf("%016x", number), ref.Digest())
}

func isAbsent(err error) bool { return errors.Is(err, store.ErrNotFound) }

// counter reads a number; an absent one is 0.
func counter(txn store.Txn, key []byte) (uint64, error) {
	data, err := txn.Get(key)
	if isAbsent(err) {
		return 0, nil
	}
	if err == nil && len(data) != 8 {
		err = fmt.Errorf("record %s: %d bytes, want 8", key, len(data))
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(data), nil
}

func load(txn store.Txn, region string, number uint64) (Change, error) {
	c, err := records.Get[Change](txn, changeKey(region, number))
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: change %d", ErrNotFound, number)
	}
	return c, err
}

// save writes a change, and moves it in the index when its state was another.
func save(j *catalog.Journal, region string, c Change, was State) error {
	c.Updated = j.Stamp.At
	if err := j.Set(changeKey(region, c.Number), c); err != nil || c.State == was {
		return err
	}
	if was != "" {
		if err := j.Delete(stateKey(region, Change{Number: c.Number, State: was})); err != nil {
			return err
		}
	}
	if err := j.Set(stateKey(region, c), c.Number); err != nil {
		return err
	}
	j.Stamp.Change, j.Stamp.Organisation = c.Number, c.Organisation
	return j.Note("change "+string(c.State), c.Title)
}

// Saved is what became of a Save.
type Saved struct {
	Change Change
	// Errs has an error for each write that was not taken, nil for the others.
	Errs []error
	Refs []catalog.Ref
}

// Save adds proposals to a draft, or to one that was sent back; number 0 makes a
// new draft, under an idempotency key if there is one. A feature that is in the
// change already gets the new content on its old base. Writes that are not
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

// propose adds one proposal, in place of an earlier one about the same feature.
func propose(j *catalog.Journal, region string, c *Change, p Proposal) error {
	pointer := proposedKey(region, c.Number, p.Ref)
	n, err := records.Get[int](j.Txn, pointer)
	switch {
	case err == nil:
		old, err := records.Get[Proposal](j.Txn, proposalKey(region, c.Number, n))
		if err != nil {
			return err
		}
		p.N, p.Base = n, old.Base
		return j.Set(proposalKey(region, c.Number, n), p)
	case !errors.Is(err, store.ErrNotFound):
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

func owns(a Actor, c Change) error {
	if a.Editor || (a.Organisation != "" && a.Organisation == c.Organisation) {
		return nil
	}
	return fmt.Errorf("%w: change %d belongs to %s", ErrForbidden, c.Number, c.Organisation)
}

func (w Words) check() error {
	for _, t := range [...]struct {
		field, text string
		limit       int
	}{{"title", w.Title, MaxTitleChars}, {"note", w.Note, MaxNoteChars}} {
		if feature.CleanLines(t.text, t.limit) != t.text {
			return invalid(t.field, fmt.Sprintf("must be at most %d characters without control characters or spaces around them", t.limit))
		}
	}
	return nil
}

func (w Words) into(c *Change) {
	if w.Title != "" {
		c.Title = w.Title
	}
	if w.Note != "" {
		c.Note = w.Note
	}
}

// Change returns a change.
func (d *Desk) Change(ctx context.Context, region string, number uint64) (c Change, err error) {
	err = d.meta.View(ctx, func(txn store.Txn) error {
		c, err = load(txn, region, number)
		return err
	})
	return c, err
}

// Changes lists changes, newest first, from number first (0: the newest); "" is
// every state, and organisation "" everybody's. Next is where the following
// page begins, 0 at the end.
func (d *Desk) Changes(ctx context.Context, region string, state State, organisation string, first uint64, limit int) (page []Change, next uint64, err error) {
	err = d.meta.View(ctx, func(txn store.Txn) error {
		page, next = nil, 0
		numbers, err := candidates(txn, region, state, first)
		if err != nil {
			return err
		}
		looked := 0
		for n := range numbers {
			if len(page) == limit || looked == maxLooks {
				next = n
				return nil
			}
			looked++
			c, err := load(txn, region, n)
			if err != nil {
				return err
			}
			if organisation == "" || c.Organisation == organisation {
				page = append(page, c)
			}
		}
		return nil
	})
	return page, next, err
}

// maxLooks bounds how many changes one page looks at.
const maxLooks = 2000

// candidates yields the numbers of changes, downwards from first.
func candidates(txn store.Txn, region string, state State, first uint64) (func(yield func(uint64) bool), error) {
	newest, err := counter(txn, records.Key("change", region))
	if err != nil {
		return nil, err
	}
	if first == 0 || first > newest {
		first = newest
	}
	if state == "" {
		return func(yield func(uint64) bool) {
			for n := first; n > 0 && yield(n); n-- {
			}
		}, nil
	}
	all, err := records.List[uint64](txn, records.Key("changes", region, string(state), ""))
	return func(yield func(uint64) bool) {
		for i := len(all) - 1; i >= 0; i-- {
			if all[i] <= first && !yield(all[i]) {
				return
			}
		}
	}, err
}

// Proposals lists a change's proposals from number first on, at most so many.
func (d *Desk) Proposals(ctx context.Context, region string, number uint64, first, limit int) (page []Proposal, err error) {
	err = d.meta.View(ctx, func(txn store.Txn) error {
		page = nil
		c, err := load(txn, region, number)
		if err != nil {
			return err
		}
		for n := max(first, 0); n < c.Proposals && len(page) < limit; n++ {
			p, err := records.Get[Proposal](txn, proposalKey(region, number, n))
			if err != nil {
				return err
			}
			page = append(page, p)
		}
		return nil
	})
	return page, err
}
