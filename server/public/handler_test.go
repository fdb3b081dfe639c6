package public

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/sync/layout"
)

var (
	hashA  = "ab" + strings.Repeat("0", 61) + "a"
	shortA = hashA[:16]
	shortB = strings.Repeat("b", 16)
)

const alps = "/v1/regions/alps"

// objects are what the site of the tests holds; the regions list is left out.
var objects = map[string]string{
	"v1/regions.json":                                 `[{"id":"alps"}]`,
	"v1/roots/12":                                     "signed root\n",
	"v1/regions/alps/head":                            "signed note\n",
	"v1/regions/alps/history.json":                    `[]`,
	"v1/regions/alps/manifests/" + hashA:              "a packed manifest",
	"v1/regions/alps/heads/" + shortA:                 "past note\n",
	"v1/regions/alps/deltas/" + shortA + "-" + shortB: "a delta",
	"v1/blobs/ab/" + hashA:                            strings.Repeat("blob", 50_000),
}

type updates map[string]string

func (u updates) Update(_ context.Context, region, from, _ string, part bool) ([]byte, string, error) {
	body, ok := u[region+" "+from]
	if part {
		body += ", for a part"
	}
	switch {
	case !ok:
		return nil, "", fmt.Errorf("version %s of %s: %w", from, region, fs.ErrNotExist)
	case body == "broken":
		return nil, "", errors.New("secret cause")
	}
	return []byte(body), "0123456789abcdef", nil
}

