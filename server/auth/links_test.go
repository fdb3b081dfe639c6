package auth

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSetUp makes the first administrator; the link works once.
func TestSetUp(t *testing.T) {
	s := newSite(t)
	if there, err := s.HasAdministrator(t.Context()); there || err != nil {
		t.Fatal("there is an administrator", err)
	}
	old, err := s.SetUpLink(t.Context())
	s.must(err)
	link, err := s.SetUpLink(t.Context())
	s.must(err)
	if !strings.HasPrefix(link, siteURL+"/account#set-up=") {
		t.Errorf("the link is %s", link)
	}
	first := Newcomer{Name: "First", Password: password}
	_, err = s.SetUp(t.Context(), home, tokenOf(old), "first@maps.example", first)
	s.want(err, ErrLink) // the newest counts
	_, err = s.SetUp(t.Context(), home, tokenOf(link), "first@maps.example", Newcomer{Name: "First", Password: "short"})
	s.wantField(err, "password") // which does not use it up
	got, err := s.SetUp(t.Context(), home, tokenOf(link), "first@maps.example", first)
	s.must(err)
	c, err := s.Authenticate(t.Context(), got.Access)
	if err != nil || !c.Administers() {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = s.SetUp(t.Context(), home, tokenOf(link), "second@maps.example", first)
	s.want(err, ErrLink)
	link, err = s.SetUpLink(t.Context())
	s.must(err)
	s.wait(SetUpLife)
	_, err = s.SetUp(t.Context(), home, tokenOf(link), "second@maps.example", first)
	s.want(err, ErrLink)
}

// TestInvitationReused uses one link many times at once, and once more.
func TestInvitationReused(t *testing.T) {
	s := newSite(t)
	s.organisation("inn")
	_, link, err := s.Invite(t.Context(), Caller{}, "guest@maps.example", inn)
	s.must(err)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.Accept(t.Context(), home, tokenOf(link), Newcomer{Name: "Guest", Password: password})
		})
	}
	wg.Wait()
	worked := 0
	for _, err := range errs {
		if err == nil {
			worked++
		} else {
			s.want(err, ErrLink)
		}
	}
	if worked != 1 || s.count("user", "") != 1 || s.count("link", "") != 0 || s.count("of", "contributor", "inn", "link", "") != 0 {
		t.Errorf("it worked %d times, %d users, %d links", worked, s.count("user", ""), s.count("link", ""))
	}
	_, err = s.Accept(t.Context(), home, tokenOf(link), Newcomer{Name: "Thief", Password: password})
	s.want(err, ErrLink)
}

// TestInvitationOfAnother checks that who holds an invitation does not get into
// the account that it was for, whatever else they say.
func TestInvitationOfAnother(t *testing.T) {
	s, owner := newLogin(t)
	_, link, err := s.Invite(t.Context(), Caller{}, "somebody@maps.example", Grant{Manager, "alps"})
	s.must(err)
	_, err = s.Accept(t.Context(), away, tokenOf(link), Newcomer{Name: "Thief", Password: "the thief's password"})
	s.want(err, ErrCredentials)
	s.relogin() // as before
	got, err := s.Accept(t.Context(), home, tokenOf(link), Newcomer{Password: password})
	s.must(err)
	if got.User.ID != owner.User.ID || got.User.Name != "Somebody" || len(got.User.Grants) != 2 {
		t.Errorf("%+v", got.User)
	}
}

