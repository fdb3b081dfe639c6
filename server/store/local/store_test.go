package localstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/storetest"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) store.BlobStore { return open(t, t.TempDir()) })
}

// Two processes on one folder are two stores.
func TestTwoStores(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	if err := a.Put(t.Context(), "x/y", []byte("a")); err != nil {
		t.Fatalf("Put: %v", err)
	}
	if err := b.Put(t.Context(), "x/y", []byte("b")); !errors.Is(err, store.ErrExists) {
		t.Errorf("Put of the other store gave %v, want ErrExists", err)
	}
	if err := b.Put(t.Context(), "x/y", []byte("a")); err != nil {
		t.Errorf("Put of the same bytes by the other store: %v", err)
	}
}

func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Put(t.Context(), "kept", []byte("x")); err != nil {
		t.Fatalf("Put: %v", err)
	}
	now := time.Now()
	for name, age := range map[string]time.Duration{"old": tempAge + time.Hour, "young": tempAge - time.Hour} {
		path := filepath.Join(dir, tempDir, name)
		if err := errors.Join(os.WriteFile(path, []byte("half"), 0o600), os.Chtimes(path, now, now.Add(-age))); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir)
	if got := temps(t, dir); len(got) != 1 || got[0] != "young" {
		t.Errorf("temporary files after opening: %q, want the young one", got)
	}
	for name, err := range s.List(t.Context(), "") {
		if err != nil || name != "kept" {
			t.Errorf("List = %q, %v", name, err)
		}
	}
}

func TestFull(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		dir := t.TempDir()
		s := open(t, dir)
		if err := s.Replace(t.Context(), "v1/head", []byte("old")); err != nil {
			t.Fatalf("Replace: %v", err)
		}
		s.write = func(f *os.File, data []byte) (int, error) {
			n, _ := f.Write(data[:len(data)/2])
			return n, &fs.PathError{Op: "write", Path: f.Name(), Err: cause}
		}
		for call, err := range map[string]error{
			"Put":     s.Put(t.Context(), "v1/blobs/new", make([]byte, 10_000)),
			"Replace": s.Replace(t.Context(), "v1/head", make([]byte, 10_000)),
		} {
			if !errors.Is(err, store.ErrFull) {
				t.Errorf("%s on a full disk gave %v, want ErrFull", call, err)
			}
		}
		if got := temps(t, dir); len(got) > 0 {
			t.Errorf("left behind: %q", got)
		}
		if _, err := s.Open(t.Context(), "v1/blobs/new"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half an object: %v", err)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, "v1/head")); string(got) != "old" {
			t.Errorf("head is %q, want the old one", got)
		}
	}
}

func TestFolderAndObject(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.Put(t.Context(), "a/b", []byte("x")); err != nil {
		t.Fatalf("Put: %v", err)
	}
	for _, name := range []string{"a", "a/b/c"} {
		if err := s.Put(t.Context(), name, []byte("x")); !errors.Is(err, store.ErrBadName) {
			t.Errorf("Put(%q) gave %v, want ErrBadName", name, err)
		}
		if err := s.Replace(t.Context(), name, []byte("x")); !errors.Is(err, store.ErrBadName) {
			t.Errorf("Replace(%q) gave %v, want ErrBadName", name, err)
		}
		if _, err := s.Open(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) gave %v, want fs.ErrNotExist", name, err)
		}
	}
}

// A link out of the folder, planted by someone else, leads nowhere.
func TestLinkOut(t *testing.T) {
	dir, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(secret, []byte("s"), 0o600), os.Symlink(secret, filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if o, err := s.Open(t.Context(), "link"); err == nil {
		o.Close()
		t.Error("Open followed a link out of the folder")
	}
}

func temps(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, tempDir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, 100_000)
	b.SetBytes(int64(len(data)))
	for i := 0; b.Loop(); i++ {
		if err := s.Put(b.Context(), fmt.Sprintf("v1/blobs/%02x/%d", i%256, i), data); err != nil {
			b.Fatal(err)
		}
	}
}
