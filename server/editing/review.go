package editing

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
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
