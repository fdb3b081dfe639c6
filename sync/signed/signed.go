// Package signed holds what heads and roots have in common: a text with Ed25519
// signatures below it, as a C2SP signed note (https://c2sp.org/signed-note).
//
// Keys are in the text forms of signed notes: a public key is
// "NAME+HASH+BASE64", a secret one begins with "PRIVATE+KEY+". No error of this
// package shows a secret. All functions are pure and safe for concurrent use.
package signed

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Errors that a caller acts on.
var (
	ErrCorrupt   = errors.New("corrupt signed note")
	ErrSignature = errors.New("no signature of a trusted key")
	ErrKey       = errors.New("malformed key")
)

// GenerateKey makes a new Ed25519 pair. The name may hold neither spaces nor "+".
func GenerateKey(random io.Reader, name string) (secret, public string, err error) {
	return note.GenerateKey(random, name)
}

// Key is the 32 bytes of a public key.
type Key [ed25519.PublicKeySize]byte

// ParseKey checks a public key and returns its bytes, by which two keys are the
// same whatever their names.
func ParseKey(public string) (k Key, err error) {
	if _, err := note.NewVerifier(public); err != nil {
		return k, fmt.Errorf("%w %q: %w", ErrKey, public, err)
	}
	parts := strings.SplitN(public, "+", 3) // base64 may hold "+" itself
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 1+len(k) {
		return k, fmt.Errorf("%w %q: not in canonical form", ErrKey, public)
	}
	copy(k[:], raw[1:])
	if again, err := note.NewEd25519VerifierKey(parts[0], k[:]); err != nil || again != public {
		return k, fmt.Errorf("%w %q: not in canonical form", ErrKey, public)
	}
	return k, nil
}

// ID returns the part of a public key by which signatures name it: "NAME+HASH".
func ID(public string) string {
	parts := strings.SplitN(public, "+", 3)
	return strings.Join(parts[:min(2, len(parts))], "+")
}

// Public returns the public key that belongs to a secret one.
func Public(secret string) (string, error) {
	if _, err := note.NewSigner(secret); err != nil {
		return "", fmt.Errorf("%w: this is no secret key", ErrKey)
	}
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil {
		return "", fmt.Errorf("%w: this is no secret key", ErrKey)
	}
	return note.NewEd25519VerifierKey(parts[2], ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
}

// Split parts a note into its text, which ends with a newline, and the lines of
// its signatures. A text alone has no lines.
func Split(signed []byte) (text string, lines []byte) {
	before, after, found := strings.Cut(string(signed), "\n\n")
	if !found {
		return before, nil
	}
	return before + "\n", []byte(after)
}

// Sign adds a signature to a note, or to a text that has none yet.
func Sign(text []byte, secret string) ([]byte, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: this is no secret key", ErrKey)
	}
	n := &note.Note{Text: string(text)}
	if _, lines := Split(text); lines != nil {
		_, err := note.Open(text, note.VerifierList())
		var unverified *note.UnverifiedNoteError
		if !errors.As(err, &unverified) {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		n = unverified.Note
	}
	return note.Sign(n, signer)
}

// Open checks a note against public keys, none of which may be given twice. It
// returns its text and those of the keys that signed it, at least one. A wrong
// signature in the name of one of the keys makes the whole note wrong;
// signatures of other keys do not count.
func Open(signed []byte, public ...string) (text string, by []string, err error) {
	var verifiers []note.Verifier
	for _, key := range public {
		v, err := note.NewVerifier(key)
		if err != nil {
			return "", nil, fmt.Errorf("%w %q: %w", ErrKey, key, err)
		}
		verifiers = append(verifiers, v)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &invalid):
		return "", nil, ErrSignature
	case err != nil:
		return "", nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if !strict(signed[len(n.Text):]) {
		return "", nil, fmt.Errorf("%w: a signature is not in canonical form", ErrCorrupt)
	}
	for _, s := range n.Sigs {
		for i, v := range verifiers {
			if v.Name() == s.Name && v.KeyHash() == s.Hash {
				by = append(by, public[i])
			}
		}
	}
	return n.Text, by, nil
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
