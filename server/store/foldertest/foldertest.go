// Package foldertest opens the stores of a server's data folder, for tests of
// what is built on them.
package foldertest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
)

// Open opens or creates the records and the private objects in dir, and closes
// them after the test.
func Open(tb testing.TB, dir string) (meta store.MetaStore, private store.BlobStore) {
	tb.Helper()
	records, err := badgerstore.Open(filepath.Join(dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { records.Close() })
	objects, err := localstore.Open(filepath.Join(dir, "private"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { objects.Close() })
	return records, objects
}
