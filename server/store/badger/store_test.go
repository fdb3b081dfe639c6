package badgerstore

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/storetest"
)

func open(t *testing.T, dir string, fatal func(error)) *Store {
	t.Helper()
	s, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler), Fatal: fatal})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// write adds n pairs of records to a store, and closes it, which makes a table.
func write(t *testing.T, dir string, n int) {
	t.Helper()
	s := open(t, dir, nil)
	add(t, s, n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, s *Store, n int) {
	t.Helper()
	from := count(t, s, "b")
	for i := range n {
		if err := s.Update(t.Context(), func(txn store.Txn) error { return pair(txn, from+i, 1000) }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestContract(t *testing.T) {
	storetest.Meta(t, func(t *testing.T, dir string) store.MetaStore {
		return open(t, dir, func(err error) { t.Errorf("fatal: %v", err) })
	})
}

func TestLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if _, err := Open(dir, Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("second Open gave %v, want ErrLocked", err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	open(t, dir, nil)
}

// While the store goes over to its next generation there is one that Badger has
// not locked yet: who opens the store in that moment must not get hold of it.
func TestLockedBetweenGenerations(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	if err := makeGeneration(dir, 2, create); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open gave %v, want ErrLocked", err)
	}
	if names := list(t, dir); len(names) != 2 {
		t.Errorf("the folder holds %v", names)
	}
}

// Phantoms are what the contract warns of. Should Badger begin to see them, the
// warning can go.
func TestPhantom(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	insertFirst := func(txn store.Txn, key string) error {
		for range txn.Scan([]byte("p/")) {
			return nil
		}
		return txn.Set([]byte(key), nil)
	}
	inner := false
	err := s.Update(t.Context(), func(txn store.Txn) error {
		err := insertFirst(txn, "p/1")
		if !inner {
			inner = true
			err = errors.Join(err, s.Update(t.Context(), func(txn store.Txn) error { return insertFirst(txn, "p/2") }))
		}
		return err
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	n := 0
	s.View(t.Context(), func(txn store.Txn) error {
		for range txn.Scan([]byte("p/")) {
			n++
		}
		return nil
	})
	if n != 2 {
		t.Errorf("%d records, Badger used to let both in", n)
	}
}

func TestCommitErrorStops(t *testing.T) {
	var got []error
	s := open(t, t.TempDir(), func(err error) { got = append(got, err) })
	s.db.Close() // behind the store's back: the commit must fail
	set := func() error {
		return s.Update(t.Context(), func(txn store.Txn) error { return txn.Set([]byte("a"), nil) })
	}
	if err := set(); err == nil {
		t.Error("Update succeeded on a closed database")
	}
	if len(got) != 1 {
		t.Errorf("Fatal was told %q, want one error", got)
	}
	if err := set(); !errors.Is(err, store.ErrClosed) || len(got) != 1 {
		t.Errorf("the next Update gave %v (Fatal %d times), want ErrClosed", err, len(got))
	}
}

func TestErrorLineStops(t *testing.T) {
	var got error
	s := open(t, t.TempDir(), func(err error) { got = err })
	s.stop.Warningf("only a %s", "warning")
	if got != nil {
		t.Errorf("a warning was fatal: %v", got)
	}
	s.stop.Errorf("writeRequests: %v\n", "no space left")
	if got == nil || got.Error() != "writeRequests: no space left" {
		t.Errorf("Fatal was told %v", got)
	}
}

// Badger would open without the table and lose what is in it.
func TestCorruptTable(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	for i := range 20 {
		err := s.Update(t.Context(), func(txn store.Txn) error {
			return txn.Set([]byte{'k', byte(i)}, []byte(strings.Repeat("value", 1000)))
		})
		if err != nil {
			t.Fatalf("Update: %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	tables, _ := filepath.Glob(filepath.Join(dir, "1", "*.sst"))
	if len(tables) == 0 {
		t.Fatal("no table was written")
	}
	raw, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	raw[10] ^= 0xff
	if err := os.WriteFile(tables[0], raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("Open with a damaged table gave %v, want ErrCorrupt", err)
		if err == nil {
			s.Close()
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	s, err := Open(b.TempDir(), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	value := make([]byte, 300)
	for i := 0; b.Loop(); i++ {
		err := s.Update(b.Context(), func(txn store.Txn) error {
			return txn.Set([]byte{byte(i), byte(i >> 8), byte(i >> 16)}, value)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
