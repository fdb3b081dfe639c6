package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/sync/publish"
)

// State says how far a timer has come.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Values lists the states.
func (State) Values() []string {
	return []string{string(Waiting), string(Running), string(Done), string(Failed), string(Cancelled)}
}

const (
	maxWaiting = 20 // timers of a region
	keptTimers = 50 // of a region that have run
	furthest   = 2 * 365 * 24 * time.Hour
	maxMessage = 500
	maxTries   = 3 // when others publish at the same moment
)

// Timer publishes a region at a time, once.
type Timer struct {
	ID      string    `json:"id"`
	Region  string    `json:"region"`
	At      time.Time `json:"at"`
	Message string    `json:"message,omitempty"`
	Share   int       `json:"share,omitempty"` // see publish.Note
	By      string    `json:"by"`
	Author  string    `json:"author,omitempty"` // as versions have it
	Created time.Time `json:"created"`
	State   State     `json:"state"`

	Started   time.Time `json:"started,omitzero"`
	Before    uint64    `json:"before,omitempty"` // newest version when it started
	Ended     time.Time `json:"ended,omitzero"`
	Version   uint64    `json:"version,omitempty"`
	Unchanged bool      `json:"unchanged,omitempty"` // there was nothing to publish
	Problem   string    `json:"problem,omitempty"`
}

// Add sets a timer.
func (s *Schedule) Add(ctx context.Context, t Timer) (Timer, error) {
	now := s.Now().UTC()
	if err := words("message", t.Message, maxMessage); err != nil {
		return Timer{}, err
	}
	switch {
	case t.At.Before(now.Add(-time.Minute)):
		return Timer{}, &InvalidError{"at", "must not be in the past"}
	case t.At.After(now.Add(furthest)):
		return Timer{}, &InvalidError{"at", "must be within two years"}
	case t.Share < 0 || t.Share > publish.Everybody:
		return Timer{}, &InvalidError{"share", "must be 1 to 100 percent"}
	}
	t = Timer{ID: newID(), Region: t.Region, At: t.At.UTC(), Message: t.Message, Share: t.Share, By: t.By, Author: t.Author, Created: now.Truncate(time.Second), State: Waiting}
	err := add(ctx, s, "timer", t.Region, t.ID, t, func(all []Timer) error {
		waiting := 0
		for _, other := range all {
			if other.State == Waiting {
				waiting++
			}
		}
		if waiting >= maxWaiting {
			return fmt.Errorf("%w: at most %d wait in a region", ErrTooMany, maxWaiting)
		}
		return nil
	})
	return t, err
}

// Timers lists a region's timers: those that wait by time, then those that have
// run, the last first.
func (s *Schedule) Timers(ctx context.Context, region string) ([]Timer, error) {
	all, err := list[Timer](ctx, s, "timer", region)
	slices.SortFunc(all, func(a, b Timer) int {
		if c := a.Ended.Compare(b.Ended); c != 0 {
			if a.Ended.IsZero() || b.Ended.IsZero() {
				return c
			}
			return -c
		}
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// Cancel cancels a timer that waits.
func (s *Schedule) Cancel(ctx context.Context, region, id string) (Timer, error) {
	return change(ctx, s, "timer", region, id, func(t *Timer) error {
		if t.State != Waiting {
			return ErrState
		}
		t.State, t.Ended = Cancelled, s.Now().UTC()
		return nil
	})
}

// fire publishes, and notes what became of it.
func (s *Schedule) fire(ctx context.Context, t Timer) error {
	t, err := get[Timer](ctx, s, "timer", t.Region, t.ID)
	if err != nil || t.State != Waiting && t.State != Running { // it ran, or was cancelled, since it was looked at
		return err
	}
	versions, err := s.Publish.Versions(ctx, t.Region)
	if err != nil {
		return err
	}
	if t.State == Running { // a crash cut it off
		for _, v := range versions {
			if v.Number > t.Before && v.Author == t.Author && v.Message == t.Message && !v.Created.Before(t.Started.Truncate(time.Second)) {
				return s.ended(ctx, t, publish.Result{Version: v}, nil)
			}
		}
	} else {
		t, err = change(ctx, s, "timer", t.Region, t.ID, func(t *Timer) error {
			if t.State != Waiting {
				return ErrNotFound // cancelled meanwhile
			}
			t.State, t.Started = Running, s.Now().UTC()
			if n := len(versions); n > 0 {
				t.Before = versions[n-1].Number
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var result publish.Result
	for range maxTries {
		stamped := catalog.By(ctx, catalog.Stamp{By: t.By})
		result, err = s.Publish.PublishNow(stamped, t.Region, publish.Note{Message: t.Message, Author: t.Author, Share: t.Share})
		if !errors.Is(err, publish.ErrConflict) {
			break
		}
	}
	if err != nil && ctx.Err() != nil {
		return err // the server stops; the next one goes on
	}
	return s.ended(ctx, t, result, err)
}

// ended notes what became of a timer.
func (s *Schedule) ended(ctx context.Context, t Timer, r publish.Result, failed error) error {
	_, err := change(ctx, s, "timer", t.Region, t.ID, func(t *Timer) error {
		t.State, t.Ended = Done, s.Now().UTC()
		t.Version, t.Unchanged = r.Version.Number, r.Unchanged
		if failed != nil {
			t.State, t.Problem = Failed, s.explain(failed)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if failed != nil {
		s.Log.Error("scheduled publish failed", "region", t.Region, "timer", t.ID, "err", failed)
		err = s.note(ctx, t.Region, t.By, "", "schedule failed", s.explain(failed))
	} else if r.Unchanged {
		err = s.note(ctx, t.Region, t.By, "", "schedule done", fmt.Sprintf("version %d stays: nothing had changed", r.Version.Number))
	}
	return errors.Join(err, s.forget(ctx, t.Region))
}

// explain tells people why a publish failed; what else goes wrong is in the log.
func (s *Schedule) explain(err error) string {
	for _, cause := range []error{publish.ErrRollout, publish.ErrFirst, publish.ErrNoKey, publish.ErrEmpty, publish.ErrConflict, store.ErrFull} {
		if errors.Is(err, cause) {
			return cause.Error()
		}
	}
	return "something went wrong in the server; its log has more"
}

// forget removes the oldest timers that have run.
func (s *Schedule) forget(ctx context.Context, region string) error {
	return s.Meta.Update(ctx, func(txn store.Txn) error {
		all, err := records.List[Timer](txn, records.Key("timer", region, ""))
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(t Timer) bool { return t.Ended.IsZero() })
		slices.SortFunc(all, func(a, b Timer) int { return a.Ended.Compare(b.Ended) })
		for len(all) > keptTimers {
			if err := txn.Delete(records.Key("timer", region, all[0].ID)); err != nil {
				return err
			}
			all = all[1:]
		}
		return nil
	})
}
