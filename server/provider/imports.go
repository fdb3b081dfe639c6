package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

func (a *API) importRoutes() []Route {
	const all, one = "/v1/regions/{region}/imports", "/v1/regions/{region}/imports/{import}"
	who := Provider | Editor
	items := []Param{
		{"group", strings.Join(jobs.Group("").Values(), "|"), "which ones; new when absent"},
		{"cursor", `[0-9]{1,9}\.[0-9]{1,9}`, "where the page begins, as the page before told"},
		limitParam,
	}
	events := raw[None, Import]("", a.importEvents)
	events.Gives = "text/event-stream"
	return []Route{
		{Method: "GET", Path: all, Who: who, Scope: auth.ScopeRead, Query: []Param{fromParam, limitParam}, Summary: "List imports, newest first: the region's for editors, else those of the caller's organisations", Handle: handle(a.listImports)},
		{Method: "POST", Path: all, Who: who, Scope: auth.ScopeImports, Status: 201, Summary: "Read a file that was sent, and compare it with what is there; nothing is changed by that", Handle: handle(a.startImport)},
		{Method: "GET", Path: one, Who: who, Scope: auth.ScopeRead, Summary: "Read an import: how far it is and what it found", Handle: handle(a.readImport)},
		{Method: "DELETE", Path: one, Who: who, Scope: auth.ScopeImports, Summary: "Cancel an import that is not applied", Handle: handle(a.cancelImport)},
		{Method: "GET", Path: one + "/events", Who: who, Scope: auth.ScopeRead, Summary: "Follow an import: an event import with the Import for each step, until there is nothing to wait for", Handle: events},
		{Method: "GET", Path: one + "/items", Who: who, Scope: auth.ScopeRead, Query: items, Summary: "List the objects of a group, with what would change; a page may be shorter than its limit", Handle: handle(a.importItems)},
		{Method: "GET", Path: one + "/columns", Who: who, Scope: auth.ScopeRead, Summary: "Show a table's first rows, and what its columns are taken for", Handle: handle(a.importColumns)},
		{Method: "PUT", Path: one + "/columns", Who: who, Scope: auth.ScopeImports, Body: 1 << 20, Summary: "Say what a table's columns hold, and have it read again", Handle: handle(a.mapImport)},
		{Method: "PUT", Path: one + "/settings", Who: who, Scope: auth.ScopeImports, Summary: "Change what the file does not say, and have it read again", Handle: handle(a.setImport)},
		{Method: "PUT", Path: one + "/choice", Who: who, Scope: auth.ScopeImports, Body: 4 << 20, Summary: "Choose which groups are taken, and which objects are not", Handle: handle(a.chooseImport)},
		{Method: "POST", Path: one + "/apply", Who: who, Scope: auth.ScopeImports, Status: 202, Summary: "Make one change of what is taken: proposed, or for editors and trusted organisations accepted at once", Handle: handle(a.applyImport)},
		{Method: "POST", Path: one + "/undo", Who: who, Scope: auth.ScopeImports, Status: 202, Summary: "Take back all that an import did", Handle: handle(a.undoImport)},
	}
}

// Import is a file on its way into a source.
type Import struct {
	Number       uint64         `json:"number"`
	Organisation string         `json:"organisation"`
	Source       string         `json:"source"`
	By           string         `json:"by"`
	File         string         `json:"file"`
	Bytes        int64          `json:"bytes"`
	Kind         string         `json:"kind,omitempty" doc:"format of the file, told by its content"`
	State        jobs.State     `json:"state"`
	Progress     *jobs.Progress `json:"progress,omitempty" doc:"while it is worked on"`
	Settings     jobs.Settings  `json:"settings"`
	Table        bool           `json:"table,omitempty" doc:"it has columns that may be mapped"`
	Counts       jobs.Counts    `json:"counts"`
	Notes        []string       `json:"notes,omitempty" doc:"about the file as a whole"`
	Problem      string         `json:"problem,omitempty" doc:"why it did not go on"`
	Take         jobs.Take      `json:"take"`
	Excluded     int            `json:"excluded,omitempty" doc:"objects that are not taken"`
	Change       uint64         `json:"change,omitempty" doc:"number of the change that it made"`
	Undo         uint64         `json:"undo,omitempty" doc:"number of the change that takes it back"`
	Written      int            `json:"written,omitempty" doc:"features that its change wrote"`
	Skipped      int            `json:"skipped,omitempty" doc:"features that were left as they are, as they were changed meanwhile"`
	Created      time.Time      `json:"created"`
	Updated      time.Time      `json:"updated"`
}

func (a *API) shown(region string, j jobs.Job) Import {
	i := Import{
		Number: j.Number, Organisation: j.Actor.Organisation, Source: j.Source, By: j.Actor.ID, File: j.File, Bytes: j.Bytes, Kind: string(j.Kind),
		State: j.State, Settings: j.Settings, Table: j.Columns, Counts: j.Counts, Notes: j.Notes, Problem: j.Problem, Take: j.Take,
		Excluded: j.Excluded, Change: j.Change, Undo: j.Undo, Written: j.Written, Skipped: j.Skipped, Created: j.Created, Updated: j.Updated,
	}
	if p, ok := a.jobs.Progress(region, j.Number); ok && j.State.Working() {
		i.Progress = &p
	}
	return i
}

