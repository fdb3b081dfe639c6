package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// How long one-time links are good.
const (
	SetUpLife      = 24 * time.Hour
	InvitationLife = 7 * 24 * time.Hour
	ResetLife      = time.Hour
)

// Kinds of links; they end the address of the page that takes them.
const (
	linkSetUp      = "set-up"
	linkInvitation = "invitation"
	linkReset      = "reset"
)

// link is a one-time link. It goes with its use.
type link struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Hash    []byte    `json:"hash"`            // SHA-256 of the secret
	Email   string    `json:"email,omitempty"` // of whom is invited
	Grant   Grant     `json:"grant,omitzero"`  // what they get
	By      string    `json:"by,omitempty"`    // user who invites; "" for the operator
	User    string    `json:"user,omitempty"`  // whose password is reset
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// newLink makes a link and its address. What comes after # is not sent to any
// server, so it stands in no log.
func (a *Accounts) newLink(kind string, life time.Duration) (link, string) {
	secret := randomSecret()
	l := link{ID: newID(), Kind: kind, Hash: digest(secret), Created: a.at(), Expires: a.at().Add(life)}
	return l, a.url + "/account#" + kind + "=" + l.ID + base64.RawURLEncoding.EncodeToString(secret)
}

// openLink returns the link of a token that is good now.
func (a *Accounts) openLink(txn store.Txn, kind, token string) (link, error) {
	id, secret, ok := cutSecret(token)
	if !ok {
		return link{}, ErrLink
	}
	l, err := records.Get[link](txn, key("link", id))
	if errors.Is(err, store.ErrNotFound) {
		return link{}, ErrLink
	}
	if err == nil && (l.Kind != kind || !same(digest(secret), l.Hash) || !a.now().Before(l.Expires)) {
		err = ErrLink
	}
	return l, err
}

func dropLink(txn store.Txn, l link) error {
	err := txn.Delete(key("link", l.ID))
	if l.Kind == linkInvitation {
		err = errors.Join(err, txn.Delete(place(l.Grant, "link", l.ID)))
	}
	return err
}

