package provider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/problem"
)

// check makes every answer of the site be compared with what its document says
// of it.
func (w *world) check() {
	w.Helper()
	var doc described
	w.must(json.Unmarshal(w.api.spec, &doc))
	next := w.api.chain
	w.api.chain = http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if err := doc.covers(w.api.router, r, rec); err != nil {
			w.Errorf("%s %s: %d: %v: %s", r.Method, r.URL.Path, rec.Code, err, rec.Body)
		}
		for name, values := range rec.Header() {
			to.Header()[name] = values
		}
		to.WriteHeader(rec.Code)
		to.Write(rec.Body.Bytes())
	})
}

// covers checks one answer.
func (doc described) covers(router *mux.Router, r *http.Request, rec *httptest.ResponseRecorder) error {
	var match mux.RouteMatch
	if !router.Match(r, &match) || match.Route == nil {
		return nil // there is no such address
	}
	if r.Method == http.MethodHead {
		return nil // as GET, without the answer
	}
	path, err := match.Route.GetPathTemplate()
	if err != nil {
		return err
	}
	op, ok := doc.Paths[patterns.ReplaceAllString(path, "{$1}")][strings.ToLower(r.Method)]
	if !ok {
		return fmt.Errorf("%s is not described", path)
	}
	if rec.Code >= 400 {
		if kind := rec.Header().Get("Content-Type"); kind != problem.Type {
			return fmt.Errorf("it is %s", kind)
		}
		return doc.conforms(rec.Body.Bytes(), doc.Components.Schemas["Document"])
	}
	said, ok := op.Responses[fmt.Sprint(rec.Code)]
	if !ok {
		return fmt.Errorf("the status is not described")
	}
	if len(said.Content) == 0 {
		if rec.Body.Len() > 0 {
			return fmt.Errorf("there should be no answer")
		}
		return nil
	}
	for kind, media := range said.Content {
		if is := rec.Header().Get("Content-Type"); is != kind {
			return fmt.Errorf("it is %s, not %s", is, kind)
		}
		if media.Schema == nil {
			return nil
		}
		return doc.conforms(bytes.TrimSpace(rec.Body.Bytes()), media.Schema)
	}
	return nil
}
