package signed

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func pair(t testing.TB, name string) (secret, public string) {
	t.Helper()
	secret, public, err := GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	return secret, public
}

func TestSignOpen(t *testing.T) {
	s1, p1 := pair(t, "one")
	s2, p2 := pair(t, "two")
	note, err := Sign([]byte("a text\n"), s1)
	if err != nil {
		t.Fatal(err)
	}
	both, err := Sign(note, s2)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Sign(both, s2); err != nil || !bytes.Equal(again, both) {
		t.Errorf("signed twice by one key: %q, %v", again, err)
	}
	forged := bytes.Replace(both, []byte("a text"), []byte("a test"), 1)
	tests := []struct {
		name string
		note []byte
		keys []string
		by   int
		want error
	}{
		{"one", note, []string{p1}, 1, nil},
		{"one of two", both, []string{p2}, 1, nil},
		{"both", both, []string{p1, p2}, 2, nil},
		{"another key", note, []string{p2}, 0, ErrSignature},
		{"no keys", note, nil, 0, ErrSignature},
		{"changed text", forged, []string{p1, p2}, 0, ErrSignature},
		{"unsigned", []byte("a text\n"), []string{p1}, 0, ErrCorrupt},
		{"unsigned note", []byte("a text\n\n"), []string{p1}, 0, ErrCorrupt},
		{"bad key", note, []string{"one+00000000+AA=="}, 0, ErrKey},
	}
	for _, test := range tests {
		text, by, err := Open(test.note, test.keys...)
		if !errors.Is(err, test.want) || len(by) != test.by || err == nil && text != "a text\n" {
			t.Errorf("%s: %q by %q, %v, want %v", test.name, text, by, err, test.want)
		}
	}
	if got, err := Public(s1); err != nil || got != p1 {
		t.Errorf("Public = %q, %v, want %q", got, err, p1)
	}
	for _, bad := range []string{"", "PRIVATE+KEY+secret", p1} {
		_, err1 := Sign(note, bad)
		_, err2 := Public(bad)
		if !errors.Is(err1, ErrKey) || !errors.Is(err2, ErrKey) || strings.Contains(err1.Error()+err2.Error(), "secret+") {
			t.Errorf("secret %q: %v, %v", bad, err1, err2)
		}
	}
}

func TestParseKey(t *testing.T) {
	_, public := pair(t, "name")
	key, err := ParseKey(public)
	if err != nil || ID(public) != public[:len("name+12345678")] {
		t.Fatalf("ParseKey(%q): %v, ID %q", public, err, ID(public))
	}
	form := func(alg byte, key []byte) string {
		data := append([]byte{alg}, key...)
		return fmt.Sprintf("name+%08x+%s", hash("name", data), base64.StdEncoding.EncodeToString(data))
	}
	tests := map[string]string{
		"empty":             "",
		"no key":            "name+00000000",
		"short":             form(1, key[:31]),
		"long":              form(1, append(key[:], 0)),
		"another algorithm": form(2, key[:]),
		"hash in capitals":  strings.ToUpper(public[:13]) + public[13:],
		"another hash":      "name+00000000" + public[13:],
		"line break inside": public[:20] + "\n" + public[20:],
		"space in the name": "na me" + public[4:],
	}
	for name, bad := range tests {
		if _, err := ParseKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%s (%q): %v, want ErrKey", name, bad, err)
		}
	}
	if form(1, key[:]) != public {
		t.Errorf("the test's own form is %q, want %q", form(1, key[:]), public)
	}
}

// FuzzOpen checks that no input is too strange, and that what can be signed can
// be opened.
func FuzzOpen(f *testing.F) {
	secret, public := pair(f, "name")
	note, err := Sign([]byte("a text\n"), secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(note)
	f.Add([]byte("a\n\n— b c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		Open(data, public)
		signed, err := Sign(data, secret)
		if err != nil {
			return
		}
		if _, by, err := Open(signed, public); err == nil && len(by) != 1 {
			t.Errorf("%q signed is by %q", data, by)
		}
	})
}

// hash is the key hash of signed notes.
func hash(name string, data []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), data...))
	return binary.BigEndian.Uint32(sum[:])
}