func newSite(t testing.TB, change func(*Config)) *Handler {
	t.Helper()
	blobs, err := localstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	for name, body := range objects {
		if err := blobs.Put(t.Context(), name, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{
		Blobs:   blobs,
		Updates: updates{"alps " + shortA: "head and delta", "alps " + shortB: "broken"},
		Log:     slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	return New(c)
}

func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// routes has a row for each route of the handler.
var routes = []struct {
	template  string
	path      string
	absent    string // a well-formed path with nothing there, if there can be one
	mediaType string
	cache     string
	etag      string
	body      string
}{
	{"/", "/", "", "text/plain; charset=utf-8", "", "", index},
	{"/healthz", "/healthz", "", "text/plain; charset=utf-8", "no-store", "", "ok\n"},
	{"/v1/regions.json", "/v1/regions.json", "", "application/json", "max-age=60", ETag([]byte(`[{"id":"alps"}]`)), `[{"id":"alps"}]`},
	{"/v1/roots/{version}", "/v1/roots/12", "/v1/roots/13", layout.HeadType, forever, ETag([]byte("signed root\n")), "signed root\n"},
	{"{r}/head", alps + "/head", "/v1/regions/jura/head", layout.HeadType, "no-cache", ETag([]byte("signed note\n")), "signed note\n"},
	{"{r}/heads/{tag}", alps + "/heads/" + shortA, alps + "/heads/" + shortB, layout.HeadType, forever, shortA, "past note\n"},
	{"{r}/history.json", alps + "/history.json", "/v1/regions/jura/history.json", "application/json", "no-cache", ETag([]byte(`[]`)), `[]`},
	{"{r}/manifests/{hash}", alps + "/manifests/" + hashA, alps + "/manifests/" + strings.Repeat("0", 64), layout.ManifestType, forever, shortA, "a packed manifest"},
	{"{r}/deltas/{from}-{to}", alps + "/deltas/" + shortA + "-" + shortB, alps + "/deltas/" + shortB + "-" + shortA, layout.DeltaType, forever, shortA + shortB, "a delta"},
	{"/v1/blobs/{folder}/{hash}", "/v1/blobs/ab/" + hashA, "/v1/blobs/00/" + strings.Repeat("0", 64), layout.BlobType, forever, shortA, strings.Repeat("blob", 50_000)},
	{"{r}/update/{from}", alps + "/update/" + shortA, alps + "/update/" + strings.Repeat("c", 16), layout.UpdateType, "no-store", "0123456789abcdef", "head and delta"},
	{"{r}/update/{from}/part", alps + "/update/" + shortA + "/part", alps + "/update/" + strings.Repeat("c", 16) + "/part", layout.UpdateType, "no-store", "0123456789abcdef", "head and delta, for a part"},
}

func TestRoutes(t *testing.T) {
	h := newSite(t, nil)
	for _, c := range routes {
		t.Run(c.template, func(t *testing.T) {
			for _, method := range []string{"GET", "HEAD"} {
				w := ask(h, method, c.path)
				if w.Code != 200 {
					t.Fatalf("%s gave %d %s", method, w.Code, w.Body)
				}
				wantHeader(t, w, "Content-Type", c.mediaType)
				wantHeader(t, w, "Cache-Control", c.cache)
				if c.etag != "" {
					wantHeader(t, w, "ETag", `"`+c.etag+`"`)
				}
				body := c.body
				if method == "HEAD" {
					body = ""
				}
				if w.Body.String() != body {
					t.Errorf("%s gave %.40q, want %.40q", method, w.Body, body)
				}
			}
			if c.etag != "" {
				for match, want := range map[string]int{
					`"` + c.etag + `"`: 304, `"x", W/"` + c.etag + `"`: 304, "*": 304, `"other"`: 200, c.etag: 200,
				} {
					if w := ask(h, "GET", c.path, "If-None-Match", match); w.Code != want || want == 304 && w.Body.Len() > 0 {
						t.Errorf("If-None-Match: %s gave %d with %d bytes, want %d", match, w.Code, w.Body.Len(), want)
					}
				}
			}
			for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} {
				w := ask(h, method, c.path)
				wantProblem(t, w, 405, "method-not-allowed")
				wantHeader(t, w, "Allow", "GET, HEAD, OPTIONS")
			}
			w := ask(h, "OPTIONS", c.path, "Origin", "https://rider.example", "Access-Control-Request-Method", "GET")
			if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "If-None-Match") {
				t.Errorf("OPTIONS gave %d %v", w.Code, w.Header())
			}
			wantHeader(t, ask(h, "GET", c.path, "Origin", "https://rider.example"), "Access-Control-Allow-Origin", "*")
			if c.absent != "" {
				w := ask(h, "GET", c.absent, "Origin", "https://rider.example")
				wantProblem(t, w, 404, "not-found")
				wantHeader(t, w, "Access-Control-Allow-Origin", "*")
			}
		})
	}
}

func TestEveryRouteHasARow(t *testing.T) {
	var have []string
	for _, c := range routes {
		have = append(have, c.path)
	}
	err := newSite(t, nil).router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		template, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		if m, err := route.GetMethods(); err != nil || !slices.Equal(m, methods) {
			t.Errorf("route %s takes %v (%v), want %v", template, m, err, methods)
		}
		if !slices.ContainsFunc(have, func(path string) bool {
			return route.Match(httptest.NewRequest("GET", path, nil), &mux.RouteMatch{})
		}) {
			t.Errorf("route %s has no row", template)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPathsThatReachNothing(t *testing.T) {
	h := newSite(t, nil)
	for _, path := range []string{
		"/v1", "/v1/", "/v1/regions", "/v1/regions/", "/v1/regions/alps", "/v1/regions/alps/", "/index.html", "/.tmp/x",
		"//v1/regions.json", "/v1/../v1/regions.json", "/v1/%2e%2e/v1/regions.json", "/v1/regions.json/", "/V1/regions.json",
		"/v1/regions/../head", "/v1/regions/%2e%2e/head", "/v1/regions/Alps/head", "/v1/regions/-alps/head", "/v1/regions/alps%00/head",
		"/v1/regions/" + strings.Repeat("a", 65) + "/head", "/v1/regions/a%2fb/head", "/v1/regions/alps/head%0a",
		alps + "/manifests/" + hashA[1:], alps + "/manifests/" + strings.ToUpper(hashA), alps + "/manifests/" + hashA + "0",
		alps + "/deltas/" + shortA, alps + "/deltas/" + shortA + "-" + shortA + "0", alps + "/update/" + shortA[1:], alps + "/update/",
		"/v1/blobs/cd/" + hashA, "/v1/blobs/" + hashA, "/v1/blobs/ab/../ab/" + hashA,
	} {
		wantProblem(t, ask(h, "GET", path), 404, "not-found")
	}
}

func TestFaultsTellNothing(t *testing.T) {
	var log bytes.Buffer
	h := newSite(t, func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	w := ask(h, "GET", alps+"/update/"+shortB)
	wantProblem(t, w, 500, "internal")
	if strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret cause") {
		t.Errorf("answer %s, log %s", w.Body, log.String())
	}
}

func TestHealth(t *testing.T) {
	h := newSite(t, func(c *Config) { c.Ready = func(context.Context) error { return errors.New("secret cause") } })
	w := ask(h, "GET", "/healthz")
	wantProblem(t, w, 503, "unavailable")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("answer %s", w.Body)
	}
}

// TestFirstBytesOfAnUpdate asks for ranges: only the first bytes are one.
func TestFirstBytesOfAnUpdate(t *testing.T) {
	h := newSite(t, nil)
	for _, test := range []struct {
		header string
		status int
		body   string
		part   string
	}{
		{"bytes=0-3", 206, "head", "bytes 0-3/14"},
		{"bytes=0-12", 206, "head and delt", "bytes 0-12/14"},
		{"bytes=0-13", 200, "head and delta", ""},
		{"bytes=0-4095", 200, "head and delta", ""},
		{"bytes=0-", 200, "head and delta", ""},
		{"bytes=1-2", 200, "head and delta", ""},
		{"bytes=0-9223372036854775807", 200, "head and delta", ""},
		{"bytes=0--1", 200, "head and delta", ""},
		{"bytes=0-3,5-6", 200, "head and delta", ""},
	} {
		w := ask(h, "GET", alps+"/update/"+shortA, "Range", test.header)
		if w.Code != test.status || w.Body.String() != test.body || w.Header().Get("Content-Range") != test.part {
			t.Errorf("%s: %d %q, %q", test.header, w.Code, w.Body, w.Header().Get("Content-Range"))
		}
	}
}

func TestNoUpdates(t *testing.T) {
	h := newSite(t, func(c *Config) { c.Updates = nil })
	wantProblem(t, ask(h, "GET", alps+"/update/"+shortA), 404, "not-found")
}

func TestBodyRefused(t *testing.T) {
	r := httptest.NewRequest("GET", "/v1/regions.json", strings.NewReader("x"))
	w := httptest.NewRecorder()
	newSite(t, nil).ServeHTTP(w, r)
	wantProblem(t, w, 400, "bad-request")
	wantHeader(t, w, "Connection", "close")
}

func TestRanges(t *testing.T) {
	h := newSite(t, nil)
	blob := "/v1/blobs/ab/" + hashA
	etag := `"` + shortA + `"`
	for _, c := range []struct {
		headers []string
		status  int
		body    string
		content string
	}{
		{[]string{"Range", "bytes=0-3"}, 206, "blob", "bytes 0-3/200000"},
		{[]string{"Range", "bytes=199998-"}, 206, "ob", "bytes 199998-199999/200000"},
		{[]string{"Range", "bytes=-1"}, 206, "b", "bytes 199999-199999/200000"},
		{[]string{"Range", "bytes=1-2", "If-Range", etag}, 206, "lo", "bytes 1-2/200000"},
		{[]string{"Range", "bytes=1-2", "If-Range", `"other"`}, 200, strings.Repeat("blob", 50_000), ""},
		{[]string{"Range", "bytes=1-2", "If-None-Match", etag}, 304, "", ""},
		{[]string{"Range", "bytes=200000-"}, 416, "invalid range: failed to overlap\n", "bytes */200000"},
		{[]string{"Range", "pages=1"}, 416, "invalid range\n", ""},
	} {
		w := ask(h, "GET", blob, c.headers...)
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%q gave %d %.40q, want %d %.40q", c.headers, w.Code, w.Body, c.status, c.body)
		}
		wantHeader(t, w, "Content-Range", c.content)
	}
}

func wantHeader(t *testing.T, w *httptest.ResponseRecorder, name, want string) {
	t.Helper()
	if got := w.Header().Get(name); got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, name string) {
	t.Helper()
	var doc problem.Document
	err := json.Unmarshal(w.Body.Bytes(), &doc)
	if err != nil || w.Code != status || doc.Status != status || doc.Type != "/problems/"+name || w.Header().Get("Content-Type") != problem.Type {
		t.Errorf("got %d %s (%v), want problem %d %s", w.Code, w.Body, err, status, name)
	}
}

// What Takes takes leaves the write API's paths alone.
func TestTakes(t *testing.T) {
	for path, want := range map[string]bool{
		alps + "/head": true, alps + "/heads/0123456789abcdef": true, alps + "/history.json": true, alps + "/update/0123456789abcdef/part": true,
		alps + "/deltas/x": true, alps + "/manifests/x": true, "/v1/blobs/ab/" + hashA: true,
		alps: false, alps + "/history/osm/x": false, alps + "/features": false, "/v1/regions": false, "/v1/regions.json": false, "/": false, "/v1/session": false,
	} {
		for method, may := range map[string]bool{"GET": true, "HEAD": true, "POST": false, "OPTIONS": false} {
			if got := Takes(httptest.NewRequest(method, path, nil)); got != (want && may) {
				t.Errorf("Takes(%s %s) = %v", method, path, got)
			}
		}
	}
}
