// Package schedule does what somebody set a time for: it publishes a region at a
// time, once, and pulls feeds into sources every so often.
//
// All of it lies in the MetaStore, so it outlives restarts. A publish whose time
// came while no server ran is made when one does, of the state then. One that a
// crash cut off is made good: if its version is there, that is noted; if not, it
// is published. A feed is asked with what the server said of it last (ETag,
// Last-Modified), so that nothing is read twice; one that fails is asked again
// after a quarter of an hour, then twice as long each time up to its interval,
// and after NoticeAfter failures in a row the region's journal says so.
//
// # Records
//
//	timer/{region}/{id}      Timer
//	feed/{region}/{id}       Feed
//	schedule-guard/{region}  written by each Add
//
// Ids are 16 of a-z and 2-7. Addresses of feeds are asked by server/outbound, and
// never logged. Everything is safe for concurrent use; one Run at a time has a
// store.
package schedule

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/sync/publish"
)

// Errors that a caller acts on.
var (
	ErrNotFound = errors.New("there is no such timer or feed")
	ErrTooMany  = errors.New("there are too many timers or feeds")
	ErrInvalid  = errors.New("that cannot be set")
	ErrState    = errors.New("it has run, or was cancelled")
)

// InvalidError is ErrInvalid with what is wrong.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Publisher makes versions.
type Publisher interface {
	// PublishNow makes the next version of a region, or none if nothing changed.
	PublishNow(ctx context.Context, region string, note publish.Note) (publish.Result, error)
	// Versions lists the region's versions, oldest first.
	Versions(ctx context.Context, region string) ([]publish.Version, error)
}

// Config is what a Schedule needs; all but Now, Until and Log is required.
type Config struct {
	Meta     store.MetaStore
	Events   *events.Log
	Client   *outbound.Client
	Publish  Publisher
	Importer Importer
	// Now and Until are the clock; that of the system when nil.
	Now   func() time.Time
	Until func(t time.Time) <-chan time.Time
	Log   *slog.Logger
}

// Schedule is the timers and feeds of one server.
type Schedule struct {
	Config
	kick    chan struct{} // holds one: look again
	publish *semaphore.Weighted
	pulling *semaphore.Weighted

	mu   sync.Mutex
	busy map[string]bool // ids of timers and feeds
	work sync.WaitGroup
}

const (
	maxPulls = 2           // at once
	lookOut  = time.Minute // at most, between two looks at what is due
)

// New returns the schedule that lies in a store. It is kept while Run runs.
func New(c Config) *Schedule {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Until == nil {
		c.Until = func(t time.Time) <-chan time.Time { return time.After(time.Until(t)) }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Schedule{Config: c, kick: make(chan struct{}, 1), publish: semaphore.NewWeighted(1), pulling: semaphore.NewWeighted(maxPulls), busy: make(map[string]bool)}
}

// Run keeps the schedule until ctx ends, and waits for what it does then.
func (s *Schedule) Run(ctx context.Context) error {
	defer s.work.Wait()
	for {
		latest := s.Now().Add(lookOut)
		next, err := s.look(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("schedule", "err", err)
		}
		if err != nil || next.IsZero() || next.After(latest) {
			next = latest
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.kick:
		case <-s.Until(next):
		}
	}
}

// again makes Run look again.
func (s *Schedule) again() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// look starts what is due, and returns when something will be; zero for never.
func (s *Schedule) look(ctx context.Context) (next time.Time, err error) {
	var timers []Timer
	var feeds []Feed
	err = s.Meta.View(ctx, func(txn store.Txn) (err error) {
		if timers, err = records.List[Timer](txn, records.Key("timer", "")); err != nil {
			return err
		}
		feeds, err = records.List[Feed](txn, records.Key("feed", ""))
		return err
	})
	if err != nil {
		return next, err
	}
	now := s.Now()
	consider := func(id string, at time.Time, turn *semaphore.Weighted, do func(ctx context.Context) error) {
		if at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			return
		}
		s.begin(ctx, id, turn, do)
	}
	for _, t := range timers {
		if t.State == Waiting || t.State == Running {
			consider(t.ID, t.At, s.publish, func(ctx context.Context) error { return s.fire(ctx, t) })
		}
	}
	for _, f := range feeds {
		if !f.Paused {
			consider(f.ID, f.Next, s.pulling, func(ctx context.Context) error { return s.pull(ctx, f) })
		}
	}
	return next, nil
}

