package problem

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/schedule"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/webhook"
	"github.com/pannier-maps/pannier/sync/publish"
)

// Causes that only the HTTP side knows.
var (
	// ErrBadRequest is a request that makes no sense; say why with Detail.
	ErrBadRequest = errors.New("bad request")
	// ErrMethod is a known path asked with a verb it does not take.
	ErrMethod = errors.New("method not allowed")
	// ErrUnavailable is a server that cannot answer just now.
	ErrUnavailable = errors.New("unavailable")
	// ErrTooLarge is a request body over its limit.
	ErrTooLarge = errors.New("request too large")
	// ErrInvalid is a request whose fields say what cannot be; see Fields.
	ErrInvalid = errors.New("invalid fields")
	// ErrPrecondition is a write that does not say what it was made on.
	ErrPrecondition = errors.New("precondition required")
	// ErrMediaType is a body of a kind that the address does not take.
	ErrMediaType = errors.New("unsupported media type")
)

const (
	absent      = "There is nothing here"
	busy        = "The server cannot answer just now"
	credentials = "You have to sign in"
)

// row is what a cause looks like from outside.
type row struct {
	cause  error
	name   string // the type is "/problems/" + name
	status int
	title  string
}

// rows is the one table from cause to answer; the first that matches is taken.
// A cause without a row is a fault of the server: a 500 that tells nothing.
var rows = []row{
	{editing.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{catalog.ErrNoRegion, "not-found", http.StatusNotFound, absent},
	{catalog.ErrNoCategory, "not-found", http.StatusNotFound, absent},
	{editing.ErrForbidden, "forbidden", http.StatusForbidden, "You are not allowed to do that"},
	{editing.ErrInvalid, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{catalog.ErrCategory, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{editing.ErrCursor, "bad-request", http.StatusBadRequest, "The request makes no sense"},
	{editing.ErrState, "state", http.StatusConflict, "The change is not in a state for that"},
	{editing.ErrKeyReused, "key-reused", http.StatusUnprocessableEntity, "The idempotency key was used for another request"},
	{editing.ErrNotWritten, "not-written", http.StatusFailedDependency, "It was not written, as another one failed"},
	{editing.ErrTooMany, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{catalog.ErrOwner, "forbidden", http.StatusForbidden, "You are not allowed to do that"},
	{catalog.ErrRootExists, "conflict", http.StatusConflict, "Something else is there already"},
	{catalog.ErrExists, "conflict", http.StatusConflict, "Something else is there already"},
	{catalog.ErrApplying, "unavailable", http.StatusServiceUnavailable, busy},
	{editing.ErrConflict, "changed", http.StatusPreconditionFailed, "It was changed meanwhile"},
	{jobs.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{jobs.ErrBusy, "import-busy", http.StatusConflict, "Another import of the source is under way"},
	{jobs.ErrState, "import-state", http.StatusConflict, "The import is not in a state for that"},
	{jobs.ErrQuota, "limit", http.StatusConflict, "There are too many of them already"},
	{jobs.ErrTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{jobs.ErrOffset, "upload-offset", http.StatusConflict, "The upload goes on elsewhere"},
	{jobs.ErrChecksum, "checksum", statusChecksum, "The bytes do not have that checksum"},
	{jobs.ErrInvalid, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{media.ErrKind, "media-type", http.StatusUnsupportedMediaType, "The address does not take that kind of content"},
	{media.ErrTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{media.ErrBroken, "damaged", http.StatusUnprocessableEntity, "The picture cannot be read"},
	{media.ErrDigest, "checksum", statusChecksum, "The bytes do not have that checksum"},
	{media.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{media.ErrTooMany, "limit", http.StatusConflict, "There are too many of them already"},
	{media.ErrBusy, "unavailable", http.StatusServiceUnavailable, busy},
	{media.ErrCursor, "bad-request", http.StatusBadRequest, "The request makes no sense"},
	{fs.ErrNotExist, "not-found", http.StatusNotFound, absent},
	{store.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{store.ErrBadName, "not-found", http.StatusNotFound, absent},
	{ErrMethod, "method-not-allowed", http.StatusMethodNotAllowed, "This address does not take that method"},
	{ErrBadRequest, "bad-request", http.StatusBadRequest, "The request makes no sense"},
	{ErrTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{store.ErrValueTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{store.ErrTxnTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{ErrInvalid, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{ErrPrecondition, "precondition", http.StatusPreconditionRequired, "The request must say what it was made on"},
	{ErrMediaType, "media-type", http.StatusUnsupportedMediaType, "The address does not take that kind of content"},
	{auth.ErrUnauthenticated, "unauthenticated", http.StatusUnauthorized, credentials},
	{auth.ErrReused, "unauthenticated", http.StatusUnauthorized, credentials},
	{auth.ErrCredentials, "credentials", http.StatusUnauthorized, "The address or the password is wrong"},
	{auth.ErrForbidden, "forbidden", http.StatusForbidden, "You are not allowed to do that"},
	{auth.ErrThrottled, "throttled", http.StatusTooManyRequests, "There were too many attempts"},
	{auth.ErrLink, "link", http.StatusGone, "The link was used or is too old"},
	{auth.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{auth.ErrExists, "taken", http.StatusConflict, "The name or address is taken"},
	{auth.ErrLastAdministrator, "last-administrator", http.StatusConflict, "The last administrator has to stay"},
	{auth.ErrLimit, "limit", http.StatusConflict, "There are too many of them already"},
	{auth.ErrBusy, "unavailable", http.StatusServiceUnavailable, busy},
	{store.ErrExists, "conflict", http.StatusConflict, "Something else is there already"},
	{store.ErrFull, "storage-full", http.StatusInsufficientStorage, "The server has no room left"},
	{store.ErrClosed, "unavailable", http.StatusServiceUnavailable, busy},
	{store.ErrLocked, "unavailable", http.StatusServiceUnavailable, busy},
	{ErrUnavailable, "unavailable", http.StatusServiceUnavailable, busy},
	{context.DeadlineExceeded, "unavailable", http.StatusServiceUnavailable, busy},
	{context.Canceled, "unavailable", http.StatusServiceUnavailable, busy},
	{publish.ErrConflict, "conflict", http.StatusConflict, "Something else is there already"},
	{publish.ErrEmpty, "nothing", http.StatusConflict, "There is nothing to publish"},
	{publish.ErrNoKey, "no-key", http.StatusConflict, "No root of the site lets this server publish the region"},
	{publish.ErrRollout, "rollout", http.StatusConflict, "A version is being rolled out: finish or stop that first"},
	{publish.ErrNoRollout, "no-rollout", http.StatusConflict, "No version is being rolled out"},
	{publish.ErrFirst, "first-version", http.StatusConflict, "The first version of a region goes to everybody"},
	{schedule.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{schedule.ErrTooMany, "limit", http.StatusConflict, "There are too many of them already"},
	{schedule.ErrState, "ended", http.StatusConflict, "It has run, or was cancelled"},
	{schedule.ErrInvalid, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{webhook.ErrNotFound, "not-found", http.StatusNotFound, absent},
	{webhook.ErrTooMany, "limit", http.StatusConflict, "There are too many of them already"},
	{webhook.ErrInvalid, "invalid", http.StatusUnprocessableEntity, "Some fields cannot be taken"},
	{publish.ErrNoVersion, "not-found", http.StatusNotFound, absent},
	{publish.ErrCollected, "gone", http.StatusGone, "It is no longer kept"},
	// Ours to mend, not the caller's.
	{store.ErrBadKey, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrReadOnly, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrScanOpen, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrCorrupt, "internal", http.StatusInternalServerError, internalTitle},
}

// statusChecksum is that of tus 1.0 for parts that arrived otherwise.
const statusChecksum = 460

const internalTitle = "Something went wrong in the server"

// find returns the row for err.
func find(err error) row {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = ErrTooLarge
	}
	for _, r := range rows {
		if errors.Is(err, r.cause) {
			return r
		}
	}
	return row{nil, "internal", http.StatusInternalServerError, internalTitle}
}
