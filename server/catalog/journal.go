package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/store"
)

// ErrApplying is returned for a write to a region that a large change has to
// itself for a moment.
var ErrApplying = errors.New("a large change is being applied to the region; try again")

// What a journal's line tells of a feature. Lines about other things have actions of
// those who note them.
const (
	Created = "feature created"
	Changed = "feature changed"
	Deleted = "feature deleted"
)

// Line is one line of a region's journal. Lines are numbered 1, 2, 3 … and never
// change.
type Line struct {
	Number uint64 `json:"number"`
	Stamp
	Action string `json:"action"`
	Ref           // of a feature, else zero
	Before string `json:"before,omitempty"` // hashes of its content
	After  string `json:"after,omitempty"`
	Note   string `json:"note,omitempty"`
	// Of what was published.
	Version  uint64 `json:"version,omitempty"`
	Restores uint64 `json:"restores,omitempty"` // version whose content it repeats
	Share    int    `json:"share,omitempty"`    // percentage of devices that get it; 0 is everybody
}

// Version is one version of a feature: a line of its history.
type Version struct {
	Rev uint32 `json:"rev"`
	Line
	Content
}

// Journal writes records of one region in one transaction, and tells the
// history and the journal of it.
type Journal struct {
	Txn   store.Txn
	Stamp Stamp
	*pages
}

// pages is what the edits of one transaction share.
type pages struct {
	txn    store.Txn
	region string
	number uint64 // of the newest line
	writes int
	holder uint64 // change that has the region to itself
}

// Get returns a record; the zero Record when there never was one.
func (j *Journal) Get(ref Ref) (Record, error) { return record(j.txn, j.region, ref) }

// Put makes content the newest of a record; no content leaves a tombstone.
func (j *Journal) Put(ref Ref, content Content) (Record, error) {
	old, err := j.Get(ref)
	if err != nil {
		return old, err
	}
	if old.Rev == 0 && old.Exists() { // from before there was a history
		was := Line{Stamp: old.Stamp, Action: Created, Ref: ref, After: old.Hash()}
		old.Rev = 1
		if err := j.keep(ref, Version{1, was, old.Content}); err != nil {
			return old, err
		}
	}
	if old.Rev == 0 {
		if old.Rev, err = j.lastRev(ref); err != nil { // its tombstone may have been dropped
			return old, err
		}
	}
	next := Record{Content: content, Stamp: j.Stamp, Rev: old.Rev + 1}
	line := Line{Action: Changed, Ref: ref, Before: old.Hash(), After: content.Hash()}
	switch {
	case !old.Exists():
		line.Action = Created
	case !content.Exists():
		line.Action = Deleted
	}
	if line, err = j.write(line); err != nil {
		return next, err
	}
	if err := j.keep(ref, Version{next.Rev, line, content}); err != nil {
		return next, err
	}
	return next, set(j.txn, key("feature", j.region, ref.Source, ref.ID), next)
}

// Note adds a line about something other than a feature.
func (j *Journal) Note(action, note string) error {
	_, err := j.write(Line{Action: action, Note: note})
	return err
}

// Set and Delete write a record of the caller's own with the rest.
func (j *Journal) Set(key []byte, value any) error {
	j.writes++
	return set(j.txn, key, value)
}

// Delete removes a record of the caller's own.
func (j *Journal) Delete(key []byte) error {
	j.writes++
	return j.txn.Delete(key)
}

func (j *Journal) write(l Line) (Line, error) {
	j.writes++
	j.number++
	l.Number, l.Stamp = j.number, j.Stamp
	return l, set(j.txn, key("journal", j.region, fmt.Sprintf("%016x", l.Number)), l)
}

func (j *Journal) keep(ref Ref, v Version) error {
	j.writes++
	history := key("history", j.region, ref.Digest())
	if err := j.txn.Set(history, binary.BigEndian.AppendUint64(nil, uint64(v.Rev))); err != nil {
		return err
	}
	return set(j.txn, key("history", j.region, ref.Digest(), fmt.Sprintf("%08x", v.Rev)), v)
}

func (j *Journal) lastRev(ref Ref) (uint32, error) {
	n, err := counter(j.txn, key("history", j.region, ref.Digest()))
	return uint32(n), err
}

// drop forgets a record. The journal has a line of its own when it became a
// tombstone.
func (j *Journal) drop(ref Ref) error {
	return j.Delete(key("feature", j.region, ref.Source, ref.ID))
}

// counter reads a number; an absent one is 0.
func counter(txn store.Txn, key []byte) (uint64, error) {
	data, err := txn.Get(key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(data) != 8:
		return 0, fmt.Errorf("record %s: %d bytes, want 8", key, len(data))
	}
	return binary.BigEndian.Uint64(data), nil
}

// Newest returns the number of a region's newest line; 0 when there is none.
func (c *Catalog) Newest(ctx context.Context, region string) (n uint64, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		n, err = counter(txn, key("journal", region))
		return err
	})
	return n, err
}

// Lines returns the lines from number first, downwards, at most so many. First
// 0 is the newest.
func (c *Catalog) Lines(ctx context.Context, region string, first uint64, limit int) (all []Line, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all = nil
		newest, err := counter(txn, key("journal", region))
		if err != nil {
			return err
		}
		if first == 0 || first > newest {
			first = newest
		}
		for n := first; n > 0 && len(all) < limit; n-- {
			var l Line
			if err := get(txn, key("journal", region, fmt.Sprintf("%016x", n)), &l); err != nil {
				return fmt.Errorf("line %d of the journal: %w", n, err)
			}
			all = append(all, l)
		}
		return nil
	})
	return all, err
}

// History returns a feature's versions from rev first, downwards, at most so
// many. First 0 is the newest.
func (c *Catalog) History(ctx context.Context, region string, ref Ref, first uint32, limit int) (all []Version, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all = nil
		newest, err := counter(txn, key("history", region, ref.Digest()))
		if err != nil {
			return err
		}
		if first == 0 || uint64(first) > newest {
			first = uint32(newest)
		}
		for n := first; n > 0 && len(all) < limit; n-- {
			var v Version
			if err := get(txn, key("history", region, ref.Digest(), fmt.Sprintf("%08x", n)), &v); err != nil {
				return fmt.Errorf("version %d of %s: %w", n, ref, err)
			}
			all = append(all, v)
		}
		return nil
	})
	return all, err
}

// VersionIn returns a version as a transaction sees it; store.ErrNotFound when
// there is none.
func (c *Catalog) VersionIn(txn store.Txn, region string, ref Ref, rev uint32) (v Version, err error) {
	err = get(txn, key("history", region, ref.Digest(), fmt.Sprintf("%08x", rev)), &v)
	return v, err
}