// TestInvitationOutlivesNobody checks that an invitation ends with its author's
// right to give it, with its time, by being taken back, and by a newer one.
func TestInvitationOutlivesNobody(t *testing.T) {
	manager := Grant{Manager, "alps"}
	for name, end := range map[string]func(s *site, author User, i Invitation) error{
		"author loses the role": func(s *site, u User, _ Invitation) error { return s.Revoke(s.Context(), u.ID, manager) },
		"author disabled": func(s *site, u User, _ Invitation) error {
			_, err := s.SetDisabled(s.Context(), u.ID, true)
			return err
		},
		"author deleted": func(s *site, u User, _ Invitation) error { return s.DeleteUser(s.Context(), u.ID) },
		"time":           func(s *site, _ User, _ Invitation) error { s.wait(InvitationLife); return nil },
		"taken back": func(s *site, _ User, i Invitation) error {
			s.want(s.RevokeInvitation(s.Context(), i.ID, Grant{Editor, "coast"}), ErrNotFound)
			return s.RevokeInvitation(s.Context(), i.ID, Grant{Manager, "alps"}, Grant{Editor, "alps"})
		},
		"a newer one": func(s *site, u User, _ Invitation) error {
			_, _, err := s.Invite(s.Context(), Caller{User: u.ID}, "GUEST@maps.example", Grant{Editor, "alps"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.join("admin@maps.example", Grant{Role: Administrator})
			author := s.join("manager@maps.example", manager).User
			i, link, err := s.Invite(t.Context(), Caller{User: author.ID}, "guest@maps.example", Grant{Editor, "alps"})
			s.must(err)
			if _, known, err := s.Invited(t.Context(), tokenOf(link)); known || err != nil {
				t.Error(known, err)
			}
			s.must(end(s, author, i))
			_, err = s.Accept(t.Context(), home, tokenOf(link), Newcomer{Name: "Guest", Password: password})
			s.want(err, ErrLink)
		})
	}
}

// TestInviteMayNot checks that nobody gives a role that they may not give.
func TestInviteMayNot(t *testing.T) {
	s := newSite(t)
	s.organisation("inn")
	s.organisation("museum")
	by := map[string]User{
		"contributor": s.join("contributor@maps.example", inn).User,
		"editor":      s.join("editor@maps.example", Grant{Editor, "alps"}).User,
		"manager":     s.join("manager@maps.example", Grant{Manager, "coast"}).User,
	}
	for _, c := range []struct {
		by string
		g  Grant
	}{
		{"contributor", Grant{Contributor, "museum"}}, {"contributor", Grant{Editor, "alps"}}, {"contributor", Grant{Role: Administrator}},
		{"editor", Grant{Editor, "alps"}}, {"editor", inn}, {"manager", Grant{Manager, "alps"}}, {"manager", inn}, {"manager", Grant{Role: Administrator}},
	} {
		_, _, err := s.Invite(t.Context(), Caller{User: by[c.by].ID}, "guest@maps.example", c.g)
		s.want(err, ErrForbidden)
	}
	for _, g := range []Grant{{}, {"owner", "inn"}, {Administrator, "alps"}, {Role: Editor}} {
		_, _, err := s.Invite(t.Context(), Caller{}, "guest@maps.example", g)
		s.wantField(err, "role")
	}
}

// TestReset chooses another password by mail.
func TestReset(t *testing.T) {
	s, login := newLogin(t)
	sent := len(s.sentTo("somebody@maps.example"))
	s.must(s.RequestReset(t.Context(), home, "SomeBody@maps.example"))
	s.must(s.RequestReset(t.Context(), home, "nobody@maps.example"))
	s.Close()
	mails := s.sentTo("somebody@maps.example")
	if len(mails) != sent+1 || len(s.sentTo("nobody@maps.example")) != 0 {
		t.Fatalf("sent %+v", s.sent)
	}
	_, rest, _ := strings.Cut(mails[sent].Text, siteURL+"/account#reset=")
	token := rest[:16+43]

	for range accountBurst + 1 { // somebody else keeps the owner out meanwhile
		s.Login(t.Context(), away, "somebody@maps.example", "not the password")
	}
	s.wantField(s.ConfirmReset(t.Context(), token, "short"), "password")
	s.want(s.ConfirmReset(t.Context(), token[:58]+"_", "another good password"), ErrLink)
	s.must(s.ConfirmReset(t.Context(), token, "another good password"))
	s.want(s.ConfirmReset(t.Context(), token, "a third good password"), ErrLink)
	s.good(login.Access, false)
	_, err := s.Refresh(t.Context(), login.Refresh)
	s.want(err, ErrUnauthenticated)
	_, err = s.Login(t.Context(), home, "somebody@maps.example", password)
	s.want(err, ErrCredentials)
	if _, err = s.Login(t.Context(), home, "somebody@maps.example", "another good password"); err != nil {
		t.Error(err)
	}
}

func (s *site) sentTo(address string) (all []Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.sent {
		if m.To == address {
			all = append(all, m)
		}
	}
	return all
}

// TestResetLinks checks the ends of reset links: the newest counts, for an hour,
// for nobody who is shut out, and for nothing else.
func TestResetLinks(t *testing.T) {
	s, login := newLogin(t)
	reset := func() string {
		link, err := s.ResetLink(t.Context(), login.User)
		s.must(err)
		return tokenOf(link)
	}
	old := reset()
	s.want(s.ConfirmReset(t.Context(), old[:16]+reset()[16:], "another good password"), ErrLink)
	s.want(s.ConfirmReset(t.Context(), old, "another good password"), ErrLink)
	late := reset()
	s.wait(ResetLife)
	s.want(s.ConfirmReset(t.Context(), late, "another good password"), ErrLink)
	other := reset()
	_, err := s.SetUp(t.Context(), home, other, "thief@maps.example", Newcomer{Name: "Thief", Password: password})
	s.want(err, ErrLink)
	_, err = s.Accept(t.Context(), home, other, Newcomer{Name: "Thief", Password: password})
	s.want(err, ErrLink)
	_, err = s.SetDisabled(t.Context(), login.User.ID, true)
	s.must(err)
	s.want(s.ConfirmReset(t.Context(), other, "another good password"), ErrLink)
}

// TestResetFlood asks for many mails to one address.
func TestResetFlood(t *testing.T) {
	s, _ := newLogin(t)
	s.Close()
	sent := len(s.sentTo("somebody@maps.example"))
	for range mailBurst {
		s.must(s.RequestReset(t.Context(), home, "somebody@maps.example"))
	}
	s.want(s.RequestReset(t.Context(), home, "somebody@maps.example"), ErrThrottled)
	s.Close()
	if n := len(s.sentTo("somebody@maps.example")) - sent; n != mailBurst {
		t.Errorf("%d mails, want %d", n, mailBurst)
	}
}

// TestSweep removes what is over, and nothing else.
func TestSweep(t *testing.T) {
	s, login := newLogin(t)
	s.token(login.User, inn)
	_, _, err := s.Invite(t.Context(), Caller{}, "guest@maps.example", inn)
	s.must(err)
	_, err = s.ResetLink(t.Context(), login.User)
	s.must(err)
	s.must(s.Sweep(t.Context()))
	before := s.count("session", "") + s.count("link", "") + s.count("token", "")
	if before != 4 {
		t.Errorf("%d records before their time, want 4", before)
	}
	s.wait(RefreshLife + time.Second)
	s.must(s.Sweep(t.Context()))
	if n := s.count("session", "") + s.count("link", "") + s.count("token", "") + s.count("of", "contributor", "inn", "token", "") + s.count("of", "contributor", "inn", "link", ""); n != 0 {
		t.Errorf("%d records are left", n)
	}
	if s.count("user", "") != 1 || s.count("of", "contributor", "inn", "user", "") != 1 {
		t.Error("too much is gone")
	}
}

// TestNoSecretsInStore looks for tokens and passwords in all that is kept.
func TestNoSecretsInStore(t *testing.T) {
	s, login := newLogin(t)
	_, bearer := s.token(login.User, inn)
	link, err := s.ResetLink(t.Context(), login.User)
	s.must(err)
	next := s.refresh(login.Refresh)
	s.Login(t.Context(), away, "somebody@maps.example", "not the password")
	dump := s.dump()
	for name, secret := range map[string]string{
		"password": password, "wrong password": "not the password", "API token": bearer[len(apiPrefix)+16:], "link": tokenOf(link)[16:],
		"refresh token": login.Refresh[36:], "its successor": next.Refresh[36:], "access token": login.Access,
	} {
		if strings.Contains(dump, secret) {
			t.Errorf("the %s is in the store", name)
		}
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
}
