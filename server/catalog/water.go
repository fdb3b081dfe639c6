package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// Water is a file of ready polygons of the sea, of tiles/water, in the region's
// folder.
type Water struct {
	File     string    `json:"file"`   // named by its content
	Box      [4]int32  `json:"box"`    // that they were chosen for: west, south, east, north, in 1e-7 degrees
	Source   string    `json:"source"` // name of the file they were taken of
	Imported time.Time `json:"imported"`
}

// Water returns a region's polygons of the sea, if it has any.
func (c *Catalog) Water(ctx context.Context, region string) (w Water, ok bool, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error { return get(txn, key("water", region), &w) })
	if errors.Is(err, store.ErrNotFound) {
		return Water{}, false, nil
	}
	return w, err == nil, err
}

// SetWater makes w the region's polygons of the sea.
func (c *Catalog) SetWater(ctx context.Context, region string, w Water) error {
	return c.meta.Update(ctx, func(txn store.Txn) error { return set(txn, key("water", region), w) })
}
