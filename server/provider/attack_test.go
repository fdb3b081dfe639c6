package provider

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
)

var discard = slog.New(slog.DiscardHandler)

// recorder is a recorder with a request to answer.
type recorder struct {
	*httptest.ResponseRecorder
	request *http.Request
}

func newRecorder() recorder {
	return recorder{httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)}
}

// TestMassAssignment sends fields that are for the server, or for others, to
// set. None is taken, and none is left aside in silence.
func TestMassAssignment(t *testing.T) {
	w := newWorld(t)
	_, link, err := w.accounts.Invite(t.Context(), auth.Caller{}, "newcomer@maps.example", auth.Grant{Role: auth.Contributor, Of: ownOrg})
	w.must(err)
	_, token, _ := strings.Cut(link, "=")
	me := w.users["contributor"].ID
	for _, c := range []struct {
		actor, method, path, body, field string
	}{
		{"contributor", "PUT", "/v1/me", `{"name":"a","roles":[{"role":"administrator"}]}`, "roles"},
		{"contributor", "PUT", "/v1/me", `{"name":"a","grants":[{"role":"administrator"}]}`, "grants"},
		{"contributor", "PUT", "/v1/me", `{"name":"a","email":"administrator@maps.example"}`, "email"},
		{"contributor", "PUT", "/v1/me", `{"name":"a","id":"` + w.users["administrator"].ID + `"}`, "id"},
		{"contributor", "PUT", "/v1/me", `{"name":"a","password":"another good password"}`, "password"},
		{"contributor", "PUT", "/v1/me", `{"name":"a","epoch":0}`, "epoch"},
		{"", "POST", "/v1/invitations/accept", `{"token":"` + token + `","name":"a","password":"` + password + `","role":"administrator"}`, "role"},
		{"", "POST", "/v1/invitations/accept", `{"token":"` + token + `","name":"a","password":"` + password + `","email":"administrator@maps.example"}`, "email"},
		{"", "POST", "/v1/session", `{"email":"contributor@maps.example","password":"` + password + `","user":"` + w.users["administrator"].ID + `"}`, "user"},
		{"contributor", "PUT", "/v1/organisations/inn", `{"name":"a","places":[{"region":"alps","trusted":true}]}`, "places"},
		{"contributor", "PUT", "/v1/organisations/inn", `{"name":"a","home":"coast"}`, "home"},
		{"contributor", "PUT", "/v1/organisations/inn", `{"name":"a","id":"museum"}`, "id"},
		{"manager", "POST", "/v1/regions/alps/organisations", `{"id":"farm","name":"a","home":"coast"}`, "home"},
		{"contributor", "POST", "/v1/organisations/inn/invitations", `{"email":"a@b.example","role":"administrator"}`, "role"},
		{"contributor", "POST", "/v1/organisations/inn/tokens", `{"name":"a","scopes":["read"],"expires":"2026-11-23T00:00:00Z","role":{"role":"administrator"}}`, "role"},
		{"manager", "POST", "/v1/regions/alps/invitations", `{"email":"a@b.example","role":"administrator"}`, "role"},
		{"manager", "PUT", "/v1/regions/alps/members/" + me, `{"role":"administrator"}`, "role"},
	} {
		w.call(c.actor, c.method, c.path, c.body).want(422, `"field":"`+c.field+`"`)
	}
	if u, err := w.accounts.User(t.Context(), me); err != nil || len(u.Grants) != 1 || u.Name != "The contributor" {
		t.Errorf("%+v, %v", u, err)
	}
}

