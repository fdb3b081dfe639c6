package schedule_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/schedule"
)

func (w *site) gives(serve http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serve = serve
}

// requests returns what the feed's server was asked.
func (w *site) requests() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*http.Request(nil), w.asked...)
}

// until waits for a feed to be as wanted.
func (w *site) until(id string, as func(schedule.Feed) bool) schedule.Feed {
	w.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		f, err := w.s.Feed(w.Context(), region, id)
		w.must(err)
		if as(f) {
			return f
		}
		if time.Now().After(until) {
			w.Fatalf("the feed stays like this: %+v, %+v", f, f.Last)
		}
	}
}

// next turns the clock to the feed's next time, and waits for what comes of it.
func (w *site) next(f schedule.Feed) schedule.Feed {
	w.Helper()
	for w.now().Before(f.Next) {
		w.turn(min(time.Minute, f.Next.Sub(w.now())))
	}
	return w.until(f.ID, func(now schedule.Feed) bool {
		return now.Last != nil && (f.Last == nil || now.Last.At.After(f.Last.At))
	})
}

func (w *site) names() (names []string) {
	w.Helper()
	page, err := w.host.Desk.List(w.Context(), region, editing.Filter{Source: org}, "", 10)
	w.must(err)
	for _, e := range page.Entries {
		_, after, _ := strings.Cut(string(e.Raw), `"names":{`)
		name, _, _ := strings.Cut(after, "}")
		names = append(names, name)
	}
	return names
}

func TestFeed(t *testing.T) {
	w := newSite(t)
	ctx := t.Context()
	tagged := func(tag, body string) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("ETag", tag)
			rw.Header().Set("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT")
			if r.Header.Get("If-None-Match") == tag {
				rw.WriteHeader(http.StatusNotModified)
				return
			}
			io.WriteString(rw, body)
		}
	}
	w.gives(tagged(`"a"`, places("Krone")))
	f, err := w.s.AddFeed(ctx, schedule.Feed{
		Region: region, Organisation: org, Source: org, URL: w.feed.URL + "/places.geojson?key=geheim", Every: 60, Whole: true,
		Settings: jobs.Settings{Licence: "CC0-1.0", Category: "food.restaurant"}, By: "user/a",
	})
	w.must(err)
	f = w.next(f)
	if f.Last.Outcome != schedule.Brought || f.ETag != `"a"` || f.Last.Import == 0 || f.Last.Bytes == 0 || len(w.names()) != 1 || !strings.Contains(w.names()[0], "Krone") {
		t.Fatalf("%+v %+v %q", f, f.Last, w.names())
	}
	if wait := f.Next.Sub(f.Last.At); wait < time.Hour || wait > 63*time.Minute {
		t.Errorf("it is asked again after %v", wait)
	}
	f = w.next(f)
	if f.Last.Outcome != schedule.Same || f.ETag != `"a"` {
		t.Errorf("%+v %+v", f, f.Last)
	}
	if r := w.requests()[1]; r.Header.Get("If-Modified-Since") != "Sun, 22 Nov 2026 10:00:00 GMT" {
		t.Errorf("%v", r.Header)
	}
	w.shut()
	w.open()
	w.gives(tagged(`"b"`, places("Goldene Krone")))
	f = w.next(f)
	if f.Last.Outcome != schedule.Brought || f.ETag != `"b"` || len(w.names()) != 1 || !strings.Contains(w.names()[0], "Goldene") {
		t.Errorf("%+v %+v %q", f, f.Last, w.names())
	}
	w.gives(tagged(`"c"`, `{"type":"FeatureCollection","features":[]}`))
	if f = w.next(f); f.Last.Outcome != schedule.Brought && !strings.Contains(f.Last.Problem, "nothing") {
		t.Errorf("an empty file: %+v", f.Last)
	}
	if _, err := w.accounts.RemovePlace(ctx, org, region); err != nil {
		t.Fatal(err)
	}
	w.gives(tagged(`"d"`, places("Krone")))
	if f = w.next(f); f.Last.Outcome != schedule.Faulty || !strings.Contains(f.Last.Problem, "no longer") {
		t.Errorf("an organisation that left: %+v", f.Last)
	}
	if err := w.s.RemoveFeed(ctx, region, f.ID); err != nil {
		t.Error(err)
	}
	n := len(w.requests())
	w.turn(100 * time.Hour)
	time.Sleep(20 * time.Millisecond)
	if len(w.requests()) != n {
		t.Error("a feed that was removed is asked")
	}
}

