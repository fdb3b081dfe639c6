package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "com"
	for in, want := range map[string]string{
		"office@example.org": "office@example.org", " Anna.Berg+maps@Example.ORG ": "anna.berg+maps@example.org",
		"o'neil@xn--bcher-kva.example": "o'neil@xn--bcher-kva.example", long: long,
		"": "", "anna": "", "@example.org": "", "anna@": "", "anna@localhost": "", "a@b@c.d": "", "a..b@c.d": "", ".a@c.d": "", "a@c..d": "",
		"office@example.org\r\nBcc: all@example.org": "", "anna\n@example.org": "", "office@example.org\x00": "", `"a b"@example.org`: "",
		"Anna <office@example.org>": "", "anna@exämple.org": "", "änna@example.org": "", "ＡＮＮＡ@example.org": "",
		"m\u0131ke@example.org":    "", // dotless i, which folds to i in some alphabets
		"\u212Aevin@example.org":   "", // the sign of the kelvin, which folds to k
		"office@example.org,b@c.d": "", "anna@[127.0.0.1]": "", "a" + long: "",
	} {
		got, err := ParseAddress(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("office@example.org")
	f.Add("a@b.c\r\nX: y")
	f.Add("m\u0131ke@example.org")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := ParseAddress(in)
		if err != nil {
			return
		}
		if again, err := ParseAddress(got); err != nil || again != got {
			t.Errorf("%q becomes %q, and that %q, %v", in, got, again, err)
		}
		if strings.ContainsAny(got, "\r\n\x00<>,; \"") || strings.Count(got, "@") != 1 {
			t.Errorf("%q becomes %q", in, got)
		}
	})
}

// TestLastAdministrator lets administrators take the role from each other at
// once: one stays.
func TestLastAdministrator(t *testing.T) {
	s := newSite(t)
	admin := Grant{Role: Administrator}
	var users []User
	for i := range 4 {
		users = append(users, s.join(fmt.Sprintf("admin%d@maps.example", i), admin).User)
	}
	away := []func(ctx context.Context, id string) error{
		func(ctx context.Context, id string) error { return s.Revoke(ctx, id, admin) },
		func(ctx context.Context, id string) error { _, err := s.SetDisabled(ctx, id, true); return err },
		s.DeleteUser,
		func(ctx context.Context, id string) error { return s.Revoke(ctx, id, admin) },
	}
	var wg sync.WaitGroup
	errs := make([]error, len(users))
	for i, u := range users {
		wg.Go(func() { errs[i] = away[i](t.Context(), u.ID) })
	}
	wg.Wait()
	stayed := 0
	for _, err := range errs {
		if errors.Is(err, ErrLastAdministrator) {
			stayed++
		} else {
			s.must(err)
		}
	}
	if there, err := s.HasAdministrator(t.Context()); stayed != 1 || !there || err != nil {
		t.Errorf("%d stayed, there is one: %v, %v", stayed, there, err)
	}
}

// TestRoleTakenWithTokens checks that the API tokens that somebody made go with
// the role that let them, and no others.
func TestRoleTakenWithTokens(t *testing.T) {
	for name, take := range map[string]func(s *site, u User) error{
		"revoked":  func(s *site, u User) error { return s.Revoke(s.Context(), u.ID, inn) },
		"disabled": func(s *site, u User) error { _, err := s.SetDisabled(s.Context(), u.ID, true); return err },
		"deleted":  func(s *site, u User) error { return s.DeleteUser(s.Context(), u.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.organisation("inn")
			leaves, stays := s.join("leaves@maps.example", inn).User, s.join("stays@maps.example", inn).User
			_, theirs := s.token(leaves, inn)
			_, other := s.token(stays, inn)
			s.good(theirs, true)
			s.must(take(s, leaves))
			s.good(theirs, false)
			s.good(other, true)
			all, err := s.Tokens(t.Context(), inn)
			if err != nil || len(all) != 1 || all[0].By != stays.ID {
				t.Errorf("tokens %+v, %v", all, err)
			}
		})
	}
}

// token makes an API token for an hour.
func (s *site) token(by User, g Grant) (APIToken, string) {
	s.Helper()
	t, bearer, err := s.CreateToken(s.Context(), Caller{User: by.ID}, APIToken{
		Name: "feed", Grant: g, Scopes: []Scope{ScopeRead, ScopeFeatures}, Expires: s.time().Add(time.Hour),
	})
	s.must(err)
	return t, bearer
}

