package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/server/store"
)

// ErrOwner is returned for a source that belongs to another organisation.
var ErrOwner = errors.New("the source belongs to another organisation")

// Claim makes a source an organisation's, if it is nobody's yet: no source of
// that name is there. One that is there and not the organisation's is ErrOwner.
// What else s says of itself takes the place of what was said.
func (c *Catalog) Claim(ctx context.Context, region string, s Source) error {
	return c.meta.Update(ctx, func(txn store.Txn) error {
		var old Source
		err := get(txn, key("source", region, s.Name), &old)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case old.Organisation != s.Organisation && (old.Organisation != "" || old.Name != s.Organisation):
			return fmt.Errorf("%w: %s", ErrOwner, s.Name)
		}
		return set(txn, key("source", region, s.Name), s)
	})
}

// Refs calls fn with each record of one source, tombstones too, by id.
func (c *Catalog) Refs(ctx context.Context, region, source string, fn func(Ref, Record) error) error {
	return c.meta.View(ctx, func(txn store.Txn) error {
		prefix := key("feature", region, source, "")
		for kv, err := range txn.Scan(prefix) {
			if err != nil {
				return err
			}
			var r Record
			if err := json.Unmarshal(kv.Value, &r); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			if err := fn(Ref{source, string(kv.Key[len(prefix):])}, r); err != nil {
				return err
			}
		}
		return nil
	})
}
