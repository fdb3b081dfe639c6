package provider

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/store"
)

// Route is a row of the table.
type Route struct {
	Method  string
	Path    string // with parts in braces, each with a line in params
	Summary string // one sentence for the OpenAPI document, in the imperative
	Who     Access
	// Scope is what a machine's token has to be good for; without one, the
	// route is for people only.
	Scope auth.Scope
	// Query is the parameters after the question mark; others are refused.
	Query []Param
	// Body is the largest body in bytes, 64 KiB when 0.
	Body int64
	// Status is that of success: 200 when 0, or 204 without an answer.
	Status int
	Handle Handler
}

// Param is a part of a path or query.
type Param struct {
	Name    string
	Pattern string // of the whole value, a regular expression
	Doc     string
}

// params are the parts that paths may have.
var params = []Param{
	{"region", `[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?`, "id of a region"},
	{"organisation", `[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?`, "id of an organisation"},
	{"user", id, "id of a user"},
	{"token", id, "id of an API token"},
	{"invitation", id, "id of an invitation"},
	{"upload", id, "id of a file that is sent"},
	{"timer", id, "id of a scheduled publish"},
	{"feed", id, "id of a feed"},
	{"webhook", id, "id of a webhook"},
	{"import", `[1-9][0-9]{0,17}`, "number of an import"},
	{"source", `[a-z0-9._-]{1,64}`, "source of features; an organisation has one of its id"},
	{"feature", `[^\x00-\x1f\x7f]{1,200}`, "id of a feature, slashes and all"},
	{"change", `[1-9][0-9]{0,17}`, "number of a change"},
	{"media", `[0-9a-f]{64}`, "hash of a photo"},
	{"size", `320|800|1600`, "what the longer side has at most, in pixels"},
	{"category", `[a-z_]{1,30}\.x_[a-z0-9_]{1,30}`, "id of a region's own category"},
}

const id = `[a-z2-7]{16}`

const defaultBody = 64 << 10

// Access is who may call a route: anybody who has one of its roles. An
// administrator may call every route.
type Access uint16

// The roles, as far as a route asks for them.
const (
	// Public is everybody, signed in or not.
	Public Access = 1 << iota
	// SignedIn is everybody who is known.
	SignedIn
	// Contributor is who contributes to {organisation}.
	Contributor
	// Keeper is who manages the home region of {organisation}.
	Keeper
	// Provider is who contributes to an organisation that works in {region};
	// Call.Providers has those.
	Provider
	// Editor is who edits {region}; its managers do.
	Editor
	// Manager is who manages {region}.
	Manager
	// Administrator is who administers the site.
	Administrator
)

// accessNames are for people, in the order of the bits.
var accessNames = []string{
	"everybody", "whoever is signed in", "contributors of the organisation", "managers of the organisation's home region",
	"contributors of organisations that work in the region", "editors of the region", "managers of the region", "administrators",
}

