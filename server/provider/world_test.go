package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/outbound"
)

// The site of the tests has two regions with an organisation each. Actors have
// their roles in the first ones, which are their own; the others are foreign.
const (
	siteURL                    = "https://maps.example"
	ownRegion, foreignRegion   = "alps", "coast"
	ownOrg, foreignOrg         = "inn", "museum"
	password                   = "a long enough password"
	theirAddress, otherAddress = "192.0.2.1:1000", "198.51.100.7:1000"
)

// mails keeps what would be sent.
type mails struct {
	mu  sync.Mutex
	all []auth.Mail
}

func (m *mails) Send(_ context.Context, mail auth.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, mail)
	return nil
}

// world is a site with people on it, and a clock that tests turn.
type world struct {
	*testing.T
	accounts *auth.Accounts
	catalog  *catalog.Catalog
	host     *host.Host
	api      *API
	mails    *mails
	log      *bytes.Buffer
	mu       sync.Mutex
	clock    time.Time
	users    map[string]auth.User // by their names, which begin their addresses
	bearer   map[string]string    // of people and machines
	cookies  map[string]string    // refresh tokens of people
	ids      map[string]string    // of API tokens and invitations, by name
}

// safeBuffer takes logs of several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// newSite opens a site without people.
func newSite(t *testing.T) *world {
	t.Helper()
	w := &world{
		T: t, clock: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), mails: &mails{}, log: new(bytes.Buffer),
		users: map[string]auth.User{}, bearer: map[string]string{}, cookies: map[string]string{}, ids: map[string]string{},
	}
	log := slog.New(slog.NewTextHandler(&safeBuffer{b: w.log}, nil))
	h, err := host.Open(t.Context(), t.TempDir(), slog.New(slog.DiscardHandler))
	w.must(err)
	t.Cleanup(func() { h.Close() })
	w.accounts, err = h.Accounts(t.Context(), auth.Config{
		URL: siteURL, Mail: w.mails, Now: w.now, Log: log,
		Argon: auth.Argon{Time: 1, Memory: 8, Threads: 1},
	})
	w.must(err)
	t.Cleanup(w.accounts.Close)
	w.catalog, w.host = h.Catalog, h
	for _, id := range []string{ownRegion, foreignRegion} {
		_, err = w.catalog.CreateRegion(t.Context(), catalog.Region{ID: id, Languages: []string{"de", "en"}})
		w.must(err)
	}
	imports, err := h.Jobs(t.Context(), log)
	w.must(err)
	t.Cleanup(func() { imports.Close() })
	outside := host.Outside{Client: outbound.New(outbound.Config{}), Accounts: w.accounts, Jobs: imports, Log: log, Now: w.now}
	w.api, err = New(Config{Accounts: w.accounts, Regions: h, Catalog: h.Catalog, Desk: h.Desk, Jobs: imports, Host: h, Schedule: h.Schedule(outside), Webhooks: h.Webhooks(outside), URL: siteURL, Log: log})
	w.must(err)
	w.api.streamLife = 20 * time.Millisecond
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// newWorld opens a site with an actor for each role.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newSite(t)
	ctx := t.Context()
	for org, region := range map[string]string{ownOrg: ownRegion, foreignOrg: foreignRegion} {
		_, err := w.accounts.CreateOrganisation(ctx, auth.Organisation{ID: org, Name: "The " + org, Home: region})
		w.must(err)
	}
	own := map[string]auth.Grant{
		"contributor": {Role: auth.Contributor, Of: ownOrg}, "editor": {Role: auth.Editor, Of: ownRegion},
		"manager": {Role: auth.Manager, Of: ownRegion}, "administrator": {Role: auth.Administrator},
		"stranger": {Role: auth.Contributor, Of: "nobody"}, "foreigner": {Role: auth.Contributor, Of: foreignOrg},
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		w.join(name, own[name])
	}
	w.must(w.accounts.Revoke(ctx, w.users["stranger"].ID, own["stranger"]))
	w.machine("machine", "contributor", ownOrg, auth.Scope("").Values()...)
	w.machine("foreign machine", "foreigner", foreignOrg, auth.Scope("").Values()...)
	for org, name := range map[string]string{ownOrg: "invitation", foreignOrg: "foreign invitation"} {
		i, _, err := w.accounts.Invite(ctx, auth.Caller{}, "guest@"+org+".example", auth.Grant{Role: auth.Contributor, Of: org})
		w.must(err)
		w.ids[name] = i.ID
	}
	return w
}

// join makes somebody an account with a role, and signs them in.
func (w *world) join(name string, g auth.Grant) {
	w.Helper()
	if g.Of == "nobody" { // of an organisation that is there for a moment
		_, err := w.accounts.CreateOrganisation(w.Context(), auth.Organisation{ID: g.Of, Name: g.Of, Home: ownRegion})
		w.must(err)
	}
	_, link, err := w.accounts.Invite(w.Context(), auth.Caller{}, name+"@maps.example", g)
	w.must(err)
	_, token, _ := strings.Cut(link, "=")
	tokens, err := w.accounts.Accept(w.Context(), netip.Addr{}, token, auth.Newcomer{Name: "The " + name, Password: password})
	w.must(err)
	w.users[name], w.bearer[name], w.cookies[name] = tokens.User, tokens.Access, tokens.Refresh
}

// machine makes an API token.
func (w *world) machine(name, by, org string, scopes ...string) {
	w.Helper()
	t := auth.APIToken{Name: name, Grant: auth.Grant{Role: auth.Contributor, Of: org}, Expires: w.now().Add(time.Hour)}
	for _, s := range scopes {
		t.Scopes = append(t.Scopes, auth.Scope(s))
	}
	made, bearer, err := w.accounts.CreateToken(w.Context(), auth.Caller{User: w.users[by].ID}, t)
	w.must(err)
	w.bearer[name], w.ids[name] = bearer, made.ID
}

// answer is what came back.
type answer struct {
	*testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// call sends a request as an actor, "" for nobody. A body that is no text is
// sent as JSON; change may change the request.
func (w *world) call(actor, method, path string, body any, change ...func(*http.Request)) answer {
	w.Helper()
	var content io.Reader
	if text, ok := body.(string); ok {
		content = strings.NewReader(text)
	} else if body != nil {
		data, err := json.Marshal(body)
		w.must(err)
		content = bytes.NewReader(data)
	}
	r := httptest.NewRequest(method, siteURL+path, content)
	r.RemoteAddr = theirAddress
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if actor != "" {
		r.Header.Set("Authorization", "Bearer "+w.bearer[actor])
	}
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	return answer{w.T, actor + " " + method + " " + path, rec.Code, rec.Header(), rec.Body.Bytes()}
}

// want checks the status, and that the body has each of the parts.
func (a answer) want(status int, parts ...string) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("%s: %d, want %d: %s", a.what, a.status, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(string(a.body), part) {
			a.Errorf("%s: the answer lacks %q: %s", a.what, part, a.body)
		}
	}
	return a
}

// read decodes the body.
func read[T any](a answer) (v T) {
	a.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return v
}

var linkPattern = regexp.MustCompile(siteURL + `/account#([a-z-]+)=([a-z2-7]{16}[A-Za-z0-9_-]{43})`)

// link waits for the mails on their way and returns the token in the last one
// to an address.
func (w *world) link(to string) string {
	w.Helper()
	w.accounts.Close()
	for _, m := range slices.Backward(w.mails.all) {
		if found := linkPattern.FindStringSubmatch(m.Text); m.To == to && found != nil {
			return found[2]
		}
	}
	w.Fatalf("no mail to %s in %+v", to, w.mails.all)
	return ""
}
