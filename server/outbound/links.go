package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Verdict is what a look at a link found.
type Verdict string

// The verdicts.
const (
	Works   Verdict = "works"
	Broken  Verdict = "broken"  // there is no such page, or no such server
	Unclear Verdict = "unclear" // it may be the server's mood: a timeout, a 403, a 5xx
)

// Result is what a look at a link found, with a few words for people.
type Result struct {
	Verdict Verdict
	Why     string
}

const (
	linkTime  = 15 * time.Second
	linkBytes = 64 << 10
	linkGap   = time.Second // between two looks at one host
)

// Checker looks whether links are broken: at one page of a host at a time, with
// a pause between.
type Checker struct {
	client *Client
	wait   func(ctx context.Context, d time.Duration) error

	mu    sync.Mutex
	hosts map[string]*turn
}

// turn is whose turn it is to ask a host.
type turn struct {
	busy  chan struct{} // holds one
	users int
	last  time.Time
}

// NewChecker returns a checker that asks through a client.
func NewChecker(c *Client) *Checker {
	return &Checker{client: c, wait: wait, hosts: make(map[string]*turn)}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Check looks at a link, once it is its host's turn.
func (c *Checker) Check(ctx context.Context, link string) Result {
	u, err := c.client.CheckURL(link)
	if err != nil {
		if strings.HasPrefix(link, "http://") && errors.Is(err, ErrAddress) {
			return Result{Unclear, err.Error()}
		}
		return Result{Broken, err.Error()}
	}
	t, err := c.take(ctx, u.Host)
	if err != nil {
		return Result{Unclear, err.Error()}
	}
	defer c.leave(u.Host, t)
	r := c.look(ctx, http.MethodHead, link)
	if r.Verdict != Works && ctx.Err() == nil { // some servers do not know HEAD
		if err := c.wait(ctx, linkGap); err == nil {
			r = c.look(ctx, http.MethodGet, link)
		}
	}
	return r
}

func (c *Checker) take(ctx context.Context, host string) (*turn, error) {
	c.mu.Lock()
	t := c.hosts[host]
	if t == nil {
		t = &turn{busy: make(chan struct{}, 1)}
		c.hosts[host] = t
	}
	t.users++
	c.mu.Unlock()
	select {
	case t.busy <- struct{}{}:
	case <-ctx.Done():
		c.forget(host, t)
		return nil, ctx.Err()
	}
	if since := time.Since(t.last); since < linkGap {
		if err := c.wait(ctx, linkGap-since); err != nil {
			<-t.busy
			c.forget(host, t)
			return nil, err
		}
	}
	return t, nil
}

func (c *Checker) leave(host string, t *turn) {
	t.last = time.Now()
	<-t.busy
	c.forget(host, t)
}

// forget drops a host that nobody waits for. Whoever comes next may come too
// soon by less than a gap.
func (c *Checker) forget(host string, t *turn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(c.hosts, host)
	}
}

func (c *Checker) look(ctx context.Context, method, link string) Result {
	req, err := http.NewRequestWithContext(ctx, method, link, nil)
	if err != nil {
		return Result{Broken, "the address is malformed"}
	}
	res, err := c.client.Do(req, Bounds{Bytes: linkBytes, Time: linkTime})
	if err != nil {
		return Result{failure(err), err.Error()}
	}
	io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)) // so that the connection can be used again
	res.Body.Close()
	switch code := res.StatusCode; {
	case code < 400:
		return Result{Works, res.Status}
	case code == http.StatusNotFound, code == http.StatusGone:
		return Result{Broken, res.Status}
	}
	return Result{Unclear, res.Status}
}

// failure tells whether there is nobody at an address, or only just now.
func failure(err error) Verdict {
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		if name.IsNotFound {
			return Broken
		}
		return Unclear
	case errors.Is(err, ErrPrivate), errors.Is(err, ErrAddress), errors.Is(err, ErrRedirects):
		return Broken
	}
	return Unclear
}
