package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/pannier-maps/pannier/server/store"
)

// txn is a store.Txn over Badger's, which keeps the slices it is given and
// panics on a second open scan.
type txn struct {
	bt       *badger.Txn
	writable bool
	scanning bool
}

func (t *txn) Get(key []byte) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	item, err := t.bt.Get(bytes.Clone(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", sentinel(err))
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, fmt.Errorf("get: %w", sentinel(err))
	}
	return value, nil
}

func (t *txn) Set(key, value []byte) error {
	if err := t.checkWrite(key); err != nil {
		return err
	}
	if len(value) > store.MaxValue {
		return fmt.Errorf("%w: %d bytes, at most %d", store.ErrValueTooLarge, len(value), store.MaxValue)
	}
	return written(t.bt.Set(bytes.Clone(key), bytes.Clone(value)))
}

func (t *txn) Delete(key []byte) error {
	if err := t.checkWrite(key); err != nil {
		return err
	}
	return written(t.bt.Delete(bytes.Clone(key)))
}

// Scan reads each record through Item, which is what enters its key among those
// that conflict.
func (t *txn) Scan(prefix []byte) iter.Seq2[store.KV, error] {
	prefix = bytes.Clone(prefix)
	return func(yield func(store.KV, error) bool) {
		if t.scanning {
			yield(store.KV{}, store.ErrScanOpen)
			return
		}
		t.scanning = true
		defer func() { t.scanning = false }()
		o := badger.DefaultIteratorOptions
		o.Prefix = prefix
		it := t.bt.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			value, err := item.ValueCopy(nil)
			if err != nil {
				yield(store.KV{}, fmt.Errorf("scan: %w", sentinel(err)))
				return
			}
			if !yield(store.KV{Key: item.KeyCopy(nil), Value: value}, nil) {
				return
			}
		}
	}
}

func (t *txn) checkWrite(key []byte) error {
	if !t.writable {
		return store.ErrReadOnly
	}
	return checkKey(key)
}

func checkKey(key []byte) error {
	if len(key) == 0 || len(key) > store.MaxKey {
		return fmt.Errorf("%w: %d bytes, 1 to %d", store.ErrBadKey, len(key), store.MaxKey)
	}
	if bytes.HasPrefix(key, []byte("!badger!")) {
		return fmt.Errorf("%w: %q is reserved", store.ErrBadKey, key)
	}
	return nil
}

// written gives an error of Set or Delete its sentinel.
func written(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrTxnTooBig):
		return store.ErrTxnTooLarge
	}
	return fmt.Errorf("write: %w", err)
}
