package editing

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Any is the base of a write that replaces whatever is there, but something.
const Any = "*"

// MaxBatch is how many features one batch takes.
const MaxBatch = 400

// Write is what to do with one feature.
type Write struct {
	catalog.Ref
	// Base is the hash of the content that the write was made on: "" for a new
	// feature, or Any.
	Base string
	// Feature is the content; nil deletes.
	Feature *feature.Feature
}

// Batch is features that are written in one transaction.
type Batch struct {
	Writes []Write
	// Atomic writes all of them or, when one fails, none.
	Atomic bool
	// Key, when not "", makes a repetition within a day return the first answer.
	Key string
	// Request names what was asked under Key: a hash of the request's body.
	Request string
}

// Written is what became of one write.
type Written struct {
	catalog.Ref
	Hash    string `json:"hash,omitempty"` // of the content now; "" when it is gone
	Rev     uint32 `json:"rev,omitempty"`
	Created bool   `json:"created,omitempty"`
	Same    bool   `json:"same,omitempty"` // nothing was to be changed
	// Err tells why it was not written: *ConflictError, *InvalidError, ErrForbidden,
	// or ErrNotWritten because of another one.
	Err error `json:"-"`
}

// ErrNotWritten is told of the sound writes of an atomic batch that failed.
var ErrNotWritten = errors.New("not written, as another one failed")

// Get returns a record. One that never was, or is gone, is ErrNotFound.
func (d *Desk) Get(ctx context.Context, region string, ref catalog.Ref) (catalog.Record, error) {
	r, err := d.catalog.Get(ctx, region, ref)
	if err == nil && !r.Exists() {
		err = fmt.Errorf("%w: feature %s", ErrNotFound, ref.ID)
	}
	return r, err
}

// Read returns the bytes of a content.
func (d *Desk) Read(ctx context.Context, c catalog.Content) ([]byte, error) {
	return d.catalog.Read(ctx, c)
}

// Put writes one feature at once. The actor must be trusted, or an editor.
func (d *Desk) Put(ctx context.Context, a Actor, region string, w Write) (Written, error) {
	done, err := d.Write(ctx, a, region, Batch{Writes: []Write{w}})
	if err != nil {
		return Written{}, err
	}
	return done[0], done[0].Err
}

// Write writes a batch at once. The actor must be trusted, or an editor. It
// returns what became of each write; an error means that none was written, and
// of a repeated request that it may not be repeated.
func (d *Desk) Write(ctx context.Context, a Actor, region string, b Batch) ([]Written, error) {
	if !a.Trusted && !a.Editor {
		return nil, fmt.Errorf("%w: propose it as a change", ErrForbidden)
	}
	if len(b.Writes) > MaxBatch {
		return nil, fmt.Errorf("%w: %d features, at most %d", ErrTooMany, len(b.Writes), MaxBatch)
	}
	r, err := d.rules(ctx, region, a)
	if err != nil {
		return nil, err
	}
	done := make([]Written, len(b.Writes))
	contents := make([]catalog.Content, len(b.Writes))
	size, seen := 0, make(map[catalog.Ref]bool)
	for i, w := range b.Writes {
		done[i].Ref, contents[i], done[i].Err = d.prepare(ctx, r, w)
		if seen[done[i].Ref] && done[i].Err == nil {
			done[i].Err = invalid("id", fmt.Sprintf("%.80q comes twice", done[i].ID))
		}
		seen[done[i].Ref] = true
		size += contents[i].Size()
	}
	if size > catalog.MaxEditBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooMany, size, catalog.MaxEditBytes)
	}
	prepared := append([]Written(nil), done...)
	failed := false
	err = d.catalog.Edit(ctx, region, d.stamp(a), size, func(j *catalog.Journal) error {
		copy(done, prepared)
		failed = false
		if said, err := d.said(j.Txn, a, region, b); err != nil || said != nil {
			copy(done, said)
			return err
		}
		for i, w := range b.Writes {
			if done[i].Err == nil {
				if done[i].Err = conflict(j, done[i].Ref, w.Base, contents[i], &done[i]); !wanted(done[i].Err) {
					return done[i].Err
				}
			}
			failed = failed || done[i].Err != nil
		}
		if failed && b.Atomic {
			return nil
		}
		for i := range done {
			if done[i].Err != nil || done[i].Same {
				continue
			}
			rec, err := j.Put(done[i].Ref, contents[i])
			if err != nil {
				return err
			}
			done[i].Rev = rec.Rev
		}
		return d.say(j, a, region, b, done)
	})
	if err != nil {
		return nil, err
	}
	for i := range done {
		if failed && b.Atomic && done[i].Err == nil {
			done[i].Err = ErrNotWritten
		}
		d.explain(ctx, region, done[i].Err)
	}
	return done, nil
}

// wanted reports whether an error is about the write, not about the store.
func wanted(err error) bool { return err == nil || errors.Is(err, ErrConflict) }

// prepare checks a write as far as that goes without looking at the record.
func (d *Desk) prepare(ctx context.Context, r rules, w Write) (catalog.Ref, catalog.Content, error) {
	ref, err := r.fill(w.Ref, w.Feature)
	if err == nil {
		err = checkBase(w.Base)
	}
	if err != nil || w.Feature == nil {
		return ref, catalog.Content{}, err
	}
	f := *w.Feature
	content, err := d.content(ctx, r, ref, &f)
	return ref, content, err
}

// conflict compares a record with the base of a write.
func conflict(j *catalog.Journal, ref catalog.Ref, base string, to catalog.Content, w *Written) error {
	now, err := j.Get(ref)
	if err != nil {
		return err
	}
	hash := now.Hash()
	if (base == Any && now.Exists()) || base == hash && (base != "" || to.Exists()) {
		w.Hash, w.Rev = to.Hash(), now.Rev
		w.Created, w.Same = !now.Exists(), now.Content.Same(to)
		return nil
	}
	return &ConflictError{Ref: ref, Base: base, Current: now}
}

// explain adds to a conflict what was changed since its base.
func (d *Desk) explain(ctx context.Context, region string, err error) {
	var c *ConflictError
	if !errors.As(err, &c) || c.Base == "" || c.Base == Any {
		return
	}
	versions, err := d.catalog.History(ctx, region, c.Ref, 0, 50)
	if err != nil {
		return // it only explains
	}
	for _, v := range versions {
		if v.After != c.Base {
			continue
		}
		before, errBefore := d.catalog.Read(ctx, v.Content)
		after, errAfter := d.catalog.Read(ctx, c.Current.Content)
		if errBefore == nil && errAfter == nil {
			c.Fields = Diff(before, after)
		}
		return
	}
}
