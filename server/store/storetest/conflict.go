package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

// Each of these lets another Update in between the first run's reads and its
// commit, and counts the runs: what was read and changed must be read again.

func conflictOnGet(t *testing.T, s store.MetaStore) {
	put(t, s, "a", "1")
	for _, key := range []string{"a", "absent"} {
		runs := 0
		update(t, s, func(txn store.Txn) error {
			runs++
			_, err := txn.Get([]byte(key))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if runs == 1 {
				put(t, s, key, "2")
			}
			return txn.Set([]byte("b"), nil)
		})
		if runs != 2 {
			t.Errorf("%d runs after a change of %q, which the first had read; want 2", runs, key)
		}
	}
}

func conflictOnScan(t *testing.T, s store.MetaStore) {
	for _, change := range []string{"set", "delete"} {
		put(t, s, "p/1", "1")
		put(t, s, "p/2", "1")
		runs := 0
		update(t, s, func(txn store.Txn) error {
			runs++
			keys(t, txn, "p/")
			if runs == 1 {
				update(t, s, func(txn store.Txn) error {
					if change == "delete" {
						return txn.Delete([]byte("p/2"))
					}
					return txn.Set([]byte("p/2"), []byte("2"))
				})
			}
			return txn.Set([]byte("sum"), nil)
		})
		if runs != 2 {
			t.Errorf("%d runs after a %s of a key that the first had scanned; want 2", runs, change)
		}
	}
}

// guardKey shows what the contract asks for where phantoms matter.
func guardKey(t *testing.T, s store.MetaStore) {
	insertFirst := func(txn store.Txn, key string) error {
		if _, err := txn.Get([]byte("guard")); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if len(keys(t, txn, "p/")) > 0 {
			return nil
		}
		return errors.Join(txn.Set([]byte("guard"), []byte(key)), txn.Set([]byte(key), nil))
	}
	runs := 0
	update(t, s, func(txn store.Txn) error {
		if runs++; runs == 1 {
			err := insertFirst(txn, "p/1")
			update(t, s, func(txn store.Txn) error { return insertFirst(txn, "p/2") })
			return err
		}
		return insertFirst(txn, "p/1")
	})
	view(t, s, func(txn store.Txn) error {
		if got := keys(t, txn, "p/"); fmt.Sprint(got) != "[p/2]" {
			t.Errorf("two that each insert the only key, with a guard, left %q", got)
		}
		return nil
	})
}

func update(t *testing.T, s store.MetaStore, fn func(store.Txn) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s store.MetaStore, fn func(store.Txn) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func put(t *testing.T, s store.MetaStore, key, value string) {
	t.Helper()
	update(t, s, func(txn store.Txn) error { return txn.Set([]byte(key), []byte(value)) })
}

func want(t *testing.T, s store.MetaStore, key, value string) {
	t.Helper()
	view(t, s, func(txn store.Txn) error {
		if got, err := txn.Get([]byte(key)); err != nil || string(got) != value {
			t.Errorf("Get(%.20q) = %.20q, %v; want %.20q", key, got, err, value)
		}
		return nil
	})
}

func wantAbsent(t *testing.T, s store.MetaStore, key string) {
	t.Helper()
	view(t, s, func(txn store.Txn) error {
		if got, err := txn.Get([]byte(key)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get(%.20q) = %.20q, %v; want ErrNotFound", key, got, err)
		}
		return nil
	})
}

func keys(t *testing.T, txn store.Txn, prefix string) []string {
	t.Helper()
	var all []string
	for kv, err := range txn.Scan([]byte(prefix)) {
		if err != nil {
			t.Fatalf("Scan(%q): %v", prefix, err)
		}
		all = append(all, string(kv.Key))
	}
	return all
}
