package jobs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/source"
)

// State says how far a job has come.
type State string

// The states.
const (
	Waiting   State = "waiting"   // to be read
	Reading   State = "reading"   //
	Ready     State = "ready"     // to be looked at and applied
	Applying  State = "applying"  //
	Proposed  State = "proposed"  // its change waits for an editor
	Applied   State = "applied"   // its change was accepted, or there was nothing to change
	Undoing   State = "undoing"   //
	Undone    State = "undone"    //
	Failed    State = "failed"    // see Problem
	Cancelled State = "cancelled" //
)

// Values lists the states.
func (State) Values() []string {
	return []string{string(Waiting), string(Reading), string(Ready), string(Applying), string(Proposed), string(Applied), string(Undoing), string(Undone), string(Failed), string(Cancelled)}
}

// Working reports whether a worker has something to do.
func (s State) Working() bool {
	return s == Waiting || s == Reading || s == Applying || s == Undoing
}

// holding reports whether the job has its source to itself.
func (s State) holding() bool { return s.Working() || s == Ready }

// Settings say what a file does not.
type Settings struct {
	Licence     string `json:"licence" doc:"SPDX id, such as CC-BY-4.0, of objects that name none"`
	Attribution string `json:"attribution,omitempty" doc:"how the provider wants to be named; the provider's name when absent"`
	Category    string `json:"category,omitempty" doc:"of places whose kind the file does not say"`
	Language    string `json:"language,omitempty" doc:"of texts whose language the file does not say, such as sl"`
}

// Take says which groups are taken.
type Take struct {
	New      bool `json:"new"`
	Changed  bool `json:"changed"`
	Edited   bool `json:"edited" doc:"also what was edited by hand since the last import"`
	Vanished bool `json:"vanished" doc:"delete what the last import had and this file has not"`
}

// Counts is how many objects each group has.
type Counts struct {
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Edited    int `json:"edited"`
	Unchanged int `json:"unchanged"`
	Vanished  int `json:"vanished"`
	Rejected  int `json:"rejected"`
}

// Job is one import.
type Job struct {
	Number   uint64        `json:"number"`
	Source   string        `json:"source"`
	Actor    editing.Actor `json:"actor"` // on whose behalf it runs
	File     string        `json:"file"`
	Bytes    int64         `json:"bytes"`
	Upload   string        `json:"upload,omitempty"` // "" once it is removed
	Kind     source.Kind   `json:"kind,omitempty"`
	State    State         `json:"state"`
	Settings Settings      `json:"settings"`
	Created  time.Time     `json:"created"`
	Updated  time.Time     `json:"updated"`

	// Alone is one that nobody looks at, but Import: without that it goes no
	// further than to be compared.
	Alone bool `json:"alone,omitempty"`

	// Generation grows with each reading; what it found lies under it.
	Generation int           `json:"generation"`
	Mapped     bool          `json:"mapped,omitempty"`  // somebody said what the columns hold
	Columns    bool          `json:"columns,omitempty"` // it is a table
	Counts     Counts        `json:"counts"`
	Chunks     map[Group]int `json:"chunks,omitempty"`
	Notes      []string      `json:"notes,omitempty"`
	Problem    string        `json:"problem,omitempty"` // why it failed, for the provider

	Take     Take          `json:"take"`
	Excluded int           `json:"excluded,omitempty"` // ids that are not taken
	Words    editing.Words `json:"words"`              // of the change
	Accept   bool          `json:"accept,omitempty"`   // at once, as the actor may
	Skip     bool          `json:"skip,omitempty"`     // what was changed meanwhile
	Change   uint64        `json:"change,omitempty"`
	Undo     uint64        `json:"undo,omitempty"` // the change that takes it back
	Written  int           `json:"written,omitempty"`
	Skipped  int           `json:"skipped,omitempty"`
}

func jobKey(region string, number uint64) []byte {
	return records.Key("job", region, fmt.Sprintf("%016x", number))
}

func busyKey(region, source string) []byte { return records.Key("busy", region, source) }

func importedKey(region string, change uint64) []byte {
	return records.Key("imported", region, fmt.Sprintf("%016x", change))
}

func getJob(txn store.Txn, region string, number uint64) (Job, error) {
	job, err := records.Get[Job](txn, jobKey(region, number))
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: import %d", ErrNotFound, number)
	}
	return job, err
}

// Order asks for an import.
type Order struct {
	Region string
	Source string // "" is that of the organisation's name
	Upload string
	Actor  editing.Actor // Organisation is who answers for the source
	Settings
}

// Start makes a job of an upload that is whole, and has it read.
func (j *Jobs) Start(ctx context.Context, o Order) (Job, error) { return j.start(ctx, o, false) }

