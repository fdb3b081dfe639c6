package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/problem"
)

func (a *API) changeRoutes() []Route {
	const all, one = "/v1/regions/{region}/changes", "/v1/regions/{region}/changes/{change}"
	list := []Param{
		{"state", `draft|proposed|returned|applying|accepted|withdrawn`, "state"},
		{"organisation", `[a-z0-9-]{1,64}`, "organisation that made it"},
		fromParam, limitParam,
	}
	who := Provider | Editor
	return []Route{
		{Method: "GET", Path: all, Who: who, Scope: auth.ScopeRead, Query: list, Summary: "List changes, newest first: an editor's queue, or those of the caller's organisations", Handle: handle(a.listChanges)},
		{Method: "POST", Path: all, Who: who, Scope: auth.ScopeFeatures, Body: batchBody, Status: 201, Summary: "Draft a change", Handle: handle(a.draftChange)},
		{Method: "GET", Path: one, Who: who, Scope: auth.ScopeRead, Summary: "Read a change", Handle: handle(a.readChange)},
		{Method: "POST", Path: one + "/writes", Who: who, Scope: auth.ScopeFeatures, Body: batchBody, Summary: "Add to a draft, up to 400 features at once", Handle: handle(a.extendChange)},
		{Method: "GET", Path: one + "/differences", Who: who, Scope: auth.ScopeRead, Query: []Param{fromParam, limitParam}, Summary: "Show what a change does to each feature, before and after", Handle: handle(a.differences)},
		{Method: "GET", Path: one + "/conflicts", Who: who, Scope: auth.ScopeRead, Summary: "Show which features of a change were changed since by others", Handle: handle(a.conflicts)},
		{Method: "POST", Path: one + "/propose", Who: who, Scope: auth.ScopeFeatures, Summary: "Hand a draft in for review", Handle: handle(a.proposeChange)},
		{Method: "POST", Path: one + "/withdraw", Who: who, Scope: auth.ScopeFeatures, Summary: "Give a change up", Handle: handle(a.withdrawChange)},
		{Method: "POST", Path: one + "/return", Who: Editor, Scope: auth.ScopePublish, Summary: "Send a change back with a note", Handle: handle(a.returnChange)},
		{Method: "POST", Path: one + "/accept", Who: who, Scope: auth.ScopePublish, Summary: "Accept a change; for editors, and trusted organisations of their own", Handle: handle(a.acceptChange)},
		{Method: "POST", Path: one + "/undo", Who: who, Scope: auth.ScopeFeatures, Status: 201, Summary: "Propose a change that takes an accepted one back", Handle: handle(a.undoChange)},
	}
}

// Changes is a page of changes.
type Changes struct {
	Changes []editing.Change `json:"changes"`
	Next    uint64           `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) listChanges(ctx context.Context, c *Call, _ None) (Changes, error) {
	organisation := c.Query("organisation")
	if !c.Caller.Edits(c.Region) {
		own := slices.ContainsFunc(c.Providers, func(o auth.Organisation) bool { return o.ID == organisation })
		switch {
		case organisation == "" && len(c.Providers) == 1:
			organisation = c.Providers[0].ID
		case organisation == "":
			return Changes{}, problem.Fields(problem.Field{Field: "organisation", Problem: "missing: say which of your organisations"})
		case !own:
			return Changes{}, auth.ErrForbidden
		}
	}
	page, next, err := a.desk.Changes(ctx, c.Region, editing.State(c.Query("state")), organisation, from(c), limit(c))
	if page == nil {
		page = []editing.Change{}
	}
	return Changes{page, next}, err
}

// ChangeDraft is what goes into a change.
type ChangeDraft struct {
	Organisation string         `json:"organisation,omitempty" doc:"the caller's only one when absent"`
	Title        string         `json:"title,omitempty"`
	Note         string         `json:"note,omitempty"`
	Writes       []FeatureWrite `json:"writes,omitempty"`
}

// SavedChange is a change after it was written to.
type SavedChange struct {
	Change  *editing.Change  `json:"change,omitempty" doc:"absent when no write was valid, and no change made"`
	Results []WrittenFeature `json:"results" doc:"of the writes, in their order: 200 for those that were taken"`
}

func (a *API) draftChange(ctx context.Context, c *Call, in ChangeDraft) (SavedChange, error) {
	return a.save(ctx, c, a.actor(c, in.Organisation), 0, in)
}

func (a *API) extendChange(ctx context.Context, c *Call, in ChangeDraft) (SavedChange, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return SavedChange{}, err
	}
	return a.save(ctx, c, who, change.Number, in)
}

func (a *API) save(ctx context.Context, c *Call, who editing.Actor, number uint64, in ChangeDraft) (SavedChange, error) {
	writes, err := writesOf(in.Writes)
	if err != nil {
		return SavedChange{}, err
	}
	key, err := c.key()
	if err != nil {
		return SavedChange{}, err
	}
	saved, err := a.desk.Save(ctx, who, c.Region, number, editing.Words{Title: in.Title, Note: in.Note}, writes, key, c.asks(in))
	if err != nil {
		return SavedChange{}, a.told(err)
	}
	out := SavedChange{Results: make([]WrittenFeature, len(writes))}
	if saved.Change.Number != 0 {
		out.Change = &saved.Change
	}
	for i := range writes {
		w := editing.Written{Ref: saved.Refs[i], Err: saved.Errs[i]}
		out.Results[i] = wrote(w)
		out.Results[i].Status, out.Results[i].Detail, out.Results[i].Errors = a.outcome(w)
	}
	return out, nil
}

// change returns the change of the path and the caller as one who may see it:
// an editor, or one of the organisation that made it.
func (a *API) change(ctx context.Context, c *Call) (editing.Change, editing.Actor, error) {
	number, err := strconv.ParseUint(c.Param("change"), 10, 64)
	if err != nil {
		return editing.Change{}, editing.Actor{}, fmt.Errorf("%w: change %s", editing.ErrNotFound, c.Param("change"))
	}
	change, err := a.desk.Change(ctx, c.Region, number)
	if err != nil {
		return change, editing.Actor{}, err
	}
	who := a.actor(c, change.Organisation)
	if !who.Editor && (who.Organisation == "" || who.Organisation != change.Organisation) {
		return editing.Change{}, who, fmt.Errorf("%w: change %d", editing.ErrNotFound, number)
	}
	return change, who, nil
}

func (a *API) readChange(ctx context.Context, c *Call, _ None) (editing.Change, error) {
	change, _, err := a.change(ctx, c)
	return change, err
}

// FeatureChange is a member that differs.
type FeatureChange struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

func fieldsOfDiff(fields []editing.Field) []FeatureChange {
	all := []FeatureChange{}
	for _, f := range fields {
		all = append(all, FeatureChange(f))
	}
	return all
}

// Difference is what a change does to one feature.
type Difference struct {
	Number  int             `json:"number"`
	Source  string          `json:"source"`
	ID      string          `json:"id"`
	Base    string          `json:"base,omitempty"`
	Hash    string          `json:"hash,omitempty" doc:"of what is proposed; absent when the feature shall go"`
	Current string          `json:"current,omitempty" doc:"hash of what is there now, if that is another than base: a conflict"`
	Fields  []FeatureChange `json:"fields"`
}

// Differences is a page of them.
type Differences struct {
	Differences []Difference `json:"differences"`
	Next        int          `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) differences(ctx context.Context, c *Call, _ None) (Differences, error) {
	change, _, err := a.change(ctx, c)
	if err != nil {
		return Differences{}, err
	}
	first := int(min(from(c), editing.MaxProposals))
	all, err := a.desk.Differences(ctx, c.Region, change.Number, first, limit(c))
	out := Differences{Differences: []Difference{}}
	for _, d := range all {
		out.Differences = append(out.Differences, Difference{d.N, d.Source, d.ID, d.Base, d.Content.Hash(), d.Current, fieldsOfDiff(d.Fields)})
	}
	if next := first + len(all); next < change.Proposals {
		out.Next = next
	}
	return out, err
}

