package head

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// GenerateKey makes a new Ed25519 pair for signing heads, in the text forms of
// signed notes: the secret form begins with "PRIVATE+KEY+". The name may hold
// neither spaces nor "+".
func GenerateKey(random io.Reader, name string) (secret, public string, err error) {
	return note.GenerateKey(random, name)
}

// Sign returns the head as a signed note.
func (h *Head) Sign(secret string) ([]byte, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("sign head: malformed signing key") // never the key's text
	}
	text := h.text()
	if _, err := parse(text); err != nil {
		return nil, fmt.Errorf("sign head: %w", err)
	}
	return note.Sign(&note.Note{Text: text}, signer)
}

// Open checks a signed note against the trusted public keys and the region's
// origin, and returns the head it holds. One good signature is enough.
func Open(signed []byte, origin string, public ...string) (*Head, error) {
	if len(signed) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(signed), MaxBytes)
	}
	var verifiers []note.Verifier
	for _, key := range public {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("trusted key %q: %w", key, err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &invalid):
		return nil, ErrSignature
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if !strict(signed[len(n.Text):]) {
		return nil, fmt.Errorf("%w: a signature is not in canonical form", ErrCorrupt)
	}
	h, err := parse(n.Text)
	if err != nil {
		return nil, err
	}
	if h.Origin != origin {
		return nil, fmt.Errorf("%w: %s, asked for %s", ErrOrigin, h.Origin, origin)
	}
	return h, nil
}

// strict reports whether each signature line is in the one form that base64 has
// for it, so that a note cannot be changed at all without being refused.
func strict(lines []byte) bool {
	for line := range strings.Lines(strings.TrimPrefix(string(lines), "\n")) {
		text := strings.TrimSuffix(line, "\n")
		if _, err := base64.StdEncoding.Strict().DecodeString(text[strings.LastIndexByte(text, ' ')+1:]); err != nil {
			return false
		}
	}
	return true
}

// Peek reads a head without checking who signed it: only for notes that were
// checked before they were stored, and for telling what a note claims.
func Peek(signed []byte) (*Head, error) {
	if len(signed) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(signed), MaxBytes)
	}
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return nil, fmt.Errorf("%w: no signature", ErrCorrupt)
	}
	return parse(text + "\n")
}

// Fingerprint returns a short form of a public key that people can compare:
// eight groups of four hex digits.
func Fingerprint(public string) string {
	sum := sha256.Sum256([]byte(public))
	digits := hex.EncodeToString(sum[:16])
	var groups []string
	for i := 0; i < len(digits); i += 4 {
		groups = append(groups, digits[i:i+4])
	}
	return strings.Join(groups, " ")
}
