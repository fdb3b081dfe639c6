// Package auth keeps the accounts of a server: organisations (providers), users
// with their roles, sessions, API tokens for machines, and one-time links for
// the first administrator, invitations and forgotten passwords. It tells who
// sent a request. What a caller may do is asked of Caller; which role a request
// needs is for the HTTP side to say (server/provider).
//
// # Records
//
// All of it lies in a store.MetaStore. Parts of keys are free of "/".
//
//	auth/keys                             keys that sign access tokens
//	auth/user/{user}                      User
//	auth/email/{address}                  id of the user
//	auth/session/{user}/{session}         session
//	auth/organisation/{organisation}      Organisation
//	auth/token/{token}                    APIToken
//	auth/link/{link}                      link
//	auth/reset/{user}                     id of the user's last reset link
//	auth/setup                            id of the last set-up link
//	auth/of/{role}/{of}/user/{user}       index: who has a role in a place
//	auth/of/{role}/{of}/token/{token}     index: its API tokens
//	auth/of/{role}/{of}/link/{link}       index: its invitations
//	auth/guard/{role}/{of}                written by whatever adds to or takes from
//	                                      that index: a MetaStore sees no phantoms
//
// # Secrets
//
// Of tokens and links only SHA-256 hashes are kept: each holds 256 random bits,
// so there is nothing to guess. Passwords are kept as argon2id in the PHC
// format. Nothing secret is logged. The keys of access tokens are kept as they
// are: whoever reads the data folder is the server.
//
// # Errors
//
// The sentinels in errors.go, and *FieldError for what a caller wrote wrongly.
// Everything is safe for concurrent use, also by several servers on one store,
// but for the throttle, of which each server has its own.
package auth

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Config is what accounts need.
type Config struct {
	// Meta holds the records. Required.
	Meta store.MetaStore
	// URL is the site's address as users see it, such as
	// "https://maps.example.org", without a slash at its end. It is the issuer
	// of access tokens, and links begin with it. Required.
	URL string
	// Mail sends links. Required.
	Mail Mailer
	// Argon is the cost of a password; DefaultArgon when zero.
	Argon Argon
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log is told what an administrator should know, without secrets;
	// slog.Default when nil.
	Log *slog.Logger
}

// Accounts is the accounts of one server.
type Accounts struct {
	meta      store.MetaStore
	url       string
	mail      Mailer
	now       func() time.Time
	log       *slog.Logger
	passwords *passwords
	throttle  *throttle
	keys      keyCache

	turn *semaphore.Weighted // of mails
	work sync.WaitGroup      // mails on their way
}

// Open returns the accounts kept in a store, with a key to sign access tokens.
func Open(ctx context.Context, c Config) (*Accounts, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Argon == (Argon{}) {
		c.Argon = DefaultArgon
	}
	a := &Accounts{
		meta: c.Meta, url: strings.TrimSuffix(c.URL, "/"), mail: c.Mail, now: c.Now, log: c.Log,
		passwords: newPasswords(c.Argon), throttle: newThrottle(),
		turn: semaphore.NewWeighted(maxLater),
	}
	return a, a.ensureKey(ctx)
}

// view and update run fn on the store; what it returns is for outside.
func (a *Accounts) view(ctx context.Context, fn func(store.Txn) error) error {
	return absent(a.meta.View(ctx, fn))
}

func (a *Accounts) update(ctx context.Context, fn func(store.Txn) error) error {
	return absent(a.meta.Update(ctx, fn))
}

// absent makes a record that is missing one of this package's errors.
func absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

func key(parts ...string) []byte { return append([]byte("auth/"), records.Key(parts...)...) }

// at is the present to the second, as records keep it.
func (a *Accounts) at() time.Time { return a.now().UTC().Truncate(time.Second) }

// newID returns an id that nobody can guess: 80 random bits in 16 letters.
func newID() string {
	random := make([]byte, 10)
	rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))
}
