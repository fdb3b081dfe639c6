package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Members lists the users who have a role in a place.
func (a *Accounts) Members(ctx context.Context, g Grant) (all []User, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		all, err = members(txn, g)
		return err
	})
	return all, err
}

func members(txn store.Txn, g Grant) ([]User, error) {
	ids, err := records.Names(txn, place(g, "user", ""))
	if err != nil {
		return nil, err
	}
	all := make([]User, len(ids))
	for i, id := range ids {
		if all[i], err = records.Get[User](txn, key("user", id)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Revoke takes the role that a user has of the given ones, and revokes the API
// tokens that they made by it, as they may have kept a copy.
func (a *Accounts) Revoke(ctx context.Context, user string, any ...Grant) error {
	_, err := a.changeUser(ctx, user, func(txn store.Txn, u *User) error {
		found := false
		for _, g := range any {
			if slices.Contains(u.Grants, g) {
				found = true
				if err := a.revoke(txn, u, g); err != nil {
					return err
				}
			}
		}
		if !found {
			return store.ErrNotFound
		}
		return nil
	})
	return err
}

// DeleteUser takes an account away, with its roles and sessions, the API tokens
// that it made, and what is known of the person. What they changed stays under
// the id, which says nothing more.
func (a *Accounts) DeleteUser(ctx context.Context, id string) error {
	if !isID(id) {
		return ErrNotFound
	}
	return a.update(ctx, func(txn store.Txn) error {
		u, err := records.Get[User](txn, key("user", id))
		if err != nil {
			return err
		}
		for _, g := range slices.Clone(u.Grants) {
			if err := a.revoke(txn, &u, g); err != nil {
				return err
			}
		}
		if err := endSessions(txn, &u); err != nil {
			return err
		}
		return errors.Join(txn.Delete(key("user", id)), txn.Delete(key("email", u.Email)))
	})
}

// SetRegionRole makes a user of a region its editor or its manager. Somebody who
// is neither has to be invited: so nobody is found by an id alone.
func (a *Accounts) SetRegionRole(ctx context.Context, user, region string, role Role) (User, error) {
	was := map[Role]Role{Editor: Manager, Manager: Editor}[role]
	if was == "" {
		return User{}, &FieldError{"role", `must be "editor" or "manager"`}
	}
	return a.changeUser(ctx, user, func(txn store.Txn, u *User) error {
		if slices.Contains(u.Grants, Grant{role, region}) {
			return nil
		}
		if err := a.revoke(txn, u, Grant{was, region}); err != nil {
			return err
		}
		return grant(txn, u, Grant{role, region})
	})
}
