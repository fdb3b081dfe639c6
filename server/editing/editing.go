// Package editing is where providers' features are written, proposed, reviewed
// and looked up.
//
// A write is direct, for those who may, or a *change*: a set of proposals that
// somebody reviews, like a pull request. Accepting a change applies its
// proposals to the catalog. Each proposal names the hash of the content that it
// was made on; when the record has moved on meanwhile that is a conflict, told
// with who wrote what and when, and nothing is applied, unless conflicts are to be
// skipped. Every write of a feature leaves a version in its history and a line in
// the region's journal (server/catalog).
//
// An organisation writes its own sources: those whose catalog.Source names it,
// or the one of its own name. Under an id of another collection, such as
// "osm/node/1", its record amends that object.
//
// # Records
//
//	change/{region}                        number of the newest change
//	change/{region}/{number}               Change; 16 hex digits
//	changes/{region}/{state}/{number}      index of changes by state
//	proposal/{region}/{number}/{n}         Proposal; 8 hex digits
//	proposed/{region}/{number}/{ref}       n of the proposal about a ref's digest
//	applied/{region}/{number}/{n}          revision that applying it made, 0: skipped
//	link/{region}/{digest}                 what a look at a link found
//	answer/{digest}                        answer to a request with an idempotency key
//
// A change too large for one transaction has the region to itself while it is
// applied; Open finishes one that a crash cut off. The index for lists lies in
// memory and follows the journal, so it is never ahead of or behind what a
// reader of the same process has written.
//
// Errors are the sentinels below, *ConflictError, *InvalidError and
// catalog.ErrNoRegion. A Desk is safe for concurrent use.
package editing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Errors that a caller acts on.
var (
	ErrNotFound  = errors.New("there is no such thing")
	ErrForbidden = errors.New("not yours to do")
	ErrConflict  = errors.New("changed meanwhile")
	ErrState     = errors.New("the change is not in a state for that")
	ErrTooMany   = errors.New("too many at once")
	ErrKeyReused = errors.New("the idempotency key was used for another request")
	ErrInvalid   = errors.New("the feature is not valid")
	ErrCursor    = errors.New("bad cursor")
)

// Actor is on whose behalf something is done, and what they may do.
type Actor struct {
	ID           string // who: "user/…", "token/…"
	Organisation string // id; the sources it owns may be written
	Provider     string // the organisation's name, as riders see it; "" takes its id
	Editor       bool   // reviews the region, and may write everybody's features
	Trusted      bool   // publishes its own features without review
}

// Photos knows the photos that features name by their hashes.
type Photos interface {
	// Complete fills in what is known of the photos of an organisation's feature,
	// and lists those that there are not.
	Complete(ctx context.Context, organisation string, f *feature.Feature) ([]*feature.FieldError, error)
}

// Desk is the editing of one server.
type Desk struct {
	// Photos, when set, is asked about every feature that is written. Set it
	// before the desk is used.
	Photos Photos

	catalog *catalog.Catalog
	meta    store.MetaStore
	now     func() time.Time

	mu      sync.Mutex
	indexes map[string]*index // by region
}

// Open returns the desk over a catalog and the MetaStore it lies in, and
// carries through a change whose applying a crash cut off.
func Open(ctx context.Context, c *catalog.Catalog, meta store.MetaStore) (*Desk, error) {
	d := &Desk{catalog: c, meta: meta, now: time.Now, indexes: make(map[string]*index)}
	regions, err := c.AllRegions(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range regions {
		number, err := c.Applying(ctx, r.ID)
		if err == nil && number != 0 {
			_, err = d.carry(ctx, r.ID, number)
		}
		if err != nil && !errors.Is(err, ErrConflict) { // with conflicts it is proposed again
			return nil, fmt.Errorf("region %s: finish change %d: %w", r.ID, number, err)
		}
	}
	return d, nil
}

// stamp says that an actor does something now.
func (d *Desk) stamp(a Actor) catalog.Stamp {
	return catalog.Stamp{At: d.now().UTC().Truncate(time.Millisecond), By: a.ID, Organisation: a.Organisation}
}

// ConflictError is ErrConflict with what stands there now.
type ConflictError struct {
	Ref     catalog.Ref
	Base    string         // hash that was expected; "" for none
	Current catalog.Record // with who wrote it and when
	Fields  []Field        // what differs from the base, if that is still known
}

func (e *ConflictError) Error() string {
	what := "changed"
	switch {
	case !e.Current.Exists() && e.Current.Rev == 0:
		return fmt.Sprintf("%v: there is no %s", ErrConflict, e.Ref.ID)
	case !e.Current.Exists():
		what = "deleted"
	case e.Base == "":
		what = "created"
	}
	return fmt.Sprintf("%v: %s was %s by %s on %s", ErrConflict, e.Ref.ID, what, e.Current.By, e.Current.At.Format(time.RFC3339))
}

// Unwrap returns ErrConflict.
func (e *ConflictError) Unwrap() error { return ErrConflict }

// InvalidError is ErrInvalid with what is wrong, by member.
type InvalidError struct{ Problems []*feature.FieldError }

func (e *InvalidError) Error() string {
	text := fmt.Sprintf("%v: %v", ErrInvalid, e.Problems[0])
	if more := len(e.Problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }

func invalid(field, problem string) error {
	return &InvalidError{[]*feature.FieldError{{Field: field, Problem: problem}}}
}
