package publish

import (
	"context"
	"errors"
	"fmt"
)

// Staged rollout. The newest version may be offered to a share of the devices
// first. The site's head stays that of the version before, which is what static
// sites and everybody else gets, until the share is everybody. A server names the
// new head beside that one (server/public), and each device decides by itself
// whether it is among the first (sync/pull), so nobody learns who it is.
//
// Versions only rise, so a rollout is not taken back but overtaken: by a version
// that repeats the content of the one before, for everybody.

// Errors about rollouts.
var (
	ErrRollout   = errors.New("a version is being rolled out: finish or stop that first")
	ErrNoRollout = errors.New("no version is being rolled out")
	ErrFirst     = errors.New("the first version of a region goes to everybody")
	ErrShare     = errors.New("a share is 1 to 100 percent")
)

// Everybody is the share that ends a rollout, in percent.
const Everybody = 100

// Staged reports whether a version is offered to a share of devices only.
func (v Version) Staged() bool { return v.Share > 0 }

// Current returns the newest version that everybody gets: the newest but for one
// that is being rolled out. ok is false when there is none.
func Current(versions []Version) (v Version, ok bool) {
	i := current(versions)
	if i < 0 {
		return Version{}, false
	}
	return versions[i], true
}

func current(versions []Version) int {
	i := len(versions) - 1
	if i > 0 && versions[i].Staged() {
		i--
	}
	return i
}

// checkShare returns what keeps a next version from going to a share of devices,
// or from being made at all.
func checkShare(versions []Version, note Note) error {
	n := len(versions)
	switch {
	case note.Share < 0 || note.Share > Everybody:
		return ErrShare
	case n == 0 && staged(note.Share) > 0:
		return ErrFirst
	case n > 0 && versions[n-1].Staged() && note.restores == 0:
		return fmt.Errorf("%w (version %d, to %d %%)", ErrRollout, versions[n-1].Number, versions[n-1].Share)
	}
	return nil
}

// staged is a share as versions have it: 0 for everybody.
func staged(share int) int { return share % Everybody }

// Offer changes the share of devices that the newest version is offered to; 100
// ends the rollout. Devices that have the version keep it, also where the share
// falls.
func (p *Publisher) Offer(ctx context.Context, region Region, share int) (Version, error) {
	if share < 1 || share > Everybody {
		return Version{}, ErrShare
	}
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil {
		return Version{}, fmt.Errorf("read ledger: %w", err)
	}
	n := len(versions)
	if n == 0 || !versions[n-1].Staged() {
		return Version{}, ErrNoRollout
	}
	v := versions[n-1]
	if v.Share = staged(share); v.Share != versions[n-1].Share {
		if err := p.Ledger.Offer(ctx, region.ID, v.Number, v.Share); err != nil {
			return Version{}, err
		}
	}
	return v, p.writeMutable(ctx, region.ID)
}

// Stop ends a rollout by a version for everybody with the content of the one
// before it.
func (p *Publisher) Stop(ctx context.Context, region Region, note Note) (Result, error) {
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read ledger: %w", err)
	}
	n := len(versions)
	if n == 0 || !versions[n-1].Staged() {
		return Result{}, ErrNoRollout
	}
	before, _ := Current(versions)
	note.Share = 0
	return p.Rollback(ctx, region, before.Number, note)
}
