package badgerstore

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

// A full disk stops writing, not reading, and what was acknowledged before is
// there when there is room again.
func TestFull(t *testing.T) {
	const dirEnv = "BADGERSTORE_FULL_DIR"
	if dir := os.Getenv(dirEnv); dir != "" { // the process that meets the full disk
		s := open(t, dir, nil)
		put := func() error {
			return s.Update(t.Context(), func(txn store.Txn) error { return txn.Set([]byte("k"), []byte("v")) })
		}
		if err := put(); err != nil {
			t.Fatalf("Update: %v", err)
		}
		full := true
		s.room = func() error {
			if full {
				return store.ErrFull
			}
			return nil
		}
		if err := put(); !errors.Is(err, store.ErrFull) {
			t.Errorf("Update on a full disk gave %v, want ErrFull", err)
		}
		wantValue(t, s)
		full = false
		if err := put(); err != nil {
			t.Errorf("Update with room again: %v", err)
		}
		full = true
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFull$")
	cmd.Env = append(os.Environ(), dirEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the first process: %v\n%s", err, out)
	}
	wantValue(t, open(t, dir, nil))
}

func wantValue(t *testing.T, s *Store) {
	t.Helper()
	err := s.View(t.Context(), func(txn store.Txn) error {
		v, err := txn.Get([]byte("k"))
		if err == nil && string(v) != "v" {
			t.Errorf("value is %q", v)
		}
		return err
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
}
