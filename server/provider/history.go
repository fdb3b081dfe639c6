package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
)

func (a *API) historyRoutes() []Route {
	who := Provider | Editor
	revision := `[1-9][0-9]{0,8}|0`
	return []Route{
		{Method: "GET", Path: "/v1/regions/{region}/history/{source}/{feature}", Who: who, Scope: auth.ScopeRead, Query: []Param{fromParam, limitParam}, Summary: "List a feature's revisions, newest first, with what each changed", Handle: handle(a.history)},
		{Method: "GET", Path: "/v1/regions/{region}/diff/{source}/{feature}", Who: who, Scope: auth.ScopeRead, Query: []Param{{"from", revision, "revision, 0 for nothing"}, {"to", revision, "revision, 0 for nothing"}}, Summary: "Compare two revisions of a feature", Handle: handle(a.compare)},
		{Method: "POST", Path: "/v1/regions/{region}/restore/{source}/{feature}", Who: who, Scope: auth.ScopeFeatures, Summary: "Make a feature what it was at a revision, with If-Match", Handle: handle(a.restore)},
		{Method: "GET", Path: "/v1/regions/{region}/audit", Who: Editor, Scope: auth.ScopeRead, Query: []Param{fromParam, limitParam}, Summary: "Read a region's journal, newest first: who changed what, when, from which content to which", Handle: handle(a.audit)},
	}
}

// Revision is a version of a feature.
type Revision struct {
	Revision     uint32          `json:"revision" doc:"0: imported before there was a history"`
	At           time.Time       `json:"at"`
	By           string          `json:"by,omitempty"`
	Organisation string          `json:"organisation,omitempty"`
	Change       uint64          `json:"change,omitempty"`
	Action       string          `json:"action"`
	Before       string          `json:"before,omitempty" doc:"hash"`
	After        string          `json:"after,omitempty" doc:"hash; absent when it was deleted"`
	Feature      json.RawMessage `json:"feature,omitempty" doc:"a Feature"`
}

// History is a page of revisions.
type History struct {
	Revisions []Revision `json:"revisions"`
	Next      uint32     `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) history(ctx context.Context, c *Call, _ None) (History, error) {
	out := History{Revisions: []Revision{}}
	versions, err := a.desk.History(ctx, c.Region, c.ref(), uint32(min(from(c), 1<<31)), min(limit(c), 200))
	size := 0
	for _, v := range versions {
		raw, err := a.desk.Read(ctx, v.Content)
		if err != nil {
			return out, err
		}
		if size += len(raw); size > editing.MaxPageBytes && len(out.Revisions) > 0 {
			return out, nil
		}
		out.Revisions = append(out.Revisions, Revision{v.Rev, v.At, v.By, v.Organisation, v.Change, v.Action, v.Before, v.After, raw})
		if v.Rev > 1 {
			out.Next = v.Rev - 1
		} else {
			out.Next = 0
		}
	}
	return out, err
}

// Comparison is what differs between two revisions.
type Comparison struct {
	Fields []FeatureChange `json:"fields"`
}

func (a *API) compare(ctx context.Context, c *Call, _ None) (Comparison, error) {
	var revisions [2]uint32
	for i, name := range [...]string{"from", "to"} {
		var n json.Number = "0"
		if text := c.Query(name); text != "" {
			n = json.Number(text)
		}
		v, err := n.Int64()
		if err != nil {
			return Comparison{}, err
		}
		revisions[i] = uint32(v)
	}
	fields, err := a.desk.Compare(ctx, c.Region, c.ref(), revisions[0], revisions[1])
	return Comparison{fieldsOfDiff(fields)}, err
}

// Restore names a revision.
type Restore struct {
	Revision uint32 `json:"revision"`
}

func (a *API) restore(ctx context.Context, c *Call, in Restore) (WrittenFeature, error) {
	base, err := c.base()
	if err != nil {
		return WrittenFeature{}, err
	}
	who, err := a.actorOf(ctx, c, c.Param("source"))
	if err != nil {
		return WrittenFeature{}, err
	}
	w, err := a.desk.Restore(ctx, c.Region, c.ref(), in.Revision, base)
	if err != nil {
		return WrittenFeature{}, a.told(err)
	}
	return a.one(ctx, c, who, w)
}

// Journal is a page of a region's journal.
type Journal struct {
	Lines []catalog.Line `json:"lines"`
	Next  uint64         `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) audit(ctx context.Context, c *Call, _ None) (Journal, error) {
	lines, err := a.desk.Audit(ctx, c.Region, from(c), limit(c))
	out := Journal{Lines: lines}
	if n := len(lines); n == 0 {
		out.Lines = []catalog.Line{}
	} else {
		out.Next = lines[n-1].Number - 1
	}
	return out, err
}
