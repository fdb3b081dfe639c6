package store

import (
	"context"
	"io"
	"iter"
	"time"
)

// BlobStore keeps the site's objects by their layout names. All but a few
// objects never change once they are there.
//
// Each method checks its name or prefix first (ErrBadName). Readers see whole
// objects only: the old bytes or the new, never a part. No object's name may be
// the folder of another's: a store may refuse the later one with ErrBadName.
type BlobStore interface {
	// Put stores an object that must not change. A nil error means it is
	// durable. When the name is taken by the same bytes that is success too;
	// by other bytes, ErrExists, and they stay. Of several at once with
	// different bytes exactly one wins.
	Put(ctx context.Context, name string, data []byte) error

	// Replace stores one of the few objects that change: durable and atomic,
	// the last one wins.
	Replace(ctx context.Context, name string, data []byte) error

	// Open returns an object to read, or fs.ErrNotExist. It stays readable
	// while the name is replaced or deleted.
	Open(ctx context.Context, name string) (Object, error)

	// List yields the names that begin with prefix in rising order of bytes,
	// and ends after the first error. Objects that come or go meanwhile may or
	// may not show.
	List(ctx context.Context, prefix string) iter.Seq2[string, error]

	// Delete removes an object. An absent one is no error.
	Delete(ctx context.Context, name string) error
}

// Object is an open object, for one goroutine. That of a local folder is a file
// underneath, so that the kernel can send it (net/http with sendfile).
type Object interface {
	io.ReadSeekCloser
	Size() int64
	ModTime() time.Time
}
