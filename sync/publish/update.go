package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"sync"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/site"
)

// MaxInlineDelta is the longest delta that an update carries. A longer one is
// left to the client to fetch by its name, where it can be resumed.
const MaxInlineDelta = 256 << 10

// Updates answers "what leads from this manifest to the current head?" for a
// site, in one object: the head and the delta, in their short form where the
// client holds all that it starts from. The delta is absent when over
// MaxInlineDelta or when nothing changed. Deltas that no publish made are made
// on request and kept on the site.
//
// It is safe for concurrent use; equal requests at once are answered by one
// piece of work, and deltas are made one at a time.
type Updates struct {
	objects Objects

	mu     sync.Mutex // held while a delta is made
	cached sync.Map   // update -> body
}

type update struct {
	region, from, have string
	part               bool
	head               blob.Hash
}

var tagForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

// NewUpdates returns the updates of a site.
func NewUpdates(objects Objects) *Updates { return &Updates{objects: objects} }

// Update returns the body of an update and the current head's tag, which is the
// first 16 hex digits of the note's SHA-256; no body when the client has that.
// from is the first 16 hex digits of the client's manifest; have is the tag of
// its head, or ""; part says that it does not hold all cells of its version, or
// wants to choose. A from that the region's history does not know is
// fs.ErrNotExist, and so is an unknown region.
func (u *Updates) Update(ctx context.Context, region, from, have string, part bool) (body []byte, tag string, err error) {
	if err := layout.CheckRegion(region); err != nil {
		return nil, "", fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	note, err := u.objects.Get(ctx, layout.Head(region))
	if err != nil {
		return nil, "", err
	}
	sum := blob.Sum(note)
	if have == sum.Short() {
		return nil, have, nil
	}
	var old []byte
	if tagForm.MatchString(have) {
		old, err = u.objects.Get(ctx, layout.PastHead(region, have))
		if err != nil || blob.Sum(old).Short() != have { // damaged, it would spoil the new one
			old, have = nil, ""
		}
	}
	key := update{region, from, have, part, sum}
	if body, ok := u.cached.Load(key); ok {
		return body.([]byte), sum.Short(), nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if body, ok := u.cached.Load(key); ok {
		return body.([]byte), sum.Short(), nil
	}
	w, err := u.way(ctx, region, from, note)
	if err != nil {
		return nil, "", err
	}
	if body, err = w.answer(old, note, part); err != nil {
		return nil, "", err
	}
	u.forget(region, sum)
	u.cached.Store(key, body)
	return body, sum.Short(), nil
}

// way leads from one manifest to another; its delta is nil if they are the same.
type way struct {
	from, to *manifest.Manifest
	delta    []byte
}

// answer writes an update: in the short form, if that can be.
func (w way) answer(old, note []byte, part bool) ([]byte, error) {
	if !part && old != nil && w.delta != nil && len(w.delta) <= MaxInlineDelta {
		short, err := delta.Shorten(w.delta, w.from, w.to)
		if err == nil {
			if body, ok := head.AppendNext(append([]byte{delta.ShortUpdate}, short...), old, note); ok {
				return body, nil
			}
		}
		if err != nil && !errors.Is(err, delta.ErrLong) {
			return nil, err
		}
	}
	body := delta.AppendPart([]byte{delta.LongUpdate}, old, note)
	if len(w.delta) <= MaxInlineDelta {
		body = append(body, w.delta...)
	}
	return body, nil
}

// way returns what leads from a client's manifest to the head's.
func (u *Updates) way(ctx context.Context, region, from string, note []byte) (w way, err error) {
	h, err := head.Peek(note)
	if err != nil {
		return w, fmt.Errorf("%s: %w", layout.Head(region), err)
	}
	if h.Manifest.Short() == from {
		return w, nil
	}
	data, err := u.objects.Get(ctx, layout.History(region))
	if err != nil {
		return w, err
	}
	history, err := site.ParseHistory(data)
	if err != nil {
		return w, fmt.Errorf("%s: %w", layout.History(region), err)
	}
	for _, v := range history.Versions {
		if v.Manifest.Short() != from {
			continue
		}
		if w.from, err = ReadManifest(ctx, u.objects, region, v.Manifest, v.Raw); err != nil {
			return w, err
		}
		if w.to, err = ReadManifest(ctx, u.objects, region, h.Manifest, h.ManifestRaw); err != nil {
			return w, err
		}
		name := layout.Delta(region, v.Manifest, h.Manifest)
		if w.delta, err = u.objects.Get(ctx, name); err == nil {
			return w, nil
		}
		if _, err := WriteDelta(ctx, u.objects, region, w.from, w.to); err != nil {
			return w, err
		}
		w.delta, err = u.objects.Get(ctx, name)
		return w, err
	}
	return w, fmt.Errorf("%w: manifest %s of %s", fs.ErrNotExist, from, region)
}

// forget drops the answers that lead to a region's earlier heads.
func (u *Updates) forget(region string, current blob.Hash) {
	u.cached.Range(func(k, _ any) bool {
		if k := k.(update); k.region == region && k.head != current {
			u.cached.Delete(k)
		}
		return true
	})
}
