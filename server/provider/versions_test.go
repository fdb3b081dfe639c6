package provider

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/pannier-maps/pannier/sync/signed"
)

// root lets the site's keys sign.
func (w *world) root() {
	w.Helper()
	r, err := w.catalog.NextRoot(w.Context())
	w.must(err)
	secret, public, err := signed.GenerateKey(rand.Reader, "root")
	w.must(err)
	r.Keys, r.Threshold = []string{public}, 1
	text, err1 := r.Text()
	note, err2 := signed.Sign(text, secret)
	w.must(errors.Join(err1, err2))
	w.must(w.host.AddRoot(w.Context(), note))
}

func TestVersions(t *testing.T) {
	const versions, path = "/v1/regions/alps/versions", "/v1/regions/alps/features/inn/inn/1"
	w := newWorld(t)
	w.call("editor", "POST", versions, `{}`).want(409, "/problems/no-key")
	w.root()
	w.call("editor", "POST", versions, `{}`).want(409, "/problems/nothing")
	w.call("contributor", "POST", versions, `{}`).want(403, "trusted organisation")
	w.trust()
	w.call("contributor", "PUT", path, inn("Krone"), header("If-None-Match", "*")).want(200)
	w.call("contributor", "GET", "/v1/regions/alps/preview", nil).want(200, `"version":1`, `"new":1`, `"kind":"translation","source":"inn","id":"inn/1","text":"no name in en"`)
	w.call("contributor", "GET", versions, nil).want(200, `"versions":[]`)
	w.call("contributor", "POST", versions, `{"message":"First"}`).want(201, `"number":1`, `"message":"First"`, `"author":"The contributor"`)
	w.call("editor", "POST", versions, `{}`).want(201, `"number":1`, `"unchanged":true`)
	w.call("machine", "PUT", path, inn("Goldene Krone"), header("If-Match", "*")).want(200)
	preview := read[Preview](w.call("editor", "GET", "/v1/regions/alps/preview", nil).want(200, `"changed":1`, `"path":"names.de","before":"Krone","after":"Goldene Krone"`))
	second := read[PublishedVersion](w.call("machine", "POST", versions, `{}`).want(201))
	if len(second.Deltas) != 1 || len(preview.Deltas) != 1 || second.Deltas[0] != preview.Deltas[0] || second.Bytes != preview.Bytes {
		t.Errorf("published %+v, the preview said %+v", second, preview)
	}
	w.call("editor", "GET", versions+"?limit=1", nil).want(200, `"number":2`, `"next":1`)
	w.call("editor", "GET", versions+"?from=1", nil).want(200, `"number":1`)
	w.call("editor", "GET", "/v1/regions/alps/compare?from=1&to=2", nil).want(200, `"changed":1`, `"name":"Goldene Krone"`)
	w.call("editor", "GET", "/v1/regions/alps/compare?from=1&to=9", nil).want(404)
	w.call("contributor", "POST", "/v1/regions/alps/rollback", `{"to":1}`).want(403)
	w.call("editor", "POST", "/v1/regions/alps/rollback", `{"to":7}`).want(404)
	w.call("editor", "POST", "/v1/regions/alps/rollback", `{"to":1,"message":"Back"}`).want(201, `"number":3`)
	w.call("editor", "GET", "/v1/regions/alps/compare?from=1&to=3", nil).want(200, `"changed":0`)
}
