package webhook

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
)

const region = "alps"

// site is a server with a region, a receiver, and a clock that waiting turns.
type site struct {
	*testing.T
	dir      string
	receiver *httptest.Server
	answer   func(w http.ResponseWriter, r *http.Request) // of the receiver; 200 when nil

	meta    store.MetaStore
	private *localstore.Store
	catalog *catalog.Catalog
	events  *events.Log
	hooks   *Hooks
	end     func()

	mu      sync.Mutex
	clock   time.Time
	waits   []time.Duration
	got     []received
	arrived chan struct{}
	works   bool
}

// received is one request, as the receiver saw it.
type received struct {
	id         string
	at         time.Time
	signatures []string
	body       []byte
	Message
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir(), clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), arrived: make(chan struct{}, 10_000), works: true}
	s.receiver = httptest.NewTLSServer(http.HandlerFunc(s.receive))
	t.Cleanup(s.receiver.Close)
	s.open()
	t.Cleanup(func() { s.shut() })
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// open starts the server.
func (s *site) open() {
	s.Helper()
	var err error
	s.meta, err = badgerstore.Open(filepath.Join(s.dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	s.private, err = localstore.Open(filepath.Join(s.dir, "private"))
	s.must(err)
	c, err := catalog.Open(context.Background(), s.meta, s.private)
	s.must(err)
	if _, err = c.CreateRegion(context.Background(), catalog.Region{ID: region}); err != nil && !errors.Is(err, catalog.ErrExists) {
		s.Fatal(err)
	}
	s.catalog, s.events = c, events.New(c)
	pool := x509.NewCertPool()
	pool.AddCert(s.receiver.Certificate())
	s.hooks = New(Config{
		Meta: s.meta, Events: s.events, Log: slog.New(slog.DiscardHandler),
		Client: outbound.New(outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: pool}),
		Works: func(context.Context, string, string) (bool, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.works, nil
		},
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.clock
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.waits = append(s.waits, d)
			s.clock = s.clock.Add(d)
			return ctx.Err()
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.hooks.Run(ctx) }()
	s.end = func() {
		cancel()
		if err := <-done; err != nil {
			s.Error(err)
		}
	}
}

// shut stops the server.
func (s *site) shut() {
	if s.end == nil {
		return
	}
	s.end()
	s.end = nil
	s.must(s.meta.Close())
	s.must(s.private.Close())
}

func (s *site) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	seconds, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
	one := received{id: r.Header.Get("webhook-id"), at: time.Unix(seconds, 0), signatures: strings.Fields(r.Header.Get("webhook-signature")), body: body}
	if err := json.Unmarshal(body, &one.Message); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		s.Errorf("%s %s: %v", r.Method, body, err)
	}
	s.mu.Lock()
	s.got = append(s.got, one)
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
	}
	s.arrived <- struct{}{}
}

func (s *site) answers(with func(w http.ResponseWriter, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = with
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// wait waits until so many requests have come, and returns all.
func (s *site) wait(n int) []received {
	s.Helper()
	deadline := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		got := append([]received(nil), s.got...)
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-s.arrived:
		case <-deadline:
			s.Fatalf("%d requests came, want %d", len(got), n)
		}
	}
}

// until waits for a hook to be as wanted.
func (s *site) until(id string, as func(Hook) bool) Hook {
	s.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		h, err := s.hooks.Get(s.Context(), region, id)
		s.must(err)
		if as(h) {
			return h
		}
		if time.Now().After(deadline) {
			s.Fatalf("the webhook stays like this: %+v", h)
		}
	}
}

func (s *site) create(h Hook) Hook {
	s.Helper()
	h.Region, h.By = region, "user/a"
	if h.URL == "" {
		h.URL = s.receiver.URL + "/hook?token=geheim"
	}
	h, err := s.hooks.Create(s.Context(), h)
	s.must(err)
	return h
}

func (s *site) note(org, action, words string) {
	s.Helper()
	s.must(s.events.Note(context.Background(), region, catalog.Stamp{Organisation: org}, action, words))
}

// words are the notes of the events that were taken, each once, in order.
func words(all []received) (told []string) {
	seen := make(map[string]bool)
	for _, r := range all {
		for _, e := range r.Events {
			if !seen[e.ID] {
				told = append(told, e.Note)
			}
			seen[e.ID] = true
		}
	}
	return told
}

func (r received) signedBy(secret string) bool {
	want, err := Sign(secret, r.id, r.at, r.body)
	for _, s := range r.signatures {
		if err == nil && s == want {
			return true
		}
	}
	return false
}

