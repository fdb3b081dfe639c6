package host

import (
	"context"
	"errors"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
)

// Accounts opens the accounts that lie in the folder; c.Meta is filled in.
// Callers close them before the folder.
func (h *Host) Accounts(ctx context.Context, c auth.Config) (*auth.Accounts, error) {
	c.Meta = h.meta
	return auth.Open(ctx, c)
}

// HasRegion reports whether there is a region of that id.
func (h *Host) HasRegion(ctx context.Context, id string) (bool, error) {
	_, err := h.Catalog.Region(ctx, id)
	if errors.Is(err, catalog.ErrNoRegion) {
		return false, nil
	}
	return err == nil, err
}
