package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	// AccessLife is how long an access token is good.
	AccessLife = 10 * time.Minute
	// leeway is how far the clocks of several servers may differ.
	leeway = 30 * time.Second
	// maxBearer is the longest token that is looked at, in bytes.
	maxBearer = 2 << 10
	// tokenType tells access tokens from other JWTs (RFC 9068).
	tokenType = "at+jwt"
)

// claims are what an access token says: who, in which session. It has no roles:
// those are read from the store for each request, so that taking one away
// counts at once.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Epoch   uint64 `json:"epoch"`
}

func (a *Accounts) audience() string { return a.url + "/v1" }

// signAccess makes an access token.
func (a *Accounts) signAccess(set *keySet, u User, session string) (string, error) {
	now := a.now()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: a.url, Audience: jwt.ClaimStrings{a.audience()}, Subject: u.ID, ID: newID(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)),
		},
		Session: session, Epoch: u.Epoch,
	})
	t.Header["typ"], t.Header["kid"] = tokenType, set.list[0].ID
	signed, err := t.SignedString(set.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return signed, nil
}

// Authenticate tells who a bearer token stands for: an access token, or an API
// token. It returns ErrUnauthenticated for any that is not good now.
func (a *Accounts) Authenticate(ctx context.Context, bearer string) (c Caller, err error) {
	if len(bearer) > maxBearer {
		return Caller{}, fmt.Errorf("%w: token of %d bytes", ErrUnauthenticated, len(bearer))
	}
	err = a.view(ctx, func(txn store.Txn) error {
		if strings.HasPrefix(bearer, apiPrefix) {
			c, err = a.machine(txn, bearer)
		} else {
			c, err = a.person(txn, bearer)
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: its account, session or token is gone", ErrUnauthenticated)
	}
	if err != nil {
		return Caller{}, err
	}
	return c, nil
}

// person checks an access token, and that its user and session still stand.
func (a *Accounts) person(txn store.Txn, bearer string) (Caller, error) {
	set, err := a.keys.load(txn)
	if err != nil {
		return Caller{}, err
	}
	is, err := a.verifyAccess(set, bearer)
	if err != nil {
		return Caller{}, fmt.Errorf("%w: %w", ErrUnauthenticated, err)
	}
	u, err := records.Get[User](txn, key("user", is.Subject))
	if err != nil {
		return Caller{}, err
	}
	s, err := records.Get[session](txn, key("session", u.ID, is.Session))
	if err != nil {
		return Caller{}, err
	}
	if u.Disabled || u.Epoch != is.Epoch || s.Epoch != u.Epoch {
		return Caller{}, fmt.Errorf("%w: its sessions were ended", ErrUnauthenticated)
	}
	return Caller{User: u.ID, Session: is.Session, Name: u.Name, Grants: u.Grants}, nil
}

// verifyAccess checks all that a token itself can show.
func (a *Accounts) verifyAccess(set *keySet, bearer string) (is claims, err error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithIssuer(a.url), jwt.WithAudience(a.audience()),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(a.now), jwt.WithStrictDecoding(),
	)
	_, err = parser.ParseWithClaims(bearer, &is, func(t *jwt.Token) (any, error) {
		if t.Header["typ"] != tokenType {
			return nil, errors.New("not an access token")
		}
		kid, _ := t.Header["kid"].(string)
		public := set.verifying(kid, a.now())
		if public == nil {
			return nil, errors.New("unknown kid")
		}
		return public, nil
	})
	if err == nil && !(isID(is.Subject) && isID(is.Session)) { // they become parts of keys
		err = errors.New("malformed subject or session")
	}
	return is, err
}

// isID reports whether s looks like what newID makes.
func isID(s string) bool {
	return len(s) == 16 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
