package provider

import (
	"context"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/sync/publish"
)

func (a *API) rolloutRoutes() []Route {
	const rollout = "/v1/regions/{region}/rollout"
	return []Route{
		{Method: "GET", Path: rollout, Who: Provider | Editor, Scope: auth.ScopeRead, Summary: "Read how far the newest version is rolled out", Handle: handle(a.readRollout)},
		{Method: "PUT", Path: rollout, Who: Editor, Scope: auth.ScopePublish, Summary: "Offer the version that is rolled out to another share of devices; 100 ends the rollout. Devices that have it keep it", Handle: handle(a.setRollout)},
		{Method: "POST", Path: rollout + "/stop", Who: Editor, Scope: auth.ScopePublish, Status: 201, Summary: "End a rollout by a version for everybody with the content of the one before", Handle: handle(a.stopRollout)},
	}
}

// Rollout is how far a region's newest version is rolled out.
type Rollout struct {
	Share   int    `json:"share" doc:"percentage of devices that get the newest version; 100 when there is no rollout"`
	Version uint64 `json:"version" doc:"the newest version; 0 when there is none"`
	Before  uint64 `json:"before,omitempty" doc:"the version that the other devices have meanwhile"`
}

func rolloutOf(versions []publish.Version) Rollout {
	n := len(versions)
	if n == 0 {
		return Rollout{Share: publish.Everybody}
	}
	newest := versions[n-1]
	if !newest.Staged() {
		return Rollout{Share: publish.Everybody, Version: newest.Number}
	}
	before, _ := publish.Current(versions)
	return Rollout{newest.Share, newest.Number, before.Number}
}

func (a *API) readRollout(ctx context.Context, c *Call, _ None) (Rollout, error) {
	versions, err := a.host.Versions(ctx, c.Region)
	return rolloutOf(versions), err
}

// NewShare is a share of devices.
type NewShare struct {
	Share int `json:"share" doc:"percentage of devices, 1 to 100"`
}

// by says in the journal that the caller does something with versions.
func (c *Call) by(ctx context.Context) context.Context {
	return catalog.By(ctx, catalog.Stamp{By: c.Caller.ID()})
}

func (a *API) setRollout(ctx context.Context, c *Call, in NewShare) (Rollout, error) {
	if in.Share < 1 || in.Share > publish.Everybody {
		return Rollout{}, problem.Fields(problem.Field{Field: "share", Problem: "must be 1 to 100"})
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.by(ctx)), maxPublish)
	defer cancel()
	if _, err := a.host.Offer(ctx, c.Region, in.Share); err != nil {
		return Rollout{}, err
	}
	return a.readRollout(ctx, c, None{})
}

func (a *API) stopRollout(ctx context.Context, c *Call, in PublishMessage) (PublishedVersion, error) {
	note, err := c.note(in.Message, publish.Everybody)
	if err != nil {
		return PublishedVersion{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.by(ctx)), maxPublish)
	defer cancel()
	result, err := a.host.Stop(ctx, c.Region, note)
	return version(result.Version), err
}
