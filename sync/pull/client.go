package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/site"
)

// Errors of the network.
var (
	ErrNotFound = fmt.Errorf("not on the server: %w", fs.ErrNotExist)
	ErrPortal   = errors.New("the answer is a web page: is this network asking for a login?")
	ErrLength   = errors.New("the server sent another length than expected")
	ErrStalled  = errors.New("the connection stalled")
	ErrServer   = errors.New("the server has a problem")
)

// errNoRanges tells that the server sends objects whole only.
var errNoRanges = errors.New("the server ignores ranges")

const (
	tries        = 5
	firstWait    = 200 * time.Millisecond
	longestWait  = 8 * time.Second
	stallAfter   = 30 * time.Second
	stallBytes   = 4 << 10         // fewer in that time are a stall too
	longestAsked = 2 * time.Minute // wait that a server may ask for
)

// Client fetches from one server. It is safe for concurrent use.
type Client struct {
	server string // base URL without a slash at its end
	http   *http.Client
	file   bool // the objects are in a bundle file
	patience
	traffic
}

// inFile is the base URL of a bundle file's objects, which nobody serves.
const inFile = "http://bundle.invalid"

// NewFileClient returns a client of the objects in a bundle file (sync/bundle).
// What it pulls is checked like what comes over the network; only that blobs may
// be packed anew, to another length than their manifest says.
func NewFileClient(objects http.RoundTripper) *Client {
	return &Client{server: inFile, http: &http.Client{Transport: objects}, file: true, patience: usual}
}

// patience is what tests shorten.
type patience struct {
	stall time.Duration                                    // of a body
	wait  func(ctx context.Context, d time.Duration) error // between tries
}

var usual = patience{stallAfter, wait}

// traffic counts what goes over the wire, headers included, encryption too.
type traffic struct{ received, sent, requests atomic.Int64 }

// NewClient returns a client of the server at a base URL such as
// "https://maps.example.org".
func NewClient(server string) *Client {
	c := &Client{server: strings.TrimRight(server, "/"), patience: usual}
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	c.http = &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &countedConn{conn, &c.traffic}, nil
		},
		DisableCompression:    true, // objects are packed already
		MaxIdleConnsPerHost:   parallel,
		ResponseHeaderTimeout: stallAfter,
		TLSHandshakeTimeout:   15 * time.Second,
	}}
	return c
}

// Server returns the base URL.
func (c *Client) Server() string { return c.server }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Regions fetches the list of the server's regions.
func (c *Client) Regions(ctx context.Context) (*site.Regions, error) {
	data, _, err := c.get(ctx, layout.Regions, site.MaxBytes, "")
	if err != nil {
		return nil, err
	}
	r, err := site.ParseRegions(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", layout.Regions, err)
	}
	return r, nil
}

// errNotModified tells that the object still has the tag the client sent.
var errNotModified = errors.New("not modified")

// notModified is errNotModified with what the server said besides.
type notModified struct{ next string }

func (*notModified) Error() string { return errNotModified.Error() }
func (*notModified) Unwrap() error { return errNotModified }

// get fetches a small object whole, and what layout.NextHeader says, also with
// errNotModified.
func (c *Client) get(ctx context.Context, object string, limit int64, tag string) (data []byte, next string, err error) {
	return c.getStart(ctx, object, 0, limit, tag)
}

// getStart fetches the first bytes of an object, up to n, or all of it when n is
// 0 or the server does not know ranges.
func (c *Client) getStart(ctx context.Context, object string, n, limit int64, tag string) (data []byte, next string, err error) {
	err = c.retry(ctx, func(ctx context.Context) (int64, error) {
		res, err := c.request(ctx, object, span{0, n}, tag)
		if errors.Is(err, errNoRanges) {
			res, err = c.request(ctx, object, span{}, tag)
		}
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		data, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
		if err != nil {
			return 0, err
		}
		if int64(len(data)) > limit {
			return 0, final{fmt.Errorf("%w: more than %d bytes", ErrLength, limit)}
		}
		next = res.Header.Get(layout.NextHeader)
		return 0, nil
	})
	if err != nil {
		var same *notModified
		if errors.As(err, &same) {
			next = same.next
		}
		return nil, next, fmt.Errorf("%s: %w", object, err)
	}
	return data, next, nil
}

// download fetches an object of a known length into a file, from where the file
// ends. The length is checked, the content is not.
func (c *Client) download(ctx context.Context, object, path string, length int64, received func(n int64)) error {
	if c.file {
		return c.downloadAll(ctx, object, path, 2*blob.MaxRaw, func(int64, int64) {})
	}
	return c.intoFile(ctx, object, path, length, func(int64) error { return nil }, received)
}

// downloadAll is download for an object whose length the server tells, up to
// limit.
func (c *Client) downloadAll(ctx context.Context, object, path string, limit int64, progress func(done, total int64)) error {
	var done, total int64
	checked := func(length int64) error {
		if length > limit {
			return fmt.Errorf("%w: %d bytes, more than %d", ErrLength, length, limit)
		}
		total = length
		return nil
	}
	return c.intoFile(ctx, object, path, -1, checked, func(n int64) {
		done += n
		progress(done, total)
	})
}

