package problem

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/pannier-maps/pannier/server/store"
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
	{fs.ErrNotExist, "not-found", http.StatusNotFound, "There is nothing here"},
	{store.ErrNotFound, "not-found", http.StatusNotFound, "There is nothing here"},
	{store.ErrBadName, "not-found", http.StatusNotFound, "There is nothing here"},
	{ErrMethod, "method-not-allowed", http.StatusMethodNotAllowed, "This address does not take that method"},
	{ErrBadRequest, "bad-request", http.StatusBadRequest, "The request makes no sense"},
	{ErrTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{store.ErrValueTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{store.ErrTxnTooLarge, "too-large", http.StatusRequestEntityTooLarge, "The request is too large"},
	{store.ErrExists, "conflict", http.StatusConflict, "Something else is there already"},
	{store.ErrFull, "storage-full", http.StatusInsufficientStorage, "The server has no room left"},
	{store.ErrClosed, "unavailable", http.StatusServiceUnavailable, "The server cannot answer just now"},
	{store.ErrLocked, "unavailable", http.StatusServiceUnavailable, "The server cannot answer just now"},
	{ErrUnavailable, "unavailable", http.StatusServiceUnavailable, "The server cannot answer just now"},
	{context.DeadlineExceeded, "unavailable", http.StatusServiceUnavailable, "The server cannot answer just now"},
	{context.Canceled, "unavailable", http.StatusServiceUnavailable, "The server cannot answer just now"},
	// Ours to mend, not the caller's.
	{store.ErrBadKey, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrReadOnly, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrScanOpen, "internal", http.StatusInternalServerError, internalTitle},
	{store.ErrCorrupt, "internal", http.StatusInternalServerError, internalTitle},
}

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
