package provider

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
)

func (a *API) invitationRoutes() []Route {
	const (
		organisation  = "/v1/organisations/{organisation}/invitations"
		region        = "/v1/regions/{region}/invitations"
		administrator = "/v1/administrators/invitations"
	)
	return []Route{
		{Method: "POST", Path: organisation, Who: Contributor | Keeper, Status: 201, Summary: "Invite a contributor by mail", Handle: handle(a.inviteContributor)},
		{Method: "GET", Path: organisation, Who: Contributor | Keeper, Summary: "List open invitations of contributors", Handle: handle(a.listContributorInvitations)},
		{Method: "DELETE", Path: organisation + "/{invitation}", Who: Contributor | Keeper, Summary: "Take back an invitation", Handle: handle(a.revokeContributorInvitation)},
		{Method: "POST", Path: region, Who: Manager, Status: 201, Summary: "Invite an editor or manager by mail", Handle: handle(a.inviteEditor)},
		{Method: "GET", Path: region, Who: Manager, Summary: "List open invitations of editors and managers", Handle: handle(a.listEditorInvitations)},
		{Method: "DELETE", Path: region + "/{invitation}", Who: Manager, Summary: "Take back an invitation", Handle: handle(a.revokeEditorInvitation)},
		{Method: "POST", Path: administrator, Who: Administrator, Status: 201, Summary: "Invite an administrator by mail", Handle: handle(a.inviteAdministrator)},
		{Method: "GET", Path: administrator, Who: Administrator, Summary: "List open invitations of administrators", Handle: handle(a.listAdministratorInvitations)},
		{Method: "DELETE", Path: administrator + "/{invitation}", Who: Administrator, Summary: "Take back an invitation", Handle: handle(a.revokeAdministratorInvitation)},
		{Method: "POST", Path: "/v1/invitations/read", Who: Public, Summary: "Tell what an invitation is for", Handle: handle(a.readInvitation)},
		{Method: "POST", Path: "/v1/invitations/accept", Who: Public, Status: 201, Summary: "Accept an invitation, and sign in", Handle: handle(a.accept)},
	}
}

// Invitation is an open invitation.
type Invitation struct {
	ID      string     `json:"id"`
	Email   string     `json:"email"`
	Role    auth.Grant `json:"role"`
	Created time.Time  `json:"created"`
	Expires time.Time  `json:"expires"`
}

// Invitations is a list of them.
type Invitations struct {
	Invitations []Invitation `json:"invitations"`
}

func newInvitation(i auth.Invitation) Invitation {
	return Invitation{i.ID, i.Email, i.Grant, i.Created, i.Expires}
}

func (a *API) invite(ctx context.Context, c *Call, email string, g auth.Grant) (Invitation, error) {
	i, _, err := a.accounts.Invite(ctx, c.Caller, email, g)
	return newInvitation(i), err
}

func (a *API) invitations(ctx context.Context, grants ...auth.Grant) (Invitations, error) {
	list := Invitations{[]Invitation{}}
	for _, g := range grants {
		all, err := a.accounts.Invitations(ctx, g)
		if err != nil {
			return list, err
		}
		for _, i := range all {
			list.Invitations = append(list.Invitations, newInvitation(i))
		}
	}
	return list, nil
}

func (a *API) revokeInvitation(ctx context.Context, c *Call, grants ...auth.Grant) (None, error) {
	return None{}, a.accounts.RevokeInvitation(ctx, c.Param("invitation"), grants...)
}

// Invite is whom to invite.
type Invite struct {
	Email string `json:"email"`
}

func (a *API) inviteContributor(ctx context.Context, c *Call, in Invite) (Invitation, error) {
	return a.invite(ctx, c, in.Email, c.contributors())
}

func (a *API) listContributorInvitations(ctx context.Context, c *Call, _ None) (Invitations, error) {
	return a.invitations(ctx, c.contributors())
}

func (a *API) revokeContributorInvitation(ctx context.Context, c *Call, _ None) (None, error) {
	return a.revokeInvitation(ctx, c, c.contributors())
}

// InviteEditor is whom to invite to a region, and as what.
type InviteEditor struct {
	Email string         `json:"email"`
	Role  RegionRoleName `json:"role"`
}

func (a *API) inviteEditor(ctx context.Context, c *Call, in InviteEditor) (Invitation, error) {
	return a.invite(ctx, c, in.Email, auth.Grant{Role: auth.Role(in.Role), Of: c.Region})
}

func (a *API) listEditorInvitations(ctx context.Context, c *Call, _ None) (Invitations, error) {
	return a.invitations(ctx, c.editors()...)
}

func (a *API) revokeEditorInvitation(ctx context.Context, c *Call, _ None) (None, error) {
	return a.revokeInvitation(ctx, c, c.editors()...)
}

func (a *API) inviteAdministrator(ctx context.Context, c *Call, in Invite) (Invitation, error) {
	return a.invite(ctx, c, in.Email, administrators)
}

func (a *API) listAdministratorInvitations(ctx context.Context, _ *Call, _ None) (Invitations, error) {
	return a.invitations(ctx, administrators)
}

func (a *API) revokeAdministratorInvitation(ctx context.Context, c *Call, _ None) (None, error) {
	return a.revokeInvitation(ctx, c, administrators)
}

// LinkToken is the token of a link.
type LinkToken struct {
	Token string `json:"token" doc:"of the link, what follows ="`
}

// Invited is what an invitation is for.
type Invited struct {
	Email string     `json:"email"`
	Role  auth.Grant `json:"role"`
	Known bool       `json:"known" doc:"the address has an account: its password is asked for, and no name"`
}

func (a *API) readInvitation(ctx context.Context, _ *Call, in LinkToken) (Invited, error) {
	i, known, err := a.accounts.Invited(ctx, in.Token)
	return Invited{i.Email, i.Grant, known}, err
}

// Accept is an invitation taken.
type Accept struct {
	Token string `json:"token" doc:"of the link, what follows ="`
	Newcomer
}

func (a *API) accept(ctx context.Context, c *Call, in Accept) (Session, error) {
	t, err := a.accounts.Accept(ctx, a.from(c.r), in.Token, in.newcomer())
	if err != nil {
		return Session{}, err
	}
	return a.newSession(c, t, in.Cookie), nil
}
