package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/outbound"
)

func TestRollout(t *testing.T) {
	const versions, rollout, path = "/v1/regions/alps/versions", "/v1/regions/alps/rollout", "/v1/regions/alps/features/inn/inn/1"
	w := newWorld(t)
	w.root()
	w.trust()
	w.call("editor", "GET", rollout, nil).want(200, `"share":100,"version":0`)
	w.call("contributor", "PUT", path, inn("Krone"), header("If-None-Match", "*")).want(200)
	w.call("editor", "POST", versions, `{"share":5}`).want(409, "/problems/first-version")
	w.call("editor", "POST", versions, `{}`).want(201)
	w.call("contributor", "PUT", path, inn("Goldene Krone"), header("If-Match", "*")).want(200)
	w.call("contributor", "POST", versions, `{"share":5}`).want(403, "begins a rollout")
	w.call("editor", "POST", versions, `{"share":101}`).want(422, `"field":"share"`)
	w.call("editor", "POST", versions, `{"share":5,"message":"Try"}`).want(201, `"number":2`, `"share":5`)
	w.call("contributor", "GET", rollout, nil).want(200, `"share":5,"version":2,"before":1`)
	w.call("contributor", "POST", versions, `{}`).want(409, "/problems/rollout")
	w.call("editor", "PUT", rollout, `{"share":0}`).want(422, `"field":"share"`)
	w.call("editor", "PUT", rollout, `{"share":25}`).want(200, `"share":25,"version":2`)
	w.call("editor", "POST", rollout+"/stop", `{"message":"Wrong name"}`).want(201, `"number":3`, `"restores":1`)
	w.call("editor", "POST", rollout+"/stop", `{}`).want(409, "/problems/no-rollout")
	w.call("editor", "PUT", rollout, `{"share":50}`).want(409, "/problems/no-rollout")
	w.call("editor", "POST", versions, `{"share":50}`).want(201, `"number":4`)
	w.call("editor", "PUT", rollout, `{"share":100}`).want(200, `"share":100,"version":4}`)
	w.call("editor", "GET", "/v1/regions/alps/audit", nil).want(200, `"action":"version offered"`, `"by":"user/`+w.users["editor"].ID)
}

func TestTimers(t *testing.T) {
	const timers = "/v1/regions/alps/schedule"
	w := newWorld(t)
	at := w.now().Add(time.Hour).Format(time.RFC3339)
	w.call("editor", "POST", timers, `{"at":"2020-01-01T00:00:00Z"}`).want(422, `"field":"at"`)
	w.call("editor", "POST", timers, `{"at":"`+at+`","share":-1}`).want(422, `"field":"share"`)
	made := read[Timer](w.call("editor", "POST", timers, `{"at":"`+at+`","message":"Season","share":10}`).want(201, `"state":"waiting"`, `"author":"The editor"`))
	w.call("manager", "GET", timers, nil).want(200, made.ID)
	w.call("foreigner", "DELETE", timers+"/"+made.ID, nil).want(403)
	w.call("editor", "DELETE", "/v1/regions/alps/schedule/aaaaaaaaaaaaaaaa", nil).want(404)
	w.call("editor", "DELETE", timers+"/"+made.ID, nil).want(200, `"state":"cancelled"`)
	w.call("editor", "DELETE", timers+"/"+made.ID, nil).want(409, "/problems/ended")
}

// beside lets the foreign organisation work in the own region.
func (w *world) beside() {
	w.Helper()
	_, err := w.accounts.SetPlace(w.Context(), foreignOrg, auth.Place{Region: ownRegion})
	w.must(err)
}

