package provider

import (
	"context"
	"net/http"
	"strconv"

	"github.com/pannier-maps/pannier/server/auth"
)

func (a *API) aboutRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v1/openapi.json", Who: Public, Summary: "Describe this API", Handle: raw[None, any]("", a.openAPI)},
		{Method: "GET", Path: "/v1/jwks.json", Who: Public, Summary: "List the keys that verify access tokens", Handle: handle(a.jwks)},
	}
}

func (a *API) openAPI(w http.ResponseWriter, r *http.Request, _ *Call) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(a.spec)))
	w.Header().Set("Cache-Control", "max-age=300")
	if r.Method != http.MethodHead {
		w.Write(a.spec) // one who hung up is told nothing
	}
	return nil
}

// KeySet is the public keys of access tokens.
type KeySet struct {
	Keys []auth.JWK `json:"keys"`
}

func (a *API) jwks(ctx context.Context, c *Call, _ None) (KeySet, error) {
	keys, err := a.accounts.PublicKeys(ctx)
	c.Header().Set("Cache-Control", "max-age=300")
	return KeySet{keys}, err
}
