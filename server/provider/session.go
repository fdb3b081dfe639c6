package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
)

func (a *API) sessionRoutes() []Route {
	return []Route{
		{Method: "POST", Path: "/v1/setup", Who: Public, Status: 201, Summary: "Become an administrator by the set-up link", Handle: handle(a.setUp)},
		{Method: "POST", Path: "/v1/session", Who: Public, Status: 201, Summary: "Sign in", Handle: handle(a.login)},
		{Method: "DELETE", Path: "/v1/session", Who: SignedIn, Summary: "Sign out", Handle: handle(a.logout)},
		{Method: "POST", Path: refreshPath, Who: Public, Summary: "Get new tokens for a refresh token, which is used up by that; takes the header Pannier-Refresh: 1", Handle: handle(a.refresh)},
		{Method: "DELETE", Path: "/v1/sessions", Who: SignedIn, Summary: "Sign out everywhere", Handle: handle(a.logoutEverywhere)},
		{Method: "PUT", Path: "/v1/me/password", Who: SignedIn, Summary: "Change one's password, which signs out everywhere else", Handle: handle(a.changePassword)},
		{Method: "POST", Path: "/v1/password-resets", Who: Public, Status: 202, Summary: "Ask for a link to choose a new password; the answer is the same whether there is such an account or not", Handle: handle(a.requestReset)},
		{Method: "POST", Path: "/v1/password-resets/confirm", Who: Public, Summary: "Choose a new password by the link, which signs out everywhere", Handle: handle(a.confirmReset)},
	}
}

const (
	refreshPath   = "/v1/session/refresh"
	refreshCookie = "__Secure-pannier-refresh"
	// refreshHeader is what no page of another site can send without asking,
	// which this API answers to nobody.
	refreshHeader = "Pannier-Refresh"
)

// Session is what somebody gets who signed in.
type Session struct {
	AccessToken  string `json:"access_token" doc:"to be sent as Authorization: Bearer …"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in" doc:"seconds that the access token is good"`
	RefreshToken string `json:"refresh_token,omitempty" doc:"absent where it is in a cookie"`
	User         Me     `json:"user"`
}

// newSession makes the answer to who signed in; the refresh token goes into a
// cookie if so asked.
func (a *API) newSession(c *Call, t auth.Tokens, cookie bool) Session {
	s := Session{AccessToken: t.Access, TokenType: "Bearer", ExpiresIn: int(t.Expires.Seconds()), RefreshToken: t.Refresh, User: newMe(t.User)}
	if cookie {
		setCookie(c, t.Refresh, int(auth.RefreshLife.Seconds()))
		s.RefreshToken = ""
	}
	return s
}

// setCookie keeps a refresh token where no script reads it, and from where it
// goes to one address only, and never from another site.
func setCookie(c *Call, token string, seconds int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: refreshCookie, Value: token, Path: refreshPath, MaxAge: seconds,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteStrictMode,
	})
}

// SetUp is a first administrator.
type SetUp struct {
	Token string `json:"token" doc:"of the link, what follows ="`
	Email string `json:"email"`
	Newcomer
}

// Newcomer is somebody who takes a link.
type Newcomer struct {
	Name     string `json:"name,omitempty" doc:"needed unless there is an account already"`
	Language string `json:"language,omitempty" doc:"BCP 47, such as de"`
	Password string `json:"password" doc:"of the account, if there is one already, else its first"`
	Cookie   bool   `json:"cookie,omitempty" doc:"keep the refresh token in a cookie, for browsers"`
}

func (n Newcomer) newcomer() auth.Newcomer {
	return auth.Newcomer{Name: n.Name, Language: n.Language, Password: n.Password}
}

func (a *API) setUp(ctx context.Context, c *Call, in SetUp) (Session, error) {
	t, err := a.accounts.SetUp(ctx, a.from(c.r), in.Token, in.Email, in.newcomer())
	if err != nil {
		return Session{}, err
	}
	return a.newSession(c, t, in.Cookie), nil
}

// Login is an address with its password.
type Login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Cookie   bool   `json:"cookie,omitempty" doc:"keep the refresh token in a cookie, for browsers"`
}

func (a *API) login(ctx context.Context, c *Call, in Login) (Session, error) {
	t, err := a.accounts.Login(ctx, a.from(c.r), in.Email, in.Password)
	if err != nil {
		return Session{}, err
	}
	return a.newSession(c, t, in.Cookie), nil
}

func (a *API) logout(ctx context.Context, c *Call, _ None) (None, error) {
	setCookie(c, "", -1)
	return None{}, a.accounts.Logout(ctx, c.Caller)
}

func (a *API) logoutEverywhere(ctx context.Context, c *Call, _ None) (None, error) {
	setCookie(c, "", -1)
	return None{}, a.accounts.LogoutEverywhere(ctx, c.Caller.User)
}

// Refresh is a refresh token.
type Refresh struct {
	RefreshToken string `json:"refresh_token,omitempty" doc:"absent where it is in a cookie"`
}

func (a *API) refresh(ctx context.Context, c *Call, in Refresh) (Session, error) {
	if c.Request(refreshHeader) != "1" {
		return Session{}, problem.Detail(auth.ErrForbidden, "Send the header "+refreshHeader+": 1.")
	}
	token, cookie := in.RefreshToken, in.RefreshToken == ""
	if cookie {
		found, err := c.r.Cookie(refreshCookie)
		if err != nil {
			return Session{}, auth.ErrUnauthenticated
		}
		token = found.Value
	}
	t, err := a.accounts.Refresh(ctx, token)
	if cookie && (errors.Is(err, auth.ErrUnauthenticated) || errors.Is(err, auth.ErrReused)) {
		setCookie(c, "", -1)
	}
	if err != nil {
		return Session{}, err
	}
	return a.newSession(c, t, cookie), nil
}

// PasswordChange is a new password.
type PasswordChange struct {
	Present  string `json:"present" doc:"the present password"`
	Password string `json:"password" doc:"the new one: 10 characters at least, 1,024 bytes at most"`
	Cookie   bool   `json:"cookie,omitempty" doc:"keep the refresh token in a cookie, for browsers"`
}

func (a *API) changePassword(ctx context.Context, c *Call, in PasswordChange) (Session, error) {
	t, err := a.accounts.ChangePassword(ctx, a.from(c.r), c.Caller, in.Present, in.Password)
	if err != nil {
		return Session{}, err
	}
	return a.newSession(c, t, in.Cookie), nil
}

// ResetRequest is the address of an account.
type ResetRequest struct {
	Email string `json:"email"`
}

func (a *API) requestReset(ctx context.Context, c *Call, in ResetRequest) (None, error) {
	return None{}, a.accounts.RequestReset(ctx, a.from(c.r), in.Email)
}

// Reset is a new password by a link.
type Reset struct {
	Token    string `json:"token" doc:"of the link, what follows ="`
	Password string `json:"password" doc:"10 characters at least, 1,024 bytes at most"`
}

func (a *API) confirmReset(ctx context.Context, _ *Call, in Reset) (None, error) {
	return None{}, a.accounts.ConfirmReset(ctx, in.Token, in.Password)
}
