// Package store names what the server needs of its storage: a MetaStore for
// small ordered records and a BlobStore for the site's objects.
//
// Both are contracts for several implementations, written to the weaker side of
// each: what Badger and PostgreSQL, a local folder and S3 can all keep. The
// suite in storetest checks an implementation against them.
//
// Everything here is safe for concurrent use, except a Txn, which belongs to
// the function it was handed to. Errors are the sentinels below, wrapped with
// what was being done; an absent object is fs.ErrNotExist, as in a file system.
package store

import (
	"errors"
	"strings"
)

var (
	// ErrNotFound is returned by Txn.Get for an absent key.
	ErrNotFound = errors.New("key not found")
	// ErrBadKey is returned for an empty key, one over MaxKey, or one that the
	// implementation keeps for itself.
	ErrBadKey = errors.New("bad key")
	// ErrValueTooLarge is returned for a value over MaxValue.
	ErrValueTooLarge = errors.New("value too large")
	// ErrTxnTooLarge is returned by Set and Delete when one Update writes more
	// than the store takes at once; split the work.
	ErrTxnTooLarge = errors.New("too much for one transaction")
	// ErrReadOnly is returned by Set and Delete in a View.
	ErrReadOnly = errors.New("read-only transaction")
	// ErrScanOpen is returned by a Scan that starts inside another.
	ErrScanOpen = errors.New("another scan of this transaction is open")
	// ErrLocked is returned on opening a folder that another process holds.
	ErrLocked = errors.New("in use by another process")
	// ErrClosed is returned by a store that was closed, or that stopped after
	// an error it cannot carry on from.
	ErrClosed = errors.New("store is closed")
	// ErrCorrupt is returned when stored bytes fail their own checks.
	ErrCorrupt = errors.New("store is corrupt")

	// ErrExists is returned by Put for a name that holds other bytes.
	ErrExists = errors.New("object exists with other content")
	// ErrBadName is returned for a name that CheckName refuses.
	ErrBadName = errors.New("bad object name")
	// ErrFull is returned when there is no room; nothing was stored.
	ErrFull = errors.New("storage is full")
)

const (
	// MaxName is the longest object name, in bytes.
	MaxName = 512
	// MaxSegment is the longest part of an object name between slashes.
	MaxSegment = 128
)

// CheckName returns ErrBadName unless name is one or more segments joined by
// slashes, each 1 to MaxSegment bytes of [a-z0-9._-] that does not start with a
// dot, at most MaxName bytes in all. Such a name is safe as a relative path.
func CheckName(name string) error {
	if len(name) > MaxName {
		return ErrBadName
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || len(segment) > MaxSegment || segment[0] == '.' {
			return ErrBadName
		}
		for i := range len(segment) {
			if !nameByte(segment[i]) {
				return ErrBadName
			}
		}
	}
	return nil
}

// CheckPrefix returns ErrBadName unless prefix can begin an object name. The
// empty prefix begins all of them.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return CheckName(strings.TrimSuffix(prefix, "/"))
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}