// replaceLink makes l the one that is good of all that key has named.
func replaceLink(txn store.Txn, last []byte, l link) error {
	was, err := records.Get[string](txn, last)
	if err == nil {
		err = txn.Delete(key("link", was))
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return errors.Join(records.Set(txn, last, l.ID), records.Set(txn, key("link", l.ID), l))
}

// SetUpLink makes a link by which somebody becomes an administrator. The one
// before is good no longer.
func (a *Accounts) SetUpLink(ctx context.Context) (string, error) {
	l, address := a.newLink(linkSetUp, SetUpLife)
	l.Grant = Grant{Role: Administrator}
	return address, a.update(ctx, func(txn store.Txn) error { return replaceLink(txn, key("setup"), l) })
}

// HasAdministrator reports whether anybody administers the site.
func (a *Accounts) HasAdministrator(ctx context.Context) (bool, error) {
	all, err := a.Members(ctx, Grant{Role: Administrator})
	for _, u := range all {
		if !u.Disabled {
			return true, nil
		}
	}
	return false, err
}

// Newcomer is what somebody says who takes an invitation: of one who has an
// account already, only the password counts.
type Newcomer struct {
	Name, Language, Password string
}

// SetUp uses a set-up link: the account of email becomes an administrator.
func (a *Accounts) SetUp(ctx context.Context, from netip.Addr, token, email string, n Newcomer) (Tokens, error) {
	address, err := ParseAddress(email)
	if err != nil {
		return Tokens{}, err
	}
	return a.join(ctx, from, linkSetUp, token, address, n)
}

// Accept uses an invitation.
func (a *Accounts) Accept(ctx context.Context, from netip.Addr, token string, n Newcomer) (Tokens, error) {
	return a.join(ctx, from, linkInvitation, token, "", n)
}

// join gives an account the role of a link, and makes the account if there is
// none. One that is there has to show its password: who invited it, or found
// the link, must not get into it.
func (a *Accounts) join(ctx context.Context, from netip.Addr, kind, token, address string, n Newcomer) (t Tokens, err error) {
	var u User
	err = a.view(ctx, func(txn store.Txn) error {
		l, err := a.openLink(txn, kind, token)
		if err != nil {
			return err
		}
		if address == "" {
			address = l.Email
		}
		if u, err = byEmail(txn, address); errors.Is(err, store.ErrNotFound) {
			u, err = User{}, nil
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if u.ID != "" {
		u, err = a.checkPassword(ctx, from, address, n.Password)
	} else {
		u, err = a.newUser(ctx, address, n)
	}
	if err != nil {
		return t, err
	}
	secret, was := randomSecret(), u
	err = a.update(ctx, func(txn store.Txn) error {
		u := was
		l, err := a.openLink(txn, kind, token)
		if err != nil {
			return err
		}
		err = a.standing(txn, l)
		if errors.Is(err, ErrForbidden) || errors.Is(err, store.ErrNotFound) {
			err = ErrLink
		}
		if err != nil {
			return err
		}
		there, err := byEmail(txn, address)
		switch {
		case err == nil && there.Password == u.Password && !there.Disabled:
			u = there
		case err == nil:
			return fmt.Errorf("%w: the address", ErrExists) // made or changed meanwhile
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := grant(txn, &u, l.Grant); err != nil {
			return err
		}
		if err := errors.Join(records.Set(txn, key("user", u.ID), u), records.Set(txn, key("email", u.Email), u.ID), dropLink(txn, l)); err != nil {
			return err
		}
		t, err = a.begin(txn, u, secret)
		return err
	})
	return t, err
}

// newUser checks what a newcomer says.
func (a *Accounts) newUser(ctx context.Context, address string, n Newcomer) (u User, err error) {
	u = User{ID: newID(), Email: address, Created: a.at()}
	if u.Name, err = parseName("name", n.Name); err != nil {
		return u, err
	}
	if u.Language, err = parseLanguage(n.Language); err != nil {
		return u, err
	}
	if err := checkPassword("password", n.Password, address); err != nil {
		return u, err
	}
	u.Password, err = a.passwords.Hash(ctx, n.Password)
	return u, err
}

// RequestReset sends a link for a new password to an account's address. Whether
// there is such an account shows neither in the answer nor in its time, as all
// of it happens afterwards.
func (a *Accounts) RequestReset(ctx context.Context, from netip.Addr, email string) error {
	address, err := ParseAddress(email)
	if err != nil {
		return err
	}
	if err := a.throttle.take(a.now(), a.throttle.mail(address), a.throttle.host(from)); err != nil {
		return err
	}
	a.later(ctx, "send a link for a new password", func(ctx context.Context) error {
		u, err := a.UserByEmail(ctx, address)
		if errors.Is(err, ErrNotFound) || err == nil && u.Disabled {
			return nil
		}
		if err != nil {
			return err
		}
		address, err := a.ResetLink(ctx, u)
		if err != nil {
			return err
		}
		return a.mail.Send(ctx, resetMail(u, address))
	})
	return nil
}

// ResetLink makes a link by which a user chooses another password. The one
// before is good no longer.
func (a *Accounts) ResetLink(ctx context.Context, u User) (string, error) {
	l, address := a.newLink(linkReset, ResetLife)
	l.User = u.ID
	return address, a.update(ctx, func(txn store.Txn) error {
		if _, err := records.Get[User](txn, key("user", u.ID)); err != nil {
			return err
		}
		return replaceLink(txn, key("reset", u.ID), l)
	})
}

// ConfirmReset uses a reset link: the account has that password from now on, and
// all its sessions end.
func (a *Accounts) ConfirmReset(ctx context.Context, token, password string) error {
	var u User
	find := func(txn store.Txn) (l link, err error) {
		if l, err = a.openLink(txn, linkReset, token); err != nil {
			return l, err
		}
		if u, err = records.Get[User](txn, key("user", l.User)); err == nil && u.Disabled {
			err = ErrLink
		}
		return l, err
	}
	if err := a.view(ctx, func(txn store.Txn) error { _, err := find(txn); return err }); err != nil {
		return err
	}
	if err := checkPassword("password", password, u.Email); err != nil {
		return err
	}
	phc, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = a.update(ctx, func(txn store.Txn) error {
		l, err := find(txn)
		if err != nil {
			return err
		}
		u.Password = phc
		if err := endSessions(txn, &u); err != nil {
			return err
		}
		return errors.Join(records.Set(txn, key("user", u.ID), u), dropLink(txn, l), txn.Delete(key("reset", u.ID)))
	})
	if err == nil {
		a.throttle.reset(a.throttle.account(u.Email))
	}
	return err
}
