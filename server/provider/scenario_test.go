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
// is for a foreign organisation in the own region, and other for the own
// organisation in a foreign region. Where it has neither, own is all.
type expect struct {
	own, foreign, mixed, other string
	body                       string // "{}" when ""
}

const (
	people   = "stranger contributor editor manager"
	known    = people + " machine"
	works    = "contributor editor manager machine" // contributors of organisations there, and editors
	odd      = `{"nothing":1}`
	everyone = "nobody " + known + " machine_without_scope"
)

// expected has a row for each route.
var expected = map[string]expect{
	"GET /v1/openapi.json": {own: everyone},
	"GET /v1/jwks.json":    {own: everyone},

	"POST /v1/setup":                   {own: everyone},
	"POST /v1/session":                 {own: everyone},
	"DELETE /v1/session":               {own: people},
	"POST /v1/session/refresh":         {own: everyone, body: `{"nothing":1}`}, // with an empty body it misses its header
	"DELETE /v1/sessions":              {own: people},
	"PUT /v1/me/password":              {own: people},
	"POST /v1/password-resets":         {own: everyone},
	"POST /v1/password-resets/confirm": {own: everyone},
	"GET /v1/me":                       {own: known},
	"PUT /v1/me":                       {own: people},

	"GET /v1/organisations":                                    {own: known},
	"GET /v1/regions/{region}/organisations":                   {own: "editor manager"},
	"POST /v1/regions/{region}/organisations":                  {own: "manager"},
	"PUT /v1/regions/{region}/organisations/{organisation}":    {own: "manager", mixed: "manager"},
	"DELETE /v1/regions/{region}/organisations/{organisation}": {own: "manager", mixed: "manager"},
	"GET /v1/organisations/{organisation}":                     {own: "contributor machine manager"},
	"PUT /v1/organisations/{organisation}":                     {own: "contributor manager"},
	"DELETE /v1/organisations/{organisation}":                  {own: "manager"},

	"GET /v1/organisations/{organisation}/members":           {own: "contributor manager"},
	"DELETE /v1/organisations/{organisation}/members/{user}": {own: "contributor manager"},
	"GET /v1/regions/{region}/members":                       {own: "editor manager"},
	"PUT /v1/regions/{region}/members/{user}":                {own: "manager"},
	"DELETE /v1/regions/{region}/members/{user}":             {own: "manager"},
	"GET /v1/administrators":                                 {},
	"DELETE /v1/administrators/{user}":                       {},
	"GET /v1/users":                                          {},
	"GET /v1/users/{user}":                                   {},
	"PUT /v1/users/{user}":                                   {},
	"DELETE /v1/users/{user}":                                {},

	"POST /v1/organisations/{organisation}/invitations":                {own: "contributor manager"},
	"GET /v1/organisations/{organisation}/invitations":                 {own: "contributor manager"},
	"DELETE /v1/organisations/{organisation}/invitations/{invitation}": {own: "contributor manager"},
	"POST /v1/regions/{region}/invitations":                            {own: "manager"},
	"GET /v1/regions/{region}/invitations":                             {own: "manager"},
	"DELETE /v1/regions/{region}/invitations/{invitation}":             {own: "manager"},
	"POST /v1/administrators/invitations":                              {},
	"GET /v1/administrators/invitations":                               {},
	"DELETE /v1/administrators/invitations/{invitation}":               {},
	"POST /v1/invitations/read":                                        {own: everyone},
	"POST /v1/invitations/accept":                                      {own: everyone},

	"POST /v1/organisations/{organisation}/tokens":           {own: "contributor"},
	"GET /v1/organisations/{organisation}/tokens":            {own: "contributor manager"},
	"DELETE /v1/organisations/{organisation}/tokens/{token}": {own: "contributor manager"},
	"GET /v1/regions/{region}/events":                        {own: "contributor machine editor manager"},

	"POST /v1/regions/{region}/tokens":           {own: "manager"},
	"GET /v1/regions/{region}/tokens":            {own: "manager"},
	"DELETE /v1/regions/{region}/tokens/{token}": {own: "manager"},

	"POST /v1/regions/{region}/uploads":                  {own: works},
	"POST /v1/regions/{region}/uploads/file":             {own: works},
	"GET /v1/regions/{region}/uploads/{upload}":          {own: works},
	"PATCH /v1/regions/{region}/uploads/{upload}":        {own: works},
	"DELETE /v1/regions/{region}/uploads/{upload}":       {own: works},
	"GET /v1/regions/{region}/imports":                   {own: works},
	"POST /v1/regions/{region}/imports":                  {own: works},
	"GET /v1/regions/{region}/imports/{import}":          {own: works},
	"DELETE /v1/regions/{region}/imports/{import}":       {own: works},
	"GET /v1/regions/{region}/imports/{import}/events":   {own: works},
	"GET /v1/regions/{region}/imports/{import}/items":    {own: works},
	"GET /v1/regions/{region}/imports/{import}/columns":  {own: works},
	"PUT /v1/regions/{region}/imports/{import}/columns":  {own: works},
	"PUT /v1/regions/{region}/imports/{import}/settings": {own: works},
	"PUT /v1/regions/{region}/imports/{import}/choice":   {own: works},
	"POST /v1/regions/{region}/imports/{import}/apply":   {own: works},
	"POST /v1/regions/{region}/imports/{import}/undo":    {own: works},

	"GET /v1/regions/{region}/features":                       {own: works},
	"POST /v1/regions/{region}/features":                      {own: works, body: odd}, // what it says is looked at after who says it
	"POST /v1/regions/{region}/batch":                         {own: works, body: odd},
	"GET /v1/regions/{region}/features/{source}/{feature}":    {own: works},
	"PUT /v1/regions/{region}/features/{source}/{feature}":    {own: works},
	"DELETE /v1/regions/{region}/features/{source}/{feature}": {own: works},
	"GET /v1/regions/{region}/history/{source}/{feature}":     {own: works},
	"GET /v1/regions/{region}/diff/{source}/{feature}":        {own: works},
	"POST /v1/regions/{region}/restore/{source}/{feature}":    {own: works},
	"GET /v1/regions/{region}/audit":                          {own: "editor manager"},

	"GET /v1/regions/{region}/changes":                      {own: works},
	"POST /v1/regions/{region}/changes":                     {own: works, body: odd},
	"GET /v1/regions/{region}/changes/{change}":             {own: works},
	"POST /v1/regions/{region}/changes/{change}/writes":     {own: works},
	"GET /v1/regions/{region}/changes/{change}/differences": {own: works},
	"GET /v1/regions/{region}/changes/{change}/conflicts":   {own: works},
	"POST /v1/regions/{region}/changes/{change}/propose":    {own: works},
	"POST /v1/regions/{region}/changes/{change}/withdraw":   {own: works},
	"POST /v1/regions/{region}/changes/{change}/return":     {own: "editor manager"},
	"POST /v1/regions/{region}/changes/{change}/accept":     {own: works},
	"POST /v1/regions/{region}/changes/{change}/undo":       {own: works},

	"GET /v1/opening-hours": {own: known},

	"POST /v1/organisations/{organisation}/media":               {own: "contributor machine"},
	"GET /v1/organisations/{organisation}/media":                {own: "contributor machine manager"},
	"GET /v1/organisations/{organisation}/media/{media}":        {own: "contributor machine manager"},
	"PUT /v1/organisations/{organisation}/media/{media}":        {own: "contributor machine"},
	"DELETE /v1/organisations/{organisation}/media/{media}":     {own: "contributor machine manager"},
	"GET /v1/organisations/{organisation}/media/{media}/{size}": {own: "contributor machine manager"},
	"GET /v1/regions/{region}/media/{media}/{size}":             {own: "editor manager"},

	"GET /v1/regions/{region}/versions":  {own: works},
	"POST /v1/regions/{region}/versions": {own: works, body: odd}, // whether they may is for the handler: only some are trusted
	"GET /v1/regions/{region}/preview":   {own: works},
	"GET /v1/regions/{region}/compare":   {own: works},
	"POST /v1/regions/{region}/rollback": {own: "editor manager"},

	"GET /v1/regions/{region}/categories":               {own: works},
	"PUT /v1/regions/{region}/categories/{category}":    {own: "manager"},
	"DELETE /v1/regions/{region}/categories/{category}": {own: "manager"},

	"GET /v1/regions/{region}/rollout":       {own: works},
	"PUT /v1/regions/{region}/rollout":       {own: "editor manager"},
	"POST /v1/regions/{region}/rollout/stop": {own: "editor manager"},

	"GET /v1/regions/{region}/schedule":            {own: "editor manager"},
	"POST /v1/regions/{region}/schedule":           {own: "editor manager"},
	"DELETE /v1/regions/{region}/schedule/{timer}": {own: "editor manager"},

	"GET /v1/regions/{region}/feeds":              {own: works},
	"POST /v1/regions/{region}/feeds":             {own: works, body: `{"organisation":"inn","url":"https://maps.example/","every":60,"licence":"CC0-1.0"}`},
	"GET /v1/regions/{region}/feeds/{feed}":       {own: works},
	"PUT /v1/regions/{region}/feeds/{feed}":       {own: works},
	"DELETE /v1/regions/{region}/feeds/{feed}":    {own: works},
	"POST /v1/regions/{region}/feeds/{feed}/pull": {own: works},

	"GET /v1/regions/{region}/webhooks":                      {own: "contributor manager"},
	"POST /v1/regions/{region}/webhooks":                     {own: "contributor manager"},
	"GET /v1/regions/{region}/webhooks/{webhook}":            {own: "contributor manager"},
	"PUT /v1/regions/{region}/webhooks/{webhook}":            {own: "contributor manager"},
	"DELETE /v1/regions/{region}/webhooks/{webhook}":         {own: "contributor manager"},
	"POST /v1/regions/{region}/webhooks/{webhook}/secret":    {own: "contributor manager"},
	"POST /v1/regions/{region}/webhooks/{webhook}/test":      {own: "contributor manager"},
	"GET /v1/regions/{region}/webhooks/{webhook}/deliveries": {own: "contributor manager"},
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
			t.Parallel()
			want, ok := expected[name]
			if !ok {
				t.Fatal("no expectation: say in expected who may call this route")
			}
			scenario(t, row, want)
		})
	}
}

