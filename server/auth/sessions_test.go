package auth

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store/badger"
)

// newLogin returns somebody who is signed in.
func newLogin(t *testing.T) (*site, Tokens) {
	s := newSite(t)
	s.organisation("inn")
	return s, s.join("somebody@maps.example", inn)
}

func (s *site) refresh(token string) Tokens {
	s.Helper()
	t, err := s.Refresh(s.Context(), token)
	s.must(err)
	return t
}

// TestRefresh walks along a family of tokens; each is good once.
func TestRefresh(t *testing.T) {
	s, first := newLogin(t)
	token := first.Refresh
	for range 5 {
		s.wait(24 * time.Hour)
		next := s.refresh(token)
		if next.Refresh == token {
			t.Fatal("the token stays the same")
		}
		s.good(next.Access, true)
		token = next.Refresh
	}
}

// TestRefreshLost checks that a token whose answer was lost gives the same
// successor again, within the grace, and only then.
func TestRefreshLost(t *testing.T) {
	s, first := newLogin(t)
	lost := s.refresh(first.Refresh)
	s.wait(Grace)
	again := s.refresh(first.Refresh)
	if again.Refresh != lost.Refresh {
		t.Fatal("another successor is given")
	}
	s.wait(time.Second)
	_, err := s.Refresh(t.Context(), first.Refresh)
	s.want(err, ErrReused)
	_, err = s.Refresh(t.Context(), lost.Refresh)
	s.want(err, ErrUnauthenticated) // the family is gone
	s.good(again.Access, false)
}

// TestRefreshReused checks that a token used twice ends its session and no
// other, whoever comes second.
func TestRefreshReused(t *testing.T) {
	s, first := newLogin(t)
	other, err := s.Login(t.Context(), home, "somebody@maps.example", password)
	s.must(err)
	second := s.refresh(first.Refresh)
	third := s.refresh(second.Refresh) // so the grace of the first is over at once
	_, err = s.Refresh(t.Context(), first.Refresh)
	s.want(err, ErrReused)
	s.good(third.Access, false)
	_, err = s.Refresh(t.Context(), third.Refresh)
	s.want(err, ErrUnauthenticated)
	s.good(other.Access, true)
	s.refresh(other.Refresh)
	if log := s.log.String(); !strings.Contains(log, "used twice") || strings.Contains(log, refreshPrefix) {
		t.Errorf("the log says %q", log)
	}
}

// TestRefreshStolen lets a thief use a token within the grace, beside its owner:
// they share one successor, so the second who uses that ends all. The server
// cannot tell them apart, so it does not matter who comes first.
func TestRefreshStolen(t *testing.T) {
	s, first := newLogin(t)
	thief, owner := s.refresh(first.Refresh), s.refresh(first.Refresh)
	if thief.Refresh != owner.Refresh {
		t.Fatal("thief and owner have different successors")
	}
	next := s.refresh(thief.Refresh)
	s.wait(Grace + time.Second)
	_, err := s.Refresh(t.Context(), owner.Refresh)
	s.want(err, ErrReused)
	for _, access := range []string{thief.Access, owner.Access, next.Access} {
		s.good(access, false)
	}
	_, err = s.Refresh(t.Context(), next.Refresh)
	s.want(err, ErrUnauthenticated)
}

// TestRefreshGuessed checks that a wrong secret of a real session ends it, and
// that malformed tokens do nothing.
func TestRefreshGuessed(t *testing.T) {
	s, first := newLogin(t)
	for _, bad := range []string{"", "pnr_", first.Refresh + "A", first.Refresh[1:], strings.ToUpper(first.Refresh), first.Access} {
		_, err := s.Refresh(t.Context(), bad)
		s.want(err, ErrUnauthenticated)
	}
	s.good(first.Access, true)
	guess := first.Refresh[:len(first.Refresh)-8] + "AAAAAAA" + first.Refresh[len(first.Refresh)-1:]
	_, err := s.Refresh(t.Context(), guess)
	s.want(err, ErrReused)
	s.good(first.Access, false)
}

