package editing

import (
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
