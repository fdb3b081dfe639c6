package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// maxKeys is how many keys may be good at once: the newest, and others whose
// tokens have not run out yet.
const maxKeys = 4

// signingKey signs access tokens until it is retired, and verifies them until
// the last of those has run out.
type signingKey struct {
	ID      string     `json:"id"` // the kid of its tokens
	Seed    []byte     `json:"seed"`
	Created time.Time  `json:"created"`
	Retired *time.Time `json:"retired,omitempty"`
}

func newSigningKey(now time.Time) signingKey {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return signingKey{ID: newID(), Seed: seed, Created: now}
}

func (k signingKey) verifies(now time.Time) bool {
	return k.Retired == nil || now.Before(k.Retired.Add(AccessLife+leeway))
}

func (k signingKey) private() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.Seed) }

func (k signingKey) public() ed25519.PublicKey { return k.private().Public().(ed25519.PublicKey) }

// keySet is the keys of the store, newest first, ready for use.
type keySet struct {
	raw     []byte
	list    []signingKey
	private ed25519.PrivateKey           // of the newest
	public  map[string]ed25519.PublicKey // by kid, of all
}

// keyCache spares parsing keys for each request. The record itself is read each
// time, so that a rotation counts at once, on every server.
type keyCache struct{ atomic.Pointer[keySet] }

func (c *keyCache) load(txn store.Txn) (*keySet, error) {
	raw, err := txn.Get(key("keys"))
	if err != nil {
		return nil, fmt.Errorf("keys of access tokens: %w", err)
	}
	if set := c.Load(); set != nil && bytes.Equal(set.raw, raw) {
		return set, nil
	}
	set := &keySet{raw: raw, public: make(map[string]ed25519.PublicKey)}
	if err := json.Unmarshal(raw, &set.list); err != nil {
		return nil, fmt.Errorf("keys of access tokens: %w", err)
	}
	for _, k := range set.list {
		if len(k.Seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("keys of access tokens: %s has %d bytes", k.ID, len(k.Seed))
		}
		set.public[k.ID] = k.public()
	}
	if len(set.list) == 0 {
		return nil, errors.New("keys of access tokens: there is none")
	}
	set.private = set.list[0].private()
	c.Store(set)
	return set, nil
}

// verifying returns the public key that kid names, nil when there is none or
// its time is over. A kid is nothing but a name in this map.
func (s *keySet) verifying(kid string, now time.Time) ed25519.PublicKey {
	for _, k := range s.list {
		if k.ID == kid && k.verifies(now) {
			return s.public[kid]
		}
	}
	return nil
}

// ensureKey makes the first key.
func (a *Accounts) ensureKey(ctx context.Context) error {
	return a.update(ctx, func(txn store.Txn) error {
		if there, err := records.Has(txn, key("keys")); there || err != nil {
			return err
		}
		return records.Set(txn, key("keys"), []signingKey{newSigningKey(a.at())})
	})
}

// RotateKey makes a new key sign access tokens, and returns its id. The present
// one verifies those that it has signed until they run out; with now, it stops
// at once, and everybody has to use their refresh token, which happens without
// their doing.
func (a *Accounts) RotateKey(ctx context.Context, now bool) (id string, err error) {
	err = a.update(ctx, func(txn store.Txn) error {
		set, err := a.keys.load(txn)
		if err != nil {
			return err
		}
		at := a.at()
		keys := []signingKey{newSigningKey(at)}
		id = keys[0].ID
		for _, k := range set.list {
			if k.Retired == nil {
				k.Retired = &at
			}
			if !now && k.verifies(at) {
				keys = append(keys, k)
			}
		}
		if len(keys) > maxKeys {
			return fmt.Errorf("%w: %d keys are still needed by tokens that run out within %v; rotate again then, or with --now", ErrLimit, maxKeys, AccessLife)
		}
		return records.Set(txn, key("keys"), keys)
	})
	return id, err
}

// JWK is a public key (RFC 8037).
type JWK struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	Use   string `json:"use"`
	Alg   string `json:"alg"`
	ID    string `json:"kid"`
	X     string `json:"x" doc:"the key, base64url"`
}

// PublicKeys lists the keys that verify access tokens now, newest first.
func (a *Accounts) PublicKeys(ctx context.Context) (all []JWK, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		set, err := a.keys.load(txn)
		if err != nil {
			return err
		}
		all = nil
		for _, k := range set.list {
			if k.verifies(a.now()) {
				all = append(all, JWK{"OKP", "Ed25519", "sig", "EdDSA", k.ID, base64.RawURLEncoding.EncodeToString(k.public())})
			}
		}
		return nil
	})
	return all, err
}
