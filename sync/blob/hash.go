package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Hash is the SHA-256 of uncompressed bytes, and so their name.
type Hash [sha256.Size]byte

// Sum returns the name of raw.
func Sum(raw []byte) Hash { return sha256.Sum256(raw) }

// ParseHash reads the 64 lower-case hex digits that String writes.
func ParseHash(s string) (Hash, error) {
	var h Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != s {
		return Hash{}, fmt.Errorf("%q is not a hash of 64 hex digits", s)
	}
	copy(h[:], b)
	return h, nil
}

// String returns 64 lower-case hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short returns the first 16 hex digits, enough to name a version of a region.
func (h Hash) Short() string { return hex.EncodeToString(h[:8]) }

// MarshalText writes the form of String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the form of String.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}