func (j *Jobs) start(ctx context.Context, o Order, alone bool) (Job, error) {
	if o.Source == "" {
		o.Source = o.Actor.Organisation
	}
	if err := o.Settings.check(); err != nil {
		return Job{}, err
	}
	if err := j.source(ctx, o); err != nil {
		return Job{}, err
	}
	var job Job
	err := j.meta.Update(ctx, func(txn store.Txn) error {
		u, err := getUpload(txn, o.Upload)
		switch {
		case err != nil:
			return err
		case u.Organisation != o.Actor.Organisation:
			return fmt.Errorf("%w: upload %.40q", ErrNotFound, o.Upload)
		case u.Job != 0:
			return fmt.Errorf("%w: import %d uses the file", ErrState, u.Job)
		case !u.Whole():
			return fmt.Errorf("%w: %d of %d bytes have arrived", ErrState, u.Offset, u.Size)
		}
		number, err := nextJob(txn, o.Region)
		if err != nil {
			return err
		}
		job = Job{
			Number: number, Source: o.Source, Actor: o.Actor, File: u.Name, Bytes: u.Size, Upload: u.ID, State: Waiting, Alone: alone,
			Settings: o.Settings, Created: j.at(), Updated: j.at(), Take: Take{New: true, Changed: true},
		}
		if err := claim(txn, o.Region, job); err != nil {
			return err
		}
		u.Region, u.Job = o.Region, number
		return errors.Join(records.Set(txn, uploadKey(u.ID), u), records.Set(txn, jobKey(o.Region, number), job))
	})
	if err == nil {
		j.begin(o.Region, job.Number)
	}
	return job, err
}

func nextJob(txn store.Txn, region string) (uint64, error) {
	k := records.Key("job", region)
	newest := uint64(0)
	data, err := txn.Get(k)
	switch {
	case err == nil && len(data) == 8:
		newest = binary.BigEndian.Uint64(data)
	case !errors.Is(err, store.ErrNotFound):
		return 0, errors.Join(err, fmt.Errorf("record %s: %d bytes", k, len(data)))
	}
	return newest + 1, txn.Set(k, binary.BigEndian.AppendUint64(nil, newest+1))
}

// claim gives a job its source, or tells who has it.
func claim(txn store.Txn, region string, job Job) error {
	k := busyKey(region, job.Source)
	other, err := records.Get[uint64](txn, k)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && other == job.Number:
		return records.Set(txn, k, job.Number)
	case err != nil:
		return err
	}
	return &BusyError{Number: other, Source: job.Source}
}

// BusyError is ErrBusy with the import that has the source.
type BusyError struct {
	Number uint64
	Source string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%v: import %d of %s", ErrBusy, e.Number, e.Source)
}

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }

// Job returns a job.
func (j *Jobs) Job(ctx context.Context, region string, number uint64) (job Job, err error) {
	err = j.meta.View(ctx, func(txn store.Txn) error {
		job, err = getJob(txn, region, number)
		return err
	})
	return job, err
}

// List lists jobs, newest first, from number first (0: the newest) on; those of
// some organisations, or nil for all. Next is where the following page begins,
// 0 at the end.
func (j *Jobs) List(ctx context.Context, region string, organisations []string, first uint64, limit int) (page []Job, next uint64, err error) {
	err = j.meta.View(ctx, func(txn store.Txn) error {
		page, next = nil, 0
		data, err := txn.Get(records.Key("job", region))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		n := binary.BigEndian.Uint64(data)
		if first > 0 {
			n = min(n, first)
		}
		for looked := 0; n > 0; n-- {
			if len(page) == limit || looked == maxLooks {
				next = n
				return nil
			}
			looked++
			job, err := getJob(txn, region, n)
			if errors.Is(err, ErrNotFound) {
				continue // long over
			}
			if err != nil {
				return err
			}
			if organisations == nil || slices.Contains(organisations, job.Actor.Organisation) {
				page = append(page, job)
			}
		}
		return nil
	})
	return page, next, err
}

// maxLooks bounds how many jobs one page looks at.
const maxLooks = 1000

// change edits a job in a transaction. When edit fails nothing is written. The
// source is given up when the job no longer needs it.
func (j *Jobs) change(ctx context.Context, region string, number uint64, edit func(txn store.Txn, job *Job) error) (job Job, err error) {
	err = j.meta.Update(ctx, func(txn store.Txn) error {
		if job, err = getJob(txn, region, number); err != nil {
			return err
		}
		held := job.State.holding()
		if err := edit(txn, &job); err != nil {
			return err
		}
		job.Updated = j.at()
		switch {
		case held && !job.State.holding():
			err = txn.Delete(busyKey(region, job.Source))
		case !held && job.State.holding():
			err = claim(txn, region, job)
		}
		if err != nil {
			return err
		}
		return records.Set(txn, jobKey(region, number), job)
	})
	return job, err
}
