// Package cached is a BlobStore that keeps the small objects of another in
// memory once they were read, so that what is asked for all the time, the heads
// of a site, opens no file.
//
// An object is as it is in the store behind it, at each moment: what a Replace or
// Delete changes is forgotten before that returns, not after some time. So all
// changes must go through the one Store.
//
// A Store is safe for concurrent use.
package cached

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

const (
	// MaxObject is the longest object that is kept, in bytes.
	MaxObject = 128 << 10
	// MaxTotal is how many bytes are kept; when there are more, all are forgotten.
	MaxTotal = 16 << 20
)

// Store is a store.BlobStore over another.
type Store struct {
	store.BlobStore
	keep func(name string) bool

	mu      sync.RWMutex
	changes uint64 // Replaces and Deletes that ended
	objects map[string]kept
	total   int
}

type kept struct {
	data     []byte
	modified time.Time
}

// New returns a Store over another that keeps the objects which keep chooses.
func New(behind store.BlobStore, keep func(name string) bool) *Store {
	return &Store{BlobStore: behind, keep: keep, objects: make(map[string]kept)}
}

// Open implements store.BlobStore.
func (s *Store) Open(ctx context.Context, name string) (store.Object, error) {
	if !s.keep(name) {
		return s.BlobStore.Open(ctx, name)
	}
	s.mu.RLock()
	k, ok := s.objects[name]
	before := s.changes
	s.mu.RUnlock()
	if ok && ctx.Err() == nil {
		return k.open(), nil
	}
	o, err := s.BlobStore.Open(ctx, name)
	if err != nil || o.Size() > MaxObject {
		return o, err
	}
	k = kept{make([]byte, o.Size()), o.ModTime()}
	_, err = io.ReadFull(o, k.data)
	if err := errors.Join(err, o.Close()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes != before { // it may be what an object was before
		return k.open(), nil
	}
	if old, ok := s.objects[name]; ok {
		s.total -= len(old.data)
	}
	if s.total+len(k.data) > MaxTotal {
		clear(s.objects)
		s.total = 0
	}
	s.objects[name] = k
	s.total += len(k.data)
	return k.open(), nil
}

// Replace implements store.BlobStore.
func (s *Store) Replace(ctx context.Context, name string, data []byte) error {
	defer s.forget(name) // also after an error, which may come late
	return s.BlobStore.Replace(ctx, name, data)
}

// Delete implements store.BlobStore.
func (s *Store) Delete(ctx context.Context, name string) error {
	defer s.forget(name)
	return s.BlobStore.Delete(ctx, name)
}

func (s *Store) forget(name string) {
	if !s.keep(name) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.total -= len(s.objects[name].data)
	delete(s.objects, name)
}

func (k kept) open() store.Object { return &object{bytes.NewReader(k.data), k} }

// object is an object in memory.
type object struct {
	*bytes.Reader
	kept kept
}

func (o *object) Size() int64        { return int64(len(o.kept.data)) }
func (o *object) ModTime() time.Time { return o.kept.modified }
func (o *object) Close() error       { return nil }
