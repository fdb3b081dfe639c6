package outbound

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var bounds = Bounds{Bytes: 1 << 10, Time: 10 * time.Second}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// serve starts a server and returns the requests it has got so far.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &asked
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func get(t *testing.T, c *Client, url string, b Bounds) (string, *http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return "", nil, err
	}
	res, err := c.Do(req, b)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), res, err
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.1.1.1": true, "193.2.1.66": true, "2a00:1450::5": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false,
		"172.32.0.1": true, "100.64.0.1": false, "100.100.100.200": false, "100.128.0.1": true,
		"169.254.169.254": false, "168.63.129.16": false, "192.0.0.192": false, "224.0.0.1": false, "255.255.255.255": false, "0.0.0.0": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::7f00:1": false,
		"64:ff9b::a00:1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "ff02::1": false,
		"2002:7f00:1::": false, "2001:0:1::": false, "2001:db8::1": false,
	} {
		if got := Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("Public(%s) = %v", text, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	c := New(Config{})
	for text, want := range map[string]error{
		"https://maps.example/a?b=c": nil, "https://maps.example:8443/": nil, "https://1.1.1.1/": nil, "https://xn--bcher-kva.example/": nil,
		"http://maps.example/": ErrAddress, "ftp://maps.example/": ErrAddress, "file:///etc/passwd": ErrAddress, "gopher://x": ErrAddress,
		"//maps.example/": ErrAddress, "https:maps.example": ErrAddress, "https://": ErrAddress, "": ErrAddress, "https://[::1": ErrAddress,
		"https://anna:geheim@maps.example/": ErrAddress, "https://anna@maps.example/": ErrAddress,
		"https://2130706433/": ErrAddress, "https://0x7f000001/": ErrAddress, "https://0177.0.0.1/": ErrAddress, "https://127.1/": ErrAddress,
		"https://0x7f.0.0.0x1/": ErrAddress, "https://127.0.0.1./": ErrPrivate,
		"https://127.0.0.1/": ErrPrivate, "https://[::1]/": ErrPrivate, "https://[::ffff:127.0.0.1]/": ErrPrivate, "https://[::ffff:7f00:1]/": ErrPrivate,
		"https://169.254.169.254/latest/": ErrPrivate, "https://[fe80::1%25eth0]/": ErrPrivate,
		"https://1.1.1.1:22/": ErrAddress, "https://1.1.1.1:99999/": ErrAddress,
		"https://maps.example/" + strings.Repeat("a", MaxURL): ErrAddress,
	} {
		if _, err := c.CheckURL(text); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("CheckURL(%.60s) = %v, want %v", text, err, want)
		}
	}
}

// FuzzCheckURL: what is let through has a public host or a name.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://maps.example/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]:443/", "https://127.0.0.1.", "https://１２７.0.0.1/"} {
		f.Add(s)
	}
	c := New(Config{})
	f.Fuzz(func(t *testing.T, s string) {
		u, err := c.CheckURL(s)
		if err != nil {
			return
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !Public(ip) {
			t.Errorf("%q leads to %v", s, ip)
		}
		if u.Scheme != "https" || u.User != nil || u.Host == "" {
			t.Errorf("%q is let through", s)
		}
	})
}

func TestDo(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") != Agent {
			t.Errorf("User-Agent %q", r.Header.Get("User-Agent"))
		}
		io.WriteString(w, "good day")
	})
	c := New(Config{Networks: loopback, Roots: roots(s)})
	if body, _, err := get(t, c, s.URL, bounds); err != nil || body != "good day" {
		t.Errorf("%q, %v", body, err)
	}
	if body, _, err := get(t, c, s.URL, Bounds{Bytes: 8, Time: time.Minute}); err != nil || body != "good day" {
		t.Errorf("of just that length: %q, %v", body, err)
	}
	if body, _, err := get(t, c, s.URL, Bounds{Bytes: 7, Time: time.Minute}); !errors.Is(err, ErrTooLarge) || body != "good da" {
		t.Errorf("one byte too many: %q, %v", body, err)
	}
}