func TestSign(t *testing.T) {
	// The example of the Standard Webhooks libraries.
	got, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want || err != nil {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestDelivery(t *testing.T) {
	s := newSite(t)
	s.note("inn", "change proposed", "before the hook")
	all := s.create(Hook{})
	inn := s.create(Hook{Organisation: "inn", Types: []events.Type{"change.*", "version.published"}})
	s.note("museum", "change proposed", "m1")
	s.note("inn", "feed failed", "i1")
	s.note("inn", "change returned", "i2")
	for len(words(s.of(all))) < 3 || len(words(s.of(inn))) < 1 {
		s.wait(len(s.of(all)) + len(s.of(inn)) + 1)
	}
	if got := words(s.of(all)); fmt.Sprint(got) != "[m1 i1 i2]" {
		t.Errorf("the region's is told %q", got)
	}
	if got := words(s.of(inn)); fmt.Sprint(got) != "[i2]" {
		t.Errorf("the organisation's is told %q", got)
	}
	for _, r := range s.wait(1) {
		h := all
		if r.Webhook == inn.ID {
			h = inn
		}
		first, last := r.Events[0].Number, r.Events[len(r.Events)-1].Number
		if !r.signedBy(h.Secret) || len(r.signatures) != 1 || r.id != fmt.Sprintf("%s-%d-%d", h.ID, first, last) || r.Region != region || !r.at.Equal(s.hooks.Now()) {
			t.Errorf("request %s at %v with %q", r.id, r.at, r.signatures)
		}
	}
	h := s.until(all.ID, func(h Hook) bool { return h.Done == 4 })
	log, err := s.hooks.Deliveries(t.Context(), region, h.ID)
	if err != nil || len(log) == 0 || !log[0].Taken() || log[0].Number != h.Attempts {
		t.Errorf("%+v, %v", log, err)
	}
	s.mu.Lock()
	s.works = false // the organisation is gone
	s.mu.Unlock()
	s.note("inn", "change returned", "i3")
	if h := s.until(inn.ID, func(h Hook) bool { return h.Disabled != "" }); !strings.Contains(h.Disabled, "no longer") {
		t.Errorf("%+v", h)
	}
	if got := words(s.of(inn)); fmt.Sprint(got) != "[i2]" {
		t.Errorf("the organisation that left is told %q", got)
	}
}

// of returns the requests to one hook.
func (s *site) of(h Hook) (all []received) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.got {
		if r.Webhook == h.ID {
			all = append(all, r)
		}
	}
	return all
}

// TestRetries lets a receiver fail, and the server restart meanwhile: everything
// comes, in order, with growing pauses.
func TestRetries(t *testing.T) {
	s := newSite(t)
	s.answers(status(http.StatusBadGateway))
	h := s.create(Hook{})
	s.note("", "feed failed", "1")
	s.wait(5)
	s.mu.Lock()
	for i, d := range s.waits[:4] {
		if longest := firstRetry << i; d < longest/2 || d > longest {
			t.Errorf("pause %d is %v, want %v to %v", i, d, longest/2, longest)
		}
	}
	s.mu.Unlock()
	s.shut()
	tried := len(s.of(h))
	for _, r := range s.of(h) {
		if r.id != s.of(h)[0].id || string(r.body) != string(s.of(h)[0].body) {
			t.Errorf("the same events come as %s and %s", r.id, s.of(h)[0].id)
		}
	}
	s.open()
	s.note("", "feed failed", "2")
	s.wait(tried + 1)
	s.answers(nil)
	s.note("", "feed failed", "3")
	got := s.until(h.ID, func(h Hook) bool { return h.Done == 3 })
	if got.Failures != 0 || !got.Next.IsZero() || got.Disabled != "" {
		t.Errorf("%+v", got)
	}
	if told := words(s.of(h)); fmt.Sprint(told) != "[1 2 3]" {
		t.Errorf("told %q", told)
	}
	s.shut()
	n := len(s.of(h))
	s.open()
	s.note("", "feed failed", "4")
	if all := s.wait(n + 1); fmt.Sprint(words(all[n:])) != "[4]" {
		t.Errorf("after a restart it is told %q", words(all[n:]))
	}
}

func TestGiveUp(t *testing.T) {
	s := newSite(t)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.receiver.URL+"/else", http.StatusTemporaryRedirect)
	})
	h := s.create(Hook{})
	s.note("", "feed failed", "1")
	gone := s.until(h.ID, func(h Hook) bool { return h.Disabled != "" })
	if gone.Failures < 20 || gone.Failures > 80 {
		t.Errorf("%d attempts in a day", gone.Failures)
	}
	for range 100 {
		if lines, err := s.events.After(t.Context(), region, 1); err != nil || len(lines) == 1 && lines[0].Type == "webhook.disabled" && !strings.Contains(lines[0].Note, "geheim") {
			s.must(err)
			break
		} else if len(lines) > 1 {
			t.Fatalf("%+v", lines)
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.answers(nil)
	s.note("", "feed failed", "2")
	n := len(s.of(h))
	s.shut()
	s.open()
	gone.Disabled = ""
	if _, err := s.hooks.Set(t.Context(), region, h.ID, gone); err != nil {
		t.Fatal(err)
	}
	s.until(h.ID, func(h Hook) bool { return h.Done == 3 })
	if told := words(s.of(h)[n:]); len(told) != 3 || told[0] != "1" || told[2] != "2" {
		t.Errorf("enabled again it is told %q", told)
	}
	s.answers(status(http.StatusGone))
	s.note("", "feed failed", "3")
	if h := s.until(h.ID, func(h Hook) bool { return h.Disabled != "" }); h.Failures != 1 {
		t.Errorf("410: %+v", h)
	}
}

func TestRotation(t *testing.T) {
	s := newSite(t)
	h := s.create(Hook{})
	next, err := s.hooks.Rotate(t.Context(), region, h.ID)
	if err != nil || next.Secret == h.Secret || !strings.HasPrefix(next.Secret, "whsec_") {
		t.Fatalf("%v", err)
	}
	s.note("", "feed failed", "1")
	r := s.wait(1)[0]
	if !r.signedBy(h.Secret) || !r.signedBy(next.Secret) || len(r.signatures) != 2 {
		t.Errorf("%q", r.signatures)
	}
	s.mu.Lock()
	s.clock = s.clock.Add(Rotation)
	s.mu.Unlock()
	s.note("", "feed failed", "2")
	if r := s.wait(2)[1]; r.signedBy(h.Secret) || !r.signedBy(next.Secret) {
		t.Errorf("a day later: %q", r.signatures)
	}
}

// TestManyEvents writes more than a page of what a hook does not want, and more
// than the log keeps of what it does.
func TestManyEvents(t *testing.T) {
	s := newSite(t)
	h := s.create(Hook{Types: []events.Type{"feed.*"}})
	for i := range keptLog + 30 {
		if _, err := s.hooks.Test(t.Context(), region, h.ID); err != nil {
			t.Fatal(i, err)
		}
	}
	log, err := s.hooks.Deliveries(t.Context(), region, h.ID)
	if err != nil || len(log) != keptLog || log[0].Number != keptLog+30 || !log[0].Test || log[keptLog-1].Number != 31 {
		t.Fatalf("%d deliveries, %v", len(log), err)
	}
	n := len(s.of(h))
	for i := range 250 {
		s.note("", "feed failed", strconv.Itoa(i))
		s.note("", "change proposed", "")
	}
	s.until(h.ID, func(h Hook) bool { return h.Done >= 499 })
	told := words(s.of(h)[n:])
	if len(told) != 250 || told[249] != "249" {
		t.Errorf("%d events came", len(told))
	}
	if err := s.hooks.Delete(t.Context(), region, h.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hooks.Deliveries(t.Context(), region, h.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a deleted hook: %v", err)
	}
}

// TestBurst writes far more at once than a reader may be behind who begins: none
// is lost, though the receiver fails meanwhile.
func TestBurst(t *testing.T) {
	s := newSite(t)
	var asked atomic.Int64
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 8 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	h := s.create(Hook{})
	const burst = events.Kept + 2000
	for n := 0; n < burst; n += 1000 {
		s.must(s.catalog.Edit(t.Context(), region, catalog.Stamp{}, 0, func(j *catalog.Journal) error {
			for i := range 1000 {
				if err := j.Note("feed failed", strconv.Itoa(n+i)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	s.until(h.ID, func(h Hook) bool { return h.Done == burst || h.Disabled != "" })
	told := words(s.of(h))
	if len(told) != burst {
		t.Fatalf("%d events came, want %d", len(told), burst)
	}
	for i, n := range told {
		if n != strconv.Itoa(i) {
			t.Fatalf("event %d is %s", i, n)
		}
	}
}

func TestInvalidHooks(t *testing.T) {
	s := newSite(t)
	for field, h := range map[string]Hook{
		"url":      {URL: "https://169.254.169.254/latest/"},
		"name":     {Name: "two\nlines"},
		"types[1]": {Types: []events.Type{"feature.*", "Feature.*"}},
		"types":    {Types: make([]events.Type, maxTypes+1)},
	} {
		if h.URL == "" {
			h.URL = s.receiver.URL
		}
		h.Region = region
		_, err := s.hooks.Create(t.Context(), h)
		if wrong := (*InvalidError)(nil); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for range maxOwn {
		s.create(Hook{Organisation: "inn"})
	}
	if _, err := s.hooks.Create(t.Context(), Hook{Region: region, Organisation: "inn", URL: s.receiver.URL}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	// A name that leads inside is refused when it is asked.
	h := s.create(Hook{URL: strings.Replace(s.receiver.URL, "127.0.0.1", "localhost", 1)})
	s.hooks.Client = outbound.New(outbound.Config{})
	d, err := s.hooks.Test(t.Context(), region, h.ID)
	if err != nil || d.Taken() || !strings.Contains(d.Problem, outbound.ErrPrivate.Error()) {
		t.Errorf("%+v, %v", d, err)
	}
}
