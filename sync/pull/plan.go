package pull

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/site"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// plan is how the new version comes together: along deltas, or from blobs.
type plan struct {
	encoded []byte // the new manifest
	to      *manifest.Manifest
	held    *manifest.Manifest // of to, what the device will hold
	changes []manifest.Change  // of what it holds and will hold
	hops    []hop              // deltas to walk, in order; none when blobs are taken
}

// hop is one delta of the way, its prelude staged and read.
type hop struct {
	name     string
	delta    *delta.Delta
	from     sparse               // the delta's bytes, once they are staged
	segments map[cell.Key]segment // by cell
	removed  map[cell.Key]bool
}

type segment struct {
	delta.Segment
	want manifest.Entry
}

// finish works out what changes for the device on the way to the plan's manifest.
func (p *puller) finish(pl *plan) *plan {
	pl.held = p.want.Cover().Of(pl.to)
	pl.changes = manifest.Diff(p.wasHeld, pl.held)
	return pl
}

// byDelta reports whether a cell's new content comes from the plan's deltas. It
// does not when the device lacks what they start from.
func (p *puller) byDelta(pl *plan, c manifest.Change) bool {
	if len(pl.hops) == 0 || c.Removed() {
		return false
	}
	if !c.Added() {
		return true
	}
	_, skipped := p.wasList.Find(c.Key())
	return !skipped
}

// blobs lists the cells of some changes that come in full.
func (p *puller) blobs(pl *plan, changes []manifest.Change) (entries []manifest.Entry) {
	for _, c := range changes {
		if !c.Removed() && !p.byDelta(pl, c) {
			entries = append(entries, c.New)
		}
	}
	return entries
}

// segments lists where a hop holds the cells of some changes, in rising order.
func (p *puller) segments(pl *plan, h hop, changes []manifest.Change) (spans []span) {
	for _, c := range changes {
		if s, ok := h.segments[c.Key()]; ok && p.byDelta(pl, c) {
			spans = append(spans, span{s.Offset, s.Offset + s.Length})
		}
	}
	return spans
}

// fetch stages what some of a plan's changes need.
func (p *puller) fetch(ctx context.Context, pl *plan, changes []manifest.Change) error {
	for i := range pl.hops {
		h := &pl.hops[i]
		if err := p.fetchSegments(ctx, h, p.segments(pl, *h, changes)); err != nil {
			return err
		}
	}
	return p.fetchBlobs(ctx, p.blobs(pl, changes))
}

// plan chooses the way and fetches what it needs but for blobs: the direct delta
// if there is one, since it never takes more than the changed cells in full;
// else the chain of published deltas or those cells, whichever is less.
func (p *puller) plan(ctx context.Context) (*plan, error) {
	if p.wasHead == nil {
		return p.planFull(ctx)
	}
	if p.head.Manifest == p.wasHead.Manifest { // only the selection is another
		return p.finish(&plan{encoded: p.was.Manifest, to: p.wasList}), nil
	}
	target := site.Version{Number: p.head.Version, Manifest: p.head.Manifest, Raw: p.head.ManifestRaw}
	pl, err := p.planDeltas(ctx, []site.Version{target})
	if !errors.Is(err, ErrNotFound) {
		return pl, err
	}
	history, err := p.history(ctx)
	if err != nil {
		return nil, err
	}
	if history == nil {
		return p.planFull(ctx)
	}
	way, bytes := history.Way(p.wasHead.Manifest, target)
	if all := p.wasList.StoredBytes(); all > 0 { // a part of the region needs about that part of the deltas
		bytes = int64(float64(bytes) * float64(p.wasHeld.StoredBytes()) / float64(all))
	}
	// What the cells cost in full is only worth knowing when the way is long.
	if len(way) == 0 || bytes > 2*int64(p.head.ManifestStored) {
		full, err := p.planFull(ctx)
		if err != nil || len(way) == 0 || bytes > stored(full.changes)+int64(p.head.ManifestStored) {
			return full, err
		}
	}
	return p.planDeltas(ctx, way)
}

// history fetches the region's history; nil when the site has none.
func (p *puller) history(ctx context.Context) (*site.History, error) {
	name := layout.History(p.region)
	data, _, err := p.client.get(ctx, name, site.MaxBytes, "")
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h, err := site.ParseHistory(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return h, nil
}

// planFull fetches the manifest itself; cells will come as blobs.
func (p *puller) planFull(ctx context.Context) (*plan, error) {
	name := layout.Manifest(p.region, p.head.Manifest)
	raw, err := p.object(ctx, name, int64(p.head.ManifestStored), p.head.ManifestRaw, p.head.Manifest, func(int64) {})
	if err != nil {
		return nil, err
	}
	to, err := manifest.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.finish(&plan{encoded: raw, to: to}), nil
}

// planDeltas computes the manifest that a way of deltas leads to. A device that
// holds all takes in each delta with its prelude; else only the prelude.
func (p *puller) planDeltas(ctx context.Context, way []site.Version) (*plan, error) {
	pl := &plan{encoded: p.was.Manifest, to: p.wasList}
	for _, v := range way {
		name := layout.Delta(p.region, blob.Sum(pl.encoded), v.Manifest)
		d, err := p.openDelta(ctx, name, p.brief())
		if errors.Is(err, delta.ErrCorrupt) || errors.Is(err, delta.ErrTooNew) {
			return nil, p.reject(name, err)
		}
		if errors.Is(err, ErrNotFound) {
			return nil, errors.Join(err, p.stage.drop(name))
		}
		if err != nil {
			return nil, err
		}
		h := hop{name: name, delta: d, segments: make(map[cell.Key]segment), removed: make(map[cell.Key]bool)}
		pl.hops = append(pl.hops, h)
		raw, err := d.Manifest(pl.encoded, int(v.Raw), v.Manifest)
		if err != nil {
			return nil, p.reject(name, err)
		}
		next, err := manifest.Decode(raw)
		if err != nil {
			return nil, p.reject(name, err)
		}
		content := delta.Content(pl.to, next)
		if len(content) != len(d.Segments) {
			return nil, p.reject(name, fmt.Errorf("%w: %d segments for %d cells", delta.ErrCorrupt, len(d.Segments), len(content)))
		}
		for i, c := range content {
			h.segments[c.Key()] = segment{d.Segments[i], c.New}
		}
		for _, c := range manifest.Diff(pl.to, next) {
			if c.Removed() {
				h.removed[c.Key()] = true
			}
		}
		pl.encoded, pl.to = raw, next
	}
	return p.finish(pl), nil
}

// reject drops a staged object that is wrong, so that it is fetched anew next time.
func (p *puller) reject(object string, err error) error {
	return errors.Join(fmt.Errorf("%s: %w", object, err), p.stage.drop(object))
}

// stored sums what changed cells take in full.
func stored(changes []manifest.Change) (n int64) {
	for _, c := range changes {
		n += int64(c.New.Stored)
	}
	return n
}
