package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/editing"
)

// inn is a place as a provider sends it.
func inn(name string) string {
	return `{"kind":"poi","category":"lodging.guest_house","geometry":{"type":"Point","coordinates":[9.5,47.1]},"names":{"de":"` + name + `"},` +
		`"opening_hours":"Mo-Fr 08:00-18:00","services":["storage"],"provenance":{"licence":"CC-BY-4.0"}}`
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// trust lets the own organisation publish at once.
func (w *world) trust() {
	w.Helper()
	_, err := w.accounts.SetPlace(w.Context(), ownOrg, auth.Place{Region: ownRegion, Trusted: true})
	w.must(err)
}

func TestFeatures(t *testing.T) {
	const features, path = "/v1/regions/alps/features", "/v1/regions/alps/features/inn/inn/1"
	w := newWorld(t)
	w.call("contributor", "PUT", path, inn("Krone"), header("If-None-Match", "*")).want(403, "propose it as a change")
	w.trust()
	w.call("contributor", "PUT", path, inn("Krone")).want(428, "If-Match")
	made := w.call("contributor", "PUT", path, inn("Krone"), header("If-None-Match", "*")).want(200, `"created":true`)
	first := made.header.Get("ETag")
	if got := w.call("contributor", "GET", path, nil).want(200, `"provider":"The inn"`, `"collection":"inn"`); got.header.Get("ETag") != first || len(first) != 66 {
		t.Errorf("ETag %s, was %s", got.header.Get("ETag"), first)
	}
	w.call("machine", "PUT", path, inn("Goldene Krone"), header("If-Match", first)).want(200, `"revision":2`)
	w.call("contributor", "PUT", path, inn("Alte Krone"), header("If-Match", first)).
		want(412, "/problems/changed", "was changed by token/", `{"field":"names.de","problem":"is now \"Goldene Krone\""}`)
	w.call("contributor", "PUT", path, strings.Replace(inn("Krone"), "08:00-18:00", "8-18", 1), header("If-Match", "*")).
		want(422, `{"field":"opening_hours","problem":"character 8: a time is written as 08:00; found \"-\" after 8"}`)
	w.call("contributor", "PUT", "/v1/regions/alps/features/museum/museum/1", inn("x"), header("If-Match", "*")).want(403)
	w.call("editor", "GET", features+"?bbox=9.4,47,9.6,47.2&text=KRONE&category=lodging&kind=poi", nil).want(200, `"id":"inn/1"`, `Goldene Krone`)
	w.call("editor", "GET", features+"?bbox=10,47,11,47.2", nil).want(200, `"features":[]`)
	w.call("editor", "GET", features+"?bbox=10,47,11,97.2", nil).want(422, "latitude 97.2 is outside")

	again := header("Idempotency-Key", "one")
	body := `{"feature":` + inn("Post") + `}`
	one := read[WrittenFeature](w.call("contributor", "POST", features, body, again).want(201))
	two := read[WrittenFeature](w.call("contributor", "POST", features, body, again).want(201))
	if one.ID == "" || one.ID != two.ID || one.Hash != two.Hash {
		t.Errorf("the same request made %+v and %+v", one, two)
	}
	w.call("contributor", "POST", features, strings.Replace(body, "Post", "Rose", 1), again).want(422, "/problems/key-reused")

	batch := `{"writes":[{"id":"inn/2","feature":` + inn("Hirsch") + `},{"id":"inn/1","base":"` + strings.Trim(first, `"`) + `","delete":true},{"id":"inn/3","feature":{"kind":"poi"}}]}`
	results := read[BatchResult](w.call("contributor", "POST", "/v1/regions/alps/batch", batch).want(200)).Results
	if len(results) != 3 || results[0].Status != 201 || results[1].Status != 412 || results[2].Status != 422 || len(results[2].Errors) != 3 {
		t.Errorf("batch %+v", results)
	}
	w.call("contributor", "POST", "/v1/regions/alps/batch", `{"writes":[{"id":"inn/2"}]}`).want(422, "writes[0]")

	w.call("contributor", "GET", "/v1/regions/alps/history/inn/inn/1", nil).want(200, `"revision":2`, `"action":"feature created"`)
	w.call("contributor", "GET", "/v1/regions/alps/diff/inn/inn/1?from=1&to=2", nil).want(200, `"path":"names.de","before":"Krone","after":"Goldene Krone"`)
	w.call("contributor", "POST", "/v1/regions/alps/restore/inn/inn/1", `{"revision":1}`, header("If-Match", "*")).want(200, `"revision":3`)
	w.call("contributor", "DELETE", path, nil, header("If-Match", first)).want(200, `"revision":4`)
	w.call("contributor", "GET", path, nil).want(404)
	w.call("editor", "GET", "/v1/regions/alps/audit?limit=2", nil).want(200, `"action":"feature deleted"`, `"next":`)
	w.call("editor", "GET", features+"?state=gone", nil).want(200, `"id":"inn/1"`)
}

func TestChanges(t *testing.T) {
	const changes = "/v1/regions/alps/changes"
	w := newWorld(t)
	body := `{"title":"Winter","writes":[{"id":"inn/1","feature":` + inn("Krone") + `},{"id":"inn/2","feature":{"kind":"poi"}}]}`
	made := read[SavedChange](w.call("contributor", "POST", changes, body, header("Idempotency-Key", "x")).want(201))
	if made.Change == nil || made.Change.Number != 1 || made.Results[0].Status != 200 || made.Results[1].Status != 422 {
		t.Fatalf("draft %+v", made)
	}
	w.call("contributor", "POST", changes, body, header("Idempotency-Key", "x")).want(201, `"number":1`)
	w.call("contributor", "POST", changes+"/1/writes", `{"note":"more","writes":[{"id":"inn/2","feature":`+inn("Post")+`}]}`).want(200, `"proposals":2`)
	more := `{"writes":[{"id":"inn/3","feature":` + inn("Rose") + `}]}`
	w.call("contributor", "POST", changes, more, header("Idempotency-Key", "y")).want(201, `"number":2`)
	w.call("contributor", "POST", changes+"/1/writes", more, header("Idempotency-Key", "y")).want(422, "/problems/key-reused")
	w.call("contributor", "POST", changes+"/2/withdraw", nil).want(200)
	w.call("contributor", "POST", changes+"/1/accept", `{}`).want(403)
	w.call("contributor", "POST", changes+"/1/propose", `{}`).want(200, `"state":"proposed"`)
	w.call("editor", "GET", changes+"?state=proposed", nil).want(200, `"title":"Winter"`)
	w.call("editor", "POST", changes+"/1/return", `{}`).want(422, "note")
	w.call("editor", "POST", changes+"/1/return", `{"note":"Say when it is closed."}`).want(200, `"state":"returned"`)
	w.call("contributor", "POST", changes+"/1/propose", `{}`).want(200)
	w.call("editor", "GET", changes+"/1/differences", nil).want(200, `"path":"names.de","after":"Krone"`)
	w.call("editor", "GET", changes+"/1/conflicts", nil).want(200, `"total":0`)
	w.call("editor", "POST", changes+"/1/accept", `{}`).want(200, `"applied":2`)
	w.call("editor", "POST", changes+"/1/accept", `{}`).want(409, "/problems/state")
	w.call("contributor", "POST", changes+"/1/undo", nil).want(201, `"undoes":1`)
	w.trust()
	w.call("contributor", "POST", changes+"/3/accept", `{}`).want(200, `"applied":2`)
	w.call("contributor", "GET", "/v1/regions/alps/features", nil).want(200, `"features":[]`)
	w.call("contributor", "GET", changes, nil).want(200, `"number":3`)
	w.call("contributor", "GET", changes+"?organisation=museum", nil).want(403)
	w.call("contributor", "GET", changes+"/9", nil).want(404)

	// A conflict: another writes first.
	saved := read[SavedChange](w.call("contributor", "POST", changes, `{"writes":[{"id":"inn/1","feature":`+inn("Krone")+`}]}`).want(201))
	w.call("contributor", "POST", changes+"/4/propose", `{}`).want(200)
	w.call("machine", "PUT", "/v1/regions/alps/features/inn/inn/1", inn("Rose"), header("If-None-Match", "*")).want(200)
	w.call("editor", "POST", changes+"/4/accept", `{}`).want(412, "change 4: 1 of its features were changed meanwhile", "was created by token/")
	w.call("editor", "POST", changes+"/4/accept", `{"skip_conflicts":true}`).want(200, `"skipped":1`)
	if saved.Change.State != editing.Draft {
		t.Errorf("a new change is %s", saved.Change.State)
	}
}

// TestForeignChange checks that the changes of one organisation do not show to
// another that works in the same region.
func TestForeignChange(t *testing.T) {
	w := newWorld(t)
	_, err := w.accounts.SetPlace(w.Context(), foreignOrg, auth.Place{Region: ownRegion})
	w.must(err)
	w.call("contributor", "POST", "/v1/regions/alps/changes", `{"title":"Ours"}`).want(201)
	for method, paths := range map[string][]string{"GET": {"", "/differences", "/conflicts"}, "POST": {"/writes", "/propose", "/withdraw", "/accept", "/undo"}} {
		for _, path := range paths {
			var body any = "{}"
			if method == "GET" || path == "/withdraw" || path == "/undo" {
				body = nil
			}
			w.call("foreigner", method, "/v1/regions/alps/changes/1"+path, body).want(404)
		}
	}
	w.call("foreigner", "GET", "/v1/regions/alps/changes", nil).want(200, `"changes":[]`)
}

func TestCategories(t *testing.T) {
	w := newWorld(t)
	const own = "/v1/regions/alps/categories/food.x_buschenschank"
	w.call("manager", "PUT", own, `{"icon":"temaki/grapes","labels":{"de":"Buschenschank"}}`).want(204)
	w.call("manager", "PUT", own, `{"icon":"maki/unicorn","labels":{"de":"Buschenschank"}}`).want(422, "icon")
	w.call("contributor", "GET", "/v1/regions/alps/categories", nil).want(200, `"id":"food.x_buschenschank"`, `"own":true`, `"id":"packed_lunch"`)
	w.trust()
	w.call("contributor", "POST", "/v1/regions/alps/features", `{"feature":`+strings.Replace(inn("x"), "lodging.guest_house", "food.x_buschenschank", 1)+`}`).want(201)
	w.call("manager", "DELETE", own, nil).want(204)
	w.call("manager", "DELETE", own, nil).want(404)
}

func TestOpeningHours(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/opening-hours?language=sl&text="
	w.call("contributor", "GET", path+"Mo-Fr+08:00-18:00%3B+PH+off", nil).want(200, `"words":"ponedeljek–petek 08:00–18:00; prazniki zaprto"`)
	w.call("contributor", "GET", path+"Mo-Fr+8-18", nil).want(200, `"at":8`, `"problem":"a time is written as 08:00`)
	w.call("contributor", "GET", path, nil).want(422)
}
