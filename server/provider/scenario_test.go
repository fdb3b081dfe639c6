package provider

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/auth"
)

// expect says who is let in by a route, of the actors below, beside the
// administrator, who is let in everywhere. Actors in own, each in their own
// region and organisation; in foreign, in others. Where a path has both, mixed
// is for a foreign organisation in the own region, and else for the own
// organisation in a foreign region. Where it has neither, own is all.
type expect struct {
	own, foreign, mixed, else_ string
	body                       string // "{}" when ""
}

const (
	people   = "stranger contributor editor manager"
	known    = people + " machine"
	everyone = "nobody " + known + " machine_without_scope"
)

// expected has a row for each route.
var expected = map[string]expect{
	"GET /v1/openapi.json": {own: everyone},
	"GET /v1/jwks.json":    {own: everyone},
	"GET /v1/me":           {own: known},
	"PUT /v1/me":           {own: people},
}

var actors = strings.Fields(everyone + " administrator")

// TestEveryRouteEveryRole sends each route's request as each actor, to the own
// and to foreign places. Who is not let in gets 401 without a token, else 403,
// whether the place is there or not.
func TestEveryRouteEveryRole(t *testing.T) {
	rows := newWorld(t).api.table
	for name := range expected {
		if !slices.ContainsFunc(rows, func(row Route) bool { return row.Method+" "+row.Path == name }) {
			t.Errorf("%s is expected, and not in the table", name)
		}
	}
	for _, row := range rows {
		name := row.Method + " " + row.Path
		t.Run(name, func(t *testing.T) {
			want, ok := expected[name]
			if !ok {
				t.Fatal("no expectation: say in expected who may call this route")
			}
			scenario(t, row, want)
		})
	}
}

func scenario(t *testing.T, row Route, want expect) {
	w := newWorld(t)
	others := slices.DeleteFunc(auth.Scope("").Values(), func(s string) bool { return s == string(row.Scope) })
	w.machine("machine without scope", "contributor", ownOrg, others...)
	type place struct{ region, org, own, let string }
	region, org := strings.Contains(row.Path, "{region}"), strings.Contains(row.Path, "{organisation}")
	places := []place{{ownRegion, ownOrg, "", want.own}}
	if region || org {
		places = append(places, place{foreignRegion, foreignOrg, "foreign ", want.foreign})
	}
	if region && org {
		places = append(places, place{ownRegion, foreignOrg, "foreign ", want.mixed}, place{foreignRegion, ownOrg, "", want.else_})
	}
	for _, p := range places {
		user := map[string]string{"": "contributor", "foreign ": "foreigner"}[p.own]
		path := strings.NewReplacer("{region}", p.region, "{organisation}", p.org, "{user}", w.users[user].ID,
			"{token}", w.ids[strings.TrimSpace(p.own+"machine")], "{invitation}", w.ids[p.own+"invitation"]).Replace(row.Path)
		let := strings.Fields(p.let)
		for _, actor := range actors { // those who are refused first: they change nothing
			if !slices.Contains(let, actor) && actor != "administrator" {
				w.try(actor, row, path, want.body, false)
			}
		}
		for _, actor := range actors {
			if slices.Contains(let, actor) || actor == "administrator" {
				w.try(actor, row, path, want.body, true)
			}
		}
	}
}

func (w *world) try(actor string, row Route, path, body string, let bool) {
	w.Helper()
	var content any
	if row.Handle.In != nil || row.Handle.Kind != "" {
		content = "{}"
		if body != "" {
			content = body
		}
	}
	name := strings.ReplaceAll(actor, "_", " ")
	if actor == "nobody" {
		name = ""
	}
	got := w.call(name, row.Method, path, content)
	if got.status >= 500 {
		w.Errorf("%s: %d: %s\n%s", got.what, got.status, got.body, w.log)
	}
	refused := got.status == http.StatusUnauthorized || got.status == http.StatusForbidden
	switch {
	case let && refused:
		w.Errorf("%s: %d, want to be let in: %s", got.what, got.status, got.body)
	case !let && actor == "nobody" && got.status != http.StatusUnauthorized:
		w.Errorf("%s: %d, want 401: %s", got.what, got.status, got.body)
	case !let && actor != "nobody" && got.status != http.StatusForbidden:
		w.Errorf("%s: %d, want 403: %s", got.what, got.status, got.body)
	}
}
