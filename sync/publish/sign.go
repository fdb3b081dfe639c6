package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/root"
)

// defaultLife is how long a head counts as fresh unless the publisher says.
const defaultLife = 30 * 24 * time.Hour

func (p *Publisher) life() time.Duration {
	if p.Life == 0 {
		return defaultLife
	}
	return p.Life
}

// chain returns the site's roots, nil if there is none yet.
func (p *Publisher) chain(ctx context.Context) (*root.Chain, error) {
	notes, err := p.Ledger.Roots(ctx)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	if len(notes) == 0 {
		return nil, nil
	}
	return root.OpenChain(notes)
}

// sign fills in what the newest root says of a region's heads, and signs.
// Nothing leaves here that riders would refuse.
func (p *Publisher) sign(ctx context.Context, region Region, h head.Head) ([]byte, error) {
	chain, err := p.chain(ctx)
	if err != nil {
		return nil, err
	}
	if chain == nil || chain.Newest().Epoch(region.ID) == 0 || region.Secret == "" {
		return nil, fmt.Errorf("%w %s: see pannierd keys --help", ErrNoKey, region.ID)
	}
	newest := chain.Newest()
	h.Origin, h.Root, h.Epoch = head.Origin(newest.Site, region.ID), newest.Version, newest.Epoch(region.ID)
	h.Expires = h.Issued.Add(p.life())
	note, err := h.Sign(region.Secret)
	if err != nil {
		return nil, err
	}
	if _, err := newest.OpenHead(note, region.ID); err != nil {
		return nil, fmt.Errorf("%w %s: %w", ErrNoKey, region.ID, err)
	}
	return note, nil
}

// Renew signs anew the heads that the newest root no longer vouches for, or that
// do not name it, or whose life is half over: as the same versions, issued now.
// Regions that no key of this server may sign are left as they are. Run it when
// a server starts, each day, and when there is a new root.
func (p *Publisher) Renew(ctx context.Context) error {
	chain, err := p.chain(ctx)
	if err != nil || chain == nil {
		return err
	}
	regions, err := p.Ledger.Regions(ctx)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	var errs []error
	for _, r := range regions {
		if err := p.renew(ctx, r, chain.Newest()); err != nil && !errors.Is(err, ErrNoKey) {
			errs = append(errs, fmt.Errorf("sign %s anew: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (p *Publisher) renew(ctx context.Context, region Region, newest *root.Root) error {
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil || len(versions) == 0 {
		return err
	}
	for _, v := range versions[current(versions):] {
		if err := p.resign(ctx, region, newest, v); err != nil {
			return err
		}
	}
	return nil
}

// resign signs the head of one version anew, if need be.
func (p *Publisher) resign(ctx context.Context, region Region, newest *root.Root, last Version) error {
	h, err := head.Peek(last.Head)
	if err != nil {
		return err
	}
	_, err = newest.OpenHead(last.Head, region.ID)
	if err == nil && h.Root == newest.Version && p.now().Before(h.Issued.Add(p.life()/2)) {
		return nil
	}
	later := h.Issued.Add(time.Second)
	if h.Issued = p.now(); h.Issued.Before(later) {
		h.Issued = later
	}
	note, err := p.sign(ctx, region, *h)
	if err != nil {
		return err
	}
	if err := p.Objects.Put(ctx, layout.PastHead(region.ID, blob.Sum(note).Short()), note); err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	if err := p.Ledger.Resign(ctx, region.ID, last.Head, note); err != nil {
		return err
	}
	return p.writeMutable(ctx, region.ID)
}

// writeRoots writes the roots that the site lacks and returns them all, nil if
// there is none.
func (p *Publisher) writeRoots(ctx context.Context) (*root.Chain, error) {
	chain, err := p.chain(ctx)
	if err != nil || chain == nil {
		return nil, err
	}
	for i, note := range chain.Notes() {
		if _, err := p.replace(ctx, layout.Root(uint64(i)+1), note); err != nil {
			return nil, err
		}
	}
	return chain, nil
}

// repairRoots writes the roots, unless the site has one that the ledger lacks.
func (p *Publisher) repairRoots(ctx context.Context) error {
	chain, err := p.writeRoots(ctx)
	if err != nil || chain == nil {
		return err
	}
	next := layout.Root(chain.Newest().Version + 1)
	note, err := p.Objects.Get(ctx, next)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && chain.Append(note) == nil {
		err = fmt.Errorf("%w: there is %s, the ledger ends at root %d: was an old copy of the data folder restored?", ErrAhead, next, chain.Newest().Version-1)
	}
	return err
}
