// Package public serves the read side of a site over HTTP: the objects of
// sync/layout as plain files, and the one answer that no folder can give, the
// update from any version to the current one.
//
// What never changes is cached for a year; what changes is revalidated by ETag.
// Large objects go from the file to the socket inside the kernel. Answers carry
// few and short headers, for a small update is not much longer than they are.
// Any web page may read everything (CORS), no request has an identity.
//
// Errors are problem documents. A Handler is safe for concurrent use.
package public

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/layout"
)

// Updater makes the answer that leads a client to the current version.
type Updater interface {
	// Update returns the current head of region with the delta that leads to it
	// from the version whose manifest's hash begins with the 16 hex digits of
	// from, and the head's ETag without its quotes. have is the ETag that the
	// client sent, or ""; the head may be coded against the one it names, and the
	// body is nil when it names the current one. part says that the client does
	// not hold all cells of its version. It returns fs.ErrNotExist
	// for an unknown region or version. It is called for each request, by many
	// at once, also when nothing is new. The body is not changed afterwards.
	Update(ctx context.Context, region, from, have string, part bool) (body []byte, etag string, err error)
}

// Config is what a Handler serves.
type Config struct {
	// Blobs holds the site. Required.
	Blobs store.BlobStore
	// Updates answers /v1/regions/{region}/update/{from} and …/part; all are unknown when nil.
	Updates Updater
	// Next returns the head of a region that is being rolled out, as the value of
	// layout.NextHeader; "" for none. It is called for each request of a head. Nil
	// when there never is one.
	Next func(ctx context.Context, region string) (string, error)
	// Ready tells why the server cannot answer, for /healthz; it always can when nil.
	Ready func(context.Context) error
	// Index answers "/"; a short text when nil.
	Index http.Handler
	// Log receives a line for each request and faults; slog.Default when nil.
	Log *slog.Logger
	// Stall ends a connection that takes no 64 KiB in that time; a minute when
	// 0, which lets the slowest phone through at 1.1 KB/s.
	Stall time.Duration
}

// Handler is the read side of a site.
type Handler struct {
	site   Config
	router *mux.Router
	chain  http.Handler
}

// New returns the handler of a site.
func New(c Config) *Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Stall == 0 {
		c.Stall = time.Minute
	}
	if c.Index == nil {
		c.Index = text("text/plain; charset=utf-8", index)
	}
	h := &Handler{site: c}
	h.router = h.routes()
	h.chain = AccessLog(c.Log, c.Stall, h.guard(h.router))
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.chain.ServeHTTP(w, r) }

const (
	region = `/v1/regions/{region:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?}`
	hash   = `[0-9a-f]{64}`
	short  = `[0-9a-f]{16}`
)

// routes checks every part of a path by its pattern: what matches, without its
// leading slash, is an object name of sync/layout.
func (h *Handler) routes() *mux.Router {
	router := mux.NewRouter().SkipClean(true)
	for _, route := range []struct { // the first that matches counts: what is asked for most comes first
		path    string
		handler http.Handler
	}{
		{region + `/update/{from:` + short + `}`, h.rolling(h.update(false))},
		{region + `/head`, h.rolling(h.changing(layout.HeadType, "no-cache"))},
		{`/v1/blobs/{folder:[0-9a-f]{2}}/{hash:` + hash + `}`, h.immutable(layout.BlobType, "hash")},
		{region + `/update/{from:` + short + `}/part`, h.rolling(h.update(true))},
		{region + `/deltas/{from:` + short + `}-{to:` + short + `}`, h.immutable(layout.DeltaType, "from", "to")},
		{region + `/manifests/{hash:` + hash + `}`, h.immutable(layout.ManifestType, "hash")},
		{region + `/history.json`, h.changing("application/json", "no-cache")},
		{region + `/heads/{tag:` + short + `}`, h.immutable(layout.HeadType, "tag")},
		{"/" + layout.Regions, h.changing("application/json", "max-age=60")},
		{"/v1/roots/{version:[1-9][0-9]{0,18}}", h.changing(layout.HeadType, forever)}, // few and short
		{"/healthz", h.health()},
		{"/", h.site.Index},
	} {
		router.Path(route.path).Methods(methods...).Handler(preflight(route.handler))
	}
	router.NotFoundHandler = h.problem(problem.Detail(store.ErrNotFound, "No such address."))
	router.MethodNotAllowedHandler = h.problem(problem.ErrMethod)
	return router
}

// Takes reports at a glance whether a request is for an object of the site, by a
// path that nothing else can have. For other requests it gives no answer.
func Takes(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/regions/")
	if !ok {
		return strings.HasPrefix(r.URL.Path, "/v1/blobs/")
	}
	_, rest, _ = strings.Cut(rest, "/")
	kind, _, _ := strings.Cut(rest, "/")
	switch kind {
	case "head", "update", "deltas", "manifests", "heads", "history.json":
		return true
	}
	return false
}

func (h *Handler) problem(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err == problem.ErrMethod {
			w.Header().Set("Allow", allowed)
		}
		h.fail(w, r, err)
	})
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	problem.Write(w, r, h.site.Log, err)
}

// guard refuses requests with a body, which none here has a use for and which
// would have to be read to its end.
func (h *Handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			allowOrigins(w.Header())
		}
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			h.fail(w, r, problem.Detail(problem.ErrBadRequest, "Send no body."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Handler) health() http.Handler {
	ok := text("text/plain; charset=utf-8", "ok\n")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if h.site.Ready != nil {
			if err := h.site.Ready(r.Context()); err != nil {
				h.fail(w, r, unready{err})
				return
			}
		}
		ok.ServeHTTP(w, r)
	})
}

// unready is whatever Ready had to say, as a problem that passes.
type unready struct{ error }

func (u unready) Is(target error) bool { return target == problem.ErrUnavailable }

const index = `This is a Pannier server: maps, features and routes of whole regions, to be
carried along and used without a network.

Regions: /v1/regions.json

Map data © OpenStreetMap contributors, available under the Open Database License:
https://www.openstreetmap.org/copyright
Further sources and their licences are named by each region's manifest.
`

func text(mediaType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		if r.Method != http.MethodHead {
			io.Copy(w, strings.NewReader(body)) // one who hung up is told nothing
		}
	})
}
