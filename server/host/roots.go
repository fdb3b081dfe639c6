package host

import (
	"context"
	"errors"
	"fmt"
)

// AddRoot makes a signed root the newest of the site, and has the current head
// of each region name it.
func (h *Host) AddRoot(ctx context.Context, note []byte) error {
	if err := h.Catalog.AddRoot(ctx, note); err != nil {
		return fmt.Errorf("publish root: %w", err)
	}
	publisher := h.Publisher(nil)
	return errors.Join(publisher.Repair(ctx), publisher.Renew(ctx))
}