func TestFeeds(t *testing.T) {
	const feeds = "/v1/regions/alps/feeds"
	w := newWorld(t)
	w.beside()
	const sound = `{"url":"https://feeds.example/places.geojson","every":60,"licence":"CC0-1.0"`
	made := read[Feed](w.call("contributor", "POST", feeds, sound+`}`).want(201, `"organisation":"inn"`, `"source":"inn"`))
	w.call("contributor", "POST", feeds, sound+`}`).want(422, `"field":"source"`)
	w.call("contributor", "POST", feeds, sound+`,"source":"In n"}`).want(422, `"field":"source"`)
	w.call("contributor", "POST", feeds, sound+`,"organisation":"museum"}`).want(403)
	w.call("editor", "POST", feeds, sound+`}`).want(422, `"field":"organisation"`)
	w.call("editor", "POST", feeds, sound+`,"organisation":"museum"}`).want(201, `"source":"museum"`)
	w.call("contributor", "POST", feeds, `{"url":"https://192.168.1.1/","every":60,"licence":"CC0-1.0"}`).want(422, `"field":"url"`, "public internet")
	w.call("contributor", "POST", feeds, `{"url":"https://feeds.example/","every":5,"licence":"CC0-1.0"}`).want(422, `"field":"every"`)
	if list := read[Feeds](w.call("contributor", "GET", feeds, nil).want(200)); len(list.Feeds) != 1 || list.Feeds[0].ID != made.ID {
		t.Errorf("a contributor sees %+v", list)
	}
	if list := read[Feeds](w.call("editor", "GET", feeds, nil).want(200)); len(list.Feeds) != 2 {
		t.Errorf("an editor sees %+v", list)
	}
	one := feeds + "/" + made.ID
	for method, body := range map[string]any{"GET": nil, "PUT": sound + `}`, "DELETE": nil} {
		w.call("foreigner", method, one, body).want(404)
	}
	w.call("machine", "PUT", one, sound+`,"paused":true,"name":"Rooms"}`).want(200, `"paused":true`, `"name":"Rooms"`)
	w.call("contributor", "POST", one+"/pull", nil).want(202, `"every":60`)
	w.call("contributor", "DELETE", one, nil).want(204)
	w.call("contributor", "GET", one, nil).want(404)
}

func TestWebhooks(t *testing.T) {
	const hooks = "/v1/regions/alps/webhooks"
	w := newWorld(t)
	w.beside()
	const sound = `{"url":"https://hooks.example/in?token=geheim","types":["change.*"]`
	made := read[MadeWebhook](w.call("contributor", "POST", hooks, sound+`}`).want(201, `"organisation":"inn"`, `"secret":"whsec_`))
	w.call("contributor", "POST", hooks, sound+`,"organisation":"museum"}`).want(403)
	w.call("contributor", "POST", hooks, `{"url":"https://127.0.0.1/"}`).want(422, `"field":"url"`)
	w.call("contributor", "POST", hooks, `{"url":"https://hooks.example/","types":["*","Feature"]}`).want(422, `"field":"types[1]"`)
	w.call("manager", "POST", hooks, sound+`,"organisation":"absent"}`).want(422, `"field":"organisation"`)
	regions := read[MadeWebhook](w.call("manager", "POST", hooks, `{"url":"https://hooks.example/all"}`).want(201))
	if regions.Organisation != "" {
		t.Errorf("%+v", regions)
	}
	one := hooks + "/" + made.ID
	w.call("foreigner", "GET", one, nil).want(404)
	w.call("contributor", "GET", hooks+"/"+regions.ID, nil).want(404)
	for _, path := range []string{one, hooks} {
		if a := w.call("contributor", "GET", path, nil).want(200, made.ID); strings.Contains(string(a.body), "whsec_") || strings.Contains(string(a.body), regions.ID) {
			t.Errorf("%s", a.body)
		}
	}
	next := read[MadeWebhook](w.call("contributor", "POST", one+"/secret", nil).want(200))
	if next.Secret == made.Secret || next.ID != made.ID {
		t.Error("the secret stays")
	}
	w.call("contributor", "PUT", one, sound+`,"disabled":true}`).want(200, `"disabled":true`, `"reason":`)
	w.call("contributor", "PUT", one, `{"url":"https://localhost/"}`).want(200, `"url":"https://localhost/"`)
	w.call("contributor", "POST", one+"/test", nil).want(200, outbound.ErrPrivate.Error(), `"test":true`)
	w.call("contributor", "GET", one+"/deliveries", nil).want(200, `"number":1`)
	w.call("contributor", "DELETE", one, nil).want(204)
	w.call("contributor", "GET", one, nil).want(404)
	if strings.Contains(w.log.String(), "geheim") || strings.Contains(w.log.String(), made.Secret) {
		t.Error("secrets are in the log")
	}
}
