package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	maxGrants = 64  // roles of one user
	maxPeople = 500 // users, tokens or invitations of one role in one place, each
	maxName   = 200 // bytes of a name
)

// User is a person with an account.
type User struct {
	ID       string    `json:"id"`
	Email    string    `json:"email"` // as ParseAddress gives it
	Name     string    `json:"name"`
	Language string    `json:"language,omitempty"` // BCP 47
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled,omitempty"`
	Grants   []Grant   `json:"grants,omitempty"`

	Password string `json:"password"` // argon2id, in the PHC format
	Epoch    uint64 `json:"epoch"`    // tokens of a lower one are refused
}

// ParseAddress returns the form in which a mail address is kept and compared:
// all of it in lower case. It takes ASCII only, with a domain in its xn-- form
// where it has other letters: so no two addresses look the same or become the
// same by folding, and none can bring a line of its own into a mail. Mail goes
// to the address of the account, never to one as somebody typed it.
func ParseAddress(s string) (string, error) {
	bad := func(problem string) (string, error) { return "", &FieldError{"email", problem} }
	s = strings.TrimSpace(s)
	local, domain, ok := strings.Cut(s, "@")
	switch {
	case !ok || local == "" || domain == "":
		return bad("is not a mail address such as office@example.org")
	case len(local) > 64 || len(s) > 254:
		return bad("is too long for a mail address")
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return bad("has letters beyond ASCII; write its domain in the form that begins with xn--")
		}
	}
	atom := func(part, more string) bool {
		for piece := range strings.SplitSeq(part, ".") {
			if piece == "" || strings.Trim(strings.ToLower(piece), "abcdefghijklmnopqrstuvwxyz0123456789-"+more) != "" {
				return false
			}
		}
		return true
	}
	if !atom(local, "!#$%&'*+/=?^_`{|}~") || !atom(domain, "") || !strings.Contains(domain, ".") {
		return bad("is not a mail address such as office@example.org")
	}
	return strings.ToLower(s), nil
}

// parseName checks the name of a person, an organisation or a token.
func parseName(field, s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	control := func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 }
	switch {
	case s == "":
		return "", &FieldError{field, "must not be empty"}
	case len(s) > maxName:
		return "", &FieldError{field, fmt.Sprintf("is longer than %d bytes", maxName)}
	case !utf8.ValidString(s) || strings.ContainsFunc(s, control):
		return "", &FieldError{field, "has control characters"}
	}
	return s, nil
}

func parseLanguage(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	tag, err := language.Parse(s)
	if err != nil || len(s) > 35 {
		return "", &FieldError{"language", `is not a language code such as "de" or "sl"`}
	}
	return tag.String(), nil
}

// User returns an account.
func (a *Accounts) User(ctx context.Context, id string) (u User, err error) {
	if !isID(id) {
		return u, ErrNotFound
	}
	err = a.view(ctx, func(txn store.Txn) error {
		u, err = records.Get[User](txn, key("user", id))
		return err
	})
	return u, err
}

// UserByEmail returns the account of an address.
func (a *Accounts) UserByEmail(ctx context.Context, email string) (u User, err error) {
	address, err := ParseAddress(email)
	if err != nil {
		return u, err
	}
	err = a.view(ctx, func(txn store.Txn) error {
		u, err = byEmail(txn, address)
		return err
	})
	return u, err
}

func byEmail(txn store.Txn, address string) (User, error) {
	id, err := records.Get[string](txn, key("email", address))
	if err != nil {
		return User{}, err
	}
	return records.Get[User](txn, key("user", id))
}

// Users calls fn with each account in the order of their ids, from the one after
// the given id on, until fn returns false.
func (a *Accounts) Users(ctx context.Context, after string, fn func(User) bool) error {
	return a.view(ctx, func(txn store.Txn) error {
		all, err := records.List[User](txn, key("user", ""))
		if err != nil {
			return err
		}
		for _, u := range all {
			if u.ID > after && !fn(u) {
				return nil
			}
		}
		return nil
	})
}

