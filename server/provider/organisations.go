package provider

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
)

func (a *API) organisationRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v1/organisations", Who: SignedIn, Scope: auth.ScopeRead, Summary: "List the caller's organisations, and those of regions that the caller manages", Handle: handle(a.listOrganisations)},
		{Method: "GET", Path: "/v1/regions/{region}/organisations", Who: Editor, Scope: auth.ScopeRead, Summary: "List the organisations that work in a region", Handle: handle(a.listRegionOrganisations)},
		{Method: "POST", Path: "/v1/regions/{region}/organisations", Who: Manager, Status: 201, Summary: "Create an organisation at home in a region", Handle: handle(a.createOrganisation)},
		{Method: "PUT", Path: "/v1/regions/{region}/organisations/{organisation}", Who: Manager, Summary: "Let an organisation work in a region, trusted or not", Handle: handle(a.setPlace)},
		{Method: "DELETE", Path: "/v1/regions/{region}/organisations/{organisation}", Who: Manager, Summary: "Keep an organisation from working in a region; what it gave there stays", Handle: handle(a.removePlace)},
		{Method: "GET", Path: "/v1/organisations/{organisation}", Who: Contributor | Keeper, Scope: auth.ScopeRead, Summary: "Read an organisation", Handle: handle(a.organisation)},
		{Method: "PUT", Path: "/v1/organisations/{organisation}", Who: Contributor | Keeper, Summary: "Change an organisation's name and address", Handle: handle(a.setOrganisation)},
		{Method: "DELETE", Path: "/v1/organisations/{organisation}", Who: Keeper, Summary: "Delete an organisation with its members' roles, API tokens and invitations; its features stay", Handle: handle(a.deleteOrganisation)},
	}
}

// Organisation is a provider.
type Organisation struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Email   string       `json:"email,omitempty" doc:"for the region's editors, not for riders"`
	Home    string       `json:"home" doc:"region whose managers look after it"`
	Places  []auth.Place `json:"places" doc:"regions where it works"`
	Created time.Time    `json:"created"`
}

func newOrganisation(o auth.Organisation) Organisation {
	places := o.Places
	if places == nil {
		places = []auth.Place{}
	}
	return Organisation{o.ID, o.Name, o.Email, o.Home, places, o.Created}
}

// Organisations is a list of them, by id.
type Organisations struct {
	Organisations []Organisation `json:"organisations"`
}

// pick lists the organisations that show returns true for.
func (a *API) pick(ctx context.Context, show func(auth.Organisation) bool) (Organisations, error) {
	all, err := a.accounts.Organisations(ctx)
	list := Organisations{[]Organisation{}}
	for _, o := range all {
		if show(o) {
			list.Organisations = append(list.Organisations, newOrganisation(o))
		}
	}
	return list, err
}

func (a *API) listOrganisations(ctx context.Context, c *Call, _ None) (Organisations, error) {
	return a.pick(ctx, func(o auth.Organisation) bool { return c.Caller.Contributes(o.ID) || c.Caller.Manages(o.Home) })
}

func (a *API) listRegionOrganisations(ctx context.Context, c *Call, _ None) (Organisations, error) {
	return a.pick(ctx, func(o auth.Organisation) bool {
		_, works := o.In(c.Region)
		return works
	})
}

// NewOrganisation is an organisation to be.
type NewOrganisation struct {
	ID    string `json:"id" doc:"1 to 64 of a-z, 0-9 and -; it names the source of its features, and never changes"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

func (a *API) createOrganisation(ctx context.Context, c *Call, in NewOrganisation) (Organisation, error) {
	o, err := a.accounts.CreateOrganisation(ctx, auth.Organisation{ID: in.ID, Name: in.Name, Email: in.Email, Home: c.Region})
	return newOrganisation(o), err
}

func (a *API) organisation(_ context.Context, c *Call, _ None) (Organisation, error) {
	return newOrganisation(c.Organisation), nil
}

// OrganisationChange is what members may change of their organisation.
type OrganisationChange struct {
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

func (a *API) setOrganisation(ctx context.Context, c *Call, in OrganisationChange) (Organisation, error) {
	o, err := a.accounts.SetOrganisation(ctx, c.Organisation.ID, in.Name, in.Email)
	return newOrganisation(o), err
}

func (a *API) deleteOrganisation(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.DeleteOrganisation(ctx, c.Organisation.ID)
}

// PlaceChange is how an organisation works in a region.
type PlaceChange struct {
	Trusted bool `json:"trusted" doc:"may publish its own features at once"`
}

func (a *API) setPlace(ctx context.Context, c *Call, in PlaceChange) (Organisation, error) {
	o, err := a.accounts.SetPlace(ctx, c.Organisation.ID, auth.Place{Region: c.Region, Trusted: in.Trusted})
	return newOrganisation(o), err
}

func (a *API) removePlace(ctx context.Context, c *Call, _ None) (Organisation, error) {
	o, err := a.accounts.RemovePlace(ctx, c.Organisation.ID, c.Region)
	return newOrganisation(o), err
}