// begin does something, unless it is being done, when it is its turn.
func (s *Schedule) begin(ctx context.Context, id string, turn *semaphore.Weighted, do func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] {
		return
	}
	s.busy[id] = true
	s.work.Go(func() {
		err := turn.Acquire(ctx, 1)
		if err == nil {
			err = do(ctx)
			turn.Release(1)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, ErrNotFound) {
			s.Log.Error("schedule", "id", id, "err", err)
		}
		s.mu.Lock()
		delete(s.busy, id)
		s.mu.Unlock()
		if err == nil {
			s.again()
		}
	})
}

func newID() string {
	random := make([]byte, 10)
	rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))
}

// add writes a new record of a region, if there are not too many.
func add[T any](ctx context.Context, s *Schedule, kind, region, id string, v T, full func(all []T) error) error {
	err := s.Meta.Update(ctx, func(txn store.Txn) error {
		all, err := records.List[T](txn, records.Key(kind, region, ""))
		if err != nil {
			return err
		}
		if err := full(all); err != nil {
			return err
		}
		// The store sees no phantoms.
		if err := records.Set(txn, records.Key("schedule-guard", region), id); err != nil {
			return err
		}
		return records.Set(txn, records.Key(kind, region, id), v)
	})
	if err == nil {
		s.again()
	}
	return err
}

// change changes a record.
func change[T any](ctx context.Context, s *Schedule, kind, region, id string, edit func(*T) error) (v T, err error) {
	key := records.Key(kind, region, id)
	err = s.Meta.Update(ctx, func(txn store.Txn) error {
		if v, err = records.Get[T](txn, key); errors.Is(err, store.ErrNotFound) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		if err := edit(&v); err != nil {
			return err
		}
		return records.Set(txn, key, v)
	})
	return v, err
}

// get returns a record.
func get[T any](ctx context.Context, s *Schedule, kind, region, id string) (v T, err error) {
	err = s.Meta.View(ctx, func(txn store.Txn) error {
		if v, err = records.Get[T](txn, records.Key(kind, region, id)); errors.Is(err, store.ErrNotFound) {
			err = ErrNotFound
		}
		return err
	})
	return v, err
}

// list lists the records of a region by id.
func list[T any](ctx context.Context, s *Schedule, kind, region string) (all []T, err error) {
	err = s.Meta.View(ctx, func(txn store.Txn) error {
		all, err = records.List[T](txn, records.Key(kind, region, ""))
		return err
	})
	return all, err
}

// remove removes a record.
func (s *Schedule) remove(ctx context.Context, kind, region, id string) error {
	key := records.Key(kind, region, id)
	return s.Meta.Update(ctx, func(txn store.Txn) error {
		if there, err := records.Has(txn, key); err != nil {
			return err
		} else if !there {
			return ErrNotFound
		}
		return txn.Delete(key)
	})
}

// note writes a line in the region's journal.
func (s *Schedule) note(ctx context.Context, region, by, organisation, action, words string) error {
	stamp := catalog.Stamp{At: s.Now().UTC().Truncate(time.Millisecond), By: by, Organisation: organisation}
	return s.Events.Note(ctx, region, stamp, action, words)
}

// words checks a text that a person wrote.
func words(field, text string, chars int) error {
	if len([]rune(text)) > chars || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' }) {
		return &InvalidError{field, fmt.Sprintf("must be at most %d characters", chars)}
	}
	return nil
}
