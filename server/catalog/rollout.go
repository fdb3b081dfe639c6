package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
)

// What a journal's line tells of a version.
const (
	Published  = "version published"
	RolledBack = "version rolled back"
	Offered    = "version offered" // to another share of devices
)

// rollout is a version that only a share of devices gets yet; share 0 is none.
func rollout(txn store.Txn, region string) (n layout.Next, err error) {
	err = get(txn, key("rollout", region), &n)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return n, err
}

// setRollout notes how the newest version is rolled out.
func setRollout(txn store.Txn, region string, v publish.Version) error {
	if !v.Staged() {
		return txn.Delete(key("rollout", region))
	}
	return set(txn, key("rollout", region), layout.Next{Version: v.Number, Share: v.Share, Head: blob.Sum(v.Head).Short()})
}

// Next returns what layout.NextHeader says of a region; "" without a rollout.
func (c *Catalog) Next(ctx context.Context, region string) (value string, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		n, err := rollout(txn, region)
		if value = ""; err == nil && n.Share > 0 {
			value = n.String()
		}
		return err
	})
	return value, err
}

// Offer implements publish.Ledger.
func (l ledger) Offer(ctx context.Context, region string, number uint64, share int) error {
	err := l.c.meta.Update(ctx, func(txn store.Txn) error {
		n, err := rollout(txn, region)
		if err != nil {
			return err
		}
		if n.Share == 0 || n.Version != number {
			return publish.ErrConflict
		}
		if n.Share = share; share == 0 {
			err = txn.Delete(key("rollout", region))
		} else {
			err = set(txn, key("rollout", region), n)
		}
		if err != nil {
			return err
		}
		return l.note(ctx, txn, region, Line{Action: Offered, Version: number, Share: share})
	})
	l.c.tell(region)
	return err
}

// by is who publishes.
type by struct{}

// By says on whose behalf a version is published or offered under ctx, for the
// journal.
func By(ctx context.Context, s Stamp) context.Context { return context.WithValue(ctx, by{}, s) }

// note adds a line about a version. It waits for nobody: a large change that has
// the region to itself is about features.
func (l ledger) note(ctx context.Context, txn store.Txn, region string, line Line) error {
	p, err := begin(txn, region)
	if err != nil {
		return err
	}
	stamp, _ := ctx.Value(by{}).(Stamp)
	stamp.At = l.c.now().UTC().Truncate(time.Millisecond)
	j := &Journal{Txn: txn, Stamp: stamp, pages: p}
	if _, err := j.write(line); err != nil {
		return fmt.Errorf("journal of %s: %w", region, err)
	}
	return p.close()
}