// Conflict is a feature of a change that somebody else changed since.
type Conflict struct {
	Source  string          `json:"source"`
	ID      string          `json:"id"`
	Detail  string          `json:"detail"`
	Current StoredFeature   `json:"current"`
	Fields  []FeatureChange `json:"fields"`
}

// Conflicts is the conflicts of a change, the first 100.
type Conflicts struct {
	Total     int        `json:"total"`
	Conflicts []Conflict `json:"conflicts"`
}

func (a *API) conflicts(ctx context.Context, c *Call, _ None) (Conflicts, error) {
	out := Conflicts{Conflicts: []Conflict{}}
	change, _, err := a.change(ctx, c)
	if err != nil {
		return out, err
	}
	found, err := a.desk.Conflicts(ctx, c.Region, change.Number)
	if err != nil || found == nil {
		return out, err
	}
	out.Total = found.Total
	for _, one := range found.Conflicts {
		out.Conflicts = append(out.Conflicts, Conflict{one.Ref.Source, one.Ref.ID, one.Error(), stored(one.Ref, one.Current, nil), fieldsOfDiff(one.Fields)})
	}
	return out, nil
}

// ChangeWords is what is said of a change.
type ChangeWords struct {
	Title string `json:"title,omitempty"`
	Note  string `json:"note,omitempty"`
}

func (a *API) proposeChange(ctx context.Context, c *Call, in ChangeWords) (editing.Change, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return change, err
	}
	change, err = a.desk.Propose(ctx, who, c.Region, change.Number, editing.Words(in))
	return change, a.told(err)
}

func (a *API) withdrawChange(ctx context.Context, c *Call, _ None) (editing.Change, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return change, err
	}
	change, err = a.desk.Withdraw(ctx, who, c.Region, change.Number)
	return change, a.told(err)
}

// ReviewNote is what a reviewer says.
type ReviewNote struct {
	Note          string `json:"note,omitempty" doc:"what is to be done; required to send a change back"`
	SkipConflicts bool   `json:"skip_conflicts,omitempty" doc:"of accepting: leave out what was changed since"`
}

func (a *API) returnChange(ctx context.Context, c *Call, in ReviewNote) (editing.Change, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return change, err
	}
	change, err = a.desk.Return(ctx, who, c.Region, change.Number, in.Note)
	return change, a.told(err)
}

func (a *API) acceptChange(ctx context.Context, c *Call, in ReviewNote) (editing.Change, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return change, err
	}
	change, err = a.desk.Accept(ctx, who, c.Region, change.Number, in.Note, in.SkipConflicts)
	return change, a.told(err)
}

func (a *API) undoChange(ctx context.Context, c *Call, _ None) (editing.Change, error) {
	change, who, err := a.change(ctx, c)
	if err != nil {
		return change, err
	}
	change, err = a.desk.Undo(ctx, who, c.Region, change.Number)
	return change, a.told(err)
}