func scenario(t *testing.T, row Route, want expect) {
	region, org := strings.Contains(row.Path, "{region}"), strings.Contains(row.Path, "{organisation}")
	visit(t, row, want.body, ownRegion, ownOrg, want.own)
	if region || org {
		visit(t, row, want.body, foreignRegion, foreignOrg, want.foreign)
	}
	if region && org {
		visit(t, row, want.body, ownRegion, foreignOrg, want.mixed)
		visit(t, row, want.body, foreignRegion, ownOrg, want.other)
	}
}

// visit sends a route's request to one place, as each actor. Other ids in the
// path are those of things that the organisation has.
func visit(t *testing.T, row Route, body, region, org, let string) {
	w := newWorld(t)
	others := slices.DeleteFunc(auth.Scope("").Values(), func(s string) bool { return s == string(row.Scope) })
	w.machine("machine without scope", "contributor", ownOrg, others...)
	user, token, invitation := "contributor", "machine", "invitation"
	if org == foreignOrg {
		user, token, invitation = "foreigner", "foreign machine", "foreign invitation"
	}
	path := strings.NewReplacer("{region}", region, "{organisation}", org, "{user}", w.users[user].ID,
		"{source}", "inn", "{feature}", "inn/1", "{change}", "1", "{import}", "1", "{upload}", "aaaaaaaaaaaaaaaa", "{timer}", "aaaaaaaaaaaaaaaa", "{feed}", "aaaaaaaaaaaaaaaa", "{webhook}", "aaaaaaaaaaaaaaaa", "{category}", "food.x_a", "{media}", w.photo(row, org), "{size}", "800", "{token}", w.ids[token], "{invitation}", w.ids[invitation]).Replace(row.Path)
	for _, in := range []bool{false, true} { // those who are refused first: they change nothing
		for _, actor := range actors {
			if in == (actor == "administrator" || slices.Contains(strings.Fields(let), actor)) {
				w.try(actor, row, path, body, in)
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
