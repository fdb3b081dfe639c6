package provider

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
)

func (a *API) tokenRoutes() []Route {
	const (
		organisation = "/v1/organisations/{organisation}/tokens"
		region       = "/v1/regions/{region}/tokens"
	)
	return []Route{
		{Method: "POST", Path: organisation, Who: Contributor, Status: 201, Summary: "Create an API token that contributes to an organisation; it is shown this once", Handle: handle(a.createContributorToken)},
		{Method: "GET", Path: organisation, Who: Contributor | Keeper, Summary: "List an organisation's API tokens", Handle: handle(a.listContributorTokens)},
		{Method: "DELETE", Path: organisation + "/{token}", Who: Contributor | Keeper, Summary: "Revoke an API token", Handle: handle(a.revokeContributorToken)},
		{Method: "POST", Path: region, Who: Manager, Status: 201, Summary: "Create an API token that edits a region; it is shown this once", Handle: handle(a.createEditorToken)},
		{Method: "GET", Path: region, Who: Manager, Summary: "List a region's API tokens", Handle: handle(a.listEditorTokens)},
		{Method: "DELETE", Path: region + "/{token}", Who: Manager, Summary: "Revoke an API token", Handle: handle(a.revokeEditorToken)},
	}
}

// APIToken lets a machine call.
type APIToken struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Role    auth.Grant   `json:"role"`
	Scopes  []auth.Scope `json:"scopes"`
	By      string       `json:"by" doc:"id of the user who made it; it goes when they lose the role to make it"`
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
}

func newAPIToken(t auth.APIToken) APIToken {
	return APIToken{t.ID, t.Name, t.Grant, t.Scopes, t.By, t.Created, t.Expires}
}

// MadeToken is a new API token with its secret.
type MadeToken struct {
	APIToken
	Bearer string `json:"bearer" doc:"to be sent as Authorization: Bearer …; it is not kept and not shown again"`
}

// APITokens is a list of them.
type APITokens struct {
	Tokens []APIToken `json:"tokens"`
}

// NewToken is an API token to be.
type NewToken struct {
	Name    string       `json:"name" doc:"what it is for"`
	Scopes  []auth.Scope `json:"scopes"`
	Expires time.Time    `json:"expires" doc:"at most a year from now"`
}

func (a *API) createToken(ctx context.Context, c *Call, in NewToken, g auth.Grant) (MadeToken, error) {
	t, bearer, err := a.accounts.CreateToken(ctx, c.Caller, auth.APIToken{Name: in.Name, Scopes: in.Scopes, Expires: in.Expires, Grant: g})
	if err != nil {
		return MadeToken{}, err
	}
	return MadeToken{newAPIToken(t), bearer}, nil
}

func (a *API) listTokens(ctx context.Context, g auth.Grant) (APITokens, error) {
	all, err := a.accounts.Tokens(ctx, g)
	list := APITokens{[]APIToken{}}
	for _, t := range all {
		list.Tokens = append(list.Tokens, newAPIToken(t))
	}
	return list, err
}

func (a *API) createContributorToken(ctx context.Context, c *Call, in NewToken) (MadeToken, error) {
	return a.createToken(ctx, c, in, c.contributors())
}

func (a *API) listContributorTokens(ctx context.Context, c *Call, _ None) (APITokens, error) {
	return a.listTokens(ctx, c.contributors())
}

func (a *API) revokeContributorToken(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.RevokeToken(ctx, c.contributors(), c.Param("token"))
}

func (a *API) createEditorToken(ctx context.Context, c *Call, in NewToken) (MadeToken, error) {
	return a.createToken(ctx, c, in, auth.Grant{Role: auth.Editor, Of: c.Region})
}

func (a *API) listEditorTokens(ctx context.Context, c *Call, _ None) (APITokens, error) {
	return a.listTokens(ctx, auth.Grant{Role: auth.Editor, Of: c.Region})
}

func (a *API) revokeEditorToken(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.RevokeToken(ctx, auth.Grant{Role: auth.Editor, Of: c.Region}, c.Param("token"))
}
