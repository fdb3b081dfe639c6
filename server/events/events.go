// Package events tells what happens in a region, in order and from any point on:
// features written, changes proposed, sent back and accepted, versions published,
// rolled back and offered to more devices, and whatever else is noted down.
//
// The region's journal (server/catalog) is the source. Each line was written in
// the transaction of what it tells, so nothing happens without an event and no
// event is of something that did not happen. An event's number is its line's: 1,
// 2, 3 … without gaps, in every region by itself.
//
// Everything is safe for concurrent use. Of several servers on one store, each
// learns of the others' events within Poll.
package events

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
)

const (
	// Kept is how far back readers may begin; see Start. The journal itself goes
	// back to the beginning.
	Kept = 10_000
	// Page is how many events come at once.
	Page = 100
	// Poll is how often the journal is looked at though nobody told of news.
	Poll = 5 * time.Second
)

// Type says what happened: the journal's action with a dot after its first word,
// such as "feature.changed", "change.proposed" or "version.rolled_back".
type Type string

// TypeOf is the type of the lines with an action.
func TypeOf(action string) Type {
	subject, what, _ := strings.Cut(action, " ")
	return Type(subject + "." + strings.ReplaceAll(what, " ", "_"))
}

// Matches reports whether the type is a pattern, or begins like one that ends in
// ".*".
func (t Type) Matches(pattern string) bool {
	if subject, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(string(t), subject)
	}
	return string(t) == pattern
}

// Event is something that happened.
type Event struct {
	ID           string    `json:"id" doc:"region/number; the same for each time it is told"`
	Region       string    `json:"region"`
	Number       uint64    `json:"number" doc:"1, 2, 3 … in each region"`
	Type         Type      `json:"type" doc:"such as feature.changed, change.proposed, version.published"`
	At           time.Time `json:"at"`
	By           string    `json:"by,omitempty" doc:"who did it: user/…, token/…"`
	Organisation string    `json:"organisation,omitempty" doc:"on whose behalf"`
	Change       uint64    `json:"change,omitempty" doc:"number of the change that it belongs to"`
	Source       string    `json:"source,omitempty" doc:"of the feature"`
	Feature      string    `json:"feature,omitempty" doc:"id of the feature"`
	Before       string    `json:"before,omitempty" doc:"SHA-256 of the feature's content"`
	After        string    `json:"after,omitempty"`
	Version      uint64    `json:"version,omitempty" doc:"number of the version"`
	Restores     uint64    `json:"restores,omitempty" doc:"version whose content it repeats"`
	Share        int       `json:"share,omitempty" doc:"percentage of devices that get the version; absent for all"`
	Note         string    `json:"note,omitempty"`
}

func newEvent(region string, l catalog.Line) Event {
	return Event{
		ID: region + "/" + strconv.FormatUint(l.Number, 10), Region: region, Number: l.Number, Type: TypeOf(l.Action), At: l.At,
		By: l.By, Organisation: l.Organisation, Change: l.Change, Source: l.Ref.Source, Feature: l.Ref.ID,
		Before: l.Before, After: l.After, Version: l.Version, Restores: l.Restores, Share: l.Share, Note: l.Note,
	}
}

// Concerns reports whether an event is for an organisation: it is about its
// features or changes, or about versions. Its sources have its id, or begin with
// that and a dot, which no other id has.
func (e Event) Concerns(organisation string) bool {
	if e.Version > 0 {
		return true
	}
	source, _, _ := strings.Cut(e.Source, ".")
	return organisation != "" && (organisation == e.Organisation || organisation == source)
}

// Log is the events of the regions of one catalog.
type Log struct{ catalog *catalog.Catalog }

// New returns the events of a catalog's regions.
func New(c *catalog.Catalog) *Log { return &Log{c} }

// Newest returns the number of a region's newest event; 0 when there is none.
func (l *Log) Newest(ctx context.Context, region string) (uint64, error) {
	return l.catalog.Newest(ctx, region)
}

// Start returns the number that a reader who knows the events up to one goes on
// after: that, or a later one when it is more than Kept back; and the newest when
// that event has not happened, as after a return to a copy of the store.
func (l *Log) Start(ctx context.Context, region string, after uint64) (uint64, error) {
	newest, err := l.catalog.Newest(ctx, region)
	return min(max(after, newest-min(newest, Kept)), newest), err
}

// After returns the events that follow a number, at most Page, oldest first.
func (l *Log) After(ctx context.Context, region string, after uint64) ([]Event, error) {
	newest, err := l.catalog.Newest(ctx, region)
	if err != nil || after >= newest {
		return nil, err
	}
	last := min(after+Page, newest)
	lines, err := l.catalog.Lines(ctx, region, last, int(last-after))
	if err != nil {
		return nil, err
	}
	all := make([]Event, 0, len(lines))
	for _, line := range slices.Backward(lines) {
		all = append(all, newEvent(region, line))
	}
	return all, nil
}

// Follow calls fn with the events that follow a number, page by page, and with
// new ones as they come, until fn fails or ctx ends. It calls fn with no events
// each time that nothing happened for idle.
func (l *Log) Follow(ctx context.Context, region string, after uint64, idle time.Duration, fn func([]Event) error) error {
	quiet := time.NewTimer(idle)
	defer quiet.Stop()
	poll := time.NewTicker(min(Poll, idle))
	defer poll.Stop()
	for {
		news := l.catalog.News(region) // before looking, so that nothing falls in between
		page, err := l.After(ctx, region, after)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			after = page[len(page)-1].Number
			if err := fn(page); err != nil {
				return err
			}
			quiet.Reset(idle)
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		case <-poll.C:
		case <-quiet.C:
			if err := fn(nil); err != nil {
				return err
			}
			quiet.Reset(idle)
		}
	}
}

// Note writes an event that has no other record.
func (l *Log) Note(ctx context.Context, region string, stamp catalog.Stamp, action, note string) error {
	return l.catalog.Edit(ctx, region, stamp, 0, func(j *catalog.Journal) error { return j.Note(action, note) })
}