// TestCrossTenantIDs names things of a foreign organisation or region below the
// own one, where the caller may change things: they are not there.
func TestCrossTenantIDs(t *testing.T) {
	w := newWorld(t)
	foreigner := w.users["foreigner"].ID
	w.join("outsider", auth.Grant{Role: auth.Editor, Of: foreignRegion})
	editor := w.users["outsider"].ID
	for _, c := range []struct{ actor, method, path, body string }{
		{"contributor", "DELETE", "/v1/organisations/inn/tokens/" + w.ids["foreign machine"], ""},
		{"contributor", "DELETE", "/v1/organisations/inn/invitations/" + w.ids["foreign invitation"], ""},
		{"manager", "DELETE", "/v1/organisations/inn/members/" + foreigner, ""},
		{"manager", "DELETE", "/v1/organisations/inn/members/" + editor, ""},
		{"manager", "DELETE", "/v1/regions/alps/members/" + editor, ""},
		{"manager", "PUT", "/v1/regions/alps/members/" + editor, `{"role":"manager"}`},
		{"manager", "PUT", "/v1/regions/alps/members/" + w.users["contributor"].ID, `{"role":"manager"}`},
		{"manager", "DELETE", "/v1/regions/alps/members/" + w.users["administrator"].ID, ""},
		{"manager", "DELETE", "/v1/regions/alps/tokens/" + w.ids["machine"], ""},
		{"manager", "DELETE", "/v1/regions/alps/invitations/" + w.ids["invitation"], ""},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		w.call(c.actor, c.method, c.path, body).want(404)
	}
	for _, actor := range []string{"foreign machine", "foreigner", "machine", "contributor"} {
		w.call(actor, "GET", "/v1/me", nil).want(200)
	}
	// What is there and what is not look the same from outside.
	for _, path := range []string{"/v1/organisations/museum", "/v1/organisations/nowhere", "/v1/regions/coast/members", "/v1/regions/nowhere/members"} {
		got := w.call("contributor", "GET", path, nil).want(403)
		if bytes.Contains(got.body, []byte("museum")) || bytes.Contains(got.body, []byte("detail")) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	// A contributor takes the role from nobody else.
	w.join("colleague", auth.Grant{Role: auth.Contributor, Of: ownOrg})
	w.call("contributor", "DELETE", "/v1/organisations/inn/members/"+w.users["colleague"].ID, nil).want(403)
	// A manager who takes a foreign organisation into the own region gets no say over it.
	w.call("manager", "PUT", "/v1/regions/alps/organisations/museum", `{"trusted":false}`).want(200)
	w.call("manager", "GET", "/v1/organisations/museum/members", nil).want(403)
	w.call("manager", "POST", "/v1/organisations/museum/invitations", `{"email":"manager@maps.example"}`).want(403)
	w.call("manager", "DELETE", "/v1/organisations/museum", nil).want(403)
	if log := w.log.String(); !strings.Contains(log, "msg=changed by=user/"+w.users["manager"].ID+" did=put_regions_region_organisations_organisation path=/v1/regions/alps/organisations/museum") {
		t.Errorf("the log does not say who did it: %s", log)
	}
	list := read[Organisations](w.call("contributor", "GET", "/v1/organisations", nil).want(200))
	if len(list.Organisations) != 1 || list.Organisations[0].ID != ownOrg {
		t.Errorf("a contributor sees %+v", list)
	}
}

// TestOversizedBodies sends more than the limit, with and without its length.
func TestOversizedBodies(t *testing.T) {
	w := newWorld(t)
	fits := `{"name":"` + strings.Repeat("a", defaultBody-len(`{"name":""}`)) + `"}`
	w.call("contributor", "PUT", "/v1/me", fits).want(422, "is longer")
	w.call("contributor", "PUT", "/v1/me", fits+" ").want(413, "too-large")
	endless := func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(rand.Reader), -1
		r.Header.Set("Content-Type", "application/json")
	}
	w.call("contributor", "PUT", "/v1/me", nil, endless).want(413)
	w.call("contributor", "GET", "/v1/me", "x").want(400, "no body")
	w.call("contributor", "DELETE", "/v1/session", nil, endless).want(400)
	w.call("", "POST", "/v1/session", nil, endless).want(413)
}

// TestContentType sends bodies that are not said to be JSON.
func TestContentType(t *testing.T) {
	w := newWorld(t)
	for kind, status := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "Application/JSON": 200, "": 415, "text/plain": 415,
		"application/x-www-form-urlencoded": 415, "application/json; charset=utf-16": 415, "application/jsonp": 415, "application/json, text/plain": 415, ";": 415,
	} {
		w.call("contributor", "PUT", "/v1/me", `{"name":"a"}`, func(r *http.Request) { r.Header.Set("Content-Type", kind) }).want(status)
	}
	w.call("contributor", "PUT", "/v1/me", `{"name":"a"}`, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }).want(415)
	w.call("contributor", "PUT", "/v1/me", `{"name":"a","name":"b"}`).want(422, "is there twice")
}

