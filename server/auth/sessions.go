package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	// RefreshLife is how long a session lasts when it is not used.
	RefreshLife = 30 * 24 * time.Hour
	// SessionLife is how long a session lasts at most.
	SessionLife = 180 * 24 * time.Hour
	// Grace is how long a used refresh token gives the same successor again,
	// for an answer that was lost on the way.
	Grace = 30 * time.Second

	refreshPrefix = "pnr_"
	maxSessions   = 50 // of one user; the one that was used least recently ends
)

// session is a family of refresh tokens, each the successor of the one before.
// Only the newest is good. One older than Previous is not known any more: what
// has the right session and another secret is one that was used before.
type session struct {
	ID       string    `json:"id"`
	User     string    `json:"user"`
	Epoch    uint64    `json:"epoch"` // of the user
	Created  time.Time `json:"created"`
	Rotated  time.Time `json:"rotated"`            // when Current was made
	Current  []byte    `json:"current"`            // SHA-256 of the good token's secret
	Previous []byte    `json:"previous,omitempty"` // of the one that Current took the place of
	Nonce    []byte    `json:"nonce,omitempty"`    // makes Current out of that one's secret
}

func (s session) over(now time.Time) bool {
	return now.After(s.Rotated.Add(RefreshLife)) || now.After(s.Created.Add(SessionLife))
}

// Tokens is what somebody gets who signed in.
type Tokens struct {
	Access  string
	Refresh string
	Expires time.Duration // of the access token
	User    User
}

func digest(secret []byte) []byte { return sum(sha256.Sum256(secret)) }

func sum(h [32]byte) []byte { return h[:] }

func randomSecret() []byte {
	secret := make([]byte, 32)
	rand.Read(secret)
	return secret
}

// Login signs somebody in. from is where the request came from.
func (a *Accounts) Login(ctx context.Context, from netip.Addr, email, password string) (Tokens, error) {
	u, err := a.checkPassword(ctx, from, email, password)
	if err != nil {
		return Tokens{}, err
	}
	return a.start(ctx, u)
}

// checkPassword returns the user whom an address and a password belong to. It
// takes as long, and answers the same, whether there is no such account, or it
// is disabled, or the password is wrong.
func (a *Accounts) checkPassword(ctx context.Context, from netip.Addr, email, password string) (User, error) {
	address, err := ParseAddress(email)
	if err != nil {
		address = ""
	}
	attempts := []attempt{a.throttle.account(address), a.throttle.host(from)}
	if err := a.throttle.take(a.now(), attempts...); err != nil {
		a.log.WarnContext(ctx, "too many attempts at a password", "from", from)
		return User{}, err
	}
	u, err := a.UserByEmail(ctx, email)
	var field *FieldError
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.As(err, &field) {
		return User{}, err
	}
	ok, old, err := a.passwords.Verify(ctx, u.Password, password)
	if err != nil {
		a.throttle.back(attempts...)
		return User{}, err
	}
	if !ok || u.Disabled {
		return User{}, ErrCredentials
	}
	a.throttle.back(attempts...)
	if !old {
		return u, nil
	}
	phc, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	was := u.Password
	return a.changeUser(ctx, u.ID, func(_ store.Txn, u *User) error {
		if u.Password != was {
			return ErrCredentials // it was changed meanwhile
		}
		u.Password = phc
		return nil
	})
}

// start begins a session of somebody who showed the password that u has.
func (a *Accounts) start(ctx context.Context, u User) (t Tokens, err error) {
	secret, was := randomSecret(), u.Password
	err = a.update(ctx, func(txn store.Txn) error {
		if u, err = records.Get[User](txn, key("user", u.ID)); err != nil {
			return err
		}
		if u.Disabled || u.Password != was {
			return ErrCredentials // it was changed meanwhile
		}
		t, err = a.begin(txn, u, secret)
		return err
	})
	return t, err
}

// begin writes a new session. The transaction has read the user.
func (a *Accounts) begin(txn store.Txn, u User, secret []byte) (Tokens, error) {
	if err := a.makeRoom(txn, u.ID); err != nil {
		return Tokens{}, err
	}
	s := session{ID: newID(), User: u.ID, Epoch: u.Epoch, Created: a.now(), Rotated: a.now(), Current: digest(secret)}
	if err := records.Set(txn, key("session", u.ID, s.ID), s); err != nil {
		return Tokens{}, err
	}
	return a.tokens(txn, u, s, secret)
}

// makeRoom ends the sessions of a user that are over, and those too many.
func (a *Accounts) makeRoom(txn store.Txn, user string) error {
	all, err := records.List[session](txn, key("session", user, ""))
	if err != nil {
		return err
	}
	oldest, left := -1, 0
	for i, s := range all {
		if s.over(a.now()) {
			if err := txn.Delete(key("session", user, s.ID)); err != nil {
				return err
			}
			continue
		}
		left++
		if oldest < 0 || s.Rotated.Before(all[oldest].Rotated) {
			oldest = i
		}
	}
	if left < maxSessions {
		return nil
	}
	return txn.Delete(key("session", user, all[oldest].ID))
}

func (a *Accounts) tokens(txn store.Txn, u User, s session, secret []byte) (Tokens, error) {
	set, err := a.keys.load(txn)
	if err != nil {
		return Tokens{}, err
	}
	access, err := a.signAccess(set, u, s.ID)
	return Tokens{Access: access, Refresh: refreshToken(s, secret), Expires: AccessLife, User: u}, err
}

func same(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// Logout ends the caller's session, with its access tokens.
func (a *Accounts) Logout(ctx context.Context, c Caller) error {
	return a.update(ctx, func(txn store.Txn) error { return txn.Delete(key("session", c.User, c.Session)) })
}

// LogoutEverywhere ends all sessions of a user, with their access tokens.
func (a *Accounts) LogoutEverywhere(ctx context.Context, user string) error {
	_, err := a.changeUser(ctx, user, endSessions)
	return err
}

// endSessions ends the sessions of a user; the caller stores the user. The epoch
// refuses also those that begin just now.
func endSessions(txn store.Txn, u *User) error {
	u.Epoch++
	ids, err := records.Names(txn, key("session", u.ID, ""))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := txn.Delete(key("session", u.ID, id)); err != nil {
			return err
		}
	}
	return nil
}

// ChangePassword gives a user another password, after they showed the present
// one, ends all their sessions, and begins a new one.
func (a *Accounts) ChangePassword(ctx context.Context, from netip.Addr, c Caller, present, password string) (Tokens, error) {
	u, err := a.User(ctx, c.User)
	if err != nil {
		return Tokens{}, err
	}
	if err := checkPassword("password", password, u.Email); err != nil {
		return Tokens{}, err
	}
	u, err = a.checkPassword(ctx, from, u.Email, present)
	if errors.Is(err, ErrCredentials) {
		return Tokens{}, &FieldError{"present", "is not the present password"}
	}
	if err != nil {
		return Tokens{}, err
	}
	phc, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return Tokens{}, err
	}
	was := u.Password
	u, err = a.changeUser(ctx, u.ID, func(txn store.Txn, u *User) error {
		if u.Password != was {
			return ErrCredentials // it was changed meanwhile
		}
		u.Password = phc
		return endSessions(txn, u)
	})
	if err != nil {
		return Tokens{}, err
	}
	return a.start(ctx, u)
}
