package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// maxHeights is how many files a region's height model has at most.
const maxHeights = 500

// Heights is one file of a region's height model, of tiles/dem, in the region's
// folder.
type Heights struct {
	File     string    `json:"file"`   // named by its content
	Grid     string    `json:"grid"`   // where its points lie; one file for each
	Source   string    `json:"source"` // name of the file it was made of
	Imported time.Time `json:"imported"`
	// Of the survey; none for one in the public domain.
	Licence     string `json:"licence,omitempty"` // SPDX id
	Attribution string `json:"attribution,omitempty"`
}

// Heights lists the files of a region's height model, by their grids: the order
// of the imports makes no difference.
func (c *Catalog) Heights(ctx context.Context, region string) (all []Heights, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error { return get(txn, key("heights", region), &all) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return all, err
}

// AddHeights adds a file to a region's height model. It takes the place of the
// one with the same grid.
func (c *Catalog) AddHeights(ctx context.Context, region string, h Heights) error {
	return c.meta.Update(ctx, func(txn store.Txn) error {
		var all []Heights
		if err := get(txn, key("heights", region), &all); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		i, there := slices.BinarySearchFunc(all, h.Grid, func(o Heights, grid string) int { return cmp.Compare(o.Grid, grid) })
		switch {
		case there:
			all[i] = h
		case len(all) == maxHeights:
			return fmt.Errorf("the height model of %s has %d files already; join them first (gdalbuildvrt, gdal_translate)", region, maxHeights)
		default:
			all = slices.Insert(all, i, h)
		}
		return set(txn, key("heights", region), all)
	})
}
