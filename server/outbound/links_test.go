package outbound

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/no-head":
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/missing":
			http.NotFound(w, r)
		case "/closed":
			w.WriteHeader(http.StatusForbidden)
		case "/ill":
			w.WriteHeader(http.StatusBadGateway)
		case "/moved":
			http.Redirect(w, r, "/page", http.StatusMovedPermanently)
		case "/inside":
			http.Redirect(w, r, "https://169.254.169.254/", http.StatusFound)
		}
	})
	c := NewChecker(New(Config{Networks: loopback, Roots: roots(s)}))
	c.wait = func(context.Context, time.Duration) error { return nil }
	for link, want := range map[string]Verdict{
		s.URL + "/page": Works, s.URL + "/no-head": Works, s.URL + "/moved": Works,
		s.URL + "/gone": Broken, s.URL + "/missing": Broken, s.URL + "/inside": Broken,
		s.URL + "/closed": Unclear, s.URL + "/ill": Unclear,
		"https://10.0.0.1/": Broken, "not an address": Broken, "http://maps.example/": Unclear,
	} {
		if got := c.Check(t.Context(), link); got.Verdict != want || got.Why == "" {
			t.Errorf("%s: %+v, want %s", link, got, want)
		}
	}
	if len(c.hosts) > 0 {
		t.Errorf("%d hosts stay in memory", len(c.hosts))
	}
}

// TestCheckIsPolite asks a host for one page at a time, with pauses.
func TestCheckIsPolite(t *testing.T) {
	var mu sync.Mutex
	var now, most, pauses int
	var first sync.Once
	var c *Checker
	s, asked := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		first.Do(func() { // it is answered once all wait, so that none comes when nobody does
			for waiting := 0; waiting < 8; time.Sleep(time.Millisecond) {
				c.mu.Lock()
				waiting = c.hosts[r.Host].users
				c.mu.Unlock()
			}
		})
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
	})
	c = NewChecker(New(Config{Networks: loopback, Roots: roots(s)}))
	c.wait = func(_ context.Context, d time.Duration) error {
		if d <= 0 || d > linkGap {
			t.Errorf("a pause of %v", d)
		}
		mu.Lock()
		pauses++
		mu.Unlock()
		return nil
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := c.Check(t.Context(), s.URL); got.Verdict != Works {
				t.Errorf("%+v", got)
			}
		})
	}
	all.Wait()
	if most != 1 || asked.Load() != 8 || pauses < 7 {
		t.Errorf("%d at once, %d requests, %d pauses", most, asked.Load(), pauses)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.Check(ctx, s.URL); got.Verdict != Unclear {
		t.Errorf("given up: %+v", got)
	}
}
