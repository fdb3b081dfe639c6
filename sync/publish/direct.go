package publish

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/site"
)

// A server makes the direct delta from any kept version on request, so that its
// riders take the fewest bytes in one hop. A static site has the skip deltas
// only. Where versions change the same cells again and again, or take a change
// back, the sum of up to five deltas exceeds the direct one by far, and where
// they change little, five deltas exceed it by what each has beside its cells.
// Only coding the direct delta tells, which is too much work for each publish.
// So it is done when a static site is made: see Direct. A folder that is served
// without it still keeps the number of hops, and a way never takes more than
// the changed cells in full, as the client compares.

// Detour is how many tenths of the direct delta's bytes a way of several deltas
// takes at most on a site that went through Direct.
const Detour = 13

// Direct writes the deltas to a region's current version from those of the count
// versions before it whose best way of published deltas takes more than Detour
// tenths of the direct delta, or has more than site.MaxHops deltas. Clients try
// the direct delta first. It returns how many there are of these.
func (p *Publisher) Direct(ctx context.Context, region string, count int) (direct int, err error) {
	versions, err := p.Ledger.Versions(ctx, region)
	if err != nil {
		return 0, fmt.Errorf("read ledger: %w", err)
	}
	if len(versions) < 2 {
		return 0, nil
	}
	h, last := history(region, versions), current(versions)
	target := h.Versions[last]
	to, err := ReadManifest(ctx, p.Objects, region, target.Manifest, target.Raw)
	if err != nil {
		return 0, fmt.Errorf("version %d: %w", target.Number, err)
	}
	done := map[blob.Hash]bool{target.Manifest: true}
	before := h.Versions[max(0, last-max(0, count)):last]
	for i, v := range before {
		p.report("direct deltas", int64(i), int64(len(before)))
		if done[v.Manifest] {
			continue
		}
		done[v.Manifest] = true
		way, bytes := h.Way(v.Manifest, target)
		name := layout.Delta(region, v.Manifest, target.Manifest)
		if _, err := p.Objects.Get(ctx, name); err == nil {
			if len(way) != 1 {
				direct++
			}
			continue
		}
		from, err := ReadManifest(ctx, p.Objects, region, v.Manifest, v.Raw)
		if err != nil {
			return direct, fmt.Errorf("version %d: %w", v.Number, err)
		}
		data, err := delta.Encode(ctx, from, to, blobs(p.Objects))
		if err != nil {
			return direct, fmt.Errorf("delta from version %d: %w", v.Number, err)
		}
		if len(way) > 0 && len(way) <= site.MaxHops && bytes*10 <= int64(len(data))*Detour {
			continue
		}
		if err := p.Objects.Put(ctx, name, data); err != nil {
			return direct, err
		}
		direct++
	}
	p.report("direct deltas", int64(len(before)), int64(len(before)))
	return direct, nil
}
