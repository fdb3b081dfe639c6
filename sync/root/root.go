// Package root holds whom a site's riders trust: the operator's offline root
// keys, and the online keys that they let sign the heads of each region.
//
// A root is a signed note with a version, 1, 2, 3 … Root N+1 must be signed by a
// threshold of root N's keys and by a threshold of its own, so that whoever
// holds one root can follow the chain to the newest. Only a root can let a key
// sign, withdraw it, or raise a region's epoch. FORMAT.md beside this file has
// the lines and the rules.
//
// All functions are pure. A Root is not changed once it has been opened; it and
// the functions are safe for concurrent use, a Chain is not.
package root

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/signed"
)

const (
	// MaxBytes is the longest root, signatures included.
	MaxBytes = 64 << 10
	// MaxHops is how many roots a reader follows at once.
	MaxHops = 64
	// Grace is how long after its expiry a root still lets something be installed.
	Grace = 90 * 24 * time.Hour
	// Life is how long a root lasts, unless its makers want it otherwise.
	Life = 2 * 365 * 24 * time.Hour
)

// Errors that a caller acts on.
var (
	ErrCorrupt   = errors.New("corrupt root")
	ErrSignature = errors.New("root is not signed by enough of the keys that have to")
	ErrOrder     = errors.New("not the root that follows")
	ErrScope     = errors.New("head is beyond what its key may sign")
)

// Root says whom to trust.
type Root struct {
	Site      string // the operator's name, first part of each origin
	Version   uint64 // 1, 2, 3 …
	Issued    time.Time
	Expires   time.Time
	Threshold int       // how many of the keys have to sign
	Keys      []string  // public root keys, rising
	Heads     []HeadKey // rising by region, then by key
}

// HeadKey is a key that may sign one region's heads.
type HeadKey struct {
	Region string
	Epoch  uint64 // of the heads; the same for all keys of a region
	Cap    uint64 // highest version that it may sign; 0 for no such limit
	Key    string
}

// Origin returns the first line of a site's roots.
func Origin(site string) string { return site + originEnd }

const originEnd = "/root/v1"

// Epoch returns the epoch of a region's heads, 0 if none may be signed.
func (r *Root) Epoch(region string) uint64 {
	for _, k := range r.Heads {
		if k.Region == region {
			return k.Epoch
		}
	}
	return 0
}

// HeadKeys returns the keys that may sign a region's heads.
func (r *Root) HeadKeys(region string) (keys []HeadKey) {
	for _, k := range r.Heads {
		if k.Region == region {
			keys = append(keys, k)
		}
	}
	return keys
}

// OpenHead checks a region's head against the keys that this root lets sign it,
// their epoch and their caps.
func (r *Root) OpenHead(note []byte, region string) (h *head.Head, err error) {
	err = head.ErrSignature
	for _, k := range r.HeadKeys(region) {
		var failed error
		if h, failed = head.Open(note, head.Origin(r.Site, region), k.Key); failed == nil {
			failed = k.allows(h)
		}
		if failed == nil {
			return h, nil
		}
		if errors.Is(err, head.ErrSignature) { // another key's answer says more
			err = failed
		}
	}
	return nil, err
}

func (k HeadKey) allows(h *head.Head) error {
	if h.Epoch != k.Epoch {
		return fmt.Errorf("%w: epoch %d, the root says %d", ErrScope, h.Epoch, k.Epoch)
	}
	if k.Cap > 0 && h.Version > k.Cap {
		return fmt.Errorf("%w: version %d, the root allows %d", ErrScope, h.Version, k.Cap)
	}
	return nil
}

// Open checks a root that a reader was given to begin with: it must be signed by
// a threshold of its own keys.
func Open(note []byte) (*Root, error) {
	r, err := Peek(note)
	if err != nil {
		return nil, err
	}
	return r, r.signed(note, r)
}

// Next checks the root that follows: one version up, of the same site, signed by
// a threshold of this root's keys and a threshold of its own.
func (r *Root) Next(note []byte) (*Root, error) {
	next, err := Peek(note)
	switch {
	case err != nil:
		return nil, err
	case next.Site != r.Site:
		return nil, fmt.Errorf("%w: it is of site %s, expected %s", ErrOrder, next.Site, r.Site)
	case next.Version != r.Version+1:
		return nil, fmt.Errorf("%w: it has version %d, expected %d", ErrOrder, next.Version, r.Version+1)
	}
	if err := next.signed(note, r); err != nil {
		return nil, err
	}
	return next, next.signed(note, next)
}

// signed checks that a note of r is signed by a threshold of by's keys. Keys
// that are the same under two names cannot stand in one root, so that each
// counts once.
func (r *Root) signed(note []byte, by *Root) error {
	_, keys, err := signed.Open(note, by.Keys...)
	if errors.Is(err, signed.ErrCorrupt) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil && !errors.Is(err, signed.ErrSignature) {
		return err
	}
	if len(keys) < by.Threshold {
		return fmt.Errorf("%w: root %d has %d of the %d signatures that root %d asks for", ErrSignature, r.Version, len(keys), by.Threshold, by.Version)
	}
	return nil
}

// Peek reads a root without checking who signed it, or a draft that nobody has
// signed yet.
func Peek(note []byte) (*Root, error) {
	if len(note) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(note), MaxBytes)
	}
	text, _ := signed.Split(note)
	return parse(text)
}

// Fingerprint returns a short form of a root that people can compare: eight
// groups of four hex digits. It does not depend on who has signed.
func Fingerprint(note []byte) string {
	text, _ := signed.Split(note)
	sum := sha256.Sum256([]byte(text))
	digits := hex.EncodeToString(sum[:16])
	var groups []string
	for g := range slices.Chunk([]byte(digits), 4) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, " ")
}
