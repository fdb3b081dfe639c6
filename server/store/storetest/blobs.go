package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// Blobs checks a BlobStore. open opens an empty one and closes it after the test.
func Blobs(t *testing.T, open func(t *testing.T) store.BlobStore) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.BlobStore)
	}{
		{"put", blobPut}, {"replace", blobReplace}, {"delete", blobDelete}, {"read", blobRead},
		{"names", blobNames}, {"list", blobList}, {"put race", blobPutRace},
		{"replace race", blobReplaceRace}, {"context", blobContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func blobPut(t *testing.T, s store.BlobStore) {
	for _, name := range []string{"a", "v1/blobs/00/" + strings.Repeat("0", 64), "empty"} {
		data := []byte("content of " + name)
		if name == "empty" {
			data = nil
		}
		for _, again := range []string{"first", "again"} {
			if err := s.Put(t.Context(), name, data); err != nil {
				t.Fatalf("Put(%q) %s: %v", name, again, err)
			}
		}
		for _, other := range []string{"other", "content of " + name + "!", strings.Repeat("x", len(data)) + "x"} {
			if err := s.Put(t.Context(), name, []byte(other)); !errors.Is(err, store.ErrExists) {
				t.Errorf("Put(%q) with other bytes gave %v, want ErrExists", name, err)
			}
		}
		wantBlob(t, s, name, string(data))
	}
	same := bytes.ToUpper([]byte("content of a")) // same length, other bytes
	if err := s.Put(t.Context(), "a", same); !errors.Is(err, store.ErrExists) {
		t.Errorf("Put with other bytes of the same length gave %v, want ErrExists", err)
	}
}

func blobReplace(t *testing.T, s store.BlobStore) {
	for _, data := range []string{"first", "second, longer", "3"} {
		if err := s.Replace(t.Context(), "v1/head", []byte(data)); err != nil {
			t.Fatalf("Replace: %v", err)
		}
		wantBlob(t, s, "v1/head", data)
	}
}

func blobDelete(t *testing.T, s store.BlobStore) {
	put := func() {
		if err := s.Put(t.Context(), "a/b", []byte("1")); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	put()
	o, err := s.Open(t.Context(), "a/b")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer o.Close()
	for _, name := range []string{"a/b", "a/b", "never/there"} {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Errorf("Delete(%q): %v", name, err)
		}
	}
	wantNoBlob(t, s, "a/b")
	if got, err := io.ReadAll(o); err != nil || string(got) != "1" {
		t.Errorf("an object deleted while open reads %q, %v", got, err)
	}
	put()
	wantBlob(t, s, "a/b", "1")
}

func blobRead(t *testing.T, s store.BlobStore) {
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(i * 7)
	}
	before := time.Now().Add(-time.Minute)
	if err := s.Put(t.Context(), "data", data); err != nil {
		t.Fatalf("Put: %v", err)
	}
	o, err := s.Open(t.Context(), "data")
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer o.Close()
	if o.Size() != int64(len(data)) || o.ModTime().Before(before) {
		t.Errorf("Size %d, ModTime %v", o.Size(), o.ModTime())
	}
	for _, r := range []struct{ from, n int }{{0, 1}, {99_999, 1}, {50_000, 1000}, {0, 100_000}, {100_000, 0}} {
		if _, err := o.Seek(int64(r.from), io.SeekStart); err != nil {
			t.Fatalf("Seek(%d): %v", r.from, err)
		}
		got, err := io.ReadAll(io.LimitReader(o, int64(r.n)))
		if err != nil || !bytes.Equal(got, data[r.from:r.from+r.n]) {
			t.Errorf("range %d+%d reads %d bytes, %v", r.from, r.n, len(got), err)
		}
	}
	if end, err := o.Seek(0, io.SeekEnd); err != nil || end != o.Size() {
		t.Errorf("Seek to the end = %d, %v", end, err)
	}
}

func blobNames(t *testing.T, s store.BlobStore) {
	long := strings.Repeat("s", store.MaxSegment)
	for name, ok := range map[string]bool{
		"": false, "/": false, "/a": false, "a/": false, "a//b": false, ".": false, "..": false,
		"../a": false, "a/../b": false, "a/..": false, "./a": false, ".tmp": false, "a/.hidden": false,
		"A": false, "a b": false, "a\x00": false, "a\\b": false, "ä": false, "a:b": false, "%2e": false,
		"a": true, "a..b": true, "0-_.z": true, long: true, long + "s": false,
		strings.Repeat(long[1:]+"/", 3) + long: true, strings.Repeat(long+"/", 3) + long: true,
		strings.Repeat(long+"/", 4) + "a": false,
	} {
		want := error(nil)
		if len(name) > store.MaxName || !ok {
			want = store.ErrBadName
		}
		if err := s.Put(t.Context(), name, []byte("x")); !errors.Is(err, want) {
			t.Errorf("Put(%q) gave %v, want %v", name, err, want)
		}
		if want == nil {
			continue
		}
		_, openErr := s.Open(t.Context(), name)
		for call, err := range map[string]error{
			"Replace": s.Replace(t.Context(), name, nil), "Delete": s.Delete(t.Context(), name), "Open": openErr,
		} {
			if !errors.Is(err, want) {
				t.Errorf("%s(%q) gave %v, want %v", call, name, err, want)
			}
		}
	}
	for _, prefix := range []string{"/", "..", "../", "a/../", "A", ".tmp/"} {
		for name, err := range s.List(t.Context(), prefix) {
			if !errors.Is(err, store.ErrBadName) {
				t.Errorf("List(%q) = %q, %v; want ErrBadName", prefix, name, err)
			}
		}
	}
}

func blobList(t *testing.T, s store.BlobStore) {
	// By whole names '-' and '.' come before '/', and '0' after.
	all := []string{"r/alps-east/head", "r/alps.old/head", "r/alps/deltas/1-2", "r/alps/deltas/1-3",
		"r/alps/head", "r/alps/history.json", "r/alps0/head", "r/b", "top"}
	for i := range all {
		if err := s.Put(t.Context(), all[(i*5)%len(all)], []byte("x")); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	for _, prefix := range []string{"", "r/", "r", "r/alps", "r/alps/", "r/alps/h", "r/alps/deltas/1-", "r/b", "r/b/", "top", "zz", "zz/y/"} {
		var want []string
		for _, name := range all {
			if strings.HasPrefix(name, prefix) {
				want = append(want, name)
			}
		}
		if got := list(t, s, prefix); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
	for name, err := range s.List(t.Context(), "r/") {
		if err != nil || name != all[0] {
			t.Errorf("List begins with %q, %v", name, err)
		}
		break
	}
}

func blobContext(t *testing.T, s store.BlobStore) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, openErr := s.Open(ctx, "a")
	var listErr error
	for _, listErr = range s.List(ctx, "") {
	}
	for call, err := range map[string]error{
		"Put": s.Put(ctx, "a", nil), "Replace": s.Replace(ctx, "a", nil),
		"Delete": s.Delete(ctx, "a"), "Open": openErr, "List": listErr,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the end of its context gave %v", call, err)
		}
	}
	wantNoBlob(t, s, "a")
}

func list(t *testing.T, s store.BlobStore, prefix string) []string {
	t.Helper()
	var names []string
	for name, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		names = append(names, name)
	}
	return names
}

// read may be called by several goroutines, so it never ends the test.
func read(t *testing.T, s store.BlobStore, name string) string {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err != nil {
		t.Errorf("Open(%q): %v", name, err)
		return ""
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Errorf("read %q: %v", name, err)
	}
	return string(got)
}

func wantBlob(t *testing.T, s store.BlobStore, name, want string) {
	t.Helper()
	if got := read(t, s, name); got != want {
		t.Errorf("%q holds %.20q, want %.20q", name, got, want)
	}
}

func wantNoBlob(t *testing.T, s store.BlobStore, name string) {
	t.Helper()
	if _, err := s.Open(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open(%q) gave %v, want fs.ErrNotExist", name, err)
	}
}
