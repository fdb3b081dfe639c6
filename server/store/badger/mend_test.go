package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
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