// toldImport adds to an error of the imports what its sender may know.
func toldImport(err error) error {
	var busy *jobs.BusyError
	if errors.As(err, &busy) {
		return problem.Detail(err, fmt.Sprintf("Import %d has the source %s: apply or cancel it first.", busy.Number, busy.Source))
	}
	for _, cause := range []error{jobs.ErrState, jobs.ErrQuota, jobs.ErrTooLarge, jobs.ErrOffset, jobs.ErrChecksum, jobs.ErrInvalid, editing.ErrForbidden, catalog.ErrOwner} {
		if errors.Is(err, cause) {
			return problem.Detail(err, err.Error())
		}
	}
	return err
}

// theImport returns the import of the path, and the caller as one who may see
// it: an editor, or one of its organisation.
func (a *API) theImport(ctx context.Context, c *Call) (jobs.Job, editing.Actor, error) {
	number, err := strconv.ParseUint(c.Param("import"), 10, 64)
	if err != nil {
		return jobs.Job{}, editing.Actor{}, jobs.ErrNotFound
	}
	job, err := a.jobs.Get(ctx, c.Region, number)
	if err != nil {
		return job, editing.Actor{}, err
	}
	who, err := a.importer(ctx, c, job.Actor.Organisation)
	if err != nil {
		if c.Caller.Edits(c.Region) { // of an organisation that works there no longer
			who := a.actor(c, "")
			who.Organisation, who.Provider = job.Actor.Organisation, job.Actor.Provider
			return job, who, nil
		}
		return job, who, jobs.ErrNotFound
	}
	return job, who, nil
}

// done answers with an import.
func (a *API) done(c *Call, job jobs.Job, err error) (Import, error) {
	if err != nil {
		return Import{}, a.told(toldImport(err))
	}
	return a.shown(c.Region, job), nil
}

// Imports is a page of imports.
type Imports struct {
	Imports []Import `json:"imports"`
	Next    uint64   `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) listImports(ctx context.Context, c *Call, _ None) (Imports, error) {
	var own []string
	if !c.Caller.Edits(c.Region) {
		for _, o := range c.Providers {
			own = append(own, o.ID)
		}
	}
	page, next, err := a.jobs.List(ctx, c.Region, own, from(c), limit(c))
	list := Imports{Imports: []Import{}, Next: next}
	for _, job := range page {
		list.Imports = append(list.Imports, a.shown(c.Region, job))
	}
	return list, err
}

// NewImport is an import to be.
type NewImport struct {
	Upload       string `json:"upload" doc:"id of a file that has arrived whole"`
	Organisation string `json:"organisation,omitempty" doc:"the caller's only one when absent"`
	Source       string `json:"source,omitempty" doc:"what the features belong to: the organisation when absent, or its id, a dot and a name, for a list that is kept apart"`
	jobs.Settings
}

func (a *API) startImport(ctx context.Context, c *Call, in NewImport) (Import, error) {
	who, err := a.importer(ctx, c, in.Organisation)
	if err != nil {
		return Import{}, err
	}
	job, err := a.jobs.Start(ctx, jobs.Order{Region: c.Region, Source: in.Source, Upload: in.Upload, Actor: who, Settings: in.Settings})
	if err == nil {
		c.Header().Set("Location", fmt.Sprintf("/v1/regions/%s/imports/%d", c.Region, job.Number))
	}
	return a.done(c, job, err)
}

func (a *API) readImport(ctx context.Context, c *Call, _ None) (Import, error) {
	job, _, err := a.theImport(ctx, c)
	return a.done(c, job, err)
}

func (a *API) cancelImport(ctx context.Context, c *Call, _ None) (Import, error) {
	job, _, err := a.theImport(ctx, c)
	if err != nil {
		return Import{}, err
	}
	job, err = a.jobs.Cancel(ctx, c.Region, job.Number)
	return a.done(c, job, err)
}

// ImportItem is an object of a file, or one that vanished from it.
type ImportItem struct {
	Line     int             `json:"line,omitempty" doc:"in the file, from 1"`
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name,omitempty"`
	Category string          `json:"category,omitempty"`
	Warnings []string        `json:"warnings,omitempty" doc:"what was left out of it, and why"`
	Where    string          `json:"where,omitempty" doc:"of one that was rejected: where it is in the file"`
	Reason   string          `json:"reason,omitempty" doc:"why it was rejected"`
	Fields   []FeatureChange `json:"fields,omitempty" doc:"what would change"`
	Feature  json.RawMessage `json:"feature,omitempty" doc:"a Feature, of a new one"`
}

// ImportItems is a page of them.
type ImportItems struct {
	Items []ImportItem `json:"items"`
	Next  string       `json:"next,omitempty" doc:"cursor of the following page; absent at the end"`
}

