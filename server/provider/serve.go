package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
)

// A body has this long to come, and longer by its largest size at 64 KiB/s.
const bodyTime = 20 * time.Second

// timed is a body that has to come in time. Once it has, the deadline is lifted:
// it would end the request, however long its answer takes.
type timed struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b timed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// timeBody gives a request's body its time; one without deadlines cannot stall.
func timeBody(w http.ResponseWriter, r *http.Request, limit time.Duration) {
	conn := http.NewResponseController(w)
	conn.SetReadDeadline(time.Now().Add(limit))
	r.Body = timed{r.Body, conn}
}

// secured sets what every answer carries.
func (a *API) secured(next http.Handler) http.Handler {
	https := strings.HasPrefix(a.url, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// serve answers the requests of one row.
func (a *API) serve(row Route) http.Handler {
	query := make(map[string]*regexp.Regexp)
	for _, p := range row.Query {
		query[p.Name] = regexp.MustCompile(`\A(?:` + p.Pattern + `)\z`)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			timeBody(w, r, a.bodyTime+time.Duration(row.limit()/(64<<10))*time.Second)
		}
		c := &Call{r: r, w: w}
		out, err := a.answer(c, row, query)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		if c.Caller.Known() && row.Method != http.MethodGet {
			a.log.InfoContext(r.Context(), "changed", "by", c.Caller.ID(), "did", row.name(), "path", r.URL.Path)
		}
		a.write(w, r, row, out)
	})
}

func (a *API) answer(c *Call, row Route, query map[string]*regexp.Regexp) (any, error) {
	ctx := c.r.Context()
	if err := a.admit(ctx, c, row); err != nil {
		return nil, err
	}
	if err := checkQuery(c.r, query); err != nil {
		return nil, err
	}
	return row.Handle.serve(ctx, c, a, row)
}

// admit finds out who calls, and whether they may. Who may not is told so
// before anything is looked up: so what there is of others does not show.
func (a *API) admit(ctx context.Context, c *Call, row Route) (err error) {
	if c.Caller, err = a.caller(ctx, c.r); err != nil {
		if row.Who&Public != 0 && errors.Is(err, auth.ErrUnauthenticated) {
			c.Caller, err = auth.Caller{}, nil // an old token keeps nobody from signing in
		}
		if err != nil {
			return err
		}
	}
	if row.Who&Public == 0 {
		if !c.Caller.Known() {
			return auth.ErrUnauthenticated
		}
		if !c.Caller.May(row.Scope) {
			return problem.Detail(auth.ErrForbidden, scopeDetail(row.Scope))
		}
	}
	allowed := row.Who&Public != 0 || row.Who&SignedIn != 0 || c.Caller.Administers()
	if region := c.Param("region"); region != "" {
		allowed = allowed || row.Who&Editor != 0 && c.Caller.Edits(region) || row.Who&Manager != 0 && c.Caller.Manages(region)
		if row.Who&Provider != 0 {
			if c.Providers, err = a.accounts.WorkingIn(ctx, region, c.Caller.Of(auth.Contributor)); err != nil {
				return err
			}
			allowed = allowed || len(c.Providers) > 0
		}
	}
	if name := c.Param("organisation"); name != "" {
		o, err := a.accounts.Organisation(ctx, name)
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return err
		}
		there := err == nil
		allowed = allowed || row.Who&Contributor != 0 && c.Caller.Contributes(name) || row.Who&Keeper != 0 && there && c.Caller.Manages(o.Home)
		if allowed && !there {
			return auth.ErrNotFound
		}
		c.Organisation = o
	}
	if !allowed {
		return auth.ErrForbidden
	}
	if region := c.Param("region"); region != "" {
		if there, err := a.regions.HasRegion(ctx, region); err != nil || !there {
			return errors.Join(err, auth.ErrNotFound)
		}
		c.Region = region
	}
	return nil
}

func scopeDetail(s auth.Scope) string {
	if s == "" {
		return "This is for people who are signed in, not for API tokens."
	}
	return "The API token lacks the scope " + string(s) + "."
}

// caller tells who sent a request; nobody, when it bears no token.
func (a *API) caller(ctx context.Context, r *http.Request) (auth.Caller, error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return auth.Caller{}, nil
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return auth.Caller{}, auth.ErrUnauthenticated
	}
	return a.accounts.Authenticate(ctx, strings.TrimSpace(token))
}

// from is the address of the caller, as far as it can be known.
func (a *API) from(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap()
	proxy := func(ip netip.Addr) bool {
		return slices.ContainsFunc(a.proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && proxy(ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip
}

func checkQuery(r *http.Request, query map[string]*regexp.Regexp) error {
	var wrong []problem.Field
	values := r.URL.Query()
	for name, all := range values {
		pattern, known := query[name]
		switch {
		case !known:
			wrong = append(wrong, problem.Field{Field: name, Problem: "is no parameter of this address"})
		case len(all) > 1:
			wrong = append(wrong, problem.Field{Field: name, Problem: "is there twice"})
		case !pattern.MatchString(all[0]):
			wrong = append(wrong, problem.Field{Field: name, Problem: "must look like " + pattern.String()[len(`\A(?:`):len(pattern.String())-len(`)\z`)]})
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.SortFunc(wrong, func(a, b problem.Field) int { return strings.Compare(a.Field, b.Field) })
	return problem.Fields(wrong[:min(len(wrong), maxProblems)]...)
}

// readBody reads a body of the given kind and at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64, kind string) ([]byte, error) {
	media, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := attributes["charset"]
	if err != nil || media != kind || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, problem.Detail(problem.ErrMediaType, "Send "+kind+", and say so in Content-Type.")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, problem.Detail(problem.ErrMediaType, "Send the body without Content-Encoding.")
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
}

// write writes an answer.
func (a *API) write(w http.ResponseWriter, r *http.Request, row Route, out any) {
	if _, done := out.(written); done {
		return
	}
	if row.Handle.Out == nil {
		w.WriteHeader(row.status())
		return
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(row.status())
	if r.Method != http.MethodHead {
		w.Write(body.Bytes()) // one who hung up is told nothing
	}
}

// fail answers with a problem.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var field *auth.FieldError
	var throttled *auth.ThrottledError
	switch {
	case errors.As(err, &field):
		err = problem.Fields(problem.Field{Field: field.Field, Problem: field.Problem})
	case errors.As(err, &throttled):
		seconds := int(math.Ceil(throttled.After.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	case errors.Is(err, auth.ErrUnauthenticated):
		w.Header().Set("WWW-Authenticate", "Bearer")
	case errors.Is(err, auth.ErrBusy):
		w.Header().Set("Retry-After", "5")
	}
	problem.Write(w, r, a.log, err)
}
