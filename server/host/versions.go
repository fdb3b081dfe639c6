package host

import (
	"context"

	"github.com/pannier-maps/pannier/sync/publish"
)

// Versions lists the kept versions of a region, oldest first.
func (h *Host) Versions(ctx context.Context, region string) ([]publish.Version, error) {
	return h.Catalog.Ledger().Versions(ctx, region)
}

// PublishNow is Publish for whoever wants to know the version only.
func (h *Host) PublishNow(ctx context.Context, region string, note publish.Note) (publish.Result, error) {
	result, _, err := h.Publish(ctx, region, PublishOptions{Note: note})
	return result, err
}

// Offer changes the share of devices that the version being rolled out is offered
// to, in percent; 100 ends the rollout.
func (h *Host) Offer(ctx context.Context, region string, share int) (v publish.Version, err error) {
	err = h.signing(ctx, region, func(p *publish.Publisher, r publish.Region) error {
		v, err = p.Offer(ctx, r, share)
		return err
	})
	return v, err
}

// Stop ends a rollout by a version for everybody with the content of the one
// before.
func (h *Host) Stop(ctx context.Context, region string, note publish.Note) (result publish.Result, err error) {
	err = h.signing(ctx, region, func(p *publish.Publisher, r publish.Region) error {
		result, err = p.Stop(ctx, r, note)
		return err
	})
	return result, err
}

// signing runs work that signs heads of a region, while the site is held.
func (h *Host) signing(ctx context.Context, region string, work func(*publish.Publisher, publish.Region) error) error {
	release, err := h.Hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	r, err := h.Catalog.Region(ctx, region)
	if err != nil {
		return err
	}
	signing, err := h.Catalog.Signing(ctx, r)
	if err != nil {
		return err
	}
	return work(h.Publisher(nil), signing)
}
