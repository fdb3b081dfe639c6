package viewer

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/schema/pois"
)

// Bounds of what is kept, in bytes; one thing may have more.
const (
	cellBytes     = 64 << 20 // unpacked cells
	manifestBytes = 8 << 20  // as stored; they take some times that
	placeBytes    = 16 << 20 // places of cells, for their layer
)

// cells reads what a site has published, and keeps what it read last.
type cells struct {
	objects   Objects
	manifests *kept[blob.Hash, *version]
	raw       *kept[blob.Hash, []byte]
	places    *kept[string, pois.Places] // by hash of a cell of features, and languages
}

// version is a manifest with its name.
type version struct {
	*manifest.Manifest
	name  blob.Hash
	bytes int
}

func newCells(objects Objects, limit int) *cells {
	return &cells{
		objects:   objects,
		manifests: newKept[blob.Hash](manifestBytes, func(v *version) int { return v.bytes }),
		raw:       newKept[blob.Hash](limit, func(raw []byte) int { return len(raw) }),
		places:    newKept[string](placeBytes, pois.Places.Size),
	}
}

// current returns what a region's head names; fs.ErrNotExist when nothing is
// published.
func (c *cells) current(ctx context.Context, region string) (*version, error) {
	note, err := c.objects.Get(ctx, layout.Head(region))
	if err != nil {
		return nil, err
	}
	h, err := head.Peek(note) // the server's own, signed by itself
	if err != nil {
		return nil, fmt.Errorf("%s: %w", layout.Head(region), err)
	}
	return c.manifests.get(ctx, h.Manifest, func(ctx context.Context) (*version, error) {
		object := layout.Manifest(region, h.Manifest)
		stored, err := c.objects.Get(ctx, object)
		if err != nil {
			return nil, err
		}
		raw, err := blob.Open(stored, int(h.ManifestRaw), h.Manifest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		m, err := manifest.Decode(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
		return &version{m, h.Manifest, len(raw)}, nil
	})
}

// read returns a cell's canonical bytes, which nobody may change.
func (c *cells) read(ctx context.Context, e manifest.Entry) ([]byte, error) {
	return c.raw.get(ctx, e.Hash, func(ctx context.Context) ([]byte, error) {
		stored, err := c.objects.Get(ctx, layout.Blob(e.Hash))
		if err != nil {
			return nil, err
		}
		raw, err := blob.Open(stored, int(e.Raw), e.Hash)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", e.Key, err)
		}
		return raw, nil
	})
}

// item returns the value of a key in a cell; nil when there is none.
func (c *cells) item(ctx context.Context, e manifest.Entry, key []byte) ([]byte, error) {
	raw, err := c.read(ctx, e)
	if err != nil {
		return nil, err
	}
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", e.Key, err)
		}
		if string(item.Key) == string(key) {
			return item.Value, nil
		}
	}
	return nil, nil
}
