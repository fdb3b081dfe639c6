package compose

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// CategoriesItem is the key of the item in the assets cell of the world that has
// a region's own categories: a JSON array (RFC 8785) of objects with id, icon and
// labels by language, by id. Readers that do not know it show such a category by
// its group.
const CategoriesItem = "categories"

// ownCategories returns the canonical bytes of that item; none without any.
func (c *Composer) ownCategories(ctx context.Context, region string) ([]byte, error) {
	all, err := c.Catalog.Categories(ctx, region)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	plain, err := json.Marshal(all)
	if err == nil {
		plain, err = jcs.Transform(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("region %s: categories: %w", region, err)
	}
	return cell.AppendItem(nil, []byte(CategoriesItem), plain), nil
}