// SetProfile changes what a user says of themselves.
func (a *Accounts) SetProfile(ctx context.Context, user, name, lang string) (User, error) {
	name, err := parseName("name", name)
	if err != nil {
		return User{}, err
	}
	if lang, err = parseLanguage(lang); err != nil {
		return User{}, err
	}
	return a.changeUser(ctx, user, func(_ store.Txn, u *User) error {
		u.Name, u.Language = name, lang
		return nil
	})
}

// SetDisabled shuts an account out, at once and with the API tokens that it
// made, or lets it in again.
func (a *Accounts) SetDisabled(ctx context.Context, user string, disabled bool) (User, error) {
	return a.changeUser(ctx, user, func(txn store.Txn, u *User) error {
		if disabled && !u.Disabled {
			if err := a.othersAdminister(txn, *u); err != nil {
				return err
			}
			if err := endSessions(txn, u); err != nil {
				return err
			}
		}
		u.Disabled = disabled
		return revokeTokens(txn, *u)
	})
}

// changeUser changes one account in a transaction.
func (a *Accounts) changeUser(ctx context.Context, id string, change func(store.Txn, *User) error) (u User, err error) {
	if !isID(id) {
		return u, ErrNotFound
	}
	err = a.update(ctx, func(txn store.Txn) error {
		if u, err = records.Get[User](txn, key("user", id)); err != nil {
			return err
		}
		if err := change(txn, &u); err != nil {
			return err
		}
		return records.Set(txn, key("user", id), u)
	})
	return u, err
}

// place is the prefix of a role's index in a place; kind is "user", "token" or
// "link".
func place(g Grant, kind, id string) []byte { return key("of", string(g.Role), g.Of, kind, id) }

// guard makes whatever changes who has a role in a place conflict.
func guard(txn store.Txn, g Grant) error {
	k := key("guard", string(g.Role), g.Of)
	if _, err := txn.Get(k); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return txn.Set(k, nil)
}

// grant gives a user a role; the caller stores the user.
func grant(txn store.Txn, u *User, g Grant) error {
	if slices.Contains(u.Grants, g) {
		return nil
	}
	if err := guard(txn, g); err != nil {
		return err
	}
	there, err := records.Names(txn, place(g, "user", ""))
	if err != nil {
		return err
	}
	if len(u.Grants) >= maxGrants || len(there) >= maxPeople {
		return fmt.Errorf("%w: one user has at most %d roles, one place %d users", ErrLimit, maxGrants, maxPeople)
	}
	u.Grants = append(u.Grants, g)
	return txn.Set(place(g, "user", u.ID), nil)
}

// revoke takes a role from a user, with the API tokens that they made by it; the
// caller stores the user.
func (a *Accounts) revoke(txn store.Txn, u *User, g Grant) error {
	if !slices.Contains(u.Grants, g) {
		return store.ErrNotFound
	}
	if g.Role == Administrator {
		if err := a.othersAdminister(txn, *u); err != nil {
			return err
		}
	}
	if err := guard(txn, g); err != nil {
		return err
	}
	u.Grants = slices.DeleteFunc(u.Grants, func(h Grant) bool { return h == g })
	if err := txn.Delete(place(g, "user", u.ID)); err != nil {
		return err
	}
	return revokeTokens(txn, *u)
}

// othersAdminister makes sure that the site keeps an administrator without u.
func (a *Accounts) othersAdminister(txn store.Txn, u User) error {
	admin := Grant{Role: Administrator}
	if !slices.Contains(u.Grants, admin) {
		return nil
	}
	if err := guard(txn, admin); err != nil {
		return err
	}
	ids, err := records.Names(txn, place(admin, "user", ""))
	if err != nil {
		return err
	}
	for _, id := range ids {
		other, err := records.Get[User](txn, key("user", id))
		if err != nil {
			return err
		}
		if other.ID != u.ID && !other.Disabled {
			return nil
		}
	}
	return ErrLastAdministrator
}
