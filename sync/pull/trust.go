package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/root"
)

// Errors of trust, beside those of heads and roots.
var (
	// ErrExpired is returned when the newest root has been expired for longer than
	// root.Grace, so that nothing new may be installed.
	ErrExpired = errors.New("the keys that vouch for this site have expired")
	// ErrWithheld is returned for a head that names a root which the server does
	// not give.
	ErrWithheld = errors.New("the server does not give the root that its head names")
)

// pin begins the chain of roots with the one from the options, or else with the
// first one that the server has.
func (p *puller) pin(ctx context.Context) (err error) {
	note, name := p.opts.Root, "the given root"
	if note == nil {
		name = layout.Root(1)
		note, _, err = p.client.get(ctx, name, root.MaxBytes, "")
		if errors.Is(err, ErrNotFound) {
			return p.unpinned()
		}
		if err != nil {
			return err
		}
	}
	if p.chain, err = root.Pin(note); err == nil && p.opts.Root == nil && p.chain.Newest().Version != 1 {
		err = fmt.Errorf("%w: it has version %d, expected 1", root.ErrOrder, p.chain.Newest().Version)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.was.Origin = Origin{Server: p.client.server, Roots: p.chain.Notes()}
	if p.client.file {
		p.was.Origin.Server = "" // whoever handed the file on does not say
	}
	return nil
}

func (p *puller) unpinned() error {
	return fmt.Errorf("%w: %q is not on %s", ErrUnpinned, p.region, p.client.server)
}

// repin takes the root from the options in the place of an installed region's,
// if it is a newer one of the same site: whoever was without updates for longer
// than a chain reaches gets it with a newer app.
func (p *puller) repin() error {
	if p.opts.Root == nil {
		return nil
	}
	chain, err := root.Pin(p.opts.Root)
	if err != nil {
		return fmt.Errorf("the given root: %w", err)
	}
	given, known := chain.Newest(), p.chain.Newest()
	switch {
	case given.Site != known.Site:
		return fmt.Errorf("the given root: %w: it is of site %s, the region of %s", root.ErrOrder, given.Site, known.Site)
	case given.Version == known.Version+1 && p.chain.Append(p.opts.Root) == nil:
	case given.Version > known.Version:
		p.chain, p.repinned = chain, true
	}
	return nil
}

// vouch checks a head with the newest root. When the head names a newer root
// than is known, or nobody known has signed it, newer roots are fetched first,
// and kept whatever becomes of the head.
func (p *puller) vouch(ctx context.Context, note []byte) (*head.Head, error) {
	claim, err := head.Peek(note) // anybody may have written it; it only makes us ask
	if err != nil {
		return nil, err
	}
	before := p.chain.Newest().Version
	h, err := p.search(ctx, note, claim.Root)
	if p.wasHead != nil && !p.repinned && !p.preview && p.chain.Newest().Version > before {
		if err := p.installed.Refresh(ctx, p.chain.Notes(), p.was.HeadNote); err != nil {
			return nil, fmt.Errorf("keep newer roots: %w", err)
		}
	}
	p.was.Origin.Roots = p.chain.Notes()
	return h, err
}

// search follows the chain of roots until one vouches for the head.
func (p *puller) search(ctx context.Context, note []byte, named uint64) (*head.Head, error) {
	for range root.MaxHops {
		newest := p.chain.Newest()
		h, err := newest.OpenHead(note, p.region)
		if named <= newest.Version && !errors.Is(err, head.ErrSignature) {
			return h, err
		}
		name := layout.Root(newest.Version + 1)
		next, _, missing := p.client.get(ctx, name, root.MaxBytes, "")
		switch {
		case errors.Is(missing, ErrNotFound), errors.Is(missing, ErrPortal): // a static site may answer with its page
			if named > newest.Version {
				return nil, fmt.Errorf("%w: root %d; the last is %d", ErrWithheld, named, newest.Version)
			}
			return h, err
		case missing != nil:
			return nil, missing
		}
		if err := p.chain.Append(next); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil, fmt.Errorf("%w: more than %d roots at once", root.ErrOrder, root.MaxHops)
}

// take checks a head and remembers it.
func (p *puller) take(ctx context.Context, object string, note []byte) (err error) {
	p.head, err = p.vouch(ctx, note)
	if err == nil {
		err = p.head.Follows(p.wasHead)
	}
	if err == nil && !bytes.Equal(note, p.was.HeadNote) {
		err = p.checkExpiry()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", object, err)
	}
	p.headNote = note
	return nil
}

// checkExpiry lets nothing new in once the newest root is long expired.
func (p *puller) checkExpiry() error {
	newest := p.chain.Newest()
	if now := p.latest(); now.After(newest.Expires.Add(root.Grace)) {
		return fmt.Errorf("%w: root %d was good until %s, and it is %s now", ErrExpired, newest.Version,
			newest.Expires.Format(time.DateOnly), now.Format(time.DateOnly))
	}
	return nil
}

// stale reports whether freshness is unverified: the head or the root behind it
// has expired.
func (p *puller) stale() bool {
	now := p.latest()
	return now.After(p.head.Expires) || now.After(p.chain.Newest().Expires)
}

// latest returns the time as far as the device can be sure that it has come: the
// clock's, or a later one that somebody has signed for whom the newest root
// vouches. A clock that is behind makes nothing old look fresh.
func (p *puller) latest() time.Time {
	newest := p.chain.Newest()
	now := p.now()
	for _, t := range []time.Time{newest.Issued, p.head.Issued} {
		if t.After(now) {
			now = t
		}
	}
	if p.wasHead != nil && p.wasHead.Issued.After(now) {
		if _, err := newest.OpenHead(p.was.HeadNote, p.region); err == nil {
			now = p.wasHead.Issued
		}
	}
	return now
}

func (p *puller) now() time.Time {
	if p.opts.Now != nil {
		return p.opts.Now()
	}
	return time.Now()
}
