package store

import (
	"context"
	"iter"
)

const (
	// MaxKey is the longest key, in bytes (a PostgreSQL index page takes 2.7 KB).
	MaxKey = 1 << 10
	// MaxValue is the largest value, in bytes. Larger things are blobs.
	MaxValue = 256 << 10
	// MaxUpdate is what every implementation takes in one Update: keys and
	// values of all its writes, in bytes.
	MaxUpdate = 2 << 20
	// MaxWrites is how many writes every implementation takes in one Update.
	MaxWrites = 10_000
)

// MetaStore keeps small values under ordered keys, in transactions.
//
// Transactions are serialisable as far as keys go that existed when they were
// read, or were asked for by Get. Phantoms are not seen: two Updates that scan
// the same prefix, find too little, and each insert another key may both
// commit. Where that matters, both read and write one guard key, whatever its
// value.
type MetaStore interface {
	// View runs fn once on one snapshot: no later Update shows in it.
	View(ctx context.Context, fn func(Txn) error) error

	// Update runs fn and commits what it wrote, all of it or nothing. A nil
	// error means it is durable: it survives a power cut.
	//
	// When another Update changed what fn read, fn runs again on a newer
	// snapshot, until it commits or ctx ends. So fn must have no other effect
	// than its writes and what it sets from the start on each run. An error of
	// fn ends the Update without a commit and is returned as it is.
	//
	// ctx is looked at before each run. Once a commit began it is carried
	// through, and reported as what it became.
	Update(ctx context.Context, fn func(Txn) error) error

	// Close waits for running transactions. Later ones get ErrClosed.
	Close() error
}

// KV is a record of a scan. Both slices are the reader's to keep.
type KV struct{ Key, Value []byte }

// Txn is one snapshot of the store with the writes of its own function on top.
// It must not be used after that function returned, nor by two goroutines.
// Arguments may be changed after a call, results belong to the caller.
type Txn interface {
	// Get returns the value under key, or ErrNotFound.
	Get(key []byte) ([]byte, error)

	// Set stores value under key.
	Set(key, value []byte) error

	// Delete removes key. An absent key is no error.
	Delete(key []byte) error

	// Scan yields the records whose keys begin with prefix, in rising order of
	// bytes. It ends after the first error. It includes what was written before
	// it started; what is written while it runs may or may not show. Get, Set
	// and Delete may be called while it runs, another Scan may not (ErrScanOpen).
	Scan(prefix []byte) iter.Seq2[KV, error]
}
