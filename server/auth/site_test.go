package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	siteURL  = "https://maps.example"
	password = "a long enough password"
)

var (
	cheap = Argon{Time: 1, Memory: 8, Threads: 1}
	home  = netip.MustParseAddr("192.0.2.1")
	away  = netip.MustParseAddr("198.51.100.7")
)

// site is accounts on a store of their own, with a clock that tests turn.
type site struct {
	*testing.T
	*Accounts
	store store.MetaStore
	mu    sync.Mutex
	clock time.Time
	sent  []Mail
	log   bytes.Buffer
}

func (s *site) Send(_ context.Context, m Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	return nil
}

func (s *site) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *site) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *site) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	meta, err := badgerstore.Open(t.TempDir(), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	s.must(err)
	t.Cleanup(func() { meta.Close() })
	s.store = meta
	s.Accounts = s.open(cheap)
	t.Cleanup(s.Close)
	return s
}

// open opens the accounts of the store once more, as another server does.
func (s *site) open(cost Argon) *Accounts {
	s.Helper()
	a, err := Open(s.Context(), Config{
		Meta: s.store, URL: siteURL, Mail: s, Argon: cost, Now: s.time, Log: slog.New(slog.NewTextHandler(s, nil)),
	})
	s.must(err)
	return a
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// want checks an error's cause; nil for none.
func (s *site) want(err, cause error) {
	s.Helper()
	if !errors.Is(err, cause) {
		s.Errorf("got %v, want %v", err, cause)
	}
}

// wantField checks that an error is about a field.
func (s *site) wantField(err error, name string) {
	s.Helper()
	var field *FieldError
	if !errors.As(err, &field) || field.Field != name {
		s.Errorf("got %v, want an error of the field %s", err, name)
	}
}

// organisation makes one.
func (s *site) organisation(id string) {
	s.Helper()
	_, err := s.CreateOrganisation(s.Context(), Organisation{ID: id, Name: "The " + id, Home: "alps"})
	s.must(err)
}

// join makes an account with a role, and signs it in.
func (s *site) join(email string, g Grant) Tokens {
	s.Helper()
	_, link, err := s.Invite(s.Context(), Caller{}, email, g)
	s.must(err)
	t, err := s.Accept(s.Context(), home, tokenOf(link), Newcomer{Name: "Somebody", Password: password})
	s.must(err)
	return t
}

func tokenOf(link string) string {
	_, token, _ := strings.Cut(link, "=")
	return token
}

// good checks that an access token is taken, or that it is refused.
func (s *site) good(access string, want bool) {
	s.Helper()
	_, err := s.Authenticate(s.Context(), access)
	if want && err != nil || !want && !errors.Is(err, ErrUnauthenticated) {
		s.Errorf("Authenticate gave %v, want good: %v", err, want)
	}
}

// count returns how many records there are under a prefix.
func (s *site) count(prefix ...string) (n int) {
	s.Helper()
	s.must(s.store.View(s.Context(), func(txn store.Txn) error {
		names, err := records.Names(txn, key(prefix...))
		n = len(names)
		return err
	}))
	return n
}

// inn is the role that most tests need.
var inn = Grant{Contributor, "inn"}
