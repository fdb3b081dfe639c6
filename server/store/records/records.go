// Package records keeps JSON values in a store.MetaStore under keys whose parts
// are joined by "/". A room that uses it lists its keys in its package comment.
//
// Functions work inside a transaction, and are as safe as that is.
package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/server/store"
)

// Key joins the parts of a key. With an empty last part it is a prefix.
func Key(parts ...string) []byte { return []byte(strings.Join(parts, "/")) }

// Get reads a value. An absent one is store.ErrNotFound.
func Get[T any](txn store.Txn, key []byte) (v T, err error) {
	data, err := txn.Get(key)
	if err != nil {
		return v, err
	}
	return decode[T](key, data)
}

// Has reports whether there is a value.
func Has(txn store.Txn, key []byte) (bool, error) {
	_, err := txn.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Set writes a value.
func Set(txn store.Txn, key []byte, v any) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	return txn.Set(key, data.Bytes())
}

// List reads the values under a prefix, in the order of their keys.
func List[T any](txn store.Txn, prefix []byte) (all []T, err error) {
	for kv, err := range txn.Scan(prefix) {
		if err != nil {
			return nil, err
		}
		v, err := decode[T](kv.Key, kv.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Names returns the rest of each key under a prefix, in their order.
func Names(txn store.Txn, prefix []byte) (all []string, err error) {
	for kv, err := range txn.Scan(prefix) {
		if err != nil {
			return nil, err
		}
		all = append(all, string(kv.Key[len(prefix):]))
	}
	return all, nil
}

func decode[T any](key, data []byte) (v T, err error) {
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("record %s: %w", key, err)
	}
	return v, nil
}
