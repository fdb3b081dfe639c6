package root

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/signed"
)

// pair is a key with its secret.
type pair struct{ secret, public string }

func newPair(t testing.TB, name string) pair {
	t.Helper()
	secret, public, err := signed.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	return pair{secret, public}
}

var issued = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// sample returns a root of the given keys.
func sample(version uint64, threshold int, keys ...pair) *Root {
	r := &Root{Site: "maps.example", Version: version, Issued: issued, Expires: issued.Add(Life), Threshold: threshold}
	for _, k := range keys {
		r.Keys = append(r.Keys, k.public)
	}
	return r
}

// sign returns a root's note with the signatures of keys.
func sign(t testing.TB, r *Root, keys ...pair) []byte {
	t.Helper()
	note, err := r.Text()
	for _, k := range keys {
		if err == nil {
			note, err = signed.Sign(note, k.secret)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func TestNext(t *testing.T) {
	a, b, c, d := newPair(t, "a"), newPair(t, "b"), newPair(t, "c"), newPair(t, "d")
	one, err := Open(sign(t, sample(1, 2, a, b), a, b))
	if err != nil {
		t.Fatal(err)
	}
	two := sample(2, 2, b, c, d)
	other := sample(2, 2, b, c, d)
	other.Site = "else.example"
	twice := append(sign(t, two, a, c, d), sign(t, two, a)[len(sign(t, two)):]...)
	forged := bytes.Replace(sign(t, two, a, b, c), []byte("threshold 2"), []byte("threshold 1"), 1)
	tests := []struct {
		name string
		note []byte
		want error
	}{
		{"signed by both", sign(t, two, a, b, c), nil},
		{"signed by all", sign(t, two, a, b, c, d), nil},
		{"signed by others too", sign(t, two, a, b, c, newPair(t, "e")), nil},
		{"by new keys only", sign(t, two, c, d), ErrSignature},
		{"by old keys only", sign(t, two, a), ErrSignature},
		{"by too few of the old", sign(t, two, b, c, d), ErrSignature},
		{"by too few of the new", sign(t, two, a, b), ErrSignature},
		{"by one old key twice", twice, ErrSignature},
		{"unsigned", sign(t, two), ErrCorrupt},
		{"changed after signing", forged, ErrSignature},
		{"the same version", sign(t, sample(1, 2, a, b), a, b), ErrOrder},
		{"a version left out", sign(t, sample(3, 2, a, b), a, b), ErrOrder},
		{"another site", sign(t, other, a, b, c), ErrOrder},
		{"too long", append(sign(t, two, a, b, c), make([]byte, MaxBytes)...), ErrCorrupt},
		{"empty", nil, ErrCorrupt},
	}
	for _, test := range tests {
		next, err := one.Next(test.note)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if err == nil && next.Version != 2 {
			t.Errorf("%s: version %d", test.name, next.Version)
		}
	}
}

func TestOpen(t *testing.T) {
	a, b := newPair(t, "a"), newPair(t, "b")
	if _, err := Open(sign(t, sample(1, 2, a, b), a)); !errors.Is(err, ErrSignature) {
		t.Errorf("one of two signatures: %v, want ErrSignature", err)
	}
	note := sign(t, sample(1, 1, a, b), b)
	r, err := Open(note)
	if err != nil || r.Site != "maps.example" || r.Threshold != 1 || len(r.Keys) != 2 {
		t.Errorf("Open = %+v, %v", r, err)
	}
	for i := range note {
		bad := bytes.Clone(note)
		bad[i] ^= 1
		if _, err := Open(bad); err == nil {
			t.Errorf("byte %d flipped: accepted", i)
		}
	}
	if Fingerprint(note) != Fingerprint(sign(t, sample(1, 1, a, b), a, b)) || len(Fingerprint(note)) != 39 {
		t.Errorf("the fingerprint depends on the signatures: %s", Fingerprint(note))
	}
}

// TestForm checks each rule about the lines of a root.
func TestForm(t *testing.T) {
	a, b, c, d := newPair(t, "a"), newPair(t, "b"), newPair(t, "c"), newPair(t, "d")
	key, err := signed.ParseKey(a.public)
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := note.NewEd25519VerifierKey("z", key[:])
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(r *Root)
		good   bool
	}{
		{"as it is", func(*Root) {}, true},
		{"no head keys", func(r *Root) { r.Heads = nil }, true},
		{"two keys of a region", func(r *Root) { r.Heads = append(r.Heads, HeadKey{"alps", 3, 9, d.public}) }, true},
		{"two epochs of a region", func(r *Root) { r.Heads = append(r.Heads, HeadKey{"alps", 4, 0, d.public}) }, false},
		{"epoch 0", func(r *Root) { r.Heads[0].Epoch = 0 }, false},
		{"bad region", func(r *Root) { r.Heads[0].Region = "Alps" }, false},
		{"version 0", func(r *Root) { r.Version = 0 }, false},
		{"threshold 0", func(r *Root) { r.Threshold = 0 }, false},
		{"threshold of all", func(r *Root) { r.Threshold = 2 }, true},
		{"threshold over all", func(r *Root) { r.Threshold = 3 }, false},
		{"no keys", func(r *Root) { r.Keys, r.Threshold = nil, 0 }, false},
		{"no site", func(r *Root) { r.Site = "" }, false},
		{"space in the site", func(r *Root) { r.Site = "a b" }, false},
		{"expired when issued", func(r *Root) { r.Expires = r.Issued }, false},
		{"one key twice", func(r *Root) { r.Keys = append(r.Keys, a.public) }, false},
		{"one key under two names", func(r *Root) { r.Keys = append(r.Keys, renamed) }, false},
		{"a root key that signs heads", func(r *Root) { r.Heads[0].Key = b.public }, false},
		{"short key", func(r *Root) { r.Keys[0] = "a+00000000+AQ==" }, false},
		{"longest", func(r *Root) { r.Site = strings.Repeat("x", MaxBytes) }, false},
	}
	for _, test := range tests {
		r := sample(1, 1, a, b)
		r.Heads = []HeadKey{{"alps", 3, 0, c.public}}
		test.change(r)
		text, err := r.Text()
		if test.good != (err == nil) || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want it good: %v", test.name, err, test.good)
		}
		if err != nil {
			continue
		}
		if again, err := Peek(text); err != nil || again.text() != string(text) {
			t.Errorf("%s: %q read again: %v", test.name, text, err)
		}
	}
	text, err := sample(1, 1, a, b).Text()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"leading zero": strings.Replace(string(text), "version 1", "version 01", 1), "a line more": string(text) + "more\n",
		"no line end": strings.TrimSuffix(string(text), "\n"), "a head line of three": string(text) + "head alps 1 0\n",
		"keys out of order": string(text) + string(text[bytes.Index(text, []byte("root a")):bytes.Index(text, []byte("root b"))]),
		"other zone":        strings.Replace(string(text), "12:00:00Z", "14:00:00+02:00", 1), "huge threshold": strings.Replace(string(text), "threshold 1", "threshold 18446744073709551615", 1),
	} {
		if _, err := Peek([]byte(bad)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
}

func TestOpenHead(t *testing.T) {
	rootKey, a, b, c := newPair(t, "root"), newPair(t, "a"), newPair(t, "b"), newPair(t, "c")
	r := sample(1, 1, rootKey)
	r.Heads = []HeadKey{{"alps", 2, 0, a.public}, {"alps", 2, 10, b.public}, {"jura", 1, 0, c.public}}
	tests := []struct {
		name           string
		region         string
		epoch, version uint64
		by             pair
		want           error
	}{
		{"good", "alps", 2, 99, a, nil},
		{"at the cap", "alps", 2, 10, b, nil},
		{"over the cap", "alps", 2, 11, b, ErrScope},
		{"lower epoch", "alps", 1, 5, a, ErrScope},
		{"higher epoch", "alps", 3, 5, a, ErrScope},
		{"key of another region", "alps", 2, 5, c, head.ErrSignature},
		{"root key", "alps", 2, 5, rootKey, head.ErrSignature},
		{"head of another region", "jura", 2, 5, a, head.ErrOrigin},
	}
	for _, test := range tests {
		h := head.Head{
			Origin: head.Origin("maps.example", test.region), Root: 1, Epoch: test.epoch, Version: test.version,
			Issued: issued, Expires: issued.Add(time.Hour), Manifest: blob.Sum(nil),
		}
		note, err := h.Sign(test.by.secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.OpenHead(note, "alps"); !errors.Is(err, test.want) || err == nil && *got != h {
			t.Errorf("%s: %+v, %v, want %v", test.name, got, err, test.want)
		}
	}
	if r.Epoch("alps") != 2 || r.Epoch("none") != 0 || len(r.HeadKeys("alps")) != 2 {
		t.Errorf("alps: epoch %d, keys %v", r.Epoch("alps"), r.HeadKeys("alps"))
	}
}

// TestChain lets the head key change: what was signed before still verifies as
// installed, but only the newest root vouches for something new.
func TestChain(t *testing.T) {
	rootKey, old, fresh := newPair(t, "root"), newPair(t, "old"), newPair(t, "fresh")
	one, two := sample(1, 1, rootKey), sample(2, 1, rootKey)
	one.Heads, two.Heads = []HeadKey{{"alps", 1, 0, old.public}}, []HeadKey{{"alps", 1, 0, fresh.public}}
	notes := [][]byte{sign(t, one, rootKey), sign(t, two, rootKey)}
	c, err := OpenChain(notes)
	if err != nil || c.Newest().Version != 2 || len(c.Notes()) != 2 || c.Fingerprint() != Fingerprint(notes[0]) {
		t.Fatalf("OpenChain: %v", err)
	}
	h := head.Head{Origin: head.Origin("maps.example", "alps"), Root: 1, Epoch: 1, Version: 1, Issued: issued, Expires: issued, Manifest: blob.Sum(nil)}
	note, err := h.Sign(old.secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.OpenHead(note, "alps"); err != nil {
		t.Errorf("a head of the old key, installed: %v", err)
	}
	if _, err := c.Newest().OpenHead(note, "alps"); !errors.Is(err, head.ErrSignature) {
		t.Errorf("a head of the old key, new: %v, want ErrSignature", err)
	}
	if _, err := c.OpenHead(note, "jura"); !errors.Is(err, head.ErrSignature) {
		t.Errorf("a head of another region: %v, want ErrSignature", err)
	}
	for _, bad := range [][][]byte{nil, {notes[1], notes[0]}, {notes[0], notes[0]}, {notes[0], nil}} {
		if _, err := OpenChain(bad); err == nil {
			t.Errorf("chain of %d: accepted", len(bad))
		}
	}
}

// FuzzPeek checks that a text that parses is the one form of its root.
func FuzzPeek(f *testing.F) {
	a, b := newPair(f, "a"), newPair(f, "b")
	r := sample(1, 1, a)
	r.Heads = []HeadKey{{"alps", 1, 9, b.public}}
	f.Add(sign(f, r, a))
	f.Add([]byte("x/root/v1\nversion 1\n\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		r, err := Peek(note)
		if err != nil {
			return
		}
		if text, err := r.Text(); err != nil || !strings.HasPrefix(string(note)+"\n", string(text)) {
			t.Errorf("%q parses to %q, %v", note, text, err)
		}
	})
}

func Example() {
	secret, public, _ := signed.GenerateKey(rand.Reader, "maps.example/root")
	r := Root{Site: "maps.example", Version: 1, Issued: issued, Expires: issued.Add(Life), Threshold: 1, Keys: []string{public}}
	draft, _ := r.Text()
	note, _ := signed.Sign(draft, secret) // on a machine without a network
	opened, err := Open(note)
	fmt.Println(opened.Site, opened.Version, err)
	// Output: maps.example 1 <nil>
}