// TestFailingFeed: it is asked again after growing pauses, and the journal tells
// of it once.
func TestFailingFeed(t *testing.T) {
	w := newSite(t)
	answers := []http.HandlerFunc{
		func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) },
		func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "<html>please log in</html>") },
		func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "1000")
			io.WriteString(rw, places("cut off")[:50])
		},
		func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://169.254.169.254/", http.StatusFound)
		},
		func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotModified) }, // to nothing that was asked
	}
	w.gives(answers[0])
	f, err := w.s.AddFeed(t.Context(), schedule.Feed{
		Region: region, Organisation: org, Source: org, Name: "rooms", URL: w.feed.URL, Every: 24 * 60,
		Settings: jobs.Settings{Licence: "CC0-1.0", Category: "food.restaurant"}, By: "user/a",
	})
	w.must(err)
	pause := schedule.Shortest
	for i := range 7 {
		w.gives(answers[i%len(answers)])
		f = w.next(f)
		if f.Last.Outcome != schedule.Faulty || f.Last.Problem == "" || f.Failures != i+1 || f.ETag != "" {
			t.Fatalf("failure %d: %+v %+v", i, f, f.Last)
		}
		if got := f.Next.Sub(f.Last.At); got < pause || got > pause+pause/10 {
			t.Errorf("after failure %d it waits %v, want %v", i+1, got, pause)
		}
		pause = min(2*pause, 24*time.Hour)
	}
	w.gives(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, places("Krone")) })
	if f = w.next(f); f.Last.Outcome != schedule.Brought || f.Failures != 0 {
		t.Errorf("%+v %+v", f, f.Last)
	}
	var told []string
	w.until(f.ID, func(schedule.Feed) bool {
		told = nil
		page, err := events.New(w.host.Catalog).After(t.Context(), region, 0)
		w.must(err)
		for _, e := range page {
			if strings.HasPrefix(string(e.Type), "feed.") {
				told = append(told, string(e.Type)+" "+e.Organisation+" "+e.Note)
			}
		}
		return len(told) >= 2
	})
	if len(told) != 2 || !strings.HasPrefix(told[0], "feed.failed inn rooms, 5 times: ") || told[1] != "feed.recovered inn rooms" {
		t.Errorf("the journal says %q", told)
	}
}

func TestInvalidFeeds(t *testing.T) {
	w := newSite(t)
	sound := schedule.Feed{Region: region, Organisation: org, Source: org, URL: w.feed.URL, Every: 15, Paused: true}
	for field, edit := range map[string]func(*schedule.Feed){
		"url":   func(f *schedule.Feed) { f.URL = "https://10.0.0.1/feed" },
		"every": func(f *schedule.Feed) { f.Every = 14 },
		"name":  func(f *schedule.Feed) { f.Name = strings.Repeat("x", 101) },
	} {
		f := sound
		edit(&f)
		_, err := w.s.AddFeed(t.Context(), f)
		if wrong := (*schedule.InvalidError)(nil); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	made, err := w.s.AddFeed(t.Context(), sound)
	w.must(err)
	if _, err := w.s.AddFeed(t.Context(), sound); !errors.Is(err, schedule.ErrInvalid) {
		t.Errorf("two feeds of a source: %v", err)
	}
	w.turn(time.Hour)
	time.Sleep(20 * time.Millisecond)
	if n := len(w.requests()); n > 0 {
		t.Errorf("a paused feed is asked %d times", n)
	}
	w.gives(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNotFound) })
	if _, err := w.s.PullNow(t.Context(), region, made.ID); err != nil {
		t.Fatal(err)
	}
	w.until(made.ID, func(f schedule.Feed) bool { return f.Last != nil })
	if _, err := w.s.Feed(t.Context(), region, "aaaaaaaaaaaaaaaa"); !errors.Is(err, schedule.ErrNotFound) {
		t.Errorf("an unknown feed: %v", err)
	}
}
