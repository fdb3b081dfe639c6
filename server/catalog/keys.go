package catalog

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
)

// ErrRootExists is returned for a root that does not follow the newest one.
var ErrRootExists = errors.New("the site has another newest root than this one follows")

// Roots lists the site's roots, oldest first.
func (c *Catalog) Roots(ctx context.Context) (notes [][]byte, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		notes = nil
		for kv, err := range txn.Scan(key("root", "")) {
			if err != nil {
				return err
			}
			notes = append(notes, kv.Value)
		}
		return nil
	})
	return notes, err
}

// NextRoot returns a draft of the root that follows the newest: the same keys,
// and for each region that has none the one that was made for it. The first
// root's draft has neither threshold nor root keys; the caller gives them.
func (c *Catalog) NextRoot(ctx context.Context) (root.Root, error) {
	notes, err := c.Roots(ctx)
	if err != nil {
		return root.Root{}, err
	}
	var r root.Root
	if n := len(notes); n > 0 {
		newest, err := root.Peek(notes[n-1])
		if err != nil {
			return root.Root{}, err
		}
		r = *newest
	}
	r.Version++
	r.Issued = c.now().UTC().Truncate(time.Second)
	r.Expires = r.Issued.Add(root.Life)
	regions, err := c.AllRegions(ctx)
	if err != nil {
		return root.Root{}, err
	}
	for _, region := range regions {
		r.Site = region.Site
		held, err := c.HeadKeys(ctx, region.ID)
		if err != nil {
			return root.Root{}, err
		}
		if r.Epoch(region.ID) == 0 && len(held) > 0 {
			r.Heads = append(r.Heads, root.HeadKey{Region: region.ID, Epoch: 1, Key: held[0]})
		}
	}
	return r, nil
}

// AddRoot makes a signed root the newest. Keys that it withdraws are forgotten.
func (c *Catalog) AddRoot(ctx context.Context, note []byte) error {
	return c.meta.Update(ctx, func(txn store.Txn) error {
		r, was, err := follows(txn, note)
		if err != nil {
			return err
		}
		if was != nil {
			for _, k := range was.Heads {
				if !slices.ContainsFunc(r.Heads, func(n root.HeadKey) bool { return n.Key == k.Key }) {
					if err := txn.Delete(secretKey(k.Region, k.Key)); err != nil {
						return err
					}
				}
			}
		}
		if err := txn.Set(key("roots"), binary.BigEndian.AppendUint64(nil, r.Version)); err != nil {
			return err
		}
		return txn.Set(rootKey(r.Version), note)
	})
}

// follows checks that a root follows the newest, which is nil if there is none.
func follows(txn store.Txn, note []byte) (r, newest *root.Root, err error) {
	last, err := txn.Get(key("roots")) // written by each AddRoot, so that of two at once one fails
	if errors.Is(err, store.ErrNotFound) {
		if r, err = root.Open(note); err == nil && r.Version != 1 {
			err = fmt.Errorf("%w: it has version %d, and there is none yet", ErrRootExists, r.Version)
		}
		return r, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	there, err := txn.Get(rootKey(binary.BigEndian.Uint64(last)))
	if err != nil {
		return nil, nil, err
	}
	if newest, err = root.Peek(there); err != nil {
		return nil, nil, err
	}
	if r, err = newest.Next(note); errors.Is(err, root.ErrOrder) {
		err = fmt.Errorf("%w: %w", ErrRootExists, err)
	}
	return r, newest, err
}

// NewHeadKey makes one more key for a region's heads and returns its public
// half. It signs nothing before a root lists it.
func (c *Catalog) NewHeadKey(ctx context.Context, region string) (public string, err error) {
	err = c.meta.Update(ctx, func(txn store.Txn) error {
		var r Region
		if err := get(txn, key("region", region), &r); err != nil {
			return noRegion(err, region)
		}
		public, err = newHeadKey(txn, r)
		return err
	})
	return public, err
}

func newHeadKey(txn store.Txn, r Region) (string, error) {
	secret, public, err := signed.GenerateKey(rand.Reader, r.Site+"/"+r.ID)
	if err != nil {
		return "", fmt.Errorf("make signing key: %w", err)
	}
	return public, txn.Set(secretKey(r.ID, public), []byte(secret))
}

// HeadKeys lists the public halves of the keys that the server holds for a
// region.
func (c *Catalog) HeadKeys(ctx context.Context, region string) ([]string, error) {
	secrets, err := c.secrets(ctx, region)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, secret := range secrets {
		public, err := signed.Public(secret)
		if err != nil {
			return nil, fmt.Errorf("signing key of %s: %w", region, err)
		}
		keys = append(keys, public)
	}
	return keys, nil
}

func (c *Catalog) secrets(ctx context.Context, region string) (all []string, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all = nil
		for kv, err := range txn.Scan(key("secret", region, "")) {
			if err != nil {
				return err
			}
			all = append(all, string(kv.Value))
		}
		return nil
	})
	return all, err
}

// Signing returns what a publisher needs of a region, with the secret key that
// the newest root lets sign the most, if there is one.
func (c *Catalog) Signing(ctx context.Context, r Region) (publish.Region, error) {
	out := publish.Region{ID: r.ID, Name: r.Name}
	notes, err := c.Roots(ctx)
	if err != nil || len(notes) == 0 {
		return out, err
	}
	newest, err := root.Peek(notes[len(notes)-1])
	if err != nil {
		return out, err
	}
	secrets, err := c.secrets(ctx, r.ID)
	if err != nil {
		return out, err
	}
	var best uint64
	for _, secret := range secrets {
		public, err := signed.Public(secret)
		if err != nil {
			return out, fmt.Errorf("signing key of %s: %w", r.ID, err)
		}
		for _, k := range newest.HeadKeys(r.ID) {
			// A cap of 0 is none: less one, it is the highest of all.
			if k.Key == public && (out.Secret == "" || k.Cap-1 > best) {
				out.Secret, best = secret, k.Cap-1
			}
		}
	}
	return out, nil
}

func rootKey(version uint64) []byte { return key("root", fmt.Sprintf("%016x", version)) }

// secretKey names a secret by the hash in the public key's ID, which is its end.
func secretKey(region, public string) []byte {
	id := signed.ID(public)
	return key("secret", region, id[len(id)-8:])
}
