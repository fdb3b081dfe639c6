// Package storetest checks implementations of the store contracts. Every
// MetaStore runs Meta, every BlobStore runs Blobs, from a test of its own.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

// Meta checks a MetaStore. open opens it on the given folder, new or used
// before; the suite closes it.
func Meta(t *testing.T, open func(t *testing.T, dir string) store.MetaStore) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.MetaStore)
	}{
		{"records", records}, {"limits", limits}, {"rollback", rollback}, {"scan", scan},
		{"own writes", ownWrites}, {"slices", slices}, {"snapshot", snapshot},
		{"increments", increments}, {"conflict on get", conflictOnGet},
		{"conflict on scan", conflictOnScan}, {"guard key", guardKey}, {"context", contexts},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			c.run(t, s)
		})
	}
	t.Run("reopen", func(t *testing.T) { reopen(t, open) })
}

func records(t *testing.T, s store.MetaStore) {
	wantAbsent(t, s, "a")
	put(t, s, "a", "1")
	put(t, s, "a\x00", "2")
	put(t, s, "\xff", "")
	want(t, s, "a", "1")
	want(t, s, "a\x00", "2")
	want(t, s, "\xff", "")
	put(t, s, "a", "3")
	want(t, s, "a", "3")
	update(t, s, func(txn store.Txn) error {
		return errors.Join(txn.Delete([]byte("a")), txn.Delete([]byte("never there")))
	})
	wantAbsent(t, s, "a")
	want(t, s, "a\x00", "2")
}

func limits(t *testing.T, s store.MetaStore) {
	key := func(n int) []byte { return bytes.Repeat([]byte("k"), n) }
	for _, c := range []struct {
		name       string
		key, value int
		want       error
	}{
		{"no key", 0, 1, store.ErrBadKey},
		{"shortest key", 1, 1, nil},
		{"longest key", store.MaxKey, 1, nil},
		{"key one over", store.MaxKey + 1, 1, store.ErrBadKey},
		{"value one under", 2, store.MaxValue - 1, nil},
		{"largest value", 3, store.MaxValue, nil},
		{"value one over", 4, store.MaxValue + 1, store.ErrValueTooLarge},
	} {
		value := bytes.Repeat([]byte("v"), c.value)
		err := s.Update(t.Context(), func(txn store.Txn) error { return txn.Set(key(c.key), value) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: Set gave %v, want %v", c.name, err, c.want)
		}
		if c.want == nil {
			want(t, s, string(key(c.key)), string(value))
		}
	}
	view(t, s, func(txn store.Txn) error {
		for _, n := range []int{0, store.MaxKey + 1} {
			if _, err := txn.Get(key(n)); !errors.Is(err, store.ErrBadKey) {
				t.Errorf("Get of a key of %d bytes gave %v, want ErrBadKey", n, err)
			}
		}
		if err := txn.Set([]byte("x"), nil); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Set in a View gave %v, want ErrReadOnly", err)
		}
		if err := txn.Delete([]byte("x")); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Delete in a View gave %v, want ErrReadOnly", err)
		}
		return nil
	})
	update(t, s, func(txn store.Txn) error { return fill(txn, store.MaxUpdate/(64<<10), 64<<10) })
	update(t, s, func(txn store.Txn) error { return fill(txn, store.MaxWrites, store.MaxUpdate/store.MaxWrites) })
	err := s.Update(t.Context(), func(txn store.Txn) error { return fill(txn, 4096, store.MaxValue) })
	if !errors.Is(err, store.ErrTxnTooLarge) {
		t.Errorf("Update with 1 GiB gave %v, want ErrTxnTooLarge", err)
	}
}

// fill writes n records of size bytes, keys and values together.
func fill(txn store.Txn, n, size int) error {
	value := make([]byte, size-8)
	for i := range n {
		if err := txn.Set(fmt.Appendf(nil, "%08d", i), value); err != nil {
			return err
		}
	}
	return nil
}

func rollback(t *testing.T, s store.MetaStore) {
	put(t, s, "a", "1")
	cause := errors.New("cause")
	err := s.Update(t.Context(), func(txn store.Txn) error {
		return errors.Join(txn.Set([]byte("a"), []byte("2")), txn.Set([]byte("b"), nil), cause)
	})
	if !errors.Is(err, cause) {
		t.Errorf("Update gave %v, want the error of its function", err)
	}
	want(t, s, "a", "1")
	wantAbsent(t, s, "b")
}