// TestSlowBody sends a body that never comes to its end.
func TestSlowBody(t *testing.T) {
	w := newWorld(t)
	w.api.bodyTime = 100*time.Millisecond - time.Second // the default limit adds a second
	server := httptest.NewServer(w.api)
	defer server.Close()
	body, more := io.Pipe()
	defer more.Close()
	go more.Write([]byte(`{"email":"`))
	r, err := http.NewRequest("POST", server.URL+"/v1/session", body)
	w.must(err)
	r.Header.Set("Content-Type", "application/json")
	start := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err == nil {
		answer.Body.Close()
		if answer.StatusCode < 400 {
			t.Errorf("status %d", answer.StatusCode)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestCrossSite sends what a page of another site could make a browser send.
func TestCrossSite(t *testing.T) {
	w := newWorld(t)
	cookie := func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: refreshCookie, Value: w.cookies["contributor"]})
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	own := header(refreshHeader, "1")
	w.call("", "POST", refreshPath, "{}", cookie).want(403, "Pannier-Refresh")
	w.call("", "POST", refreshPath, "{}", cookie, own, header("Sec-Fetch-Site", "cross-site")).want(403)
	w.call("", "POST", refreshPath, "{}", cookie, own, header("Sec-Fetch-Site", "same-site")).want(403)
	w.call("", "POST", refreshPath, "{}", cookie, own, header("Origin", "https://evil.example")).want(403)
	w.call("", "POST", refreshPath, "x=1", cookie, own, header("Content-Type", "text/plain")).want(415)
	w.call("", "GET", refreshPath, nil, cookie, own).want(405)
	preflight := w.call("", "OPTIONS", refreshPath, nil, header("Origin", "https://evil.example"), header("Access-Control-Request-Headers", refreshHeader))
	for name := range preflight.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("other sites are told %s", name)
		}
	}
	w.call("", "POST", refreshPath, "{}", cookie, own, header("Origin", siteURL), header("Sec-Fetch-Site", "same-origin")).want(200)
	w.call("", "GET", "/v1/me", nil, cookie).want(401) // a cookie says nothing elsewhere
}

// TestRefreshCookie looks at the cookie and what its answers hold.
func TestRefreshCookie(t *testing.T) {
	w := newWorld(t)
	own := func(r *http.Request) { r.Header.Set(refreshHeader, "1") }
	in := w.call("", "POST", "/v1/session", Login{"contributor@maps.example", password, true}).want(201)
	pattern := regexp.MustCompile(`^__Secure-pannier-refresh=(pnr_[A-Za-z0-9_-]+); Path=/v1/session/refresh; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$`)
	set := in.header.Get("Set-Cookie")
	found := pattern.FindStringSubmatch(set)
	if found == nil || read[Session](in).RefreshToken != "" || strings.Contains(string(in.body), "pnr_") {
		t.Fatalf("cookie %q, body %s", set, in.body)
	}
	with := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: refreshCookie, Value: token}) }
	}
	next := w.call("", "POST", refreshPath, "{}", own, with(found[1])).want(200)
	newer := pattern.FindStringSubmatch(next.header.Get("Set-Cookie"))
	if newer == nil || newer[1] == found[1] || strings.Contains(string(next.body), "pnr_") {
		t.Fatalf("cookie %q, body %s", next.header.Get("Set-Cookie"), next.body)
	}
	w.wait(auth.Grace + time.Second)
	again := w.call("", "POST", refreshPath, "{}", own, with(found[1])).want(401)
	if set := again.header.Get("Set-Cookie"); !strings.Contains(set, "Max-Age=0") {
		t.Errorf("the cookie stays: %q", set)
	}
	w.call("", "POST", refreshPath, "{}", own, with(newer[1])).want(401)
	w.call("", "POST", refreshPath, "{}", own).want(401)
	machine := w.call("", "POST", refreshPath, Refresh{w.cookies["editor"]}, own).want(200, `"refresh_token":"pnr_`)
	if machine.header.Get("Set-Cookie") != "" {
		t.Error("a cookie for one who sent none")
	}
}

