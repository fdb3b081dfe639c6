package head

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/signed"
)

func sample() *Head {
	return &Head{
		Origin: Origin("maps.example", "andorra"), Root: 2, Epoch: 1, Version: 7,
		Issued: time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC), Expires: time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC),
		Manifest: blob.Sum([]byte("m")), ManifestRaw: 100, ManifestStored: 60, Previous: blob.Sum([]byte("p")),
	}
}

func keys(t testing.TB) (secret, public string) {
	t.Helper()
	secret, public, err := signed.GenerateKey(rand.Reader, "maps.example")
	if err != nil {
		t.Fatal(err)
	}
	return secret, public
}

func TestSignAndOpen(t *testing.T) {
	secret, public := keys(t)
	_, other := keys(t)
	note, err := sample().Sign(secret)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Open(note, sample().Origin, other, public)
	if err != nil || *h != *sample() {
		t.Fatalf("Open = %+v, %v", h, err)
	}
	if h.Region() != "andorra" {
		t.Errorf("Region = %q", h.Region())
	}
	tests := []struct {
		name   string
		note   []byte
		origin string
		keys   []string
		want   error
	}{
		{"no key", note, sample().Origin, nil, ErrSignature},
		{"another key", note, sample().Origin, []string{other}, ErrSignature},
		{"another origin", note, Origin("maps.example", "aran"), []string{public}, ErrOrigin},
		{"too long", append(bytes.Clone(note), make([]byte, MaxBytes)...), sample().Origin, []string{public}, ErrCorrupt},
		{"empty", nil, sample().Origin, []string{public}, ErrCorrupt},
	}
	for _, test := range tests {
		if _, err := Open(test.note, test.origin, test.keys...); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := sample().Sign("PRIVATE+KEY+bad"); err == nil || strings.Contains(err.Error(), "bad") {
		t.Errorf("bad signing key: %v, want an error without the key", err)
	}
}

func TestAnyFlippedBitIsRefused(t *testing.T) {
	secret, public := keys(t)
	note, err := sample().Sign(secret)
	if err != nil {
		t.Fatal(err)
	}
	for i := range note {
		bad := bytes.Clone(note)
		bad[i] ^= 1
		if _, err := Open(bad, sample().Origin, public); err == nil {
			t.Errorf("byte %d flipped: accepted", i)
		}
	}
}

func TestFollows(t *testing.T) {
	at := func(epoch, version uint64, manifest string) *Head {
		h := sample()
		h.Epoch, h.Version, h.Manifest = epoch, version, blob.Sum([]byte(manifest))
		return h
	}
	tests := []struct {
		name string
		next *Head
		want error
	}{
		{"next version", at(1, 8, "n"), nil},
		{"far version", at(1, 1<<63, "n"), nil},
		{"same again", at(1, 7, "m"), nil},
		{"same with other content", at(1, 7, "n"), ErrEquivocal},
		{"older", at(1, 6, "m"), ErrRollback},
		{"lower version of a higher epoch", at(2, 1, "n"), nil},
		{"higher version of a lower epoch", at(0, 99, "n"), ErrRollback},
	}
	for _, test := range tests {
		if err := test.next.Follows(sample()); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if err := sample().Follows(nil); err != nil {
		t.Errorf("first head: %v", err)
	}
}

// FuzzPeek checks that a text that parses is the one form of its head.
func FuzzPeek(f *testing.F) {
	secret, _ := keys(f)
	note, err := sample().Sign(secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(note)
	f.Add([]byte("a/b/head/v1\nroot 1\nepoch 1\n\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		h, err := Peek(note)
		if err != nil {
			return
		}
		if !strings.HasPrefix(string(note), h.text()+"\n") {
			t.Errorf("%q parses to %q", note, h.text())
		}
	})
}
