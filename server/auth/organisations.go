package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// maxPlaces is in how many regions one organisation may work.
const maxPlaces = 64

// Organisation is a provider: who keeps features.
type Organisation struct {
	ID      string    `json:"id"` // a-z, 0-9 and -, as the name of its source
	Name    string    `json:"name"`
	Email   string    `json:"email,omitempty"` // for its editors, not for riders
	Home    string    `json:"home"`            // region whose managers look after it
	Places  []Place   `json:"places"`          // regions where it may give features
	Created time.Time `json:"created"`
	// Deleted keeps the id from being given away: features of the one before
	// would belong to it.
	Deleted *time.Time `json:"deleted,omitempty"`
}

// Place is a region where an organisation works.
type Place struct {
	Region  string `json:"region"`
	Trusted bool   `json:"trusted" doc:"may publish its own features at once"`
}

// In returns the organisation's place in a region.
func (o Organisation) In(region string) (Place, bool) {
	i := slices.IndexFunc(o.Places, func(p Place) bool { return p.Region == region })
	if i < 0 {
		return Place{}, false
	}
	return o.Places[i], true
}

// CheckOrganisation returns what is wrong with an organisation's id.
func CheckOrganisation(id string) error {
	if id == "" || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(id, "-") != id {
		return &FieldError{"id", "must be 1 to 64 of a-z, 0-9 and -, such as gasthof-zur-post"}
	}
	return nil
}

// CreateOrganisation adds an organisation to its home region.
func (a *Accounts) CreateOrganisation(ctx context.Context, o Organisation) (Organisation, error) {
	if err := CheckOrganisation(o.ID); err != nil {
		return Organisation{}, err
	}
	if slices.Contains([]string{"osm", "site"}, o.ID) {
		return Organisation{}, &FieldError{"id", "is kept for the site itself"}
	}
	if err := checkOrganisation(&o); err != nil {
		return Organisation{}, err
	}
	o.Created, o.Deleted, o.Places = a.at(), nil, []Place{{Region: o.Home}}
	err := a.update(ctx, func(txn store.Txn) error {
		k := key("organisation", o.ID)
		if there, err := records.Has(txn, k); there || err != nil {
			return errors.Join(err, fmt.Errorf("%w: organisation %q", ErrExists, o.ID))
		}
		return records.Set(txn, k, o)
	})
	return o, err
}

func checkOrganisation(o *Organisation) (err error) {
	if o.Name, err = parseName("name", o.Name); err != nil || o.Email == "" {
		return err
	}
	o.Email, err = ParseAddress(o.Email)
	return err
}

// Organisation returns an organisation.
func (a *Accounts) Organisation(ctx context.Context, id string) (o Organisation, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		o, err = organisation(txn, id)
		return err
	})
	return o, err
}

func organisation(txn store.Txn, id string) (Organisation, error) {
	if CheckOrganisation(id) != nil {
		return Organisation{}, store.ErrNotFound
	}
	o, err := records.Get[Organisation](txn, key("organisation", id))
	if err == nil && o.Deleted != nil {
		err = store.ErrNotFound
	}
	return o, err
}

// Organisations lists the organisations by id.
func (a *Accounts) Organisations(ctx context.Context) (all []Organisation, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		all, err = records.List[Organisation](txn, key("organisation", ""))
		all = slices.DeleteFunc(all, func(o Organisation) bool { return o.Deleted != nil })
		return err
	})
	return all, err
}

// WorkingIn lists those of some organisations that work in a region.
func (a *Accounts) WorkingIn(ctx context.Context, region string, ids []string) (all []Organisation, err error) {
	err = a.view(ctx, func(txn store.Txn) error {
		all = nil
		for _, id := range ids {
			o, err := organisation(txn, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if _, ok := o.In(region); ok {
				all = append(all, o)
			}
		}
		return nil
	})
	return all, err
}

// SetOrganisation changes an organisation's name and address.
func (a *Accounts) SetOrganisation(ctx context.Context, id, name, email string) (Organisation, error) {
	said := Organisation{Name: name, Email: email}
	if err := checkOrganisation(&said); err != nil {
		return said, err
	}
	return a.changeOrganisation(ctx, id, func(o *Organisation) error {
		o.Name, o.Email = said.Name, said.Email
		return nil
	})
}

// SetPlace lets an organisation work in a region.
func (a *Accounts) SetPlace(ctx context.Context, id string, p Place) (Organisation, error) {
	return a.changeOrganisation(ctx, id, func(o *Organisation) error {
		o.Places = slices.DeleteFunc(o.Places, func(q Place) bool { return q.Region == p.Region })
		if len(o.Places) >= maxPlaces {
			return fmt.Errorf("%w: an organisation works in at most %d regions", ErrLimit, maxPlaces)
		}
		o.Places = append(o.Places, p)
		slices.SortFunc(o.Places, func(a, b Place) int { return strings.Compare(a.Region, b.Region) })
		return nil
	})
}

// RemovePlace keeps an organisation from working in a region. What it gave
// there stays.
func (a *Accounts) RemovePlace(ctx context.Context, id, region string) (Organisation, error) {
	return a.changeOrganisation(ctx, id, func(o *Organisation) error {
		if _, ok := o.In(region); !ok {
			return store.ErrNotFound
		}
		o.Places = slices.DeleteFunc(o.Places, func(q Place) bool { return q.Region == region })
		return nil
	})
}

func (a *Accounts) changeOrganisation(ctx context.Context, id string, change func(*Organisation) error) (o Organisation, err error) {
	err = a.update(ctx, func(txn store.Txn) error {
		if o, err = organisation(txn, id); err != nil {
			return err
		}
		if err := change(&o); err != nil {
			return err
		}
		return records.Set(txn, key("organisation", id), o)
	})
	return o, err
}

// DeleteOrganisation takes an organisation away, with its members' roles, its
// API tokens and its invitations. Its features stay until an editor removes
// them, and nobody can take its id.
func (a *Accounts) DeleteOrganisation(ctx context.Context, id string) error {
	g := Grant{Contributor, id}
	return a.update(ctx, func(txn store.Txn) error {
		o, err := organisation(txn, id)
		if err != nil {
			return err
		}
		if err := guard(txn, g); err != nil {
			return err
		}
		people, err := members(txn, g)
		if err != nil {
			return err
		}
		for _, u := range people {
			if err := a.revoke(txn, &u, g); err != nil {
				return err
			}
			if err := records.Set(txn, key("user", u.ID), u); err != nil {
				return err
			}
		}
		if err := errors.Join(dropAll(txn, g, "token"), dropAll(txn, g, "link")); err != nil {
			return err
		}
		now := a.at()
		o.Deleted, o.Places, o.Email = &now, nil, ""
		return records.Set(txn, key("organisation", id), o)
	})
}

// dropAll removes the tokens or links of a place.
func dropAll(txn store.Txn, g Grant, kind string) error {
	ids, err := records.Names(txn, place(g, kind, ""))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := errors.Join(txn.Delete(key(kind, id)), txn.Delete(place(g, kind, id))); err != nil {
			return err
		}
	}
	return nil
}