// TestHeaders looks at the headers that every answer has.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	for _, got := range []answer{
		w.call("", "GET", "/v1/openapi.json", nil), w.call("contributor", "GET", "/v1/me", nil), w.call("", "GET", "/v1/me", nil),
		w.call("", "POST", "/v1/nowhere", nil), w.call("", "PATCH", "/v1/me", nil), w.call("", "POST", "/v1/session", "{"),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", got.what, name, got.header.Get(name))
			}
		}
		if !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") || got.header.Get("Cache-Control") == "" {
			t.Errorf("%s: %v", got.what, got.header)
		}
		if got.status == 401 && got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: WWW-Authenticate is %q", got.what, got.header.Get("WWW-Authenticate"))
		}
	}
	if got := w.call("", "PATCH", "/v1/me", nil).want(405); got.header.Get("Allow") != "GET, HEAD, PUT" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	if got := w.call("contributor", "HEAD", "/v1/me", nil).want(200); len(got.body) != 0 {
		t.Errorf("HEAD is answered with %s", got.body)
	}
}

// TestThrottledAnswer brute-forces a login over HTTP.
func TestThrottledAnswer(t *testing.T) {
	w := newWorld(t)
	guess := func() answer {
		return w.call("", "POST", "/v1/session", Login{Email: "editor@maps.example", Password: "not the password"})
	}
	known := guess().want(401, "credentials")
	unknown := w.call("", "POST", "/v1/session", Login{Email: "nobody@maps.example", Password: "not the password"}).want(401)
	if !bytes.Equal(known.body, unknown.body) {
		t.Errorf("%s and %s tell who has an account", known.body, unknown.body)
	}
	last := guess()
	for range 20 {
		last = guess()
	}
	if last.want(429, "throttled").header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if log := w.log.String(); strings.Contains(log, "not the password") || !strings.Contains(log, "too many attempts at a password") {
		t.Errorf("the log says %s", log)
	}
}

// TestWhoCalls finds the caller's address behind proxies; nobody else can claim
// another one.
func TestWhoCalls(t *testing.T) {
	a := &API{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "", "192.0.2.1"}, {"192.0.2.1:5", "198.51.100.7", "192.0.2.1"}, {"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "1.1.1.1, 198.51.100.7", "198.51.100.7"}, {"10.0.0.1:5", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:5", "", "10.0.0.1"}, {"10.0.0.1:5", "nonsense", "10.0.0.1"}, {"[::1]:5", "2001:db8::1", "2001:db8::1"}, {"nonsense", "", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := a.from(r).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

// TestBearer sends Authorization headers that are not quite right.
func TestBearer(t *testing.T) {
	w := newWorld(t)
	good := w.bearer["contributor"]
	for header, status := range map[string]int{
		"Bearer " + good: 200, "bearer " + good: 200, "Basic " + good: 401, good: 401, "Bearer": 401, "Bearer ": 401, "Bearer " + good + " x": 401,
		"Bearer " + w.cookies["contributor"]: 401, "Bearer " + strings.Repeat("a", 10_000): 401,
	} {
		w.call("", "GET", "/v1/me", nil, func(r *http.Request) { r.Header.Set("Authorization", header) }).want(status)
	}
	w.call("", "GET", "/v1/me", nil, func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good} }).want(401)
	w.call("", "GET", "/v1/me?access_token="+good, nil).want(401)
	w.call("contributor", "GET", "/v1/me?access_token="+good, nil).want(422, "is no parameter")
}

// TestProviderAccess asks for contributors of an organisation that works in the
// region of the path.
func TestProviderAccess(t *testing.T) {
	w := newWorld(t)
	row := Route{Method: "GET", Path: "/v1/regions/{region}/features", Who: Provider | Editor, Scope: auth.ScopeRead,
		Handle: handle(func(_ context.Context, c *Call, _ None) (string, error) {
			names := []string{}
			for _, o := range c.Providers {
				names = append(names, o.ID)
			}
			return fmt.Sprint(c.Region, names), nil
		})}
	router, err := w.api.route([]Route{row})
	w.must(err)
	w.api.chain = router
	for _, c := range []struct {
		actor, region string
		status        int
		want          string
	}{
		{"contributor", ownRegion, 200, "alps[inn]"}, {"machine", ownRegion, 200, "alps[inn]"}, {"editor", ownRegion, 200, "alps[]"},
		{"contributor", foreignRegion, 403, ""}, {"machine", foreignRegion, 403, ""}, {"foreigner", ownRegion, 403, ""}, {"stranger", ownRegion, 403, ""},
		{"administrator", ownRegion, 200, "alps[]"}, {"administrator", "nowhere", 404, ""}, {"", ownRegion, 401, ""},
	} {
		w.call(c.actor, "GET", "/v1/regions/"+c.region+"/features", nil).want(c.status, c.want)
	}
}
