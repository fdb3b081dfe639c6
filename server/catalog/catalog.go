// Package catalog keeps what a server knows of its regions: their facts and
// keys, the sources that were imported, the features that providers gave, and
// the ledger of published versions.
//
// All of it lies in a MetaStore, but for records that are too large for one
// value, which lie in a BlobStore of the server's own. Methods are safe for
// concurrent use. An absent region is ErrNoRegion.
//
// Keys (each part is free of "/", but for a feature's id, which comes last):
//
//	site                             the operator's name for this site
//	region/{region}                  Region
//	secret/{region}/{hash}           key that signs the region's heads; 8 hex digits
//	roots                            number of the newest root
//	root/{number}                    signed note; 16 hex digits
//	osm/{region}                     Base
//	heights/{region}                 list of Heights
//	water/{region}                   Water
//	source/{region}/{source}         Source
//	feature/{region}/{source}/{id}   Record
//	history/{region}/{ref}/{rev}     Version; ref is 32 hex digits of a hash, rev 8
//	journal/{region}                 number of the newest line
//	journal/{region}/{number}        Line; 16 hex digits
//	category/{region}/{id}           Category
//	applying/{region}                number of the change that has the region to itself
//	import/{region}/{source}         import under way, see features.go
//	last/{region}                    number of the newest version
//	version/{region}/{number}        publish.Version; 16 hex digits
//	rollout/{region}                 layout.Next: the newest version, while not everybody gets it
//	retention/{region}               gc.Policy
//	built/{region}                   Built
package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// Errors that a caller acts on.
var (
	ErrNoRegion = errors.New("no such region")
	ErrExists   = errors.New("there is such a region already")
)

// Catalog is the records of one server.
type Catalog struct {
	meta    store.MetaStore
	private store.BlobStore
	now     func() time.Time
	opening bool // only Open writes yet

	mu     sync.Mutex
	queues map[string]*queue        // by region
	news   map[string]chan struct{} // by region
}

// Open returns the catalog kept in the given stores, and finishes imports that
// a crash cut off.
func Open(ctx context.Context, meta store.MetaStore, private store.BlobStore) (*Catalog, error) {
	c := &Catalog{meta: meta, private: private, now: time.Now, queues: make(map[string]*queue), news: make(map[string]chan struct{})}
	c.opening = true
	if err := c.resume(ctx); err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	c.opening = false
	return c, nil
}

// key joins the parts of a key.
func key(parts ...string) []byte {
	var k []byte
	for i, p := range parts {
		if i > 0 {
			k = append(k, '/')
		}
		k = append(k, p...)
	}
	return k
}

// get reads a JSON value. An absent one is store.ErrNotFound.
func get(txn store.Txn, key []byte, into any) error {
	data, err := txn.Get(key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	return nil
}

// set writes a JSON value. Features in it keep their canonical bytes.
func set(txn store.Txn, key []byte, value any) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	return txn.Set(key, data.Bytes())
}

// list reads the JSON values under a prefix in the order of their keys.
func list[T any](txn store.Txn, prefix []byte) ([]T, error) {
	var all []T
	for kv, err := range txn.Scan(prefix) {
		if err != nil {
			return nil, err
		}
		var v T
		if err := json.Unmarshal(kv.Value, &v); err != nil {
			return nil, fmt.Errorf("record %s: %w", kv.Key, err)
		}
		all = append(all, v)
	}
	return all, nil
}
