package editing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of checking links.
const (
	maxLinks  = 5_000              // of a region, looked at in one run
	linkAge   = 7 * 24 * time.Hour // after which a link is looked at again
	linkUsers = 8                  // links looked at at once
)

// Looker looks whether a link is broken; outbound.Checker is one.
type Looker interface {
	Check(ctx context.Context, link string) outbound.Result
}

// looked is what was found of a link: link/{region}/{digest}.
type looked struct {
	At     time.Time        `json:"at"`
	Found  outbound.Verdict `json:"found"`
	Why    string           `json:"why,omitempty"`
	Failed int              `json:"failed,omitempty"` // how often it was broken in a row
}

func linkDigest(link string) string {
	sum := sha256.Sum256([]byte(link))
	return hex.EncodeToString(sum[:16])
}

// linksOf returns the links of a feature.
func linksOf(f *feature.Feature) (all []string) {
	if f.Contact != nil && f.Contact.Website != "" {
		all = append(all, f.Contact.Website)
	}
	for _, l := range f.Links {
		all = append(all, l.URL)
	}
	for _, m := range f.Media {
		if m.URL != "" {
			all = append(all, m.URL)
		}
	}
	return all
}

// CheckLinks looks at the links of a region's features that were not looked at
// for a week, and remembers what it found for Warnings. It returns how many it
// looked at. It may take hours; ending ctx stops it, and keeps what was found.
func (d *Desk) CheckLinks(ctx context.Context, region string, looker Looker) (int, error) {
	links, err := d.due(ctx, region)
	if err != nil {
		return 0, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(linkUsers)
	done := 0
	for _, digest := range slices.Sorted(maps.Keys(links)) {
		if ctx.Err() != nil {
			break
		}
		done++
		g.Go(func() error {
			r := looker.Check(ctx, links[digest])
			if ctx.Err() != nil {
				return nil // it is not the link's fault
			}
			return d.meta.Update(context.WithoutCancel(ctx), func(txn store.Txn) error {
				key := records.Key("link", region, digest)
				old, err := records.Get[looked](txn, key)
				if err != nil && !isAbsent(err) {
					return err
				}
				now := looked{At: d.now().UTC(), Found: r.Verdict, Why: feature.Clean(r.Why, 200)}
				if r.Verdict == outbound.Broken {
					now.Failed = old.Failed + 1
				}
				return records.Set(txn, key, now)
			})
		})
	}
	return done, g.Wait()
}

// due returns the links to look at, by digest, and forgets those that no feature
// has any longer.
func (d *Desk) due(ctx context.Context, region string) (map[string]string, error) {
	links := make(map[string]string)
	err := d.catalog.Features(ctx, region, func(g catalog.Given) error {
		for _, link := range linksOf(g.Feature) {
			links[linkDigest(link)] = link
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seen, err := d.looked(ctx, region)
	if err != nil {
		return nil, err
	}
	var unused []string
	for digest, l := range seen {
		if _, used := links[digest]; !used {
			unused = append(unused, digest)
		} else if d.now().Sub(l.At) < linkAge {
			delete(links, digest)
		}
	}
	for some := range slices.Chunk(unused, 1000) {
		err := d.meta.Update(ctx, func(txn store.Txn) error {
			for _, digest := range some {
				if err := txn.Delete(records.Key("link", region, digest)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for digest := range links {
		if len(links) <= maxLinks {
			break
		}
		delete(links, digest) // it is for another day
	}
	return links, nil
}

// looked returns what is known of a region's links, by digest.
func (d *Desk) looked(ctx context.Context, region string) (map[string]looked, error) {
	all := make(map[string]looked)
	prefix := records.Key("link", region, "")
	err := d.meta.View(ctx, func(txn store.Txn) error {
		for kv, err := range txn.Scan(prefix) {
			if err != nil {
				return err
			}
			var l looked
			if err := json.Unmarshal(kv.Value, &l); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			all[string(kv.Key[len(prefix):])] = l
		}
		return nil
	})
	return all, err
}

// Sweep forgets what is kept for a time only: answers to requests, and
// tombstones past their horizon. Run it daily.
func (d *Desk) Sweep(ctx context.Context) error {
	if err := d.Forget(ctx); err != nil {
		return err
	}
	regions, err := d.catalog.AllRegions(ctx)
	if err != nil {
		return err
	}
	for _, r := range regions {
		for n := 1; n > 0; {
			if n, err = d.catalog.DropTombstones(ctx, r.ID, d.now().Add(-Horizon), catalog.MaxEdits/2); err != nil {
				return fmt.Errorf("region %s: tombstones: %w", r.ID, err)
			}
		}
	}
	return nil
}

// Horizon is how long a deleted feature leaves a tombstone.
const Horizon = 400 * 24 * time.Hour
