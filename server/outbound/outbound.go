// Package outbound asks addresses that users gave: it delivers webhooks, pulls
// feeds and looks whether links are broken, without letting anybody reach
// through the server into networks that are not theirs.
//
// Only https is spoken (http, if the operator says so), to the usual ports, on
// public addresses. An address is checked after the name was resolved, just
// before each connection, so it does not matter what a name leads to the next
// time somebody asks (DNS rebinding), nor how an address is spelt. Redirects are
// few and each is checked like the first address. Nothing that identifies the
// server goes along but its User-Agent: no credentials, no Referer, no cookies,
// and no proxy of the environment is used.
//
// Errors are the sentinels below, wrapped with the address's host; a text of
// them may be shown to whoever gave the address. Everything is safe for
// concurrent use.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Errors that a caller acts on.
var (
	// ErrAddress is an address that is never asked: see CheckURL.
	ErrAddress = errors.New("the address cannot be used")
	// ErrPrivate is an address in a network that is not public.
	ErrPrivate = errors.New("the address does not lead to the public internet")
	// ErrTooLarge is an answer over its bounds.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrRedirects is an answer that leads on too often.
	ErrRedirects = errors.New("too many redirects")
)

// Agent is who we say we are.
const Agent = "Pannier/1 (+https://github.com/pannier-maps/pannier)"

const (
	maxRedirects = 5
	maxHeader    = 64 << 10
	dialTime     = 10 * time.Second
)

// Config says what may be asked. The zero Config is the safe one.
type Config struct {
	// HTTP allows http beside https.
	HTTP bool
	// Networks may be reached though they are not public, at any port: those of
	// the operator's own machines.
	Networks []netip.Prefix
	// Proxy, if set, makes all connections; then it is the proxy's part to refuse
	// networks that are not public.
	Proxy *url.URL
	// Roots are the authorities that certificates are checked with; the system's
	// when nil.
	Roots *x509.CertPool
	// Resolver looks names up; the system's when nil.
	Resolver *net.Resolver
}

// Client asks addresses.
type Client struct {
	config Config
	http   *http.Client
}

// New returns a client.
func New(c Config) *Client {
	dialer := &net.Dialer{Timeout: dialTime, Resolver: c.Resolver, ControlContext: c.control}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTime,
		ResponseHeaderTimeout:  time.Minute,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        30 * time.Second,
	}
	if c.Proxy != nil {
		transport.Proxy, dialer.ControlContext = http.ProxyURL(c.Proxy), nil
	}
	client := &Client{config: c}
	client.http = &http.Client{Transport: transport, CheckRedirect: client.redirect}
	return client
}

// Bounds are what an answer may take.
type Bounds struct {
	Bytes int64         // of the body, unpacked
	Time  time.Duration // from the start to the body's end
	Still bool          // a redirect is the answer
}

// stillKey marks requests whose redirects are not followed.
type stillKey struct{}

// Do sends a request. The answer's body ends with ErrTooLarge when it is longer
// than its bounds; the caller closes it.
func (c *Client) Do(req *http.Request, b Bounds) (*http.Response, error) {
	if _, err := c.CheckURL(req.URL.String()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), b.Time)
	if b.Still {
		ctx = context.WithValue(ctx, stillKey{}, true)
	}
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", Agent)
	res, err := c.http.Do(req)
	if err != nil {
		cancel()
		var about *url.Error // its text repeats the address, where feeds may have secrets
		if errors.As(err, &about) {
			err = about.Err
		}
		return nil, fmt.Errorf("%s: %w", req.URL.Host, tell(err))
	}
	res.Body = &bounded{body: res.Body, left: b.Bytes, end: cancel}
	return res, nil
}

// redirect checks where an answer leads on to.
func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	first := via[0].Method // a redirected POST would become a GET
	if req.Context().Value(stillKey{}) != nil || first != http.MethodGet && first != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if len(via) > maxRedirects {
		return ErrRedirects
	}
	for _, name := range []string{"Referer", "Authorization", "Cookie"} {
		req.Header.Del(name)
	}
	_, err := c.CheckURL(req.URL.String())
	return err
}

// bounded is a body that ends at its bounds.
type bounded struct {
	body io.ReadCloser
	left int64
	end  context.CancelFunc
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return n - 1, ErrTooLarge
	}
	return n, tell(err)
}

func (b *bounded) Close() error {
	defer b.end()
	return b.body.Close()
}
