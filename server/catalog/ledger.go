package catalog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
)

// Built remembers which base map a region's newest tiles came from, so that
// publishing a change of features need not draw the map again.
type Built struct {
	Fingerprint string           `json:"fingerprint"`
	Entries     []manifest.Entry `json:"entries"`
}

// Ledger returns the catalog as the publisher's ledger.
func (c *Catalog) Ledger() gc.Ledger { return ledger{c} }

type ledger struct{ c *Catalog }

// Regions implements publish.Ledger.
func (l ledger) Regions(ctx context.Context) ([]publish.Region, error) {
	all, err := l.c.AllRegions(ctx)
	if err != nil {
		return nil, err
	}
	regions := make([]publish.Region, len(all))
	for i, r := range all {
		if regions[i], err = l.c.Signing(ctx, r); err != nil {
			return nil, err
		}
	}
	return regions, nil
}

// Roots implements publish.Ledger.
func (l ledger) Roots(ctx context.Context) ([][]byte, error) { return l.c.Roots(ctx) }

// Versions implements publish.Ledger.
func (l ledger) Versions(ctx context.Context, region string) (all []publish.Version, err error) {
	err = l.c.meta.View(ctx, func(txn store.Txn) error {
		if all, err = list[publish.Version](txn, key("version", region, "")); err != nil || len(all) == 0 {
			return err
		}
		n, err := rollout(txn, region)
		if last := &all[len(all)-1]; last.Number == n.Version {
			last.Share = n.Share
		}
		return err
	})
	return all, err
}

// Append implements publish.Ledger. The key last/{region} is what makes two
// publishers at once conflict: both read and write it.
func (l ledger) Append(ctx context.Context, region string, v publish.Version) error {
	defer l.c.tell(region)
	return l.c.meta.Update(ctx, func(txn store.Txn) error {
		var last uint64
		data, err := txn.Get(key("last", region))
		switch {
		case err == nil:
			last = binary.BigEndian.Uint64(data)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if last != v.Number-1 {
			return publish.ErrConflict
		}
		if err := txn.Set(key("last", region), binary.BigEndian.AppendUint64(nil, v.Number)); err != nil {
			return err
		}
		if err := setRollout(txn, region, v); err != nil {
			return err
		}
		line := Line{Action: Published, Version: v.Number, Restores: v.Restores, Share: v.Share, Note: v.Message}
		if v.Restores > 0 {
			line.Action = RolledBack
		}
		if err := l.note(ctx, txn, region, line); err != nil {
			return err
		}
		kept := v
		kept.Share = 0 // that changes, see setRollout
		return set(txn, key("version", region, fmt.Sprintf("%016x", v.Number)), kept)
	})
}

// Drop implements gc.Ledger. The key last/{region} stays, so numbers go on.
func (l ledger) Drop(ctx context.Context, region string, before uint64) error {
	return l.c.meta.Update(ctx, func(txn store.Txn) error {
		var lines [][]byte
		for kv, err := range txn.Scan(key("version", region, "")) {
			if err != nil {
				return err
			}
			lines = append(lines, kv.Key)
		}
		first := key("version", region, fmt.Sprintf("%016x", before))
		for i, line := range lines {
			if i == len(lines)-1 || bytes.Compare(line, first) >= 0 {
				break
			}
			if err := txn.Delete(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// Resign implements publish.Ledger.
func (l ledger) Resign(ctx context.Context, region string, was, head []byte) error {
	return l.c.meta.Update(ctx, func(txn store.Txn) error {
		last, err := txn.Get(key("last", region))
		if err != nil {
			return err
		}
		n, err := rollout(txn, region)
		if err != nil {
			return err
		}
		newest := binary.BigEndian.Uint64(last)
		for number := newest; number > 0; number-- {
			name := key("version", region, fmt.Sprintf("%016x", number))
			var v publish.Version
			if err := get(txn, name, &v); err != nil {
				return err
			}
			if bytes.Equal(v.Head, was) {
				v.Head = head
				if number == n.Version {
					n.Head = blob.Sum(head).Short()
					if err := set(txn, key("rollout", region), n); err != nil {
						return err
					}
				}
				return set(txn, name, v)
			}
			if number != n.Version {
				break // the one before counts while the newest is rolled out
			}
		}
		return publish.ErrConflict
	})
}

// builtChunk keeps each value of built/{region}/{n} below store.MaxValue.
const builtChunk = 1000

// Built returns what SetBuilt stored; the zero Built when there is nothing.
func (c *Catalog) Built(ctx context.Context, region string) (b Built, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		chunks, err := list[Built](txn, key("built", region, ""))
		for _, chunk := range chunks {
			b.Fingerprint = chunk.Fingerprint
			b.Entries = append(b.Entries, chunk.Entries...)
		}
		return err
	})
	return b, err
}

// SetBuilt stores b in place of what was there.
func (c *Catalog) SetBuilt(ctx context.Context, region string, b Built) error {
	return c.meta.Update(ctx, func(txn store.Txn) error {
		var old [][]byte
		for kv, err := range txn.Scan(key("built", region, "")) {
			if err != nil {
				return err
			}
			old = append(old, kv.Key)
		}
		for _, k := range old {
			if err := txn.Delete(k); err != nil {
				return err
			}
		}
		for i := 0; i < len(b.Entries); i += builtChunk {
			chunk := Built{b.Fingerprint, b.Entries[i:min(i+builtChunk, len(b.Entries))]}
			if err := set(txn, key("built", region, fmt.Sprintf("%08d", i/builtChunk)), chunk); err != nil {
				return err
			}
		}
		return nil
	})
}
