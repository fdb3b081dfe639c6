package auth

import (
	"fmt"
	"slices"
)

// Role is what somebody may do in one place.
type Role string

// The roles, each with its place.
const (
	Contributor   Role = "contributor"   // edits the features of an organisation, and proposes them
	Editor        Role = "editor"        // reviews and publishes a region
	Manager       Role = "manager"       // is an editor who looks after a region: sources, taxonomy, users
	Administrator Role = "administrator" // may do everything on the site
)

// Values lists the roles.
func (Role) Values() []string {
	return []string{string(Contributor), string(Editor), string(Manager), string(Administrator)}
}

// Grant is a role in its place.
type Grant struct {
	Role Role   `json:"role"`
	Of   string `json:"of,omitempty" doc:"the organisation of a contributor, the region of an editor or manager; absent for administrators"`
}

func (g Grant) String() string {
	if g.Of == "" {
		return string(g.Role)
	}
	return fmt.Sprintf("%s of %s", g.Role, g.Of)
}

// Scope is what a machine's token may be used for.
type Scope string

// The scopes.
const (
	ScopeRead     Scope = "read"           // read what its role may read
	ScopeFeatures Scope = "features:write" // change features
	ScopeMedia    Scope = "media:write"    // upload pictures
	ScopeImports  Scope = "imports:write"  // run imports
	ScopePublish  Scope = "publish"        // review and publish
)

// Values lists the scopes.
func (Scope) Values() []string {
	return []string{string(ScopeRead), string(ScopeFeatures), string(ScopeMedia), string(ScopeImports), string(ScopePublish)}
}

// Caller is whoever sent a request, as the store knows them now: a person who is
// signed in, or a machine with an API token. The zero value is nobody.
type Caller struct {
	User    string  // id; of a machine "", also where a person made its token
	Session string  // of a person
	Token   string  // id of a machine's API token, else ""
	Name    string  // of the person, or of the token
	Grants  []Grant // a machine has one
	Scopes  []Scope // a machine's
}

// Known reports whether the caller is anybody.
func (c Caller) Known() bool { return c.User != "" || c.Token != "" }

// ID names the caller in records of what was done: "user/…" or "token/…".
func (c Caller) ID() string {
	if c.Token != "" {
		return "token/" + c.Token
	}
	return "user/" + c.User
}

// Has reports whether the caller holds just this role.
func (c Caller) Has(role Role, of string) bool { return slices.Contains(c.Grants, Grant{role, of}) }

// Administers reports whether the caller is an administrator.
func (c Caller) Administers() bool { return c.Has(Administrator, "") }

// Manages reports whether the caller may look after a region.
func (c Caller) Manages(region string) bool { return c.Administers() || c.Has(Manager, region) }

// Edits reports whether the caller may review and publish a region.
func (c Caller) Edits(region string) bool { return c.Manages(region) || c.Has(Editor, region) }

// Contributes reports whether the caller may edit an organisation's features as
// one of its own.
func (c Caller) Contributes(organisation string) bool {
	return c.Administers() || c.Has(Contributor, organisation)
}

// May reports whether a machine's token is good for scope. People have no
// scopes: what they may do is up to their roles alone. What has no scope is
// for people only.
func (c Caller) May(scope Scope) bool { return c.Token == "" || slices.Contains(c.Scopes, scope) }

// Of lists the places where the caller has a role.
func (c Caller) Of(role Role) (places []string) {
	for _, g := range c.Grants {
		if g.Role == role {
			places = append(places, g.Of)
		}
	}
	return places
}
