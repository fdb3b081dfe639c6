package host

import (
	"context"
	"errors"

	"github.com/pannier-maps/pannier/server/compose"
	"github.com/pannier-maps/pannier/sync/publish"
)

// PublishOptions say how a region is published.
type PublishOptions struct {
	Note     publish.Note
	Workers  int   // that draw the map; 0: one for each core
	Memory   int64 // bytes that drawing may take; 0: what compose.Composer takes
	Rebuild  bool  // make everything anew
	Progress Progress
}

// Publish makes the next version of a region of what its catalog holds now, or
// none if nothing changed. The draft, closed already, tells what went into it.
func (h *Host) Publish(ctx context.Context, region string, opts PublishOptions) (_ publish.Result, _ *compose.Draft, err error) {
	release, err := h.Hold(ctx)
	if err != nil {
		return publish.Result{}, nil, err
	}
	defer release()
	result, draft, err := h.publish(ctx, region, opts, h.Site, h.Catalog.Ledger())
	if err != nil {
		return result, draft, err
	}
	m, err := publish.ReadManifest(ctx, h.Site, region, result.Version.Manifest, result.Version.Raw)
	if err != nil {
		return result, draft, err
	}
	return result, draft, h.Composer(nil).Remember(ctx, region, draft, m)
}

// publish publishes to a site by a ledger: the host's own, or those of a
// rehearsal.
func (h *Host) publish(ctx context.Context, region string, opts PublishOptions, site publish.Objects, ledger publish.Ledger) (_ publish.Result, _ *compose.Draft, err error) {
	publisher := h.Publisher(opts.Progress)
	publisher.Objects, publisher.Ledger = site, ledger
	r, err := h.Catalog.Region(ctx, region)
	if err != nil {
		return publish.Result{}, nil, err
	}
	signing, err := h.Catalog.Signing(ctx, r)
	if err != nil {
		return publish.Result{}, nil, err
	}
	if err := publisher.Check(ctx, signing); err != nil {
		return publish.Result{}, nil, err
	}
	last, err := h.Last(ctx, region)
	if err != nil {
		return publish.Result{}, nil, err
	}
	composer := h.Composer(opts.Progress)
	composer.Workers, composer.Memory, composer.Rebuild = opts.Workers, opts.Memory, opts.Rebuild
	draft, err := composer.Compose(ctx, r, last)
	if err != nil {
		return publish.Result{}, nil, err
	}
	defer func() { err = errors.Join(err, draft.Close()) }()
	result, err := publisher.Publish(ctx, signing, draft.Content, opts.Note)
	if err != nil {
		return publish.Result{}, nil, err
	}
	return result, draft, nil
}

// Rollback publishes an earlier version's content again, as a new version. What
// the catalog holds stays as it is: the next publish brings it back.
func (h *Host) Rollback(ctx context.Context, region string, to uint64, note publish.Note) (publish.Result, error) {
	release, err := h.Hold(ctx)
	if err != nil {
		return publish.Result{}, err
	}
	defer release()
	r, err := h.Catalog.Region(ctx, region)
	if err != nil {
		return publish.Result{}, err
	}
	signing, err := h.Catalog.Signing(ctx, r)
	if err != nil {
		return publish.Result{}, err
	}
	return h.Publisher(nil).Rollback(ctx, signing, to, note)
}