func (a *API) importItems(ctx context.Context, c *Call, _ None) (ImportItems, error) {
	job, _, err := a.theImport(ctx, c)
	if err != nil {
		return ImportItems{}, err
	}
	group := jobs.Group(c.Query("group"))
	if group == "" {
		group = jobs.New
	}
	page, next, err := a.jobs.Page(ctx, c.Region, job, group, c.Query("cursor"), limit(c))
	list := ImportItems{Items: []ImportItem{}, Next: next}
	for _, i := range page {
		item := ImportItem{Line: i.Line, ID: i.ID, Name: i.Name, Category: i.Category, Warnings: i.Warnings, Where: i.Where, Reason: i.Reason, Fields: fieldsOfDiff(i.Fields)}
		if group == jobs.New {
			item.Feature = i.Feature
		}
		list.Items = append(list.Items, item)
	}
	return list, toldImport(err)
}

// ImportColumns is what is known of a table.
type ImportColumns struct {
	About   string        `json:"about" doc:"how the file is read"`
	Sample  [][]string    `json:"sample" doc:"the first rows"`
	Mapping table.Mapping `json:"mapping"`
	Fields  []table.Field `json:"fields" doc:"what a column may hold"`
}

func (a *API) importColumns(ctx context.Context, c *Call, _ None) (ImportColumns, error) {
	job, _, err := a.theImport(ctx, c)
	if err != nil {
		return ImportColumns{}, err
	}
	is, err := a.jobs.Columns(ctx, c.Region, job)
	return ImportColumns{is.About, is.Sample, is.Mapping, table.Fields()}, err
}

func (a *API) mapImport(ctx context.Context, c *Call, in table.Mapping) (Import, error) {
	return a.reread(ctx, c, nil, &in)
}

func (a *API) setImport(ctx context.Context, c *Call, in jobs.Settings) (Import, error) {
	return a.reread(ctx, c, &in, nil)
}

func (a *API) reread(ctx context.Context, c *Call, s *jobs.Settings, m *table.Mapping) (Import, error) {
	job, _, err := a.theImport(ctx, c)
	if err == nil {
		job, err = a.jobs.Reread(ctx, c.Region, job.Number, s, m)
	}
	return a.done(c, job, err)
}

// ImportChoice is what of an import is taken.
type ImportChoice struct {
	Take    jobs.Take `json:"take"`
	Exclude []string  `json:"exclude,omitempty" doc:"ids of objects that are not taken, at most 10,000"`
}

func (a *API) chooseImport(ctx context.Context, c *Call, in ImportChoice) (Import, error) {
	job, _, err := a.theImport(ctx, c)
	if err == nil {
		job, err = a.jobs.Choose(ctx, c.Region, job.Number, in.Take, in.Exclude)
	}
	return a.done(c, job, err)
}

// ImportApply says how an import becomes a change.
type ImportApply struct {
	Title  string `json:"title,omitempty"`
	Note   string `json:"note,omitempty"`
	Accept bool   `json:"accept,omitempty" doc:"at once, without review: for editors and trusted organisations"`
	Skip   bool   `json:"skip,omitempty" doc:"leave out what was changed since the file was compared; else nothing is applied then, and it is compared anew"`
}

func (a *API) applyImport(ctx context.Context, c *Call, in ImportApply) (Import, error) {
	job, who, err := a.theImport(ctx, c)
	if err == nil {
		job, err = a.jobs.Apply(ctx, who, c.Region, job.Number, editing.Words{Title: in.Title, Note: in.Note}, in.Accept, in.Skip)
	}
	return a.done(c, job, err)
}

// ImportUndo says how an import is taken back.
type ImportUndo struct {
	Skip bool `json:"skip,omitempty" doc:"leave as they are those features that were changed since; else nothing is undone then"`
}

func (a *API) undoImport(ctx context.Context, c *Call, in ImportUndo) (Import, error) {
	job, who, err := a.theImport(ctx, c)
	if err == nil {
		job, err = a.jobs.Undo(ctx, who, c.Region, job.Number, in.Skip)
	}
	return a.done(c, job, err)
}

// eventEvery is how often importEvents looks.
const eventEvery = 200 * time.Millisecond

// importEvents tells each step of an import, until a worker has nothing more to
// do for it.
func (a *API) importEvents(w http.ResponseWriter, r *http.Request, c *Call) error {
	job, _, err := a.theImport(r.Context(), c)
	if err != nil {
		return err
	}
	return a.stream(w, r, c, auth.AccessLife, func(ctx context.Context, flush func() error) { // who called may be somebody else then
		tick := time.NewTicker(eventEvery)
		defer tick.Stop()
		for last := ""; ; {
			data, err := json.Marshal(a.shown(c.Region, job))
			if err != nil {
				return
			}
			if text := string(data); text != last {
				last = text
				fmt.Fprintf(w, "event: import\ndata: %s\n\n", text)
				if flush() != nil {
					return
				}
			}
			if !job.State.Working() {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if job, err = a.jobs.Get(ctx, c.Region, job.Number); err != nil {
				return
			}
		}
	})
}