// TestRefreshAtOnce uses one token many times at once, as the pages of a browser
// do: all get the same successor, and the session goes on.
func TestRefreshAtOnce(t *testing.T) {
	s, first := newLogin(t)
	got := make([]Tokens, 8)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], errs[i] = s.Refresh(t.Context(), first.Refresh) })
	}
	wg.Wait()
	s.must(errors.Join(errs...))
	for _, g := range got {
		if g.Refresh != got[0].Refresh {
			t.Fatal("they got different successors")
		}
	}
	s.refresh(got[0].Refresh)
}

// TestSessionEnds turns the clock over the ends of a session.
func TestSessionEnds(t *testing.T) {
	s, first := newLogin(t)
	s.wait(RefreshLife)
	second := s.refresh(first.Refresh)
	s.wait(RefreshLife + time.Second)
	_, err := s.Refresh(t.Context(), second.Refresh)
	s.want(err, ErrUnauthenticated)

	token := s.relogin().Refresh
	for at := time.Duration(0); at+20*24*time.Hour <= SessionLife; at += 20 * 24 * time.Hour {
		s.wait(20 * 24 * time.Hour)
		token = s.refresh(token).Refresh
	}
	s.wait(20 * 24 * time.Hour)
	_, err = s.Refresh(t.Context(), token)
	s.want(err, ErrUnauthenticated)
}

func (s *site) relogin() Tokens {
	s.Helper()
	t, err := s.Login(s.Context(), home, "Somebody@Maps.Example", password)
	s.must(err)
	return t
}

// TestSessionsAreBounded signs in more often than a user may have sessions.
func TestSessionsAreBounded(t *testing.T) {
	s, first := newLogin(t)
	for range maxSessions + 5 {
		s.wait(time.Second)
		s.relogin()
	}
	if n := s.count("session", first.User.ID, ""); n != maxSessions {
		t.Errorf("%d sessions, want %d", n, maxSessions)
	}
	_, err := s.Refresh(t.Context(), first.Refresh)
	s.want(err, ErrUnauthenticated)
}

// TestLogoutEverywhere ends all sessions, with those that begin meanwhile.
func TestLogoutEverywhere(t *testing.T) {
	s, first := newLogin(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	all := []Tokens{first}
	for range 4 {
		wg.Go(func() {
			if got, err := s.Login(t.Context(), home, "somebody@maps.example", password); err == nil {
				mu.Lock()
				all = append(all, got)
				mu.Unlock()
			}
		})
	}
	s.must(s.LogoutEverywhere(t.Context(), first.User.ID))
	wg.Wait()
	s.must(s.LogoutEverywhere(t.Context(), first.User.ID))
	for _, got := range all {
		s.good(got.Access, false)
		_, err := s.Refresh(t.Context(), got.Refresh)
		s.want(err, ErrUnauthenticated)
	}
	s.good(s.relogin().Access, true)
}

// TestLoginMeanwhile changes the password, or shuts the account out, between the
// check of a password and the session that it begins.
func TestLoginMeanwhile(t *testing.T) {
	for name, change := range map[string]func(s *site, u User) error{
		"password": func(s *site, u User) error {
			_, err := s.ChangePassword(s.Context(), home, Caller{User: u.ID}, password, "another good password")
			return err
		},
		"disabled": func(s *site, u User) error { _, err := s.SetDisabled(s.Context(), u.ID, true); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newLogin(t)
			checked, err := s.checkPassword(t.Context(), home, "somebody@maps.example", password)
			s.must(err)
			s.must(change(s, checked))
			_, err = s.start(t.Context(), checked)
			s.want(err, ErrCredentials)
		})
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	meta, err := badgerstore.Open(b.TempDir(), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer meta.Close()
	a, err := Open(b.Context(), Config{Meta: meta, URL: siteURL, Mail: Console{io.Discard}, Argon: cheap})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	_, link, err := a.Invite(b.Context(), Caller{}, "somebody@maps.example", Grant{Editor, "alps"})
	if err != nil {
		b.Fatal(err)
	}
	login, err := a.Accept(b.Context(), home, tokenOf(link), Newcomer{Name: "Somebody", Password: password})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(b.Context(), login.Access); err != nil {
			b.Fatal(err)
		}
	}
}
