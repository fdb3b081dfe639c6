package editing

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/local"
)

var errBroken = errors.New("the store went away")

// brokenMeta takes so many updates, and none after.
type brokenMeta struct {
	store.MetaStore
	left int
}

func (b *brokenMeta) Update(ctx context.Context, fn func(store.Txn) error) error {
	if b.left == 0 {
		return errBroken
	}
	b.left--
	return b.MetaStore.Update(ctx, fn)
}

// privateOf opens the blobs of a desk's folder once more.
func privateOf(t *testing.T, dir string) store.BlobStore {
	t.Helper()
	private, err := localstore.Open(filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { private.Close() })
	return private
}
