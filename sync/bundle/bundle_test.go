package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

func sample(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w := NewWriter(&file)
	for i := range 3 {
		if err := w.Add(fmt.Sprintf("v1/blobs/%02d", i), bytes.Repeat([]byte{byte(i)}, i*100)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestReadLikeAServer(t *testing.T) {
	data := sample(t)
	b, err := New(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: b}
	tests := []struct {
		path, rangeHeader string
		status            int
		length            int
	}{
		{"v1/blobs/02", "", 200, 200},
		{"v1/blobs/02", "bytes=150-", 206, 50},
		{"v1/blobs/00", "", 200, 0},
		{"v1/blobs/03", "", 404, 0},
		{"v1/regions/x/update/0", "", 404, 0},
	}
	for _, test := range tests {
		req, err := http.NewRequest(http.MethodGet, "http://bundle/"+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.rangeHeader != "" {
			req.Header.Set("Range", test.rangeHeader)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != test.status || len(body) != test.length {
			t.Errorf("%s %s: status %d, %d bytes, %v; want %d, %d", test.path, test.rangeHeader, res.StatusCode, len(body), err, test.status, test.length)
		}
	}
	if got := b.Names(); len(got) != 3 || got[2] != "v1/blobs/02" {
		t.Errorf("Names = %q", got)
	}
}

func TestRefused(t *testing.T) {
	data := sample(t)
	for n := range data {
		if _, err := New(bytes.NewReader(data[:n]), int64(n)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("first %d bytes: %v, want ErrCorrupt", n, err)
		}
	}
	long := append(bytes.Clone(data), 0)
	if _, err := New(bytes.NewReader(long), int64(len(long))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v, want ErrCorrupt", err)
	}
	newer := bytes.Clone(data)
	newer[4] = 2
	if _, err := New(bytes.NewReader(newer), int64(len(newer))); !errors.Is(err, ErrTooNew) {
		t.Errorf("format 2: %v, want ErrTooNew", err)
	}
	w := NewWriter(io.Discard)
	for _, name := range []string{"", "v2/x", "v1/../x", "v1//x", "/v1/x"} {
		if err := w.Add(name, nil); err == nil {
			t.Errorf("Add(%q): no error", name)
		}
	}
	if err := errors.Join(w.Add("v1/a", nil), w.Add("v1/a", nil)); err == nil {
		t.Error("the same name twice: no error")
	}
}

// FuzzNew checks that hostile files neither panic nor name objects outside them.
func FuzzNew(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte(magic + "\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := New(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for name, s := range b.objects {
			if s.at < 0 || s.length < 0 || s.at+s.length > int64(len(data)) {
				t.Errorf("%s lies at %d, %d bytes, in a file of %d", name, s.at, s.length, len(data))
			}
		}
	})
}
