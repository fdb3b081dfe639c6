package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/gc"
)

// Retention returns which versions of a region are kept; the zero Policy, which
// keeps all, unless SetRetention said otherwise.
func (c *Catalog) Retention(ctx context.Context, region string) (p gc.Policy, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error { return get(txn, key("retention", region), &p) })
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return p, err
}

// SetRetention stores which versions of a region are kept from now on.
func (c *Catalog) SetRetention(ctx context.Context, region string, p gc.Policy) error {
	return c.meta.Update(ctx, func(txn store.Txn) error { return set(txn, key("retention", region), p) })
}

// BuiltBlobs lists the blobs of all regions' newest maps, which the next publish
// takes over even if no version has them any more, as after a rollback.
func (c *Catalog) BuiltBlobs(ctx context.Context) ([]blob.Hash, error) {
	var names []blob.Hash
	err := c.meta.View(ctx, func(txn store.Txn) error {
		chunks, err := list[Built](txn, key("built", ""))
		names = names[:0]
		for _, chunk := range chunks {
			for _, e := range chunk.Entries {
				names = append(names, e.Hash)
			}
		}
		return err
	})
	return names, err
}

// unlinked names the list of objects that wait to be deleted.
const unlinked = "gc/unlinked.json"

// Unlinked implements gc.Unlinked.
func (c *Catalog) Unlinked(ctx context.Context) (map[string]time.Time, error) {
	o, err := c.private.Open(ctx, unlinked)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(o)
	if err = errors.Join(err, o.Close()); err != nil {
		return nil, err
	}
	var since map[string]time.Time
	if err := json.Unmarshal(data, &since); err != nil {
		return nil, fmt.Errorf("%s: %w", unlinked, err)
	}
	return since, nil
}

// SetUnlinked implements gc.Unlinked.
func (c *Catalog) SetUnlinked(ctx context.Context, since map[string]time.Time) error {
	data, err := json.Marshal(since)
	if err != nil {
		return err
	}
	return c.private.Replace(ctx, unlinked, data)
}
