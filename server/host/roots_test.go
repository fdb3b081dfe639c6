package host

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/pannier-maps/pannier/sync/signed"
)

// addRoot makes the first root, which lists the keys of all regions, unless there
// is one.
func addRoot(ctx context.Context, h *Host) error {
	if notes, err := h.Catalog.Roots(ctx); err != nil || len(notes) > 0 {
		return err
	}
	r, err := h.Catalog.NextRoot(ctx)
	if err != nil {
		return err
	}
	secret, public, err := signed.GenerateKey(rand.Reader, "root")
	if err != nil {
		return err
	}
	r.Keys, r.Threshold = []string{public}, 1
	text, err1 := r.Text()
	note, err2 := signed.Sign(text, secret)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return h.AddRoot(ctx, note)
}
