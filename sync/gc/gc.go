// Package gc takes old versions off a site: their lines of the ledger and the
// history, then the manifests, deltas, past heads and blobs that no kept version
// needs.
//
// It does so in two phases. What nothing leads to any more is unlinked first:
// its name goes to a list with the time. Only a later run deletes it, when Grace
// has passed since, so that a phone in the middle of a download is not cut off,
// and copies of the site elsewhere have time to follow. What has come into use
// again leaves the list. The order of writes is: ledger, history, list, deletes.
// So at no moment does the site lead to an object that is gone, and a run that
// was cut off anywhere is made good by the next.
//
// Nothing may publish into the site meanwhile, as a publish trusts what it finds
// there; reading goes on. Objects of kinds that the package does not know are
// left alone. If the manifest of a kept version cannot be read, or the site has
// a region that the ledger does not know, nothing is deleted.
//
// A client whose version was collected still finds its way: it takes the changed
// cells in full.
package gc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/publish"
)

// Grace is how long unlinked objects stay as a rule.
const Grace = 48 * time.Hour

// ErrUnknownRegion is returned for a site that holds more than the ledger knows.
var ErrUnknownRegion = errors.New("the site has a region that the ledger does not know")

// Objects is the site.
type Objects interface {
	publish.Objects
	// List yields the names that begin with prefix, in rising order.
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Size returns the length of an object.
	Size(ctx context.Context, name string) (int64, error)
	// Delete removes an object durably. An absent one is no error.
	Delete(ctx context.Context, name string) error
}

// Ledger is the publisher's ledger, which forgets versions.
type Ledger interface {
	publish.Ledger
	// Drop removes the lines of the versions before a number, durably and all at
	// once, but never the newest. Their numbers are not used again.
	Drop(ctx context.Context, region string, before uint64) error
}

// Unlinked is the list of objects that wait to be deleted, with the time since
// when nothing leads to them.
type Unlinked interface {
	Unlinked(ctx context.Context) (map[string]time.Time, error)
	// SetUnlinked puts another list in its place, durably and atomically.
	SetUnlinked(ctx context.Context, since map[string]time.Time) error
}

// Collector collects the garbage of a site.
type Collector struct {
	Objects  Objects
	Ledger   Ledger
	Unlinked Unlinked
	// Blobs lists blobs that are needed though no version may have them; nil for none.
	Blobs func(ctx context.Context) ([]blob.Hash, error)
	// Grace is how long objects stay after nothing leads to them.
	Grace time.Duration
	// DryRun only tells what would be done.
	DryRun bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Progress, if set, is told how many objects are done.
	Progress func(stage string, done, total int64)
}

// Report tells what a run did, or would do.
type Report struct {
	Regions  []Region
	Unlinked Amount // newly; nothing leads to them any more
	Waiting  Amount // unlinked now or earlier, and still within their grace
	Deleted  Amount
}

// Amount is a number of objects and their bytes.
type Amount struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (a *Amount) add(bytes int64) { a.Objects++; a.Bytes += bytes }

// Region is what was dropped of a region, and what it keeps. Numbers are 0 where
// there is none.
type Region struct {
	ID      string `json:"region"`
	Dropped int    `json:"dropped"`
	First   uint64 `json:"first"` // the oldest that is kept
	Last    uint64 `json:"last"`
}

// Collect drops the versions that the policies of their regions do not keep, and
// deletes what has been unlinked for long enough. A region without a policy
// keeps all.
func (c *Collector) Collect(ctx context.Context, policies map[string]Policy) (Report, error) {
	var report Report
	now := time.Now()
	if c.Now != nil {
		now = c.Now()
	}
	now = now.UTC().Truncate(time.Second)
	regions, err := c.Ledger.Regions(ctx)
	if err != nil {
		return report, fmt.Errorf("read ledger: %w", err)
	}
	kept := make(map[string][]publish.Version)
	for _, r := range regions {
		all, err := c.Ledger.Versions(ctx, r.ID)
		if err != nil {
			return report, fmt.Errorf("read ledger: %w", err)
		}
		first := policies[r.ID].first(all, now)
		kept[r.ID] = all[first:]
		line := Region{ID: r.ID, Dropped: first}
		if len(all) > 0 {
			line.First, line.Last = all[first].Number, all[len(all)-1].Number
		}
		report.Regions = append(report.Regions, line)
	}
	used, err := c.mark(ctx, kept) // before anything changes: it finds what is damaged
	if err != nil {
		return report, err
	}
	if !c.DryRun {
		for _, r := range report.Regions {
			if r.Dropped == 0 {
				continue
			}
			if err := c.Ledger.Drop(ctx, r.ID, r.First); err != nil {
				return report, fmt.Errorf("drop versions of %s: %w", r.ID, err)
			}
		}
		// The site's histories follow the ledger, also where a run was cut off here.
		if err := (&publish.Publisher{Objects: c.Objects, Ledger: c.Ledger, Now: c.Now}).Repair(ctx); err != nil {
			return report, err
		}
	}
	return report, c.sweep(ctx, used, now, &report)
}

// sweep unlinks what is not used, and deletes what was for long enough.
func (c *Collector) sweep(ctx context.Context, used *marks, now time.Time, report *Report) error {
	was, err := c.Unlinked.Unlinked(ctx)
	if err != nil {
		return fmt.Errorf("read the list of unlinked objects: %w", err)
	}
	waiting := make(map[string]time.Time)
	var expired []string
	for name, err := range c.Objects.List(ctx, "v1/") {
		if err != nil {
			return fmt.Errorf("list the site: %w", err)
		}
		if unused, err := used.unused(ctx, name); err != nil {
			return err
		} else if !unused {
			continue
		}
		size, err := c.Objects.Size(ctx, name)
		if err != nil {
			return err
		}
		since, ok := was[name]
		if !ok || since.After(now) { // the clock was set back
			since = now
			report.Unlinked.add(size)
		}
		if now.Sub(since) >= c.Grace {
			expired = append(expired, name)
			report.Deleted.add(size)
		} else {
			waiting[name] = since
			report.Waiting.add(size)
		}
	}
	if c.DryRun {
		return nil
	}
	// The list goes first. What a crash leaves of the deletes begins its grace anew.
	if !maps.Equal(was, waiting) {
		if err := c.Unlinked.SetUnlinked(ctx, waiting); err != nil {
			return fmt.Errorf("write the list of unlinked objects: %w", err)
		}
	}
	slices.Sort(expired)
	for i, name := range expired {
		if c.Progress != nil {
			c.Progress("delete", int64(i), int64(len(expired)))
		}
		if err := c.Objects.Delete(ctx, name); err != nil {
			return fmt.Errorf("delete %s: %w", name, err)
		}
	}
	return ctx.Err()
}
