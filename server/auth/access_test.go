package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// forger makes tokens as the server does, but for what an attacker changes.
type forger struct {
	*site
	set   *keySet
	user  User
	login Tokens
}

func newForger(t *testing.T) forger {
	s := newSite(t)
	s.organisation("inn")
	login := s.join("somebody@maps.example", inn)
	f := forger{site: s, set: s.keys.Load(), user: login.User, login: login}
	s.good(login.Access, true)
	return f
}

// claims are those of a good token.
func (f forger) claims() jwt.MapClaims {
	var is jwt.MapClaims
	_, _, err := jwt.NewParser().ParseUnverified(f.login.Access, &is)
	f.must(err)
	return is
}

func (f forger) sign(method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	f.Helper()
	t := jwt.NewWithClaims(method, claims)
	t.Header["typ"], t.Header["kid"] = tokenType, f.set.list[0].ID
	for name, value := range header {
		t.Header[name] = value
		if value == nil {
			delete(t.Header, name)
		}
	}
	signed, err := t.SignedString(key)
	f.must(err)
	return signed
}

// TestForgedAccessTokens tries what is known to go wrong with JWT. Each forgery
// differs from a good token in one thing.
func TestForgedAccessTokens(t *testing.T) {
	f := newForger(t)
	eddsa := jwt.SigningMethodEdDSA
	if signed := f.sign(eddsa, f.set.private, nil, f.claims()); signed == "" {
		t.Fatal("no token")
	} else {
		f.good(signed, true) // so that what follows is refused for its own reason
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	f.must(err)
	public := f.set.list[0].public()
	with := func(name string, value any) jwt.MapClaims {
		is := f.claims()
		is[name] = value
		if value == nil {
			delete(is, name)
		}
		return is
	}
	now := f.time()
	ownKey := map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey))}
	for name, token := range map[string]string{
		"alg none":                   f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, f.claims()),
		"HS256 with the public key":  f.sign(jwt.SigningMethodHS256, []byte(public), nil, f.claims()),
		"HS256 with the key's text":  f.sign(jwt.SigningMethodHS256, []byte(base64.RawURLEncoding.EncodeToString(public)), nil, f.claims()),
		"another key":                f.sign(eddsa, stranger, nil, f.claims()),
		"another key, named in jwk":  f.sign(eddsa, stranger, map[string]any{"jwk": ownKey}, f.claims()),
		"another key, named in jku":  f.sign(eddsa, stranger, map[string]any{"jku": "https://evil.example/jwks.json"}, f.claims()),
		"no kid":                     f.sign(eddsa, f.set.private, map[string]any{"kid": nil}, f.claims()),
		"unknown kid":                f.sign(eddsa, f.set.private, map[string]any{"kid": "aaaaaaaaaaaaaaaa"}, f.claims()),
		"kid with a path":            f.sign(eddsa, f.set.private, map[string]any{"kid": "../../../../dev/null"}, f.claims()),
		"kid with a key of records":  f.sign(eddsa, f.set.private, map[string]any{"kid": "auth/keys"}, f.claims()),
		"kid with SQL":               f.sign(eddsa, f.set.private, map[string]any{"kid": "x' OR '1'='1"}, f.claims()),
		"kid that is a list":         f.sign(eddsa, f.set.private, map[string]any{"kid": []string{f.set.list[0].ID}}, f.claims()),
		"another type of token":      f.sign(eddsa, f.set.private, map[string]any{"typ": "JWT"}, f.claims()),
		"expired":                    f.sign(eddsa, f.set.private, nil, with("exp", now.Add(-leeway-time.Second).Unix())),
		"no exp":                     f.sign(eddsa, f.set.private, nil, with("exp", nil)),
		"exp that is text":           f.sign(eddsa, f.set.private, nil, with("exp", "tomorrow")),
		"issued in the future":       f.sign(eddsa, f.set.private, nil, with("iat", now.Add(time.Hour).Unix())),
		"another issuer":             f.sign(eddsa, f.set.private, nil, with("iss", "https://evil.example")),
		"no issuer":                  f.sign(eddsa, f.set.private, nil, with("iss", nil)),
		"another audience":           f.sign(eddsa, f.set.private, nil, with("aud", []string{siteURL + "/v2"})),
		"no audience":                f.sign(eddsa, f.set.private, nil, with("aud", nil)),
		"no subject":                 f.sign(eddsa, f.set.private, nil, with("sub", nil)),
		"subject with a path":        f.sign(eddsa, f.set.private, nil, with("sub", f.user.ID+"/../x")),
		"unknown subject":            f.sign(eddsa, f.set.private, nil, with("sub", "aaaaaaaaaaaaaaaa")),
		"unknown session":            f.sign(eddsa, f.set.private, nil, with("sid", "aaaaaaaaaaaaaaaa")),
		"no session":                 f.sign(eddsa, f.set.private, nil, with("sid", nil)),
		"another epoch":              f.sign(eddsa, f.set.private, nil, with("epoch", 7)),
		"cut":                        f.login.Access[:len(f.login.Access)-1],
		"longer":                     f.login.Access + "A",
		"no signature":               f.login.Access[:strings.LastIndex(f.login.Access, ".")+1],
		"refresh token":              f.login.Refresh,
		"nothing":                    "",
		"dots":                       "..",
		"too long":                   strings.Repeat("a", maxBearer+1),
		"two tokens":                 f.login.Access + "," + f.login.Access,
		"signature of another token": f.login.Access[:strings.LastIndex(f.login.Access, ".")] + f.sign(eddsa, f.set.private, nil, with("x", 1))[strings.LastIndex(f.sign(eddsa, f.set.private, nil, with("x", 1)), "."):],
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{T: t, Accounts: f.Accounts, clock: f.clock}
			s.good(token, false)
		})
	}
}

