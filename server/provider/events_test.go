package provider

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/events"
)

// told is one server-sent event.
type told struct {
	kind, id string
	event    events.Event
}

// follow opens a stream of events and returns what comes.
func (w *world) follow(server *httptest.Server, actor, query, last string) (next func() told, stop func()) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/regions/"+ownRegion+"/events"+query, nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+w.bearer[actor])
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := server.Client().Do(r)
	w.must(err)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		w.Fatalf("%s: %d %v", actor, res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	return func() (e told) {
			w.Helper()
			for lines.Scan() {
				name, value, _ := strings.Cut(lines.Text(), ": ")
				switch name {
				case "event":
					e.kind = value
				case "id":
					e.id = value
				case "data":
					w.must(json.Unmarshal([]byte(value), &e.event))
				case "":
					if e.kind != "" || value != "" {
						return e
					}
				}
			}
			return told{kind: "end"}
		}, func() {
			cancel()
			res.Body.Close()
		}
}

func (w *world) note(org, action, words string) {
	w.Helper()
	w.must(events.New(w.catalog).Note(w.Context(), ownRegion, catalog.Stamp{At: w.now(), Organisation: org}, action, words))
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.api.streamLife, w.api.heartbeat = time.Minute, 10*time.Millisecond
	server := httptest.NewServer(w.api)
	defer server.Close()
	real := func(next func() told) told { // without heartbeats
		for {
			if e := next(); e.kind != "" {
				return e
			}
		}
	}
	w.note(ownOrg, "change proposed", "before anybody looks")
	editor, stop := w.follow(server, "editor", "", "")
	defer stop()
	contributor, stop := w.follow(server, "contributor", "?after=0", "")
	defer stop()
	if e := real(contributor); e.kind != "change.proposed" || e.id != "1" || e.event.Note != "before anybody looks" || e.event.ID != ownRegion+"/1" {
		t.Errorf("from the beginning: %+v", e)
	}
	w.note(foreignOrg, "change proposed", "not for the inn")
	w.note(ownOrg, "change returned", "two lines\nof words")
	if e := real(editor); e.id != "2" || e.event.Organisation != foreignOrg {
		t.Errorf("an editor sees all: %+v", e)
	}
	if e := real(editor); e.id != "3" || e.event.Note != "two lines\nof words" {
		t.Errorf("%+v", e)
	}
	if e := real(contributor); e.id != "3" || e.kind != "change.returned" {
		t.Errorf("a contributor sees their own: %+v", e)
	}
	resumed, stop := w.follow(server, "editor", "?after=0", "2")
	defer stop()
	if e := real(resumed); e.id != "3" {
		t.Errorf("after a break: %+v", e)
	}
	if e := resumed(); e.kind != "" {
		t.Errorf("want a heartbeat, got %+v", e)
	}
	// Who loses the role is cut off.
	w.must(w.accounts.Revoke(t.Context(), w.users["contributor"].ID, auth.Grant{Role: auth.Contributor, Of: ownOrg}))
	for e := contributor(); e.kind != "end"; e = contributor() {
		if e.kind != "" {
			t.Errorf("after the role was lost: %+v", e)
		}
	}
	w.api.EndStreams()
	if e := real(editor); e.kind != "end" {
		t.Errorf("after the server stopped: %+v", e)
	}
}

// TestEventsOfLongAgo: who is too far behind is told so.
func TestEventsOfLongAgo(t *testing.T) {
	w := newWorld(t)
	w.api.streamLife = time.Minute
	server := httptest.NewServer(w.api)
	defer server.Close()
	const many = events.Kept + 50
	for n := 0; n < many; {
		w.must(w.catalog.Edit(t.Context(), ownRegion, catalog.Stamp{}, 0, func(j *catalog.Journal) error {
			for range 1000 {
				if err := j.Note("feed failed", ""); err != nil {
					return err
				}
			}
			return nil
		}))
		n += 1000
	}
	next, stop := w.follow(server, "editor", "?after=0", "")
	defer stop()
	reset := next()
	if reset.kind != "reset" {
		t.Fatalf("%+v", reset)
	}
	if e := next(); fmt.Sprint(e.event.Number-1) != reset.id {
		t.Errorf("it goes on with %d after %s", e.event.Number, reset.id)
	}
}

// TestEventsToCome: who knows of events that have not happened, as after a return
// to a copy of the store, is told so with the next one that does.
func TestEventsToCome(t *testing.T) {
	w := newWorld(t)
	w.api.streamLife = time.Minute
	server := httptest.NewServer(w.api)
	defer server.Close()
	next, stop := w.follow(server, "editor", "?after=999999999999999999", "")
	defer stop()
	w.must(w.catalog.Edit(t.Context(), ownRegion, catalog.Stamp{}, 0, func(j *catalog.Journal) error { return j.Note("feed failed", "") }))
	reset, e := next(), next()
	if reset.kind != "reset" || e.kind != "feed.failed" || fmt.Sprint(e.event.Number-1) != reset.id {
		t.Errorf("%+v, then %+v", reset, e)
	}
}

func TestEventStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.api.streamLife = time.Minute
	server := httptest.NewServer(w.api)
	defer server.Close()
	defer w.api.EndStreams()
	for range maxOwnStreams {
		_, stop := w.follow(server, "editor", "", "")
		defer stop()
	}
	w.call("editor", "GET", "/v1/regions/"+ownRegion+"/events", nil).want(409, "Too many streams")
	_, stop := w.follow(server, "manager", "", "")
	stop()
	for until := time.Now().Add(time.Minute); ; { // the place is free again
		w.api.streams.mu.Lock()
		total := w.api.streams.total
		w.api.streams.mu.Unlock()
		if total == maxOwnStreams {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("%d streams stay open", total)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestEventsOfAChange follows a change through its review, as its author and as
// somebody else who works in the region.
func TestEventsOfAChange(t *testing.T) {
	const changes = "/v1/regions/alps/changes"
	w := newWorld(t)
	w.api.streamLife = time.Minute
	w.beside()
	w.root()
	server := httptest.NewServer(w.api)
	defer server.Close()
	author, stop := w.follow(server, "contributor", "?after=0", "")
	defer stop()
	other, stop := w.follow(server, "foreigner", "?after=0", "")
	defer stop()
	w.call("contributor", "POST", changes, `{"title":"Winter","writes":[{"id":"inn/1","feature":`+inn("Krone")+`}]}`).want(201)
	w.call("contributor", "POST", changes+"/1/propose", `{}`).want(200)
	w.call("editor", "POST", changes+"/1/return", `{"note":"Say when it is closed."}`).want(200)
	w.call("contributor", "POST", changes+"/1/propose", `{}`).want(200)
	w.call("editor", "POST", changes+"/1/accept", `{}`).want(200)
	w.call("editor", "POST", "/v1/regions/alps/versions", `{"message":"Winter"}`).want(201)
	for _, want := range []string{"change.draft", "change.proposed", "change.returned", "change.proposed", "change.applying", "feature.created", "change.accepted", "version.published"} {
		e := author()
		if e.kind != want || e.event.Version == 0 && (e.event.Change != 1 || e.event.Organisation != ownOrg) {
			t.Fatalf("%+v, want %s", e, want)
		}
		if want == "change.returned" && e.event.By != "user/"+w.users["editor"].ID {
			t.Errorf("it was sent back by %s", e.event.By)
		}
	}
	if e := other(); e.kind != "version.published" || e.event.Note != "Winter" {
		t.Errorf("somebody else learns of %+v", e)
	}
}
