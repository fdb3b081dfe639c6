package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Invitation is an open invitation to a role.
type Invitation struct {
	ID      string
	Email   string
	Grant   Grant
	By      string // user id; "" for the operator
	Created time.Time
	Expires time.Time
}

func (l link) invitation() Invitation {
	return Invitation{l.ID, l.Email, l.Grant, l.By, l.Created, l.Expires}
}

// Invite invites the owner of an address to a role, by mail. by is zero for the
// operator. The link is returned for the operator's use only: nobody else must
// be shown a link that was sent to another.
func (a *Accounts) Invite(ctx context.Context, by Caller, email string, g Grant) (_ Invitation, link string, err error) {
	address, err := ParseAddress(email)
	if err != nil {
		return Invitation{}, "", err
	}
	if !slices.Contains(g.Role.Values(), string(g.Role)) || (g.Role == Administrator) != (g.Of == "") {
		return Invitation{}, "", &FieldError{"role", "is no role, or lacks its place"}
	}
	if by.User != "" { // mails to strangers are worth throttling too
		if err := a.throttle.take(a.now(), a.throttle.inviter(by.User)); err != nil {
			return Invitation{}, "", err
		}
	}
	l, link := a.newLink(linkInvitation, InvitationLife)
	l.Email, l.Grant, l.By = address, g, by.User
	var name, lang string
	err = a.update(ctx, func(txn store.Txn) error {
		if err := a.standing(txn, l); err != nil {
			return err
		}
		if name, err = placeName(txn, g); err != nil {
			return err
		}
		if by.User != "" { // in whose language the mail is
			u, err := records.Get[User](txn, key("user", by.User))
			if err != nil {
				return err
			}
			lang = u.Language
		}
		if err := guard(txn, g); err != nil {
			return err
		}
		there, err := indexed[struct{ ID, Email string }](txn, g, "link")
		if err != nil {
			return err
		}
		for _, old := range there { // the newest link of an address counts
			if old.Email == address {
				if err := errors.Join(txn.Delete(key("link", old.ID)), txn.Delete(place(g, "link", old.ID))); err != nil {
					return err
				}
			}
		}
		if len(there) >= maxPeople {
			return fmt.Errorf("%w: at most %d invitations", ErrLimit, maxPeople)
		}
		return errors.Join(records.Set(txn, key("link", l.ID), l), txn.Set(place(g, "link", l.ID), nil))
	})
	if err != nil {
		return Invitation{}, "", err
	}
	a.later(ctx, "send an invitation", func(ctx context.Context) error {
		return a.mail.Send(ctx, invitationMail(lang, l, name, link))
	})
	return l.invitation(), link, nil
}

// standing checks that the place of a link is still there, and that whoever made
// it could still do so: an invitation must not outlast the role of its author.
func (a *Accounts) standing(txn store.Txn, l link) error {
	home := ""
	if l.Grant.Role == Contributor {
		o, err := organisation(txn, l.Grant.Of)
		if err != nil {
			return err
		}
		home = o.Home
	}
	if l.By == "" {
		return nil
	}
	u, err := records.Get[User](txn, key("user", l.By))
	if err != nil {
		return err
	}
	c := Caller{User: u.ID, Grants: u.Grants}
	may := c.Administers()
	switch l.Grant.Role {
	case Contributor:
		may = c.Contributes(l.Grant.Of) || c.Manages(home)
	case Editor, Manager:
		may = c.Manages(l.Grant.Of)
	}
	if u.Disabled || !may {
		return ErrForbidden
	}
	return nil
}

// placeName is how mails name a place.
func placeName(txn store.Txn, g Grant) (string, error) {
	if g.Role != Contributor {
		return g.Of, nil
	}
	o, err := organisation(txn, g.Of)
	return o.Name, err
}

// Invitations lists the open invitations to a role in a place.
func (a *Accounts) Invitations(ctx context.Context, g Grant) (all []Invitation, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		links, err := indexed[link](txn, g, "link")
		all = nil
		for _, l := range links {
			if a.now().Before(l.Expires) {
				all = append(all, l.invitation())
			}
		}
		return err
	})
	return all, err
}

// RevokeInvitation takes back an invitation to one of some roles.
func (a *Accounts) RevokeInvitation(ctx context.Context, id string, any ...Grant) error {
	err := ErrNotFound
	for _, g := range any {
		if err = a.drop(ctx, g, "link", id); !errors.Is(err, ErrNotFound) {
			break
		}
	}
	return err
}

// Invited returns the invitation of a token, and whether its address has an
// account.
func (a *Accounts) Invited(ctx context.Context, token string) (i Invitation, known bool, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		l, err := a.openLink(txn, linkInvitation, token)
		if err != nil {
			return err
		}
		i = l.invitation()
		known, err = records.Has(txn, key("email", l.Email))
		return err
	})
	return i, known, err
}
