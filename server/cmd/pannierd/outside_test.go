package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/webhook"
)

// receiver is told of events by a webhook.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	seen   map[uint64]int // how often each event came
	last   uint64         // the newest
	faults []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{seen: make(map[uint64]int)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the daemon was killed in the middle of it
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		seconds, _ := strconv.ParseInt(req.Header.Get("webhook-timestamp"), 10, 64)
		signature, err := webhook.Sign(r.secret, req.Header.Get("webhook-id"), time.Unix(seconds, 0), body)
		if err != nil || signature != req.Header.Get("webhook-signature") {
			r.faults = append(r.faults, "a request that is not signed")
		}
		var m webhook.Message
		if err := json.Unmarshal(body, &m); err != nil {
			r.faults = append(r.faults, err.Error())
		}
		for _, e := range m.Events {
			if e.Number > r.last+1 && r.last > 0 {
				r.faults = append(r.faults, fmt.Sprintf("event %d comes after %d", e.Number, r.last))
			}
			r.seen[e.Number]++
			r.last = max(r.last, e.Number)
		}
		r.mu.Unlock()
		time.Sleep(rand.N(30 * time.Millisecond)) // so that some answers never arrive
		r.mu.Lock()
	}))
	t.Cleanup(r.Close)
	return r
}

// TestKilledWithWebhooks kills the server again and again while it tells a
// receiver what happens: everything comes, in order, at least once. A publish
// whose time comes meanwhile is made once.
func TestKilledWithWebhooks(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	start := func() *daemon {
		return w.serve("--public-url", "http://maps.test", "--outbound-http", "--outbound-network", "127.0.0.1/32")
	}
	d := start()
	var admin signedIn
	d.ask("POST", "/v1/setup", "", map[string]string{
		"token": w.linkOf("admin-link"), "email": "admin@maps.example", "name": "The administrator", "password": "a long enough password",
	}, &admin, 201)
	r.mu.Lock()
	var hook struct {
		Secret string
		Done   uint64
	}
	d.ask("POST", "/v1/regions/"+region+"/webhooks", admin.Access, map[string]string{"url": r.URL}, &hook, 201)
	r.secret = hook.Secret
	r.mu.Unlock()
	at := time.Now().Add(2 * time.Second)
	d.ask("POST", "/v1/regions/"+region+"/schedule", admin.Access, map[string]any{"at": at, "message": "by the clock"}, nil, 201)
	for i := range 8 {
		w.pannierd("import", region, hut(t, fmt.Sprint("Refugi ", i))).wantDone(t)
		time.Sleep(rand.N(30 * time.Millisecond))
		d.kill()
		if i == 3 {
			time.Sleep(time.Until(at)) // it comes while nobody is there
		}
		d = start()
	}
	newest := func() uint64 {
		var audit struct{ Lines []struct{ Number uint64 } }
		d.ask("GET", "/v1/regions/"+region+"/audit?limit=1", admin.Access, nil, &audit, 200)
		return audit.Lines[0].Number
	}
	published := func() (n int) {
		var list struct{ Versions []struct{ Message string } }
		d.ask("GET", "/v1/regions/"+region+"/versions", admin.Access, nil, &list, 200)
		for _, v := range list.Versions {
			if v.Message == "by the clock" {
				n++
			}
		}
		return n
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		r.mu.Lock()
		last := r.last
		r.mu.Unlock()
		if published() > 0 && last >= newest() {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the receiver has event %d, the journal %d; %d versions by the clock\n%s", last, newest(), published(), d.log())
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	twice := 0
	for n := hook.Done + 1; n <= r.last; n++ {
		if r.seen[n] == 0 {
			t.Errorf("event %d never came", n)
		}
		if r.seen[n] > 1 {
			twice++
		}
	}
	if len(r.faults) > 0 || published() != 1 {
		t.Errorf("%q; %d versions by the clock", r.faults, published())
	}
	t.Logf("%d events came, %d more than once", r.last-hook.Done, twice)
	d.stop()
}
