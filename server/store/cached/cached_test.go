package cached_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/cached"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/server/store/storetest"
)

// counting counts what is opened.
type counting struct {
	store.BlobStore
	opened atomic.Int64
}

func (c *counting) Open(ctx context.Context, name string) (store.Object, error) {
	c.opened.Add(1)
	return c.BlobStore.Open(ctx, name)
}

func open(t *testing.T) (*cached.Store, *counting) {
	t.Helper()
	folder, err := localstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	c := &counting{BlobStore: folder}
	return cached.New(c, func(name string) bool { return !strings.HasPrefix(name, "v1/blobs/") }), c
}

func TestContract(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) store.BlobStore {
		s, _ := open(t)
		return s
	})
}

func read(t *testing.T, s store.BlobStore, name string) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(o)
	if err := errors.Join(err, o.Close()); err != nil {
		t.Fatal(err)
	}
	return data
}

// A file is opened once for each change, and each time for what is not kept.
func TestOpens(t *testing.T) {
	s, files := open(t)
	for round, test := range []struct {
		name string
		size int
		want int64 // files opened by three reads
	}{
		{"v1/head", 10, 1}, {"v1/head", 11, 1}, {"v1/head", cached.MaxObject, 1}, {"v1/head", cached.MaxObject + 1, 3},
		{"v1/blobs/b", 10, 3},
	} {
		data := bytes.Repeat([]byte{byte('a' + round)}, test.size)
		if err := s.Replace(t.Context(), test.name, data); err != nil {
			t.Fatal(err)
		}
		before := files.opened.Load()
		for range 3 {
			if got := read(t, s, test.name); !bytes.Equal(got, data) {
				t.Errorf("%s is not what was written last", test.name)
			}
		}
		if got := files.opened.Load() - before; got != test.want {
			t.Errorf("%s of %d bytes: %d files opened, want %d", test.name, test.size, got, test.want)
		}
	}
	read(t, s, "v1/head")
	if err := s.Delete(t.Context(), "v1/head"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "v1/head"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a deleted object gives %v", err)
	}
}

// Whatever is read meanwhile, what is read after a change is what was written.
func TestNeverStale(t *testing.T) {
	s, _ := open(t)
	const name, changes = "v1/head", 60
	var now atomic.Int64
	write := func(n int64) {
		if err := s.Replace(t.Context(), name, fmt.Appendf(nil, "%d", n)); err != nil {
			t.Error(err)
		}
		now.Store(n)
	}
	write(0)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for now.Load() < changes {
				least := now.Load()
				var got int64
				fmt.Sscan(string(read(t, s, name)), &got)
				if got < least {
					t.Errorf("read %d after %d was written", got, least)
				}
			}
		})
	}
	for n := range int64(changes) {
		write(n + 1)
	}
	readers.Wait()
}

// What is kept stays within its bound.
func TestTotal(t *testing.T) {
	s, files := open(t)
	const many = 2*cached.MaxTotal/cached.MaxObject + 3
	for i := range many {
		name := fmt.Sprintf("v1/%d", i)
		if err := s.Put(t.Context(), name, make([]byte, cached.MaxObject)); err != nil {
			t.Fatal(err)
		}
		read(t, s, name)
	}
	before := files.opened.Load()
	for i := range many {
		read(t, s, fmt.Sprintf("v1/%d", i))
	}
	if again := files.opened.Load() - before; again < many/2 {
		t.Errorf("%d of %d objects of the longest kind were opened again: more are kept than may be", again, many)
	}
}