// TestAccessTokenSaysLittle checks the claims: nobody's name, address or roles.
func TestAccessTokenSaysLittle(t *testing.T) {
	f := newForger(t)
	data, err := json.Marshal(f.claims())
	f.must(err)
	for name := range f.claims() {
		if !strings.Contains(" iss sub aud exp iat jti sid epoch ", " "+name+" ") {
			t.Errorf("the token says %s: %s", name, data)
		}
	}
	exp, err := f.claims().GetExpirationTime()
	f.must(err)
	if got := exp.Sub(f.time()); got != 10*time.Minute {
		t.Errorf("it lasts %v, want 10 minutes", got)
	}
}

// TestAccessTokenRunsOut turns the clock to either side of the end.
func TestAccessTokenRunsOut(t *testing.T) {
	f := newForger(t)
	f.wait(AccessLife + leeway - time.Second)
	f.good(f.login.Access, true)
	f.wait(time.Second)
	f.good(f.login.Access, false)
}

// TestAccessTokenOfRevoked checks that taking something away counts at once.
func TestAccessTokenOfRevoked(t *testing.T) {
	for name, revoke := range map[string]func(f forger, c Caller) error{
		"logout":            func(f forger, c Caller) error { return f.Logout(f.Context(), c) },
		"logout everywhere": func(f forger, c Caller) error { return f.LogoutEverywhere(f.Context(), c.User) },
		"disabled": func(f forger, c Caller) error {
			_, err := f.SetDisabled(f.Context(), c.User, true)
			return err
		},
		"disabled and let in again": func(f forger, c Caller) error {
			if _, err := f.SetDisabled(f.Context(), c.User, true); err != nil {
				return err
			}
			_, err := f.SetDisabled(f.Context(), c.User, false)
			return err
		},
		"deleted": func(f forger, c Caller) error { return f.DeleteUser(f.Context(), c.User) },
		"password changed": func(f forger, c Caller) error {
			_, err := f.ChangePassword(f.Context(), home, c, password, "another good password")
			return err
		},
		"key rotated now": func(f forger, _ Caller) error { _, err := f.RotateKey(f.Context(), true); return err },
	} {
		t.Run(name, func(t *testing.T) {
			f := newForger(t)
			c, err := f.Authenticate(t.Context(), f.login.Access)
			f.must(err)
			f.must(revoke(f, c))
			f.good(f.login.Access, false)
		})
	}
	t.Run("role", func(t *testing.T) {
		f := newForger(t)
		f.must(f.Revoke(t.Context(), f.user.ID, inn))
		c, err := f.Authenticate(t.Context(), f.login.Access)
		if err != nil || c.Contributes("inn") {
			t.Errorf("the role still stands: %+v, %v", c, err)
		}
	})
}

func FuzzAuthenticate(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("pannier_aaaaaaaaaaaaaaaaAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("pnr_")
	f.Add("..")
	set := &keySet{list: []signingKey{newSigningKey(time.Unix(0, 0))}, public: map[string]ed25519.PublicKey{}}
	set.public[set.list[0].ID] = set.list[0].public()
	a := &Accounts{url: siteURL, now: time.Now}
	f.Fuzz(func(t *testing.T, bearer string) {
		if is, err := a.verifyAccess(set, bearer); err == nil {
			t.Errorf("%q is taken as %+v", bearer, is)
		}
		if user, session, secret, err := parseRefresh(bearer); err == nil && refreshToken(refreshed(user, session), secret) != bearer {
			t.Errorf("%q is read as another token", bearer)
		}
		if id, secret, ok := cutSecret(bearer); ok && id+base64.RawURLEncoding.EncodeToString(secret) != bearer {
			t.Errorf("%q is read as another token", bearer)
		}
	})
}

func refreshed(user, id string) session { return session{User: user, ID: id} }