// Nothing is connected to that a name leads to inside, also when the check of
// the address could not know.
func TestPrivateNamesAreRefusedAtConnecting(t *testing.T) {
	s, asked := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for name, config := range map[string]Config{
		"localhost":          {},
		"rebinding":          {Resolver: answering(t, "127.0.0.1")},
		"rebinding v6":       {Resolver: answering(t, "::1")},
		"first one, then it": {Resolver: answering(t, "10.0.0.1", "127.0.0.1")},
		"metadata":           {Resolver: answering(t, "169.254.169.254")},
	} {
		host := "maps.example"
		if name == "localhost" {
			host = name
		}
		config.Roots = roots(s)
		c := New(config)
		for range 2 {
			if _, _, err := get(t, c, "https://"+net.JoinHostPort(host, port), bounds); !errors.Is(err, ErrPrivate) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("%d requests got through", n)
	}
}

func TestPortsOfPublicAddresses(t *testing.T) {
	for port, want := range map[uint16]error{443: nil, 8443: nil, 22: ErrAddress, 5432: ErrAddress} {
		if err := (Config{}).allowed(netip.AddrPortFrom(netip.MustParseAddr("1.1.1.1"), port)); !errors.Is(err, want) {
			t.Errorf("port %d: %v", port, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	inside, reached := serve(t, func(http.ResponseWriter, *http.Request) {})
	var target atomic.Value
	s, asked := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			if r.Header.Get("Referer") != "" || r.Header.Get("Authorization") != "" {
				t.Errorf("went along: %v", r.Header)
			}
			io.WriteString(w, "end")
			return
		}
		http.Redirect(w, r, target.Load().(string), http.StatusFound)
	})
	here := netip.MustParseAddrPort(s.Listener.Addr().String()).Addr()
	c := New(Config{Networks: []netip.Prefix{netip.PrefixFrom(here, 32)}, Roots: roots(s)})
	try := func(to string, b Bounds) (string, *http.Response, error) {
		target.Store(to)
		return get(t, c, s.URL+"/start?secret=1", b)
	}
	if body, _, err := try("/end", bounds); err != nil || body != "end" {
		t.Errorf("%q, %v", body, err)
	}
	still := bounds
	still.Still = true
	if _, res, err := try("/end", still); err != nil || res.StatusCode != 302 {
		t.Errorf("a redirect that is the answer: %v", err)
	}
	for to, want := range map[string]error{
		strings.Replace(inside.URL, "127.0.0.1", "[::1]", 1): ErrPrivate,
		"https://169.254.169.254/latest/meta-data/":          ErrPrivate,
		"https://[::ffff:10.0.0.1]/":                         ErrPrivate,
		"http://" + here.String() + "/end":                   ErrAddress,
		"file:///etc/passwd":                                 ErrAddress,
	} {
		if _, _, err := try(to, bounds); !errors.Is(err, want) {
			t.Errorf("to %s: %v, want %v", to, err, want)
		}
	}
	asked.Store(0)
	if _, _, err := try("/again", bounds); !errors.Is(err, ErrRedirects) || asked.Load() != maxRedirects+1 {
		t.Errorf("in a circle: %v after %d requests", err, asked.Load())
	}
	if reached.Load() > 0 {
		t.Error("a redirect got through")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	target.Store("/end")
	if res, err := c.Do(req, bounds); err != nil || res.StatusCode != 302 {
		t.Errorf("a POST is not sent on: %v", err)
	}
}

func TestSlowAnswersEnd(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "."); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	c := New(Config{Networks: loopback, Roots: roots(s)})
	if _, _, err := get(t, c, s.URL, Bounds{Bytes: 1 << 20, Time: 200 * time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	proxy, asked := serve(t, func(http.ResponseWriter, *http.Request) {})
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("HTTP_PROXY", proxy.URL)
	c := New(Config{Resolver: answering(t, "10.0.0.1")})
	if _, _, err := get(t, c, "https://maps.example/", bounds); !errors.Is(err, ErrPrivate) || asked.Load() > 0 {
		t.Errorf("%v, the proxy was asked %d times", err, asked.Load())
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "by proxy for "+r.Host) }))
	defer plain.Close()
	at, err := url.Parse(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	c = New(Config{HTTP: true, Proxy: at})
	if body, _, err := get(t, c, "http://maps.example/", bounds); err != nil || body != "by proxy for maps.example" {
		t.Errorf("%q, %v", body, err)
	}
}

// Neither secrets in an address get into errors, nor what its name leads to
// inside, nor our own addresses.
func TestErrorsTellOfTheHostOnly(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "x")
	})
	plain := httptest.NewServer(http.NotFoundHandler())
	plain.Close() // nobody answers there any longer
	_, port, _ := net.SplitHostPort(plain.Listener.Addr().String())
	_, other, _ := net.SplitHostPort(s.Listener.Addr().String())
	nobody := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("dial udp 10.0.0.53:53: geheim")
	}}
	for want, c := range map[string]struct {
		config Config
		port   string
	}{
		ErrPrivate.Error():                       {Config{Resolver: answering(t, "10.0.0.1")}, "443"},
		"the host's name could not be looked up": {Config{Resolver: nobody}, "443"},
		"nobody answers there":                   {Config{Resolver: answering(t, "127.0.0.1"), Networks: loopback}, port},
		"its certificate is not good":            {Config{Resolver: answering(t, "127.0.0.1"), Networks: loopback}, other},
		"its certificate is for another host":    {Config{Resolver: answering(t, "127.0.0.1"), Networks: loopback, Roots: roots(s)}, other},
	} {
		at := "maps.test:" + c.port
		if strings.Contains(want, "not good") {
			at = "example.com:" + c.port // which the certificate is for, by nobody who is known
		}
		_, _, err := get(t, New(c.config), "https://"+at+"/feed?token=geheim", bounds)
		if err == nil || err.Error() != at+": "+want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, _, err := get(t, New(Config{Networks: loopback, Roots: roots(s)}), s.URL, bounds); err == nil || err.Error() != "the connection broke" {
		t.Errorf("%v", err)
	}
}

// answering is a resolver that answers with one address after the other.
func answering(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		question := make([]byte, 512)
		for i := 0; ; {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			ip := netip.MustParseAddr(addresses[i%len(addresses)])
			kind := uint16(1)
			if ip.Is6() {
				kind = 28
			}
			// The question ends with type and class, before what follows its name.
			end := 12
			for end < n && question[end] != 0 {
				end += 1 + int(question[end])
			}
			end += 5
			answer := append([]byte{}, question[:end]...)
			binary.BigEndian.PutUint16(answer[2:], 0x8180)
			binary.BigEndian.PutUint16(answer[8:], 0)
			binary.BigEndian.PutUint16(answer[10:], 0)
			binary.BigEndian.PutUint16(answer[6:], 0)
			if binary.BigEndian.Uint16(question[end-4:]) == kind {
				i++
				binary.BigEndian.PutUint16(answer[6:], 1)
				answer = append(answer, 0xc0, 12)
				answer = binary.BigEndian.AppendUint16(answer, kind)
				answer = append(answer, 0, 1, 0, 0, 0, 0, 0, byte(ip.BitLen()/8))
				answer = append(answer, ip.AsSlice()...)
			}
			server.WriteTo(answer, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}