func (w Access) String() string {
	var names []string
	for i, name := range accessNames {
		if w&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Call is one request, once it was found to be allowed.
type Call struct {
	Caller auth.Caller
	// Region is the {region} of the path; there is such a region.
	Region string
	// Organisation is the {organisation} of the path, where the route asks for
	// Contributor or Keeper; there is such an organisation.
	Organisation auth.Organisation
	// Providers are the caller's organisations that work in the region, where the
	// route asks for Provider. An editor or administrator may have none.
	Providers []auth.Organisation

	r *http.Request
	w http.ResponseWriter
}

// Param returns a part of the path.
func (c *Call) Param(name string) string { return mux.Vars(c.r)[name] }

// Query returns a parameter of the query, "" when it is absent.
func (c *Call) Query(name string) string { return c.r.URL.Query().Get(name) }

// Header returns the headers of the answer.
func (c *Call) Header() http.Header { return c.w.Header() }

// Request returns a header of the request.
func (c *Call) Request(header string) string { return c.r.Header.Get(header) }

// Handler is what a route does, with the types it takes and gives.
type Handler struct {
	In, Out reflect.Type // nil for none
	// Kind and Gives are the media types of body and answer, where not JSON.
	Kind, Gives string

	serve func(ctx context.Context, c *Call, a *API, row Route) (any, error)
}

// None stands for no body, or no answer.
type None struct{}

func typeFor[T any]() reflect.Type {
	if t := reflect.TypeFor[T](); t != reflect.TypeFor[None]() {
		return t
	}
	return nil
}

// handle makes a Handler that takes and gives JSON.
func handle[In, Out any](fn func(ctx context.Context, c *Call, in In) (Out, error)) Handler {
	return Handler{In: typeFor[In](), Out: typeFor[Out](), serve: func(ctx context.Context, c *Call, a *API, row Route) (any, error) {
		var in In
		if row.Handle.In != nil {
			body, err := readBody(c.w, c.r, row.limit(), "application/json")
			if err != nil {
				return nil, err
			}
			if err := decode(body, &in); err != nil {
				return nil, err
			}
		} else if c.r.ContentLength != 0 {
			c.w.Header().Set("Connection", "close")
			return nil, problem.Detail(problem.ErrBadRequest, "Send no body.")
		}
		return fn(ctx, c, in)
	}}
}

// raw makes a Handler that reads the body of the request itself, of the given
// media type ("" for any, the JSON type In for the document only), at most
// Route.Body bytes; and may write the answer itself, in the shape of Out. It
// returns an error only before it wrote anything.
func raw[In, Out any](kind string, fn func(w http.ResponseWriter, r *http.Request, c *Call) error) Handler {
	return Handler{In: typeFor[In](), Out: typeFor[Out](), Kind: kind, serve: func(_ context.Context, c *Call, _ *API, row Route) (any, error) {
		c.r.Body = http.MaxBytesReader(c.w, c.r.Body, row.limit())
		return written{}, fn(c.w, c.r, c)
	}}
}

// written is the answer of a handler that wrote one itself.
type written struct{}

func (row Route) limit() int64 {
	if row.Body == 0 {
		return defaultBody
	}
	return row.Body
}

func (row Route) status() int {
	switch {
	case row.Status != 0:
		return row.Status
	case row.Handle.Out == nil:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// parts matches the parts of a path.
var parts = regexp.MustCompile(`\{([a-z_]+)\}`)

// names lists the parts of a path.
func (row Route) names() (all []string) {
	for _, m := range parts.FindAllStringSubmatch(row.Path, -1) {
		all = append(all, m[1])
	}
	return all
}

func findParam(name string) (Param, error) {
	for _, p := range params {
		if p.Name == name {
			return p, nil
		}
	}
	return Param{}, fmt.Errorf("part {%s} of a path has no line in params", name)
}

// route makes the router of a table.
func (a *API) route(table []Route) (*mux.Router, error) {
	router := mux.NewRouter().SkipClean(true)
	for _, row := range table {
		path := row.Path
		for _, name := range row.names() {
			p, err := findParam(name)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", row.Method, row.Path, err)
			}
			path = strings.Replace(path, "{"+name+"}", "{"+name+":"+p.Pattern+"}", 1)
		}
		methods := []string{row.Method}
		if row.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		router.Path(path).Methods(methods...).Handler(a.serve(row))
	}
	router.NotFoundHandler = a.problem(problem.Detail(store.ErrNotFound, "No such address."))
	router.MethodNotAllowedHandler = a.notAllowed(router)
	return router, nil
}

func (a *API) problem(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, err) })
}

// notAllowed tells which methods an address takes.
func (a *API) notAllowed(router *mux.Router) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var takes []string
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			try := r.Clone(r.Context())
			try.Method = method
			var match mux.RouteMatch
			if router.Match(try, &match) && match.MatchErr == nil {
				takes = append(takes, method)
			}
		}
		w.Header().Set("Allow", strings.Join(takes, ", "))
		a.fail(w, r, problem.ErrMethod)
	})
}
