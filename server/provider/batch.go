package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// FeatureWrite is what to do with one feature.
type FeatureWrite struct {
	Source  string           `json:"source,omitempty"`
	ID      string           `json:"id,omitempty"`
	Base    string           `json:"base,omitempty" doc:"hash of the content that it was made on; absent for a new feature, * for whatever is there"`
	Feature *feature.Feature `json:"feature,omitempty"`
	Delete  bool             `json:"delete,omitempty" doc:"in place of feature"`
}

// FeatureBatch is features to be written.
type FeatureBatch struct {
	Organisation string         `json:"organisation,omitempty" doc:"the caller's only one when absent"`
	Atomic       bool           `json:"atomic,omitempty" doc:"when one fails, write none"`
	Writes       []FeatureWrite `json:"writes"`
}

// BatchResult tells what became of each write, in their order.
type BatchResult struct {
	Results []WrittenFeature `json:"results"`
}

func writesOf(all []FeatureWrite) ([]editing.Write, error) {
	writes := make([]editing.Write, len(all))
	for i, w := range all {
		if (w.Feature == nil) != w.Delete {
			return nil, problem.Fields(problem.Field{Field: fmt.Sprintf("writes[%d]", i), Problem: "must have either a feature, or delete: true"})
		}
		writes[i] = editing.Write{Ref: catalog.Ref{Source: w.Source, ID: w.ID}, Base: w.Base, Feature: w.Feature}
	}
	return writes, nil
}

func (a *API) writeBatch(ctx context.Context, c *Call, in FeatureBatch) (BatchResult, error) {
	writes, err := writesOf(in.Writes)
	if err != nil {
		return BatchResult{}, err
	}
	key, err := c.key()
	if err != nil {
		return BatchResult{}, err
	}
	done, err := a.desk.Write(ctx, a.actor(c, in.Organisation), c.Region, editing.Batch{Writes: writes, Atomic: in.Atomic, Key: key, Request: c.asks(in)})
	if err != nil {
		return BatchResult{}, a.told(err)
	}
	out := BatchResult{Results: make([]WrittenFeature, len(done))}
	for i, w := range done {
		out.Results[i] = wrote(w)
		out.Results[i].Status, out.Results[i].Detail, out.Results[i].Errors = a.outcome(w)
	}
	return out, nil
}

// outcome is the status of one write, and what it says of an error.
func (a *API) outcome(w editing.Written) (status int, detail string, wrong []problem.Field) {
	var again *editing.RepeatedError
	switch {
	case w.Err == nil && w.Created:
		return 201, "", nil
	case w.Err == nil:
		return 200, "", nil
	case errors.As(w.Err, &again):
		return 422, again.Problem, nil
	}
	doc := problem.Describe(a.told(w.Err))
	return doc.Status, doc.Detail, doc.Errors
}

// told adds to an error of the desk what its sender may know.
func (a *API) told(err error) error {
	var conflict *editing.ConflictError
	var many *editing.ConflictsError
	var wrong *editing.InvalidError
	var again *editing.RepeatedError
	switch {
	case errors.As(err, &many):
		return problem.With(problem.Detail(err, many.Error()), conflicts(many.Conflicts)...)
	case errors.As(err, &conflict):
		return problem.With(problem.Detail(err, conflict.Error()), changed(conflict)...)
	case errors.As(err, &wrong):
		var all []problem.Field
		for _, p := range wrong.Problems {
			all = append(all, problem.Field{Field: p.Field, Problem: p.Problem})
		}
		return problem.With(err, all...)
	case errors.As(err, &again):
		return problem.Detail(problem.ErrInvalid, again.Problem)
	case errors.Is(err, editing.ErrForbidden), errors.Is(err, editing.ErrState), errors.Is(err, editing.ErrTooMany), errors.Is(err, editing.ErrNotFound), errors.Is(err, catalog.ErrCategory):
		return problem.Detail(err, err.Error())
	}
	return err
}

// changed tells the members that were changed since the base of a write.
func changed(c *editing.ConflictError) (all []problem.Field) {
	for _, f := range c.Fields {
		now := "was removed"
		if f.After != nil {
			now = fmt.Sprintf("is now %.200s", f.After)
		}
		all = append(all, problem.Field{Field: f.Path, Problem: now})
	}
	return all
}

func conflicts(all []*editing.ConflictError) (fields []problem.Field) {
	for _, c := range all {
		fields = append(fields, problem.Field{Field: c.Ref.ID, Problem: c.Error()})
	}
	return fields
}
