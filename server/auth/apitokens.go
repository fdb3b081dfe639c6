package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	apiPrefix = "pannier_"
	// MaxAPILife is how long an API token lasts at most.
	MaxAPILife = 366 * 24 * time.Hour
)

// APIToken lets a machine act in one role. It belongs to the place of that role,
// not to the person who made it; but it goes when they lose what let them make
// it, as they may have kept a copy.
type APIToken struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Grant   Grant     `json:"grant"` // contributor or editor
	Scopes  []Scope   `json:"scopes"`
	By      string    `json:"by"` // id of the user who made it
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Hash    []byte    `json:"hash"` // SHA-256 of the secret
}

// mayGive reports whether a user may make tokens of a role.
func mayGive(u User, g Grant) bool {
	c := Caller{User: u.ID, Grants: u.Grants}
	switch {
	case u.Disabled:
		return false
	case g.Role == Contributor:
		return c.Contributes(g.Of)
	case g.Role == Editor:
		return c.Manages(g.Of)
	}
	return false
}

// CreateToken makes an API token, and returns what the machine is to send: this
// once, as it is not kept.
func (a *Accounts) CreateToken(ctx context.Context, by Caller, t APIToken) (_ APIToken, bearer string, err error) {
	if t.Name, err = parseName("name", t.Name); err != nil {
		return t, "", err
	}
	if len(t.Scopes) == 0 {
		return t, "", &FieldError{"scopes", "must name at least one of: " + strings.Join(Scope("").Values(), ", ")}
	}
	for i, s := range t.Scopes {
		if !slices.Contains(s.Values(), string(s)) || slices.Contains(t.Scopes[:i], s) {
			return t, "", &FieldError{fmt.Sprintf("scopes[%d]", i), "must be one of, each once: " + strings.Join(s.Values(), ", ")}
		}
	}
	now := a.at()
	if t.Expires = t.Expires.UTC().Truncate(time.Second); !t.Expires.After(now) || t.Expires.After(now.Add(MaxAPILife)) {
		return t, "", &FieldError{"expires", "must be in the future, and at most a year from now"}
	}
	secret := randomSecret()
	t.ID, t.By, t.Created, t.Hash = newID(), by.User, now, digest(secret)
	err = a.update(ctx, func(txn store.Txn) error {
		u, err := records.Get[User](txn, key("user", by.User))
		if err != nil {
			return err
		}
		if !mayGive(u, t.Grant) {
			return ErrForbidden
		}
		if t.Grant.Role == Contributor {
			if _, err := organisation(txn, t.Grant.Of); err != nil {
				return err
			}
		}
		if err := guard(txn, t.Grant); err != nil {
			return err
		}
		there, err := records.Names(txn, place(t.Grant, "token", ""))
		if err != nil {
			return err
		}
		if len(there) >= maxPeople {
			return fmt.Errorf("%w: at most %d tokens", ErrLimit, maxPeople)
		}
		return errors.Join(records.Set(txn, key("token", t.ID), t), txn.Set(place(t.Grant, "token", t.ID), nil))
	})
	return t, apiPrefix + t.ID + base64.RawURLEncoding.EncodeToString(secret), err
}

// machine checks an API token.
func (a *Accounts) machine(txn store.Txn, bearer string) (Caller, error) {
	id, secret, ok := cutSecret(strings.TrimPrefix(bearer, apiPrefix))
	if !ok {
		return Caller{}, fmt.Errorf("%w: malformed API token", ErrUnauthenticated)
	}
	t, err := records.Get[APIToken](txn, key("token", id))
	if err != nil {
		return Caller{}, err
	}
	if !same(digest(secret), t.Hash) || !a.now().Before(t.Expires) {
		return Caller{}, fmt.Errorf("%w: API token is wrong or has run out", ErrUnauthenticated)
	}
	return Caller{Token: t.ID, Name: t.Name, Grants: []Grant{t.Grant}, Scopes: t.Scopes}, nil
}

// cutSecret splits an id and a secret in base64url.
func cutSecret(s string) (id string, secret []byte, ok bool) {
	if len(s) != 16+43 || !isID(s[:16]) {
		return "", nil, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(s[16:])
	return s[:16], secret, err == nil
}

// Tokens lists the API tokens of a role in a place.
func (a *Accounts) Tokens(ctx context.Context, g Grant) (all []APIToken, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		all, err = indexed[APIToken](txn, g, "token")
		return err
	})
	return all, err
}

// indexed reads the tokens or links of a place.
func indexed[T any](txn store.Txn, g Grant, kind string) ([]T, error) {
	ids, err := records.Names(txn, place(g, kind, ""))
	if err != nil {
		return nil, err
	}
	all := make([]T, len(ids))
	for i, id := range ids {
		if all[i], err = records.Get[T](txn, key(kind, id)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// RevokeToken takes back an API token of a place.
func (a *Accounts) RevokeToken(ctx context.Context, g Grant, id string) error {
	return a.drop(ctx, g, "token", id)
}

// drop removes a token or link, if it is of that place.
func (a *Accounts) drop(ctx context.Context, g Grant, kind, id string) error {
	if !isID(id) {
		return ErrNotFound
	}
	return a.update(ctx, func(txn store.Txn) error {
		if _, err := txn.Get(place(g, kind, id)); err != nil {
			return err
		}
		return errors.Join(txn.Delete(key(kind, id)), txn.Delete(place(g, kind, id)))
	})
}

// revokeTokens removes the API tokens that a user made and could not make now.
func revokeTokens(txn store.Txn, u User) error {
	all, err := records.List[APIToken](txn, key("token", ""))
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.By == u.ID && !mayGive(u, t.Grant) {
			if err := errors.Join(txn.Delete(key("token", t.ID)), txn.Delete(place(t.Grant, "token", t.ID))); err != nil {
				return err
			}
		}
	}
	return nil
}
