package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// refreshToken is "pnr_" + user + session + secret.
func refreshToken(s session, secret []byte) string {
	return refreshPrefix + s.User + s.ID + base64.RawURLEncoding.EncodeToString(secret)
}

func parseRefresh(token string) (user, session string, secret []byte, err error) {
	rest, ok := strings.CutPrefix(token, refreshPrefix)
	if !ok || len(rest) != 16+16+43 || !isID(rest[:16]) || !isID(rest[16:32]) {
		return "", "", nil, fmt.Errorf("%w: malformed refresh token", ErrUnauthenticated)
	}
	if secret, err = base64.RawURLEncoding.Strict().DecodeString(rest[32:]); err != nil {
		return "", "", nil, fmt.Errorf("%w: malformed refresh token", ErrUnauthenticated)
	}
	return rest[:16], rest[16:32], secret, nil
}

// successor is the secret that follows another. Who knows the one before cannot
// make it without the nonce, nor the server without the one before, so it need
// not be kept to be given twice.
func successor(secret, nonce []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(nonce)
	return mac.Sum(nil)
}

// Refresh gives new tokens for a refresh token, which is used up by that. One
// that was used before ends its session: either it or its successor is in the
// hands of a thief, and there is no telling which. But within Grace, and as
// long as the successor was not used, it gives that same successor again.
func (a *Accounts) Refresh(ctx context.Context, token string) (t Tokens, err error) {
	user, id, secret, err := parseRefresh(token)
	if err != nil {
		return t, err
	}
	nonce := randomSecret()
	var reused bool
	err = a.update(ctx, func(txn store.Txn) error {
		reused = false
		u, err := records.Get[User](txn, key("user", user))
		if err != nil {
			return err
		}
		s, err := records.Get[session](txn, key("session", user, id))
		if err != nil {
			return err
		}
		now, hash := a.now(), digest(secret)
		switch {
		case u.Disabled || s.Epoch != u.Epoch || s.over(now):
			return store.ErrNotFound
		case same(hash, s.Current):
			s.Previous, s.Nonce, s.Rotated = hash, nonce, now
			secret := successor(secret, nonce)
			s.Current = digest(secret)
			if err := records.Set(txn, key("session", user, id), s); err != nil {
				return err
			}
			t, err = a.tokens(txn, u, s, secret)
			return err
		case same(hash, s.Previous) && now.Sub(s.Rotated) <= Grace:
			t, err = a.tokens(txn, u, s, successor(secret, s.Nonce))
			return err
		}
		reused = true
		return txn.Delete(key("session", user, id))
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return Tokens{}, fmt.Errorf("%w: the session has ended", ErrUnauthenticated)
	case err != nil:
		return Tokens{}, err
	case reused:
		a.log.WarnContext(ctx, "a refresh token was used twice; its session was ended", "user", user)
		return Tokens{}, ErrReused
	}
	return t, nil
}
