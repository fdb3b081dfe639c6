package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

// A store opens over log files that got no length, and leaves those of a running
// process alone.
func TestRemoveEmpty(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if err := s.Update(t.Context(), func(txn store.Txn) error { return txn.Set([]byte("a"), []byte("1")) }); err != nil {
		t.Fatal(err)
	}
	names := []string{filepath.Join(dir, "1", "00099.mem"), filepath.Join(dir, "1", "000099.vlog")}
	for _, name := range names {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("open twice: %v", err)
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("an open store lost a file: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir, nil); count(t, s, "a") != 1 {
		t.Error("the record is gone")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOldLayout refuses a store whose files lie where generations lie now, and
// takes it once they are where the message says.
func TestOldLayout(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if err := s.Update(t.Context(), func(txn store.Txn) error { return txn.Set([]byte("k"), []byte("v")) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "1")
	files, err := os.ReadDir(inside)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(inside, f.Name()), filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(inside); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), inside) {
		t.Fatalf("an old store: %v", err)
	}
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(dir, f.Name()), filepath.Join(inside, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, nil)
	defer s.Close()
	if err := s.View(t.Context(), func(txn store.Txn) error { _, err := txn.Get([]byte("k")); return err }); err != nil {
		t.Error(err)
	}
}