func scan(t *testing.T, s store.MetaStore) {
	for _, key := range []string{"b/2", "a", "b/", "b/10", "b0", "b", "c", "b/\xff\xff"} {
		put(t, s, key, "value of "+key)
	}
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"", []string{"a", "b", "b/", "b/10", "b/2", "b/\xff\xff", "b0", "c"}},
		{"b/", []string{"b/", "b/10", "b/2", "b/\xff\xff"}},
		{"b/\xff", []string{"b/\xff\xff"}},
		{"\xff", nil},
		{"d", nil},
	} {
		view(t, s, func(txn store.Txn) error {
			if got := keys(t, txn, c.prefix); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("Scan(%q) = %q, want %q", c.prefix, got, c.want)
			}
			return nil
		})
	}
	view(t, s, func(txn store.Txn) error {
		for kv, err := range txn.Scan([]byte("b/")) {
			if err != nil {
				return err
			}
			if got, want := string(kv.Value), "value of "+string(kv.Key); got != want {
				t.Errorf("value of %q is %q, want %q", kv.Key, got, want)
			}
			if _, err := txn.Get([]byte("a")); err != nil {
				t.Errorf("Get during a Scan: %v", err)
			}
			for _, err := range txn.Scan(nil) {
				if !errors.Is(err, store.ErrScanOpen) {
					t.Errorf("Scan inside a Scan gave %v, want ErrScanOpen", err)
				}
			}
			break // ends the scan, so that the next may start
		}
		if got := keys(t, txn, "c"); len(got) != 1 {
			t.Errorf("Scan after one left early = %q", got)
		}
		return nil
	})
}

func ownWrites(t *testing.T, s store.MetaStore) {
	put(t, s, "p/1", "old")
	put(t, s, "p/2", "old")
	update(t, s, func(txn store.Txn) error {
		err := errors.Join(txn.Set([]byte("p/0"), []byte("new")), txn.Set([]byte("p/1"), []byte("new")), txn.Delete([]byte("p/2")))
		if got := keys(t, txn, "p/"); fmt.Sprint(got) != "[p/0 p/1]" {
			t.Errorf("Scan of own writes = %q", got)
		}
		if v, err := txn.Get([]byte("p/1")); err != nil || string(v) != "new" {
			t.Errorf("Get of an own write = %q, %v", v, err)
		}
		if _, err := txn.Get([]byte("p/2")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of an own deletion gave %v, want ErrNotFound", err)
		}
		for kv, scanErr := range txn.Scan([]byte("p/")) { // writing meanwhile is allowed
			err = errors.Join(err, scanErr, txn.Set(kv.Key, []byte("newer")))
		}
		return err
	})
	want(t, s, "p/1", "newer")
}

func slices(t *testing.T, s store.MetaStore) {
	key, value := []byte("key"), []byte("value")
	update(t, s, func(txn store.Txn) error {
		err := txn.Set(key, value)
		copy(key, "xxx")
		copy(value, "xxxxx")
		return err
	})
	var kept store.KV
	view(t, s, func(txn store.Txn) error {
		got, err := txn.Get([]byte("key"))
		copy(got, "xxxxx") // the caller's own
		for kv, scanErr := range txn.Scan(nil) {
			err = errors.Join(err, scanErr)
			kept = kv
		}
		return err
	})
	if string(kept.Key) != "key" || string(kept.Value) != "value" {
		t.Errorf("a record kept after its scan is %q = %q", kept.Key, kept.Value)
	}
	want(t, s, "key", "value")
}

func snapshot(t *testing.T, s store.MetaStore) {
	put(t, s, "a", "1")
	view(t, s, func(txn store.Txn) error {
		put(t, s, "a", "2")
		put(t, s, "b", "2")
		if v, err := txn.Get([]byte("a")); err != nil || string(v) != "1" {
			t.Errorf("View sees %q, %v after a later Update, want 1", v, err)
		}
		if got := keys(t, txn, ""); fmt.Sprint(got) != "[a]" {
			t.Errorf("View scans %q after a later Update, want a", got)
		}
		return nil
	})
}

func increments(t *testing.T, s store.MetaStore) {
	const workers, each = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := s.Update(t.Context(), func(txn store.Txn) error {
					return increment(txn, "counter")
				})
				if err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	want(t, s, "counter", strconv.Itoa(workers*each))
}

func increment(txn store.Txn, key string) error {
	v, err := txn.Get([]byte(key))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	n, _ := strconv.Atoi(string(v))
	return txn.Set([]byte(key), strconv.AppendInt(nil, int64(n+1), 10))
}

func contexts(t *testing.T, s store.MetaStore) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(txn store.Txn) error {
		put(t, s, "a", "other") // makes each run lose
		cancel()
		return increment(txn, "a")
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Update that was cancelled gave %v", err)
	}
	for name, call := range map[string]func(context.Context, func(store.Txn) error) error{"View": s.View, "Update": s.Update} {
		err := call(ctx, func(store.Txn) error { t.Errorf("%s ran its function after the end of its context", name); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the end of its context gave %v", name, err)
		}
	}
}

func reopen(t *testing.T, open func(*testing.T, string) store.MetaStore) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a", "1")
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := s.View(t.Context(), func(store.Txn) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View after Close gave %v, want ErrClosed", err)
	}
	if err := s.Update(t.Context(), func(store.Txn) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update after Close gave %v, want ErrClosed", err)
	}
	s = open(t, dir)
	defer s.Close()
	want(t, s, "a", "1")
}
