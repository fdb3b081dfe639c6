package delta

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
)

// Blobs returns the stored (packed) bytes of an entry's blob. It must be safe
// for concurrent use.
type Blobs func(ctx context.Context, name blob.Hash) ([]byte, error)

// Encode makes the delta between two manifests, whose blobs it reads, and
// replays it: what it returns has been applied to the old content and gave the
// new content. The same input gives the same bytes.
func Encode(ctx context.Context, from, to *manifest.Manifest, blobs Blobs) ([]byte, error) {
	oldManifest, err := from.Encode()
	if err != nil {
		return nil, err
	}
	newManifest, err := to.Encode()
	if err != nil {
		return nil, err
	}
	segments, err := encodeCells(ctx, content(manifest.Diff(from, to)), blobs)
	if err != nil {
		return nil, err
	}
	out, err := assemble(oldManifest, encode(oldManifest, newManifest, nil), segments)
	if err != nil {
		return nil, err
	}
	if err := replay(ctx, out, from, to, oldManifest, newManifest, blobs); err != nil {
		return nil, fmt.Errorf("replay delta: %w", err)
	}
	return out, nil
}

// assemble puts a delta together.
func assemble(oldManifest []byte, newManifest part, segments []part) ([]byte, error) {
	sum := blob.Sum(oldManifest)
	var prelude []byte
	prelude = append(prelude, sum[:8]...)
	prelude = append(prelude, byte(newManifest.codec))
	prelude = binary.AppendUvarint(prelude, uint64(len(newManifest.data)))
	prelude = append(prelude, newManifest.data...)
	prelude = binary.AppendUvarint(prelude, uint64(len(segments)))
	for _, s := range segments {
		prelude = append(prelude, byte(s.codec))
		prelude = binary.AppendUvarint(prelude, uint64(len(s.data)))
	}
	out := append([]byte(magic), binary.AppendUvarint(nil, uint64(len(prelude)))...)
	out = append(out, prelude...)
	for _, s := range segments {
		out = append(out, s.data...)
	}
	if len(prelude) > MaxPrelude || len(out) > MaxBytes {
		return nil, fmt.Errorf("delta of %d bytes is over the limit of %d", len(out), MaxBytes)
	}
	return out, nil
}

// content keeps the changes that need a segment: all but removals.
func content(changes []manifest.Change) []manifest.Change {
	var kept []manifest.Change
	for _, c := range changes {
		if !c.Removed() {
			kept = append(kept, c)
		}
	}
	return kept
}

// Content lists the changes that a delta between two manifests has a segment
// for, in the order of its segments.
func Content(from, to *manifest.Manifest) []manifest.Change {
	return content(manifest.Diff(from, to))
}

// encodeCells codes each changed cell on all cores.
func encodeCells(ctx context.Context, changes []manifest.Change, blobs Blobs) ([]part, error) {
	parts := make([]part, len(changes))
	return parts, each(ctx, len(changes), func(ctx context.Context, i int) error {
		c := changes[i]
		old, raw, packed, err := ends(ctx, c, blobs)
		if err != nil {
			return fmt.Errorf("cell %s: %w", c.Key(), err)
		}
		parts[i] = encode(old, raw, packed)
		return nil
	})
}

// replay applies a finished delta and compares with what it should give.
func replay(ctx context.Context, delta []byte, from, to *manifest.Manifest, oldManifest, newManifest []byte, blobs Blobs) error {
	d, err := Parse(delta)
	if err != nil {
		return err
	}
	if d.Length != int64(len(delta)) {
		return fmt.Errorf("%w: %d bytes, prelude says %d", ErrCorrupt, len(delta), d.Length)
	}
	got, err := d.Manifest(oldManifest, len(newManifest), blob.Sum(newManifest))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, newManifest) {
		return fmt.Errorf("%w: manifest differs", ErrCorrupt)
	}
	changes := Content(from, to)
	if len(changes) != len(d.Segments) {
		return fmt.Errorf("%w: %d segments for %d cells", ErrCorrupt, len(d.Segments), len(changes))
	}
	return each(ctx, len(changes), func(ctx context.Context, i int) error {
		c, s := changes[i], d.Segments[i]
		old, raw, _, err := ends(ctx, c, blobs)
		if err != nil {
			return err
		}
		got, err := s.Cell(old, delta[s.Offset:s.Offset+s.Length], c.New)
		if err == nil && !bytes.Equal(got, raw) {
			err = fmt.Errorf("%w: cell %s differs", ErrCorrupt, c.Key())
		}
		return err
	})
}

// Check replays a delta between two manifests and reports what does not fit.
func Check(ctx context.Context, data []byte, from, to *manifest.Manifest, blobs Blobs) error {
	oldManifest, err := from.Encode()
	if err != nil {
		return err
	}
	newManifest, err := to.Encode()
	if err != nil {
		return err
	}
	return replay(ctx, data, from, to, oldManifest, newManifest, blobs)
}

// ends reads a changed cell's old content (nil for a new cell), its new content
// and the latter's packed form.
func ends(ctx context.Context, c manifest.Change, blobs Blobs) (old, raw, packed []byte, err error) {
	if !c.Added() {
		stored, err := blobs(ctx, c.Old.Hash)
		if err != nil {
			return nil, nil, nil, err
		}
		if old, err = blob.Open(stored, int(c.Old.Raw), c.Old.Hash); err != nil {
			return nil, nil, nil, err
		}
	}
	if packed, err = blobs(ctx, c.New.Hash); err != nil {
		return nil, nil, nil, err
	}
	raw, err = blob.Open(packed, int(c.New.Raw), c.New.Hash)
	return old, raw, packed, err
}

// busy bounds how many cells are in hand at once, in however many deltas: one
// that is coded takes some ten times its size.
var busy = make(chan struct{}, runtime.GOMAXPROCS(0))

// each runs fn for 0..n-1 on all cores.
func each(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cap(busy))
	for i := range n {
		g.Go(func() error {
			select {
			case busy <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			defer func() { <-busy }()
			return fn(ctx, i)
		})
	}
	return g.Wait()
}
