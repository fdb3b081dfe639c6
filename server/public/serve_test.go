package public

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve answers on a real socket until the test ends, and checks that it ends well.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, h, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// wire sends one request and returns the answer as it came over the wire.
func wire(t *testing.T, addr, request string) (headers, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\nHost: h\r\nConnection: close\r\n\r\n", request)
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	headers, body, _ = strings.Cut(string(all), "\r\n\r\n")
	return headers, body
}

// A rider's update of one POI is some 200 bytes; its headers should not be more.
func TestHeadersAreShort(t *testing.T) {
	addr := serve(t, newSite(t, nil))
	for path, limit := range map[string]int{
		alps + "/update/" + shortA: 220,
		alps + "/head":             330,
		"/v1/blobs/ab/" + hashA:    350,
	} {
		headers, _ := wire(t, addr, "GET "+path+" HTTP/1.1")
		if len(headers) > limit || !strings.HasPrefix(headers, "HTTP/1.1 200") {
			t.Errorf("%s: %d bytes of headers, at most %d:\n%s", path, len(headers), limit, headers)
		}
		for _, never := range []string{"X-", "Last-Modified", "Server", "Vary"} {
			if strings.Contains(headers, "\r\n"+never) {
				t.Errorf("%s: header %s", path, never)
			}
		}
	}
}

func TestDownload(t *testing.T) {
	addr := serve(t, newSite(t, nil))
	headers, body := wire(t, addr, "GET /v1/blobs/ab/"+hashA+" HTTP/1.1")
	if body != objects["v1/blobs/ab/"+hashA] || !strings.Contains(headers, "Content-Length: 200000") {
		t.Errorf("%d bytes with\n%s", len(body), headers)
	}
}

// kernel is a writer that stands for a connection, and sees what it is given.
type kernel struct {
	*httptest.ResponseRecorder
	pieces []int64
	files  int
}

func (k *kernel) ReadFrom(src io.Reader) (int64, error) {
	if limited, ok := src.(*io.LimitedReader); ok { // what net.sendFile looks for
		if _, ok := limited.R.(syscall.Conn); ok {
			k.files++
		}
	}
	n, err := io.Copy(k.Body, src)
	k.pieces = append(k.pieces, n)
	return n, err
}

func TestFilesReachTheKernel(t *testing.T) {
	for _, c := range []struct {
		ranges string
		pieces string
	}{
		{"", "[65536 65536 65536 3392]"},
		{"bytes=10-65545", "[65536]"},
		{"bytes=10-65546", "[65536 1]"},
		{"bytes=199999-", "[1]"},
	} {
		k := &kernel{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("GET", "/v1/blobs/ab/"+hashA, nil)
		if c.ranges != "" {
			r.Header.Set("Range", c.ranges)
		}
		newSite(t, nil).ServeHTTP(k, r)
		if fmt.Sprint(k.pieces) != c.pieces || k.files != len(k.pieces) {
			t.Errorf("range %q: pieces %v, %d as files; want %s", c.ranges, k.pieces, k.files, c.pieces)
		}
	}
}

func TestRecorderUnwraps(t *testing.T) {
	var w http.ResponseWriter = &recorder{ResponseWriter: httptest.NewRecorder()}
	if _, ok := w.(io.ReaderFrom); !ok {
		t.Error("no io.ReaderFrom: files would be copied through memory")
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.Errorf("Flush through the recorder: %v", err)
	}
}

type endless struct{ done chan error }

func (e endless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for p := make([]byte, 1<<20); ; {
		if _, err := w.Write(p); err != nil {
			e.done <- err
			return
		}
	}
}

func TestStalledConnectionEnds(t *testing.T) {
	e := endless{make(chan error, 1)}
	addr := serve(t, AccessLog(slog.New(slog.DiscardHandler), 50*time.Millisecond, e))
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	var timeout net.Error
	if err := <-e.done; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a client that reads nothing ended with %v, want a timeout", err)
	}
}

func TestGracefulStop(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan bool)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-ctx.Done()
		io.WriteString(w, "to the end")
	})
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, h, slog.New(slog.DiscardHandler)) }()
	go func() { <-started; cancel() }()
	_, body := wire(t, ln.Addr().String(), "GET / HTTP/1.1")
	if err := <-ended; err != nil || body != "to the end" {
		t.Errorf("Serve ended with %v after %q", err, body)
	}
}

func TestAccessLog(t *testing.T) {
	var log bytes.Buffer
	h := newSite(t, func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	ask(h, "GET", alps+"/head?token=secret", "Authorization", "secret", "User-Agent", "secret")
	ask(h, "GET", "/v1/%0a{%22forged%22:1}")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2: %s", len(lines), log.String())
	}
	for _, want := range []string{`"method":"GET"`, `"path":"` + alps + `/head"`, `"status":200`, `"bytes":12`, `"took":`} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("line %s lacks %s", lines[0], want)
		}
	}
	if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("logged too much: %s", log.String())
	}
}

func BenchmarkDownload(b *testing.B) {
	for _, path := range []string{"/v1/blobs/ab/" + hashA, alps + "/head"} {
		b.Run(path[:12], func(b *testing.B) {
			addr := serve(b, newSite(b, nil))
			for b.Loop() {
				resp, err := http.Get("http://" + addr + path)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(n)
				resp.Body.Close()
			}
		})
	}
}
