package main

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolderRanges(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "digits"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(folder{dir, 7})
	defer server.Close()
	get := func(header string) *http.Response {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/digits", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", header)
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	res := get("bytes=1-2,8-20")
	_, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || res.StatusCode != http.StatusPartialContent {
		t.Fatalf("%s, %v", res.Status, err)
	}
	parts := multipart.NewReader(res.Body, params["boundary"])
	for _, want := range []string{"12", "89"} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || string(got) != want {
			t.Errorf("part %q, %v; want %q", got, err, want)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("after the last part: %v", err)
	}
	for header, want := range map[string]bool{"bytes=6-8": false, "bytes=7-8": true} {
		if got := strings.HasPrefix(get(header).Header.Get("Content-Type"), "multipart/"); got != want {
			t.Errorf("%s: in parts %t, want %t", header, got, want)
		}
	}
	for _, header := range []string{"bytes=1-2,20-30", "bytes=2-1,3-4", "lines=1-2,3-4"} {
		if res := get(header); res.StatusCode != http.StatusRequestedRangeNotSatisfiable {
			t.Errorf("%s: %s", header, res.Status)
		}
	}
}
