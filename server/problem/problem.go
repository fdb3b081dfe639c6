// Package problem answers HTTP requests that went wrong, with the problem
// documents of RFC 9457 (application/problem+json).
//
// One table leads from the sentinels of the server's rooms to a type, a status
// and a title. The text of an error never leaves the server, as it may name
// files and keys: only what a handler says with Detail and Fields does. A fault of the
// server (5xx) is logged here, once, under an id that the answer carries as its
// instance; so a handler hands its error to Write and does not log it.
//
// Types are relative URIs such as "/problems/not-found". Everything is safe for
// concurrent use.
package problem

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// Type is the media type of a problem document.
const Type = "application/problem+json"

// Document is the body of an answer (RFC 9457, section 3).
type Document struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Instance string `json:"instance,omitempty"`
	// Errors are what is wrong with the fields of the request.
	Errors []Field `json:"errors,omitempty"`
}

// Field is what is wrong with one field of a request.
type Field struct {
	Field   string `json:"field" doc:"where it is, such as names.de or stages[2].name"`
	Problem string `json:"problem" doc:"what is wrong there, for people"`
}

// fields is ErrInvalid with the fields.
type fields []Field

func (f fields) Error() string { return fmt.Sprintf("%v: %v", ErrInvalid, []Field(f)) }
func (f fields) Unwrap() error { return ErrInvalid }

// Fields returns ErrInvalid that tells what is wrong with each field.
func Fields(all ...Field) error { return fields(all) }

// listed is an error with fields.
type listed struct {
	error
	fields
}

func (l *listed) Error() string   { return l.error.Error() }
func (l *listed) Unwrap() []error { return []error{l.error, l.fields} }

// With returns err with what is said of fields of the request.
func With(err error, all ...Field) error {
	if len(all) == 0 {
		return err
	}
	return &listed{err, all}
}

// detailed is an error with words for the caller.
type detailed struct {
	error
	detail string
}

func (d *detailed) Unwrap() error { return d.error }

// Detail returns err with a sentence for whoever sent the request. Faults of
// the server are answered without it.
func Detail(err error, detail string) error { return &detailed{err, detail} }

// Describe returns the document for err, without an instance.
func Describe(err error) Document {
	row := find(err)
	doc := Document{Type: "/problems/" + row.name, Title: row.title, Status: row.status}
	var d *detailed
	if row.status < 500 && errors.As(err, &d) {
		doc.Detail = d.detail
	}
	var f fields
	if errors.As(err, &f) && row.status < 500 {
		doc.Errors = f
	}
	return doc
}

// Write answers r with the document for err. Nothing may have been written yet.
// Faults of the server go to log.
func Write(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	doc := Describe(err)
	gone := r.Context().Err() != nil && errors.Is(err, context.Canceled)
	if doc.Status >= 500 && !gone { // one who hung up is no fault
		id := make([]byte, 8)
		rand.Read(id)
		doc.Instance = "/requests/" + hex.EncodeToString(id)
		log.ErrorContext(r.Context(), "request failed",
			"instance", doc.Instance, "method", r.Method, "path", r.URL.Path, "err", err)
	}
	body, marshalErr := json.Marshal(doc)
	if marshalErr != nil { // strings and a number
		panic(marshalErr)
	}
	h := w.Header()
	for _, of := range []string{"ETag", "Content-Length", "Last-Modified", "Content-Range", "Accept-Ranges"} {
		h.Del(of) // what the handler meant to send instead
	}
	h.Set("Content-Type", Type)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(doc.Status)
	if r.Method != http.MethodHead {
		w.Write(body) // one who hung up is told nothing
	}
}
