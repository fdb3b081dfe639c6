package viewer

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// cacheBytes bounds the unpacked cells that are kept; one cell may have more.
const cacheBytes = 64 << 20

// maxManifests bounds the lists that are kept, of regions lately looked at.
const maxManifests = 16

// cells reads what a site has published, and keeps what it read last.
type cells struct {
	objects Objects
	limit   int

	mu        sync.Mutex
	manifests map[string]*manifest.Manifest // by region
	names     map[string]blob.Hash          // of those
	bytes     int
	used      *list.List // of *kept, the last used first
	byHash    map[blob.Hash]*list.Element
}

type kept struct {
	hash blob.Hash
	raw  []byte
}

func newCells(objects Objects, limit int) *cells {
	return &cells{
		objects: objects, limit: limit, used: list.New(), byHash: make(map[blob.Hash]*list.Element),
		manifests: make(map[string]*manifest.Manifest), names: make(map[string]blob.Hash),
	}
}

// current returns what a region's head names; fs.ErrNotExist when nothing is
// published.
func (c *cells) current(ctx context.Context, region string) (*manifest.Manifest, error) {
	note, err := c.objects.Get(ctx, layout.Head(region))
	if err != nil {
		return nil, err
	}
	h, err := head.Peek(note) // the server's own, signed by itself
	if err != nil {
		return nil, fmt.Errorf("%s: %w", layout.Head(region), err)
	}
	c.mu.Lock()
	m, name := c.manifests[region], c.names[region]
	c.mu.Unlock()
	if m != nil && name == h.Manifest {
		return m, nil
	}
	object := layout.Manifest(region, h.Manifest)
	stored, err := c.objects.Get(ctx, object)
	if err != nil {
		return nil, err
	}
	raw, err := blob.Open(stored, int(h.ManifestRaw), h.Manifest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object, err)
	}
	if m, err = manifest.Decode(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", object, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.manifests) >= maxManifests {
		clear(c.manifests)
		clear(c.names)
	}
	c.manifests[region], c.names[region] = m, h.Manifest
	return m, nil
}

// read returns a cell's canonical bytes, which nobody may change.
func (c *cells) read(ctx context.Context, e manifest.Entry) ([]byte, error) {
	c.mu.Lock()
	if at := c.byHash[e.Hash]; at != nil {
		c.used.MoveToFront(at)
		c.mu.Unlock()
		return at.Value.(*kept).raw, nil
	}
	c.mu.Unlock()
	stored, err := c.objects.Get(ctx, layout.Blob(e.Hash))
	if err != nil {
		return nil, err
	}
	raw, err := blob.Open(stored, int(e.Raw), e.Hash)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", e.Key, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byHash[e.Hash] == nil {
		c.byHash[e.Hash] = c.used.PushFront(&kept{e.Hash, raw})
		c.bytes += len(raw)
	}
	for c.bytes > c.limit && c.used.Len() > 1 {
		last := c.used.Remove(c.used.Back()).(*kept)
		delete(c.byHash, last.hash)
		c.bytes -= len(last.raw)
	}
	return raw, nil
}

// item returns the value of a key in a cell of a manifest; nil when there is none.
func (c *cells) item(ctx context.Context, m *manifest.Manifest, in cell.Key, key []byte) ([]byte, error) {
	e, ok := m.Find(in)
	if !ok {
		return nil, nil
	}
	raw, err := c.read(ctx, e)
	if err != nil {
		return nil, err
	}
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", in, err)
		}
		if string(item.Key) == string(key) {
			return item.Value, nil
		}
	}
	return nil, nil
}
