// Package provider serves the write API below /v1/: what providers and editors,
// their dashboard and their machines ask for and change. What phones read is
// served by server/public.
//
// # The table
//
// Each address is one row of one table (routes): method and path, who may call
// it, what it takes and gives. The router, the checks of who calls, the decoder
// of the body, the OpenAPI document (/v1/openapi.json) and the tests are all made
// from that row. To add an address:
//
//  1. write a method on API that takes a *Call and the request's Go type, and
//     returns the answer's:
//
//     func (a *API) setHours(ctx context.Context, c *Call, in Hours) (Feature, error)
//
//  2. add a row to a []Route of your file, and that to API.routes:
//
//     {Method: "PUT", Path: "/v1/organisations/{organisation}/features/{feature}/hours",
//     Who: Contributor, Scope: auth.ScopeFeatures, Summary: "Set opening hours",
//     Handle: handle(a.setHours)},
//
//  3. say in expected (scenario_test.go) who gets what there: a row without an
//     expectation fails the test. So does a part of a path without a pattern in
//     params, and a field without a JSON name.
//
// By then the caller is known, has the role and the scope, and the region and
// organisation of the path exist. Keys of records are made from c.Region,
// c.Organisation and c.Providers, which come from what the caller was granted,
// never from the path or the body.
//
// # Errors
//
// Handlers return errors of the server's rooms, or those of server/problem with
// Detail and Fields; the table in server/problem turns them into answers.
//
// An API is safe for concurrent use.
package provider

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/schedule"
	"github.com/pannier-maps/pannier/server/webhook"
)

// Regions tells which regions there are.
type Regions interface {
	// HasRegion reports whether there is a region of that id.
	HasRegion(ctx context.Context, id string) (bool, error)
}

// Config is what an API needs. All but Proxies and Log is required.
type Config struct {
	Accounts *auth.Accounts
	Regions  Regions
	Catalog  *catalog.Catalog
	Desk     *editing.Desk
	Jobs     *jobs.Jobs
	Host     *host.Host // of what is published
	Schedule *schedule.Schedule
	Webhooks *webhook.Hooks
	// URL is the site's address as users see it, without a slash at its end.
	URL string
	// Proxies are the networks of reverse proxies whose X-Forwarded-For is
	// believed, to throttle by the address of the caller and not by theirs.
	Proxies []netip.Prefix
	// Log receives faults; slog.Default when nil.
	Log *slog.Logger
}

// API is the write API.
type API struct {
	accounts *auth.Accounts
	regions  Regions
	catalog  *catalog.Catalog
	desk     *editing.Desk
	jobs     *jobs.Jobs
	host     *host.Host
	schedule *schedule.Schedule
	webhooks *webhook.Hooks
	previews chan struct{} // room for those under way
	url      string
	proxies  []netip.Prefix
	log      *slog.Logger

	bodyTime   time.Duration
	events     *events.Log
	streams    *streams
	heartbeat  time.Duration // of streams
	streamLife time.Duration

	table  []Route
	router *mux.Router
	chain  http.Handler
	spec   []byte // the OpenAPI document
}

// New returns the write API.
func New(c Config) (*API, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	a := &API{accounts: c.Accounts, regions: c.Regions, catalog: c.Catalog, desk: c.Desk, jobs: c.Jobs, host: c.Host, schedule: c.Schedule, webhooks: c.Webhooks, previews: make(chan struct{}, 2), url: strings.TrimSuffix(c.URL, "/"), proxies: c.Proxies, log: c.Log, bodyTime: bodyTime, events: events.New(c.Catalog), heartbeat: heartbeat, streamLife: streamLife}
	a.streams = newStreams()
	a.table = a.routes()
	router, err := a.route(a.table)
	if err != nil {
		return nil, err
	}
	a.router = router
	if a.spec, err = document(a.url, a.table); err != nil {
		return nil, err
	}
	// Browsers say where a request comes from; those from other pages are
	// refused, whatever cookies they carry.
	origins := http.NewCrossOriginProtection()
	if err := origins.AddTrustedOrigin(a.url); err != nil {
		return nil, err
	}
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, auth.ErrForbidden) }))
	a.chain = a.secured(origins.Handler(router))
	return a, nil
}

// routes is the table.
func (a *API) routes() []Route {
	return slices.Concat(a.aboutRoutes(), a.sessionRoutes(), a.meRoutes(), a.organisationRoutes(), a.memberRoutes(), a.invitationRoutes(), a.tokenRoutes(),
		a.featureRoutes(), a.changeRoutes(), a.historyRoutes(), a.categoryRoutes(), a.uploadRoutes(), a.importRoutes(), a.eventRoutes(), a.rolloutRoutes(), a.timerRoutes(), a.feedRoutes(), a.webhookRoutes(),
		a.versionRoutes(), a.hoursRoutes(), a.mediaRoutes())
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.chain.ServeHTTP(w, r) }

// Takes reports whether a request is for this API: all but reading, and reading
// what is in the table. Anything else is for server/public.
func (a *API) Takes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		var match mux.RouteMatch
		a.router.Match(r, &match)
		return match.Route != nil || match.MatchErr == mux.ErrMethodMismatch
	}
	return true
}
