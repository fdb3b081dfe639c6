package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

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
// It is safe for concurrent use. Equal requests at once are answered by one
// piece of work, which ends when nobody waits for it any longer. As many deltas
// are made at a time as there are cores; only who needs one more waits for that.
type Updates struct {
	objects Objects
	cores   *semaphore.Weighted // that make deltas
	answers flights[update, []byte]
	ways    flights[step, way]

	mu     sync.Mutex
	cached map[update][]byte
	bytes  int // of all in cached
}

// step is from a manifest to a head, update a client's question for it.
type step struct {
	region, from string
	head         blob.Hash
}

type update struct {
	step
	have string
	part bool
}

// maxCached is how many bytes of answers are kept; beyond, all are forgotten.
const maxCached = 64 << 20

var tagForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

// NewUpdates returns the updates of a site.
func NewUpdates(objects Objects) *Updates {
	return &Updates{
		objects: objects, cores: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))), cached: make(map[update][]byte),
	}
}

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
	}
	if old == nil || err != nil || blob.Sum(old).Short() != have { // damaged, it would spoil the new one
		old, have = nil, ""
	}
	key := update{step{region, from, sum}, have, part}
	if body, ok := u.known(key); ok {
		return body, sum.Short(), nil
	}
	body, err = u.answers.do(ctx, key, func(ctx context.Context) ([]byte, error) {
		w, err := u.ways.do(ctx, key.step, func(ctx context.Context) (way, error) {
			return u.way(ctx, region, from, note)
		})
		if err != nil {
			return nil, err
		}
		body, err := w.answer(old, note, part)
		if err == nil {
			u.remember(key, body)
		}
		return body, err
	})
	return body, sum.Short(), err
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
		if err := u.cores.Acquire(ctx, 1); err != nil {
			return w, err
		}
		_, err = WriteDelta(ctx, u.objects, region, w.from, w.to)
		u.cores.Release(1)
		if err != nil {
			return w, err
		}
		w.delta, err = u.objects.Get(ctx, name)
		return w, err
	}
	return w, fmt.Errorf("%w: manifest %s of %s", fs.ErrNotExist, from, region)
}

func (u *Updates) known(key update) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	body, ok := u.cached[key]
	return body, ok
}

// remember keeps an answer, and drops those that lead to the region's earlier heads.
func (u *Updates) remember(key update, body []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for k, b := range u.cached {
		if k.region == key.region && k.head != key.head || u.bytes+len(body) > maxCached {
			delete(u.cached, k)
			u.bytes -= len(b)
		}
	}
	u.bytes += len(body) - len(u.cached[key])
	u.cached[key] = body
}
