package head

import (
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/signed"
)

// Sign returns the head as a signed note.
func (h *Head) Sign(secret string) ([]byte, error) {
	text := h.text()
	if _, err := parse(text); err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	note, err := signed.Sign([]byte(text), secret)
	if err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	return note, nil
}

// Open checks a signed note against the trusted public keys and the region's
// origin, and returns the head it holds. One good signature is enough. Whether
// the keys may sign this head is for their root to say (sync/root).
func Open(note []byte, origin string, public ...string) (*Head, error) {
	if len(note) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(note), MaxBytes)
	}
	text, _, err := signed.Open(note, public...)
	switch {
	case errors.Is(err, signed.ErrSignature):
		return nil, ErrSignature
	case errors.Is(err, signed.ErrCorrupt):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case err != nil:
		return nil, err
	}
	h, err := parse(text)
	if err != nil {
		return nil, err
	}
	if h.Origin != origin {
		return nil, fmt.Errorf("%w: %s, asked for %s", ErrOrigin, h.Origin, origin)
	}
	return h, nil
}

// Peek reads a head without checking who signed it: only for notes that were
// checked before they were stored, and for telling what a note claims.
func Peek(note []byte) (*Head, error) {
	if len(note) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(note), MaxBytes)
	}
	text, lines := signed.Split(note)
	if lines == nil {
		return nil, fmt.Errorf("%w: no signature", ErrCorrupt)
	}
	return parse(text)
}
