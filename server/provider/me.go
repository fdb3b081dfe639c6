package provider

import (
	"context"

	"github.com/pannier-maps/pannier/server/auth"
)

func (a *API) meRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v1/me", Who: SignedIn, Scope: auth.ScopeRead, Summary: "Tell who calls, and their roles", Handle: handle(a.me)},
		{Method: "PUT", Path: "/v1/me", Who: SignedIn, Summary: "Change one's own name and language", Handle: handle(a.setMe)},
	}
}

// Me is the caller.
type Me struct {
	ID       string       `json:"id"`
	Machine  bool         `json:"machine" doc:"whether an API token calls"`
	Name     string       `json:"name"`
	Email    string       `json:"email,omitempty"`
	Language string       `json:"language,omitempty"`
	Roles    []auth.Grant `json:"roles"`
	Scopes   []auth.Scope `json:"scopes,omitempty" doc:"of an API token"`
}

func (a *API) me(ctx context.Context, c *Call, _ None) (Me, error) {
	if c.Caller.Token != "" {
		return Me{ID: c.Caller.Token, Machine: true, Name: c.Caller.Name, Roles: c.Caller.Grants, Scopes: c.Caller.Scopes}, nil
	}
	u, err := a.accounts.User(ctx, c.Caller.User)
	return newMe(u), err
}

func newMe(u auth.User) Me {
	roles := u.Grants
	if roles == nil {
		roles = []auth.Grant{}
	}
	return Me{ID: u.ID, Name: u.Name, Email: u.Email, Language: u.Language, Roles: roles}
}

// Profile is what users say of themselves.
type Profile struct {
	Name     string `json:"name"`
	Language string `json:"language,omitempty" doc:"BCP 47, such as de"`
}

func (a *API) setMe(ctx context.Context, c *Call, in Profile) (Me, error) {
	u, err := a.accounts.SetProfile(ctx, c.Caller.User, in.Name, in.Language)
	return newMe(u), err
}
