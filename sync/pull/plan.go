package pull

import (
	"context"
	"errors"
	"fmt"
	"os"

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
	changes []manifest.Change
	hops    []hop // deltas to walk, in order; none when blobs are taken
}

// hop is one delta of the way, staged and opened.
type hop struct {
	name     string
	file     *os.File
	delta    *delta.Delta
	segments map[cell.Key]segment // by cell
	removed  map[cell.Key]bool
}

type segment struct {
	delta.Segment
	want manifest.Entry
}

func (p *plan) close() {
	for _, h := range p.hops {
		h.file.Close()
	}
}

// plan chooses the way and fetches what it needs but for blobs: the direct delta
// if there is one, since it never takes more than the changed cells in full;
// else the chain of published deltas or those cells, whichever is less.
func (p *puller) plan(ctx context.Context) (*plan, error) {
	if p.wasHead == nil {
		return p.planFull(ctx)
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
	return &plan{encoded: raw, to: to, changes: manifest.Diff(p.wasList, to)}, nil
}

// planDeltas fetches the deltas of a way and computes the manifest they lead to.
func (p *puller) planDeltas(ctx context.Context, way []site.Version) (_ *plan, err error) {
	pl := &plan{encoded: p.was.Manifest, to: p.wasList}
	defer func() {
		if err != nil {
			pl.close()
		}
	}()
	for _, v := range way {
		name := layout.Delta(p.region, blob.Sum(pl.encoded), v.Manifest)
		file, d, err := p.stageDelta(ctx, name)
		if err != nil {
			return nil, err
		}
		h := hop{name: name, file: file, delta: d, segments: make(map[cell.Key]segment), removed: make(map[cell.Key]bool)}
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
	pl.changes = manifest.Diff(p.wasList, pl.to)
	return pl, nil
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
