package host

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/publish"
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

// A region whose key no root lists cannot be published, which is told before the
// work of composing it.
func TestPublishWithoutKey(t *testing.T) {
	ctx := t.Context()
	h, _ := newHost(t)
	if _, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "later"}); err != nil {
		t.Fatal(err)
	}
	var stages []string
	_, _, err := h.Publish(ctx, "later", PublishOptions{Progress: func(stage string, _, _ int64) { stages = append(stages, stage) }})
	if !errors.Is(err, publish.ErrNoKey) || len(stages) > 0 {
		t.Errorf("publish gave %v after %q", err, stages)
	}
}
