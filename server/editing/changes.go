package editing

import (
	"context"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

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
