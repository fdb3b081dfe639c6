package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// MaxCategories is how many categories of its own a region may have.
const MaxCategories = 200

// Errors about a region's own categories.
var (
	ErrNoCategory = errors.New("the region has no such category of its own")
	ErrCategory   = errors.New("bad category")
)

// Category is a category that a region has besides those of tiles/taxonomy.
type Category struct {
	ID     string            `json:"id"`
	Icon   string            `json:"icon"`
	Labels map[string]string `json:"labels"` // by language
}

// Categories lists a region's own categories by id.
func (c *Catalog) Categories(ctx context.Context, region string) (all []Category, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all, err = list[Category](txn, key("category", region, ""))
		return err
	})
	return all, err
}

// SetCategory adds a category of a region's own, or changes one.
func (c *Catalog) SetCategory(ctx context.Context, region string, stamp Stamp, category Category) error {
	if _, err := c.Region(ctx, region); err != nil {
		return err
	}
	if field, problem := taxonomy.CheckOwn(taxonomy.Category{ID: category.ID, Icon: category.Icon, Labels: category.Labels}); field != "" {
		return fmt.Errorf("%w: %s: %s", ErrCategory, field, problem)
	}
	return c.Edit(ctx, region, stamp, 0, func(j *Journal) error {
		all, err := list[Category](j.Txn, key("category", region, ""))
		if err != nil {
			return err
		}
		if len(all) >= MaxCategories {
			return fmt.Errorf("%w: a region has at most %d", ErrCategory, MaxCategories)
		}
		if err := j.Set(key("category", region, category.ID), category); err != nil {
			return err
		}
		return j.Note("category set", category.ID)
	})
}

// DeleteCategory removes a category of a region's own. Features that are in it
// are shown by its group from then on.
func (c *Catalog) DeleteCategory(ctx context.Context, region string, stamp Stamp, id string) error {
	return c.Edit(ctx, region, stamp, 0, func(j *Journal) error {
		var there Category
		if err := get(j.Txn, key("category", region, id), &there); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				err = fmt.Errorf("%w: %.80q", ErrNoCategory, id)
			}
			return err
		}
		if err := j.Delete(key("category", region, id)); err != nil {
			return err
		}
		return j.Note("category deleted", id)
	})
}
