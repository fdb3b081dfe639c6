package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// TestRotateKey checks that a key verifies what it has signed until that has run
// out, also on another server, and not a second longer.
func TestRotateKey(t *testing.T) {
	s, login := newLogin(t)
	other := s.open(cheap)
	defer other.Close()
	if _, err := other.Authenticate(t.Context(), login.Access); err != nil {
		t.Fatal(err)
	}
	id, err := s.RotateKey(t.Context(), false)
	s.must(err)
	if _, err := other.Authenticate(t.Context(), login.Access); err != nil {
		t.Errorf("the old key stopped at once: %v", err)
	}
	fresh, err := other.Login(t.Context(), home, "somebody@maps.example", password)
	s.must(err)
	s.good(fresh.Access, true)
	keys, err := other.PublicKeys(t.Context())
	if err != nil || len(keys) != 2 || keys[0].ID != id {
		t.Errorf("keys %+v, %v", keys, err)
	}
	old := s.keys.Load().list[1]
	s.wait(AccessLife + leeway)
	if old.verifies(s.time()) {
		t.Error("the old key verifies still")
	}
	keys, err = s.PublicKeys(t.Context())
	if err != nil || len(keys) != 1 {
		t.Errorf("keys %+v, %v", keys, err)
	}
	if _, err = s.RotateKey(t.Context(), false); err != nil || strings.Contains(s.dump(), old.ID) {
		t.Errorf("the old key is kept, %v", err)
	}
}

// TestRotateKeyOften rotates faster than tokens run out.
func TestRotateKeyOften(t *testing.T) {
	s := newSite(t)
	for range maxKeys - 1 {
		_, err := s.RotateKey(t.Context(), false)
		s.must(err)
	}
	_, err := s.RotateKey(t.Context(), false)
	s.want(err, ErrLimit)
	if _, err = s.RotateKey(t.Context(), true); err != nil {
		t.Error(err)
	}
	if keys, err := s.PublicKeys(t.Context()); err != nil || len(keys) != 1 {
		t.Errorf("keys %+v, %v", keys, err)
	}
	s.wait(time.Hour)
	if _, err = s.RotateKey(t.Context(), false); err != nil {
		t.Error(err)
	}
}

// dump is all that the store keeps.
func (s *site) dump() string {
	s.Helper()
	var b strings.Builder
	s.must(s.store.View(s.Context(), func(txn store.Txn) error {
		for kv, err := range txn.Scan([]byte("auth/")) {
			if err != nil {
				return err
			}
			b.Write(kv.Key)
			b.WriteByte(' ')
			b.Write(kv.Value)
		}
		return nil
	}))
	return b.String()
}