// intoFile appends to a file what it lacks of an object. A length of -1 is
// learned from the server and passed to check.
func (c *Client) intoFile(ctx context.Context, object, path string, length int64, check func(length int64) error, received func(n int64)) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	var most int64 // of the object were ever there
	err = c.retry(ctx, func(ctx context.Context) (progress int64, err error) {
		info, err := f.Stat()
		if err != nil {
			return 0, final{err}
		}
		start := info.Size()
		most = max(most, start)
		if length >= 0 && start > length {
			if err := f.Truncate(0); err != nil {
				return 0, final{err}
			}
			start = 0
		}
		if start == length {
			return 0, nil
		}
		res, err := c.request(ctx, object, span{start: start}, "")
		if errors.Is(err, errNoRanges) {
			if err := f.Truncate(0); err != nil {
				return 0, final{err}
			}
			received(-start)
			start = 0
			res, err = c.request(ctx, object, span{}, "")
		}
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		if start > 0 && res.StatusCode == http.StatusOK { // the server ignores Range
			if err := f.Truncate(0); err != nil {
				return 0, final{err}
			}
			received(-start)
			start = 0
		}
		end := length
		if end < 0 {
			if res.ContentLength < 0 {
				return 0, final{fmt.Errorf("%w: the server does not tell it", ErrLength)}
			}
			end = start + res.ContentLength
			if err := check(end); err != nil {
				return 0, final{err}
			}
		}
		n, err := io.Copy(countedFile{f, received}, io.LimitReader(res.Body, end-start+1))
		progress = start + n - most
		switch {
		case start+n > end:
			return 0, final{errors.Join(fmt.Errorf("%w: more than %d bytes", ErrLength, end), f.Truncate(0))}
		case err != nil:
			return progress, err
		case start+n < end:
			return progress, fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, start+n, end)
		}
		return progress, nil
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", object, err)
	}
	return nil
}

// request asks for a span of an object; one that ends at 0 goes to the object's
// end. The answer is 200, with the whole object, or 206.
func (c *Client) request(ctx context.Context, object string, s span, tag string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.server+"/"+object, nil)
	if err != nil {
		return nil, final{err}
	}
	req.Header.Set("User-Agent", "pannier/1")
	if s.end > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", s.start, s.end-1))
	} else if s.start > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", s.start))
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	c.requests.Add(1)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	switch {
	case res.StatusCode == http.StatusNotModified:
		err = final{&notModified{res.Header.Get(layout.NextHeader)}}
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		err = final{ErrNotFound}
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		err = busy(res)
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable, res.StatusCode == http.StatusPartialContent &&
		!strings.HasPrefix(res.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", s.start)):
		err = final{fmt.Errorf("%w: asked from byte %d, it answered %s %q", errNoRanges, s.start, res.Status, res.Header.Get("Content-Range"))}
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent:
		err = final{fmt.Errorf("the server answered %s", res.Status)}
	default:
		if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind == "text/html" {
			err = final{ErrPortal}
		}
	}
	if err != nil {
		res.Body.Close()
		return nil, err
	}
	res.Body = &watchedBody{ReadCloser: res.Body, stall: c.stall}
	return res, nil
}

// busy is the error for an answer that asks to come back later.
func busy(res *http.Response) error {
	err := fmt.Errorf("%w: it answered %s", ErrServer, res.Status)
	text := res.Header.Get("Retry-After")
	var wait time.Duration
	if seconds, failed := strconv.ParseUint(text, 10, 31); failed == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, failed := http.ParseTime(text); failed == nil {
		wait = time.Until(at)
	}
	if wait > longestAsked {
		return final{fmt.Errorf("%w; it asks to come back in %s", err, wait.Round(time.Second))}
	}
	return &later{err, wait}
}

// later wraps an error after which the server asks to wait.
type later struct {
	error
	wait time.Duration
}

func (l *later) Unwrap() error { return l.error }

// final wraps an error that trying again will not help.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// retry runs fn until it succeeds, fails for good, or fails several times in a
// row without any byte arriving. Waits grow, with full jitter.
func (c *Client) retry(ctx context.Context, fn func(ctx context.Context) (progress int64, err error)) error {
	for attempt := 1; ; attempt++ {
		n, err := fn(ctx)
		if err == nil {
			return nil
		}
		var f final
		if errors.As(err, &f) {
			return f.error
		}
		if n > 0 && !errors.Is(err, ErrStalled) {
			attempt = 1
		}
		if attempt >= tries || ctx.Err() != nil {
			return err
		}
		pause := rand.N(min(longestWait, firstWait<<(attempt-1)))
		var l *later
		if errors.As(err, &l) {
			pause += max(0, l.wait)
		}
		if err := c.wait(ctx, pause); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchedBody ends a body that stops moving, or moves too slowly to be of use.
type watchedBody struct {
	io.ReadCloser
	stall  time.Duration // the longest that stallBytes may take
	waited time.Duration // for the last moved bytes
	moved  int
}

func (b *watchedBody) Read(p []byte) (int, error) {
	start := time.Now()
	timer := time.AfterFunc(b.stall-b.waited, func() { b.Close() })
	n, err := b.ReadCloser.Read(p)
	if !timer.Stop() && err != nil {
		err = ErrStalled
	}
	b.waited += time.Since(start)
	if b.moved += n; b.moved >= stallBytes {
		b.waited, b.moved = 0, 0
	}
	return n, err
}

// countedFile tells how many bytes arrive.
type countedFile struct {
	io.Writer
	received func(n int64)
}

func (f countedFile) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	f.received(int64(n))
	return n, err
}

// countedConn counts bytes on the wire.
type countedConn struct {
	net.Conn
	traffic *traffic
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.received.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.traffic.sent.Add(int64(n))
	return n, err
}
