package provider

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/sync/publish"
)

func (a *API) versionRoutes() []Route {
	const versions = "/v1/regions/{region}/versions"
	number := `[1-9][0-9]{0,17}`
	return []Route{
		{Method: "GET", Path: versions, Who: Provider | Editor, Scope: auth.ScopeRead, Query: []Param{fromParam, limitParam}, Summary: "List a region's published versions, newest first", Handle: handle(a.listVersions)},
		{Method: "POST", Path: versions, Who: Provider | Editor, Scope: auth.ScopePublish, Status: 201, Summary: "Publish what is accepted; for editors and trusted organisations", Handle: handle(a.publish)},
		{Method: "GET", Path: "/v1/regions/{region}/preview", Who: Provider | Editor, Scope: auth.ScopeRead, Summary: "Show what a publish would do, and what riders would download", Handle: handle(a.preview)},
		{Method: "GET", Path: "/v1/regions/{region}/compare", Who: Provider | Editor, Scope: auth.ScopeRead, Query: []Param{{"from", number, "version"}, {"to", number, "version"}}, Summary: "Compare two versions", Handle: handle(a.compareVersions)},
		{Method: "POST", Path: "/v1/regions/{region}/rollback", Who: Editor, Scope: auth.ScopePublish, Status: 201, Summary: "Publish an earlier version's content again, as a new version", Handle: handle(a.rollback)},
	}
}

// VersionDelta is the way from an older version.
type VersionDelta struct {
	From  uint64 `json:"from"`
	Bytes int64  `json:"bytes"`
}

// PublishedVersion is a version of a region.
type PublishedVersion struct {
	Number    uint64         `json:"number"`
	Created   time.Time      `json:"created"`
	Message   string         `json:"message,omitempty"`
	Author    string         `json:"author,omitempty"`
	Cells     int            `json:"cells"`
	Bytes     int64          `json:"bytes" doc:"of a first download"`
	Deltas    []VersionDelta `json:"deltas" doc:"what riders of older versions download"`
	Unchanged bool           `json:"unchanged,omitempty" doc:"of publishing: nothing was new, and this is still the version"`
	Restores  uint64         `json:"restores,omitempty" doc:"version whose content it repeats"`
	Share     int            `json:"share,omitempty" doc:"percentage of devices that get it; absent for all"`
}

func version(v publish.Version) PublishedVersion {
	return PublishedVersion{Number: v.Number, Created: v.Created, Message: v.Message, Author: v.Author, Cells: v.Cells, Bytes: v.Bytes, Deltas: deltas(v.Deltas), Restores: v.Restores, Share: v.Share}
}

func deltas(all []publish.VersionFrom) []VersionDelta {
	list := []VersionDelta{}
	for _, d := range all {
		list = append(list, VersionDelta{d.Number, d.Bytes})
	}
	return list
}

// VersionList is a page of versions.
type VersionList struct {
	Versions []PublishedVersion `json:"versions"`
	Next     uint64             `json:"next,omitempty" doc:"from of the following page; absent at the end"`
}

func (a *API) listVersions(ctx context.Context, c *Call, _ None) (VersionList, error) {
	list := VersionList{Versions: []PublishedVersion{}}
	all, err := a.catalog.Ledger().Versions(ctx, c.Region)
	if err != nil {
		return list, err
	}
	first := from(c)
	for _, v := range slices.Backward(all) {
		if first != 0 && v.Number > first {
			continue
		}
		if len(list.Versions) == limit(c) {
			list.Next = v.Number
			break
		}
		list.Versions = append(list.Versions, version(v))
	}
	return list, nil
}

// PublishMessage is what is said of a version.
type PublishMessage struct {
	Message string `json:"message,omitempty" doc:"what is new, for people"`
}

// PublishRequest is how to publish.
type PublishRequest struct {
	PublishMessage
	Share int `json:"share,omitempty" doc:"percentage of devices that get the version at first, 1 to 100; all when absent. For editors"`
}

// note is what the caller says of a version.
func (c *Call) note(message string, share int) (publish.Note, error) {
	if share < 0 || share > publish.Everybody {
		return publish.Note{}, problem.Fields(problem.Field{Field: "share", Problem: "must be 1 to 100"})
	}
	if len([]rune(message)) > 500 {
		return publish.Note{}, problem.Fields(problem.Field{Field: "message", Problem: "has more than 500 characters"})
	}
	return publish.Note{Message: message, Author: c.Caller.Name, Share: share}, nil
}

// maxPublish bounds a publish that nobody waits for any longer.
const maxPublish = 10 * time.Minute

