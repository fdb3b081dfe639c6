package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

// A store is rewritten at opening when many tables have gathered. What was
// overwritten and deleted stays so.
func TestRewriteAtOpening(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 100)
	s := open(t, dir, nil)
	err := s.Update(t.Context(), func(txn store.Txn) error {
		return errors.Join(txn.Delete([]byte("a000007")), txn.Set([]byte("b000007"), []byte("new")))
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"new-123", "0"} { // of processes that were killed
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"2", "2", "3"} {
		tables := 2
		if want == "3" {
			write(t, dir, 1)
			tables = 1
		}
		if s, err = Open(dir, Options{Tables: tables, Log: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
		if a, b := count(t, s, "a"), count(t, s, "b"); b-a != 1 || a < 99 {
			t.Errorf("%d and %d records, want one of them to be deleted", a, b)
		}
		err := s.View(t.Context(), func(txn store.Txn) error {
			v, err := txn.Get([]byte("b000007"))
			if string(v) != "new" {
				t.Errorf("the overwritten record is %q", v)
			}
			return err
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Error(err)
		}
		if names := list(t, dir); len(names) != 1 || names[0] != want {
			t.Errorf("the folder holds %v, want %s", names, want)
		}
	}
}

// It is rewritten while many write and read, when there is a moment's rest.
func TestRewriteMeanwhile(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{Tables: 1, Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	const writers, updates = 4, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range updates {
				key := fmt.Appendf(nil, "a%d/%d", w, i)
				err := s.Update(t.Context(), func(txn store.Txn) error { return txn.Set(key, make([]byte, 200_000)) })
				if err != nil {
					t.Error(err)
					return
				}
				err = s.View(t.Context(), func(txn store.Txn) error {
					v, err := txn.Get(key)
					if len(v) != 200_000 {
						t.Errorf("%s has %d bytes", key, len(v))
					}
					return err
				})
				if err != nil {
					t.Errorf("read %s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	if s.generation < 2 {
		t.Errorf("generation %d after %d MB", s.generation, writers*updates/5)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir, nil); count(t, s, "a") != writers*updates {
		t.Errorf("%d records, want %d", count(t, s, "a"), writers*updates)
	}
}

// A store that cannot be rewritten goes on as it was.
func TestRewriteFails(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, 10)
	s, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.mu.Lock()
	s.dir = filepath.Join(dir, "absent")
	err = s.rewrite()
	s.dir = dir
	s.mu.Unlock()
	if err != nil || s.generation != 1 || s.again != 17 {
		t.Errorf("generation %d, the next at %d tables, %v", s.generation, s.again, err)
	}
	add(t, s, 10)
	if count(t, s, "a") != 20 {
		t.Error("records are gone")
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
