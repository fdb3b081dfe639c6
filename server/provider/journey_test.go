package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
)

// TestJourney goes from an empty site to a machine that calls for a provider,
// and back, by requests and mails alone.
func TestJourney(t *testing.T) {
	w := newSite(t)
	w.check()
	as := func(name string, s Session) { w.bearer[name], w.cookies[name] = s.AccessToken, s.RefreshToken }

	// The operator's link makes an administrator, who invites a manager.
	link, err := w.accounts.SetUpLink(t.Context())
	w.must(err)
	_, token, _ := strings.Cut(link, "=")
	as("admin", read[Session](w.call("", "POST", "/v1/setup", SetUp{token, "admin@maps.example", Newcomer{Name: "Admin", Password: password}}).want(201)))
	w.call("", "POST", "/v1/setup", SetUp{token, "thief@maps.example", Newcomer{Name: "Thief", Password: password}}).want(410)
	w.call("admin", "POST", "/v1/regions/alps/invitations", InviteEditor{"manager@maps.example", "manager"}).want(201)
	invited := w.link("manager@maps.example")
	w.call("", "POST", "/v1/invitations/read", LinkToken{invited}).want(200, `"role":"manager"`, `"of":"alps"`, `"known":false`)
	as("manager", read[Session](w.call("", "POST", "/v1/invitations/accept", Accept{invited, Newcomer{Name: "Manager", Language: "de-at", Password: password}}).want(201, `"language":"de-AT"`)))

	// The manager makes an organisation, lets it publish at once, and invites it.
	w.call("manager", "POST", "/v1/regions/alps/organisations", NewOrganisation{ID: "inn", Name: "Gasthof zur Post"}).want(201, `"home":"alps"`)
	w.call("manager", "POST", "/v1/regions/alps/organisations", NewOrganisation{ID: "inn", Name: "Another"}).want(409)
	w.call("manager", "POST", "/v1/regions/alps/organisations", NewOrganisation{ID: "The Inn", Name: "Another"}).want(422, `"field":"id"`)
	w.call("manager", "PUT", "/v1/regions/alps/organisations/inn", PlaceChange{true}).want(200, `"trusted":true`)
	w.call("manager", "POST", "/v1/organisations/inn/invitations", Invite{"host@maps.example"}).want(201)
	list := read[Invitations](w.call("manager", "GET", "/v1/organisations/inn/invitations", nil).want(200))
	if len(list.Invitations) != 1 || list.Invitations[0].Email != "host@maps.example" {
		t.Errorf("invitations %+v", list)
	}
	as("host", read[Session](w.call("", "POST", "/v1/invitations/accept", Accept{w.link("host@maps.example"), Newcomer{Name: "Host", Password: password}}).want(201)))
	w.call("manager", "GET", "/v1/organisations/inn/invitations", nil).want(200, `"invitations":[]`)

	// The host makes a token for the booking system.
	made := read[MadeToken](w.call("host", "POST", "/v1/organisations/inn/tokens", NewToken{"booking", []auth.Scope{auth.ScopeRead}, w.now().Add(48 * time.Hour)}).want(201))
	w.bearer["booking"] = made.Bearer
	w.call("booking", "GET", "/v1/organisations/inn", nil).want(200, "Gasthof zur Post")
	w.call("booking", "PUT", "/v1/organisations/inn", OrganisationChange{Name: "Hacked"}).want(403, "not for API tokens")
	w.call("booking", "GET", "/v1/me", nil).want(200, `"machine":true`)
	w.call("host", "GET", "/v1/organisations/inn/tokens", nil).want(200, made.ID)
	if strings.Contains(string(w.call("host", "GET", "/v1/organisations/inn/tokens", nil).body), made.Bearer[30:]) {
		t.Error("the token is shown again")
	}

	// Another manager of the region is made of an editor, and cannot be the last administrator.
	w.call("manager", "POST", "/v1/regions/alps/invitations", InviteEditor{"host@maps.example", "editor"}).want(201)
	w.call("", "POST", "/v1/invitations/accept", Accept{w.link("host@maps.example"), Newcomer{Password: password}}).want(201)
	members := read[Members](w.call("host", "GET", "/v1/regions/alps/members", nil).want(200))
	if len(members.Members) != 2 || members.Members[0].Role != auth.Editor || members.Members[1].Role != auth.Manager {
		t.Fatalf("members %+v", members)
	}
	host := members.Members[0].ID
	w.call("host", "PUT", "/v1/regions/alps/members/"+host, RegionRole{"manager"}).want(403)
	w.call("manager", "PUT", "/v1/regions/alps/members/"+host, RegionRole{"manager"}).want(200, `"role":"manager"`)
	w.call("host", "DELETE", "/v1/regions/alps/members/"+host, nil).want(204)
	admin := read[Me](w.call("admin", "GET", "/v1/me", nil).want(200)).ID
	w.call("admin", "DELETE", "/v1/administrators/"+admin, nil).want(409)
	w.call("admin", "PUT", "/v1/users/"+admin, AccountChange{true}).want(409)

	// A forgotten password, a changed one, and the way out.
	w.call("", "POST", "/v1/password-resets", ResetRequest{"host@maps.example"}).want(202)
	w.call("", "POST", "/v1/password-resets", ResetRequest{"nobody@maps.example"}).want(202)
	w.call("", "POST", "/v1/password-resets/confirm", Reset{w.link("host@maps.example"), "another good password"}).want(204)
	w.call("host", "GET", "/v1/me", nil).want(401)
	as("host", read[Session](w.call("", "POST", "/v1/session", Login{Email: "HOST@maps.example", Password: "another good password"}).want(201)))
	w.call("host", "PUT", "/v1/me/password", PasswordChange{Present: password, Password: "a third good password"}).want(422, `"field":"present"`)
	changed := read[Session](w.call("host", "PUT", "/v1/me/password", PasswordChange{Present: "another good password", Password: "a third good password"}).want(200))
	w.call("host", "GET", "/v1/me", nil).want(401)
	as("host", changed)
	w.call("host", "PUT", "/v1/me", Profile{Name: "Hostess"}).want(200, "Hostess")
	w.call("host", "DELETE", "/v1/session", nil).want(204)
	w.call("host", "GET", "/v1/me", nil).want(401)

	// The administrator shuts the host out: the token goes too.
	w.call("booking", "GET", "/v1/me", nil).want(200)
	w.call("admin", "PUT", "/v1/users/"+host, AccountChange{true}).want(200, `"disabled":true`)
	w.call("booking", "GET", "/v1/me", nil).want(401)
	w.call("", "POST", "/v1/session", Login{Email: "host@maps.example", Password: "a third good password"}).want(401)
	w.call("admin", "GET", "/v1/users", nil).want(200, "Hostess", `"more":false`)
	w.call("admin", "DELETE", "/v1/users/"+host, nil).want(204)
	w.call("admin", "GET", "/v1/users/"+host, nil).want(404)
	w.call("manager", "DELETE", "/v1/organisations/inn", nil).want(204)
	w.call("manager", "GET", "/v1/organisations/inn", nil).want(403)
	w.call("admin", "DELETE", "/v1/sessions", nil).want(204)
	w.call("admin", "GET", "/v1/me", nil).want(401)
}
