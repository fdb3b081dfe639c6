package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// inlineRecord is the largest feature that lies in the MetaStore itself.
const inlineRecord = 64 << 10

// Ref names a record: what one source says of one feature.
type Ref struct {
	Source string `json:"source,omitempty"`
	ID     string `json:"id,omitempty"`
}

func (r Ref) String() string { return r.Source + ": " + r.ID }

// Digest is the ref in a key, where an id's slashes would be in the way.
func (r Ref) Digest() string {
	sum := sha256.Sum256([]byte(r.Source + "\x00" + r.ID))
	return hex.EncodeToString(sum[:16])
}

// Content is a feature's canonical bytes, here or in the private blob store. The
// zero Content is none: a feature that is gone.
type Content struct {
	Feature json.RawMessage `json:"feature,omitempty"`
	Blob    string          `json:"blob,omitempty"`
}

// Exists reports whether there is content.
func (c Content) Exists() bool { return len(c.Feature) > 0 || c.Blob != "" }

// Same reports whether two contents are the same bytes.
func (c Content) Same(o Content) bool { return c.Blob == o.Blob && bytes.Equal(c.Feature, o.Feature) }

// Size is what the content takes of a transaction, in bytes.
func (c Content) Size() int { return len(c.Feature) + len(c.Blob) + overhead }

// Hash returns the SHA-256 of the bytes as 64 hex digits, "" of none.
func (c Content) Hash() string {
	if _, hash, ok := strings.Cut(c.Blob, "/"); ok {
		return hash
	}
	if len(c.Feature) == 0 {
		return ""
	}
	return blob.Sum(c.Feature).String()
}

// Stamp says who wrote something, when and why.
type Stamp struct {
	At           time.Time `json:"at"`
	By           string    `json:"by,omitempty"`           // "user/…", "token/…", "operator"
	Organisation string    `json:"organisation,omitempty"` // on whose behalf
	Change       uint64    `json:"change,omitempty"`       // the change it belongs to
}

// Record is how a feature is kept: its newest content and who wrote it. One
// without content is a tombstone, or, with Rev 0, was never there.
type Record struct {
	Content
	Stamp
	Rev uint32 `json:"rev,omitempty"` // 1, 2, 3 …; 0 of what was imported before there was a history
}

// Keep makes content of canonical bytes, and puts away what is too large for a
// record. Content that is not used afterwards does no harm.
func (c *Catalog) Keep(ctx context.Context, raw []byte) (Content, error) {
	if len(raw) <= inlineRecord {
		return Content{Feature: raw}, nil
	}
	large := Content{Blob: "features/" + blob.Sum(raw).String()}
	if err := c.private.Put(ctx, large.Blob, raw); err != nil {
		return Content{}, fmt.Errorf("keep feature: %w", err)
	}
	return large, nil
}

// Read returns the bytes of content; nil when there is none.
func (c *Catalog) Read(ctx context.Context, content Content) ([]byte, error) {
	if content.Blob == "" {
		return content.Feature, nil
	}
	o, err := c.private.Open(ctx, content.Blob)
	if err != nil {
		return nil, fmt.Errorf("read feature: %w", err)
	}
	defer o.Close()
	return io.ReadAll(io.LimitReader(o, feature.MaxBytes+1))
}

// Get returns a record; the zero Record when there never was one.
func (c *Catalog) Get(ctx context.Context, region string, ref Ref) (r Record, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		r, err = record(txn, region, ref)
		return err
	})
	return r, err
}

func record(txn store.Txn, region string, ref Ref) (r Record, err error) {
	err = get(txn, key("feature", region, ref.Source, ref.ID), &r)
	if errors.Is(err, store.ErrNotFound) {
		return Record{}, nil
	}
	return r, err
}

// Records calls fn with each record of a region, tombstones too, by source, then
// by id, and returns the number of the journal's newest line at that moment.
func (c *Catalog) Records(ctx context.Context, region string, fn func(Ref, Record) error) (newest uint64, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		if newest, err = counter(txn, key("journal", region)); err != nil {
			return err
		}
		prefix := key("feature", region, "")
		for kv, err := range txn.Scan(prefix) {
			if err != nil {
				return err
			}
			var r Record
			if err := json.Unmarshal(kv.Value, &r); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			source, id, _ := strings.Cut(string(kv.Key[len(prefix):]), "/")
			if err := fn(Ref{source, id}, r); err != nil {
				return err
			}
		}
		return nil
	})
	return newest, err
}

// DropTombstones forgets features that have been gone since before, at most so
// many; their history stays. It returns how many it dropped.
func (c *Catalog) DropTombstones(ctx context.Context, region string, before time.Time, limit int) (n int, err error) {
	var old []Ref
	_, err = c.Records(ctx, region, func(ref Ref, r Record) error {
		if !r.Exists() && r.At.Before(before) && len(old) < min(limit, MaxEdits) {
			old = append(old, ref)
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	err = c.Edit(ctx, region, Stamp{At: c.now()}, len(old)*overhead, func(j *Journal) error {
		n = 0
		for _, ref := range old {
			r, err := j.Get(ref)
			if err != nil {
				return err
			}
			if r.Exists() || r.Rev == 0 {
				continue // it is back, or dropped by another
			}
			if err := j.drop(ref); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// RecordIn returns a record as a transaction sees it; the zero Record when there
// never was one.
func (c *Catalog) RecordIn(txn store.Txn, region string, ref Ref) (Record, error) {
	return record(txn, region, ref)
}