// TestAPIToken walks through the life of a token.
func TestAPIToken(t *testing.T) {
	s := newSite(t)
	s.organisation("inn")
	u := s.join("somebody@maps.example", inn).User
	made, bearer := s.token(u, inn)
	c, err := s.Authenticate(t.Context(), bearer)
	s.must(err)
	if !c.Contributes("inn") || c.Contributes("museum") || c.Administers() || c.User != "" || c.ID() != "token/"+made.ID ||
		!c.May(ScopeFeatures) || c.May(ScopePublish) || c.May("") {
		t.Errorf("the caller is %+v", c)
	}
	for _, bad := range []string{apiPrefix, bearer[:len(bearer)-1], bearer + "A", bearer[:30] + "AAAAAAAA" + bearer[38:], strings.ToUpper(bearer), "x" + bearer} {
		s.good(bad, false)
	}
	now := s.time()
	for name, bad := range map[string]APIToken{
		"expires":   {Name: "feed", Grant: inn, Scopes: []Scope{ScopeRead}},
		"name":      {Grant: inn, Scopes: []Scope{ScopeRead}, Expires: now.Add(time.Hour)},
		"scopes":    {Name: "feed", Grant: inn, Expires: now.Add(time.Hour)},
		"scopes[1]": {Name: "feed", Grant: inn, Scopes: []Scope{ScopeRead, "everything"}, Expires: now.Add(time.Hour)},
	} {
		_, _, err := s.CreateToken(t.Context(), Caller{User: u.ID}, bad)
		s.wantField(err, name)
	}
	_, _, err = s.CreateToken(t.Context(), Caller{User: u.ID}, APIToken{Name: "feed", Grant: inn, Scopes: []Scope{ScopeRead}, Expires: now.Add(MaxAPILife + time.Second)})
	s.wantField(err, "expires")
	for _, g := range []Grant{{Contributor, "museum"}, {Editor, "alps"}, {Manager, "alps"}, {Role: Administrator}} {
		_, _, err := s.CreateToken(t.Context(), Caller{User: u.ID}, APIToken{Name: "feed", Grant: g, Scopes: []Scope{ScopeRead}, Expires: now.Add(time.Hour)})
		s.want(err, ErrForbidden)
	}
	s.want(s.RevokeToken(t.Context(), Grant{Contributor, "museum"}, made.ID), ErrNotFound)
	s.good(bearer, true)
	s.wait(time.Hour)
	s.good(bearer, false)
	_, other := s.token(u, inn)
	all, err := s.Tokens(t.Context(), inn)
	s.must(err)
	for _, token := range all {
		s.must(s.RevokeToken(t.Context(), inn, token.ID))
	}
	s.good(other, false)
}

// TestDeletedOrganisation checks that nothing of it is left to act by, and that
// nobody gets its name.
func TestDeletedOrganisation(t *testing.T) {
	s := newSite(t)
	s.organisation("inn")
	login := s.join("somebody@maps.example", inn)
	_, bearer := s.token(login.User, inn)
	_, link, err := s.Invite(t.Context(), Caller{}, "guest@maps.example", inn)
	s.must(err)
	s.must(s.DeleteOrganisation(t.Context(), "inn"))
	s.good(bearer, false)
	c, err := s.Authenticate(t.Context(), login.Access)
	if err != nil || c.Contributes("inn") {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = s.Accept(t.Context(), home, tokenOf(link), Newcomer{Name: "Guest", Password: password})
	s.want(err, ErrLink)
	_, err = s.CreateOrganisation(t.Context(), Organisation{ID: "inn", Name: "Another", Home: "alps"})
	s.want(err, ErrExists)
	_, err = s.Organisation(t.Context(), "inn")
	s.want(err, ErrNotFound)
	_, _, err = s.Invite(t.Context(), Caller{}, "guest@maps.example", inn)
	s.want(err, ErrNotFound)
}

// TestOrganisationsAtOnce gives one name away once.
func TestOrganisationsAtOnce(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.CreateOrganisation(t.Context(), Organisation{ID: "inn", Name: fmt.Sprint(i), Home: "alps"})
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else {
			s.want(err, ErrExists)
		}
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

// TestPlaces lets an organisation work in regions, trusted or not.
func TestPlaces(t *testing.T) {
	s := newSite(t)
	s.organisation("inn")
	_, err := s.SetPlace(t.Context(), "inn", Place{"coast", true})
	s.must(err)
	o, err := s.SetPlace(t.Context(), "inn", Place{"alps", true})
	s.must(err)
	if fmt.Sprint(o.Places) != "[{alps true} {coast true}]" {
		t.Errorf("places %v", o.Places)
	}
	if _, err = s.RemovePlace(t.Context(), "inn", "coast"); err != nil {
		t.Error(err)
	}
	_, err = s.RemovePlace(t.Context(), "inn", "coast")
	s.want(err, ErrNotFound)
	for region, n := range map[string]int{"alps": 1, "coast": 0} {
		if all, err := s.WorkingIn(t.Context(), region, []string{"inn", "gone", "../x"}); err != nil || len(all) != n {
			t.Errorf("%s: %v, %v; want %d", region, all, err, n)
		}
	}
}
