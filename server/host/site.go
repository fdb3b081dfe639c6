package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/gc"
)

// Site is a BlobStore seen as the objects of a site.
type Site struct{ store.BlobStore }

// polled reports whether an object is one of those that clients ask for again and
// again: heads, roots and lists.
func polled(name string) bool {
	for _, bulk := range []string{"/blobs/", "/deltas/", "/manifests/"} {
		if strings.Contains(name, bulk) {
			return false
		}
	}
	return true
}

// OnDisk is the site without what is remembered of it, to look for damage in.
func (h *Host) OnDisk() Site { return Site{h.public} }

// Get reads an object whole.
func (s Site) Get(ctx context.Context, name string) ([]byte, error) {
	o, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	data := make([]byte, o.Size())
	_, err = io.ReadFull(o, data)
	return data, errors.Join(err, o.Close())
}

// Size returns the length of an object.
func (s Site) Size(ctx context.Context, name string) (int64, error) {
	o, err := s.Open(ctx, name)
	if err != nil {
		return 0, err
	}
	return o.Size(), o.Close()
}

// everyone is what the collector of garbage takes of the site's users.
const everyone = math.MaxInt64

// Hold keeps garbage from being collected until release is called: around each
// publish, from reading what it builds on, and around whatever else relies on
// all objects of the site staying. It waits while garbage is collected. One who
// holds the site must not call Hold or Collect again.
func (h *Host) Hold(ctx context.Context) (release func(), err error) {
	if err := h.users.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for the collection of garbage: %w", err)
	}
	return func() { h.users.Release(1) }, nil
}

// Collect runs a collector on the site, once nobody holds it.
func (h *Host) Collect(ctx context.Context, c gc.Collector, policies map[string]gc.Policy) (gc.Report, error) {
	if err := h.users.Acquire(ctx, everyone); err != nil {
		return gc.Report{}, fmt.Errorf("wait for a publish to end: %w", err)
	}
	defer h.users.Release(everyone)
	c.Objects, c.Ledger, c.Unlinked, c.Blobs = h.Site, h.Catalog.Ledger(), h.Catalog, h.Catalog.BuiltBlobs
	return c.Collect(ctx, policies)
}