func (a *API) publish(ctx context.Context, c *Call, in PublishRequest) (PublishedVersion, error) {
	trusted := slices.ContainsFunc(c.Providers, func(o auth.Organisation) bool {
		place, _ := o.In(c.Region)
		return place.Trusted
	})
	if !trusted && !c.Caller.Edits(c.Region) {
		return PublishedVersion{}, problem.Detail(auth.ErrForbidden, "An editor of the region publishes it, or a trusted organisation.")
	}
	if in.Share != 0 && !c.Caller.Edits(c.Region) {
		return PublishedVersion{}, problem.Detail(auth.ErrForbidden, "An editor of the region begins a rollout.")
	}
	note, err := c.note(in.Message, in.Share)
	if err != nil {
		return PublishedVersion{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.by(ctx)), maxPublish) // whoever hangs up does not stop it halfway
	defer cancel()
	result, _, err := a.host.Publish(ctx, c.Region, host.PublishOptions{Note: note})
	out := version(result.Version)
	out.Unchanged = result.Unchanged
	return out, err
}

// Rollback names a version.
type Rollback struct {
	To      uint64 `json:"to"`
	Message string `json:"message,omitempty"`
}

func (a *API) rollback(ctx context.Context, c *Call, in Rollback) (PublishedVersion, error) {
	note, err := c.note(in.Message, publish.Everybody)
	if err != nil {
		return PublishedVersion{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.by(ctx)), maxPublish)
	defer cancel()
	result, err := a.host.Rollback(ctx, c.Region, in.To, note)
	out := version(result.Version)
	out.Unchanged = result.Unchanged
	return out, err
}

// VersionChanges is how two versions differ.
type VersionChanges struct {
	New     int               `json:"new" doc:"features"`
	Changed int               `json:"changed"`
	Gone    int               `json:"gone"`
	Cells   int               `json:"cells" doc:"changed cells of the map and of all else"`
	First   []VersionedChange `json:"first" doc:"the first 500 features that differ, by id"`
}

// VersionedChange is how a feature differs between two versions.
type VersionedChange struct {
	ID     string          `json:"id"`
	Name   string          `json:"name,omitempty"`
	New    bool            `json:"new,omitempty"`
	Gone   bool            `json:"gone,omitempty"`
	Fields []FeatureChange `json:"fields"`
}

func versionChanges(c host.Compared) VersionChanges {
	out := VersionChanges{c.New, c.Changed, c.Gone, c.Cells, []VersionedChange{}}
	for _, d := range c.First {
		out.First = append(out.First, VersionedChange{d.ID, d.Name, d.New, d.Gone, fieldsOfDiff(d.Fields)})
	}
	return out
}

// Preview is what a publish would do.
type Preview struct {
	Version   uint64           `json:"version" doc:"the number that it would get"`
	Unchanged bool             `json:"unchanged,omitempty" doc:"there is nothing to publish"`
	Bytes     int64            `json:"bytes" doc:"of a first download"`
	Deltas    []VersionDelta   `json:"deltas" doc:"what riders of older versions would download"`
	Changes   VersionChanges   `json:"changes" doc:"since the last version"`
	Notes     []string         `json:"notes" doc:"what is left out, and why"`
	Totals    map[string]int   `json:"totals" doc:"warnings of each kind"`
	Warnings  []FeatureWarning `json:"warnings" doc:"the first 50 of each kind"`
}

// FeatureWarning is what an editor should know before publishing.
type FeatureWarning struct {
	Kind   string `json:"kind" doc:"translation, expired, licence, restricted, clash or link"`
	Source string `json:"source"`
	ID     string `json:"id"`
	Text   string `json:"text"`
}

func (a *API) preview(ctx context.Context, c *Call, _ None) (Preview, error) {
	select {
	case a.previews <- struct{}{}:
	case <-ctx.Done():
		return Preview{}, ctx.Err()
	}
	defer func() { <-a.previews }()
	p, err := a.host.Preview(ctx, c.Region, nil)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{
		Version: p.Version, Unchanged: p.Unchanged, Bytes: p.Bytes, Deltas: deltas(p.Deltas), Changes: versionChanges(p.Compared),
		Notes: append([]string{}, p.Notes...), Totals: p.Warnings.Totals, Warnings: []FeatureWarning{},
	}
	if out.Totals == nil {
		out.Totals = map[string]int{}
	}
	for _, w := range p.Warnings.First {
		out.Warnings = append(out.Warnings, FeatureWarning{w.Kind, w.Ref.Source, w.Ref.ID, w.Text})
	}
	return out, nil
}

func (a *API) compareVersions(ctx context.Context, c *Call, _ None) (VersionChanges, error) {
	var pair [2]publish.Version
	all, err := a.catalog.Ledger().Versions(ctx, c.Region)
	if err != nil {
		return VersionChanges{}, err
	}
	for i, name := range [...]string{"from", "to"} {
		n, err := strconv.ParseUint(c.Query(name), 10, 64)
		if err != nil {
			return VersionChanges{}, problem.Fields(problem.Field{Field: name, Problem: "missing"})
		}
		at := slices.IndexFunc(all, func(v publish.Version) bool { return v.Number == n })
		if at < 0 {
			return VersionChanges{}, fmt.Errorf("%w: version %d", editing.ErrNotFound, n)
		}
		pair[i] = all[at]
	}
	found, err := a.host.Compare(ctx, c.Region, pair[0], pair[1])
	return versionChanges(found), err
}
