package auth

import (
	"errors"
	"fmt"
	"time"
)

// Errors that a caller acts on.
var (
	// ErrCredentials is an address and a password that do not belong together,
	// whatever the reason.
	ErrCredentials = errors.New("address or password are wrong")
	// ErrUnauthenticated is an access, refresh or API token that is not, or no
	// longer, good.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrReused is a refresh token used a second time: its session has been
	// ended, as somebody may have stolen it.
	ErrReused = errors.New("refresh token used twice")
	// ErrForbidden is what the caller's role does not allow.
	ErrForbidden = errors.New("not allowed")
	// ErrThrottled is too many attempts; see ThrottledError.
	ErrThrottled = errors.New("too many attempts")
	// ErrBusy is a server with too many passwords to check at once.
	ErrBusy = errors.New("too many passwords to check at once")
	// ErrLink is a one-time link that is unknown, used or too old.
	ErrLink = errors.New("the link was used or is too old")
	// ErrNotFound is an account, organisation, token or invitation that there
	// is not.
	ErrNotFound = errors.New("no such account")
	// ErrExists is a name or address that is taken.
	ErrExists = errors.New("it is taken")
	// ErrLastAdministrator is an attempt to leave the site without one.
	ErrLastAdministrator = errors.New("the last administrator has to stay")
	// ErrLimit is more members, tokens or invitations than one place may have.
	ErrLimit = errors.New("there are too many of them")
)

// FieldError is something that a caller wrote wrongly.
type FieldError struct{ Field, Problem string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// ThrottledError is ErrThrottled with the time after which to try again.
type ThrottledError struct{ After time.Duration }

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%v, try again in %v", ErrThrottled, e.After)
}

// Unwrap returns ErrThrottled.
func (e *ThrottledError) Unwrap() error { return ErrThrottled }
