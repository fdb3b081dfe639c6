package publish

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
)

// writeDeltas makes the deltas that lead to version v, whose manifest is to,
// from those that are kept.
func (p *Publisher) writeDeltas(ctx context.Context, region string, versions []Version, v Version, to *manifest.Manifest) ([]VersionFrom, error) {
	var made []VersionFrom
	steps := SkipFrom(v.Number)
	for i, n := range steps {
		p.report("deltas", int64(i), int64(len(steps)))
		old, err := find(versions, n)
		if err != nil || old.Manifest == v.Manifest {
			continue // collected, or the same content
		}
		from, err := ReadManifest(ctx, p.Objects, region, old.Manifest, old.Raw)
		if err != nil {
			return nil, fmt.Errorf("delta from version %d: %w", n, err)
		}
		bytes, err := WriteDelta(ctx, p.Objects, region, from, to)
		if err != nil {
			return nil, fmt.Errorf("delta from version %d: %w", n, err)
		}
		made = append(made, VersionFrom{Number: n, Bytes: bytes})
	}
	p.report("deltas", int64(len(steps)), int64(len(steps)))
	return made, nil
}

// WriteDelta makes the delta between two manifests, replays it and writes it to
// the site. It returns its length. A delta that is there already is kept.
func WriteDelta(ctx context.Context, objects Objects, region string, from, to *manifest.Manifest) (int64, error) {
	a, err := from.Hash()
	if err != nil {
		return 0, err
	}
	b, err := to.Hash()
	if err != nil {
		return 0, err
	}
	name := layout.Delta(region, a, b)
	if there, err := objects.Get(ctx, name); err == nil {
		if delta.Check(ctx, there, from, to, blobs(objects)) == nil {
			return int64(len(there)), nil
		}
	}
	data, err := delta.Encode(ctx, from, to, blobs(objects))
	if err != nil {
		return 0, err
	}
	if err := objects.Put(ctx, name, data); err != nil {
		return 0, err
	}
	return int64(len(data)), nil
}

// blobs reads stored blobs from a site.
func blobs(objects Objects) delta.Blobs {
	return func(ctx context.Context, name blob.Hash) ([]byte, error) {
		return objects.Get(ctx, layout.Blob(name))
	}
}
