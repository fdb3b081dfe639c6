package provider

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
)

func (a *API) memberRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/v1/organisations/{organisation}/members", Who: Contributor | Keeper, Summary: "List an organisation's contributors", Handle: handle(a.listMembers)},
		{Method: "DELETE", Path: "/v1/organisations/{organisation}/members/{user}", Who: Contributor | Keeper, Summary: "Take the role of contributor from somebody; contributors, from themselves only", Handle: handle(a.removeMember)},
		{Method: "GET", Path: "/v1/regions/{region}/members", Who: Editor, Summary: "List a region's editors and managers", Handle: handle(a.listEditors)},
		{Method: "PUT", Path: "/v1/regions/{region}/members/{user}", Who: Manager, Summary: "Make an editor a manager, or the other way round", Handle: handle(a.setEditor)},
		{Method: "DELETE", Path: "/v1/regions/{region}/members/{user}", Who: Manager, Summary: "Take the role of editor or manager from somebody", Handle: handle(a.removeEditor)},
		{Method: "GET", Path: "/v1/administrators", Who: Administrator, Summary: "List the administrators", Handle: handle(a.listAdministrators)},
		{Method: "DELETE", Path: "/v1/administrators/{user}", Who: Administrator, Summary: "Take the role of administrator from somebody", Handle: handle(a.removeAdministrator)},
		{Method: "GET", Path: "/v1/users", Who: Administrator, Summary: "List all accounts", Query: []Param{{"after", id, "id of the last user of the page before"}}, Handle: handle(a.listUsers)},
		{Method: "GET", Path: "/v1/users/{user}", Who: Administrator, Summary: "Read an account", Handle: handle(a.user)},
		{Method: "PUT", Path: "/v1/users/{user}", Who: Administrator, Summary: "Shut an account out, at once, or let it in again", Handle: handle(a.setUser)},
		{Method: "DELETE", Path: "/v1/users/{user}", Who: Administrator, Summary: "Delete an account, with what is known of the person", Handle: handle(a.deleteUser)},
	}
}

// Member is somebody with a role in a place.
type Member struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Email    string    `json:"email"`
	Role     auth.Role `json:"role"`
	Disabled bool      `json:"disabled,omitempty"`
}

// Members is a list of them, by name.
type Members struct {
	Members []Member `json:"members"`
}

func (a *API) members(ctx context.Context, grants ...auth.Grant) (Members, error) {
	list := Members{[]Member{}}
	for _, g := range grants {
		users, err := a.accounts.Members(ctx, g)
		if err != nil {
			return list, err
		}
		for _, u := range users {
			list.Members = append(list.Members, Member{u.ID, u.Name, u.Email, g.Role, u.Disabled})
		}
	}
	slices.SortFunc(list.Members, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// contributors is the role of contributor in the organisation of the path.
func (c *Call) contributors() auth.Grant {
	return auth.Grant{Role: auth.Contributor, Of: c.Organisation.ID}
}

// editors are the roles in the region of the path.
func (c *Call) editors() []auth.Grant {
	return []auth.Grant{{Role: auth.Editor, Of: c.Region}, {Role: auth.Manager, Of: c.Region}}
}

func (a *API) listMembers(ctx context.Context, c *Call, _ None) (Members, error) {
	return a.members(ctx, c.contributors())
}

func (a *API) removeMember(ctx context.Context, c *Call, _ None) (None, error) {
	user := c.Param("user")
	if user != c.Caller.User && !c.Caller.Manages(c.Organisation.Home) {
		return None{}, problem.Detail(auth.ErrForbidden, "Contributors take the role from themselves only; ask a manager of the region "+c.Organisation.Home+".")
	}
	return None{}, a.accounts.Revoke(ctx, user, c.contributors())
}

func (a *API) listEditors(ctx context.Context, c *Call, _ None) (Members, error) {
	return a.members(ctx, c.editors()...)
}

// RegionRole is a role in a region.
type RegionRole struct {
	Role RegionRoleName `json:"role"`
}

// RegionRoleName names a role in a region.
type RegionRoleName string

// Values lists the roles in a region.
func (RegionRoleName) Values() []string { return []string{string(auth.Editor), string(auth.Manager)} }

func (a *API) setEditor(ctx context.Context, c *Call, in RegionRole) (Member, error) {
	u, err := a.accounts.SetRegionRole(ctx, c.Param("user"), c.Region, auth.Role(in.Role))
	return Member{u.ID, u.Name, u.Email, auth.Role(in.Role), u.Disabled}, err
}

func (a *API) removeEditor(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.Revoke(ctx, c.Param("user"), c.editors()...)
}

func (a *API) listAdministrators(ctx context.Context, _ *Call, _ None) (Members, error) {
	return a.members(ctx, administrators)
}

var administrators = auth.Grant{Role: auth.Administrator}

func (a *API) removeAdministrator(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.Revoke(ctx, c.Param("user"), administrators)
}

// Account is an account as administrators see it.
type Account struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Email    string       `json:"email"`
	Roles    []auth.Grant `json:"roles"`
	Disabled bool         `json:"disabled"`
	Created  time.Time    `json:"created"`
}

func newAccount(u auth.User) Account {
	return Account{u.ID, u.Name, u.Email, newMe(u).Roles, u.Disabled, u.Created}
}

// Accounts is a page of accounts, by id.
type Accounts struct {
	Accounts []Account `json:"accounts"`
	More     bool      `json:"more" doc:"there are others after the last one"`
}

// page is how many entries of a list are given at once.
const page = 200

func (a *API) listUsers(ctx context.Context, c *Call, _ None) (Accounts, error) {
	list := Accounts{Accounts: []Account{}}
	err := a.accounts.Users(ctx, c.Query("after"), func(u auth.User) bool {
		if list.More = len(list.Accounts) == page; !list.More {
			list.Accounts = append(list.Accounts, newAccount(u))
		}
		return !list.More
	})
	return list, err
}

func (a *API) user(ctx context.Context, c *Call, _ None) (Account, error) {
	u, err := a.accounts.User(ctx, c.Param("user"))
	return newAccount(u), err
}

// AccountChange is what administrators may change of an account.
type AccountChange struct {
	Disabled bool `json:"disabled" doc:"shut out; also revokes the API tokens that it made"`
}

func (a *API) setUser(ctx context.Context, c *Call, in AccountChange) (Account, error) {
	u, err := a.accounts.SetDisabled(ctx, c.Param("user"), in.Disabled)
	return newAccount(u), err
}

func (a *API) deleteUser(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.accounts.DeleteUser(ctx, c.Param("user"))
}
