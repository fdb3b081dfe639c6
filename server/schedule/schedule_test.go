package schedule_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/schedule"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/signed"
)

const region, org = "alps", "inn"

// site is a server with a region and an organisation, and a clock.
type site struct {
	*testing.T
	dir  string
	feed *httptest.Server

	host     *host.Host
	accounts *auth.Accounts
	jobs     *jobs.Jobs
	s        *schedule.Schedule
	end      func()

	mu      sync.Mutex
	clock   time.Time
	waiting []waiter
	serve   http.HandlerFunc
	asked   []*http.Request
}

type waiter struct {
	until time.Time
	ch    chan time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := &site{T: t, dir: t.TempDir(), clock: time.Now().UTC().Truncate(time.Second)}
	w.feed = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, r)
		serve := w.serve
		w.mu.Unlock()
		serve(rw, r)
	}))
	t.Cleanup(w.feed.Close)
	w.open()
	t.Cleanup(func() { w.shut() })
	ctx := t.Context()
	_, err := w.host.Catalog.CreateRegion(ctx, catalog.Region{ID: region, Languages: []string{"de"}})
	w.must(err)
	r, err := w.host.Catalog.NextRoot(ctx)
	w.must(err)
	secret, public, err := signed.GenerateKey(rand.Reader, "root")
	w.must(err)
	r.Keys, r.Threshold = []string{public}, 1
	text, err := r.Text()
	w.must(err)
	note, err := signed.Sign(text, secret)
	w.must(err)
	w.must(w.host.AddRoot(ctx, note))
	_, err = w.accounts.CreateOrganisation(ctx, auth.Organisation{ID: org, Name: "The inn", Home: region})
	w.must(err)
	_, err = w.accounts.SetPlace(ctx, org, auth.Place{Region: region, Trusted: true})
	w.must(err)
	return w
}

func (w *site) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *site) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// wake implements the clock.
func (w *site) wake(t time.Time) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := make(chan time.Time, 1)
	if !t.After(w.clock) {
		ch <- w.clock
	} else {
		w.waiting = append(w.waiting, waiter{t, ch})
	}
	return ch
}

// turn turns the clock.
func (w *site) turn(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
	w.waiting = slices.DeleteFunc(w.waiting, func(one waiter) bool {
		due := !one.until.After(w.clock)
		if due {
			one.ch <- w.clock
		}
		return due
	})
}

// open starts the server.
func (w *site) open() {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	var err error
	w.host, err = host.Open(ctx, w.dir, log)
	w.must(err)
	w.accounts, err = w.host.Accounts(ctx, auth.Config{URL: "https://maps.example", Mail: auth.Console{W: io.Discard}, Argon: auth.Argon{Time: 1, Memory: 8, Threads: 1}})
	w.must(err)
	w.jobs, err = w.host.Jobs(ctx, log)
	w.must(err)
	pool := x509.NewCertPool()
	pool.AddCert(w.feed.Certificate())
	client := outbound.New(outbound.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: pool})
	w.s = w.host.Schedule(host.Outside{Client: client, Accounts: w.accounts, Jobs: w.jobs, Log: log, Now: w.now, Until: w.wake})
	done := make(chan error, 1)
	go func() { done <- w.s.Run(ctx) }()
	w.end = func() {
		cancel()
		w.must(<-done)
	}
}

// shut stops the server.
func (w *site) shut() {
	if w.end == nil {
		return
	}
	w.end()
	w.end = nil
	w.accounts.Close()
	w.must(errors.Join(w.jobs.Close(), w.host.Close()))
}

// write makes the region's content another.
func (w *site) write(name string) {
	w.Helper()
	w.gives(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, places(name)) })
	order := jobs.Order{Region: region, Settings: jobs.Settings{Licence: "CC0-1.0", Category: "food.restaurant"}}
	order.Actor.ID, order.Actor.Organisation, order.Actor.Trusted = "user/a", org, true
	job, err := w.jobs.Import(w.Context(), order, "by-hand.geojson", jobs.Take{New: true, Changed: true}, strings.NewReader(places(name)))
	w.must(err)
	if job.State != jobs.Applied {
		w.Fatalf("import: %+v", job)
	}
}

// places is a file with one place.
func places(name string) string {
	return fmt.Sprintf(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"1","geometry":{"type":"Point","coordinates":[9.52,47.14]},"properties":{"name":%q}}]}`, name)
}

func (w *site) versions() []publish.Version {
	w.Helper()
	all, err := w.host.Versions(w.Context(), region)
	w.must(err)
	return all
}

// timer waits for a timer to be as wanted.
func (w *site) timer(id string, as func(schedule.Timer) bool) schedule.Timer {
	w.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		all, err := w.s.Timers(w.Context(), region)
		w.must(err)
		i := slices.IndexFunc(all, func(t schedule.Timer) bool { return t.ID == id })
		if i >= 0 && as(all[i]) {
			return all[i]
		}
		if time.Now().After(until) {
			w.Fatalf("the timers stay like this: %+v", all)
		}
	}
}

func ended(t schedule.Timer) bool { return !t.Ended.IsZero() }

func TestScheduledPublish(t *testing.T) {
	w := newSite(t)
	ctx := t.Context()
	at := w.now().Add(3 * time.Hour)
	first, err := w.s.Add(ctx, schedule.Timer{Region: region, At: at, Message: "for the season", By: "user/a", Author: "the editor"})
	w.must(err)
	late, err := w.s.Add(ctx, schedule.Timer{Region: region, At: at.Add(time.Hour), By: "user/a", Author: "the editor"})
	w.must(err)
	never, err := w.s.Add(ctx, schedule.Timer{Region: region, At: at, By: "user/a", Author: "the editor"})
	w.must(err)
	if _, err := w.s.Cancel(ctx, region, never.ID); err != nil {
		t.Fatal(err)
	}
	w.write("Krone")
	for range 179 {
		w.turn(time.Minute)
	}
	time.Sleep(20 * time.Millisecond)
	if n := len(w.versions()); n > 0 {
		t.Fatalf("%d versions before the time", n)
	}
	w.turn(time.Minute)
	done := w.timer(first.ID, ended)
	all := w.versions()
	if done.State != schedule.Done || done.Version != 1 || len(all) != 1 || all[0].Message != "for the season" || all[0].Author != "the editor" {
		t.Fatalf("%+v, %+v", done, all)
	}
	w.turn(time.Hour)
	if again := w.timer(late.ID, ended); !again.Unchanged || again.Version != 1 {
		t.Errorf("nothing to publish: %+v", again)
	}
	if none := w.timer(never.ID, ended); none.State != schedule.Cancelled {
		t.Errorf("%+v", none)
	}
	if _, err := w.s.Cancel(ctx, region, first.ID); !errors.Is(err, schedule.ErrState) {
		t.Errorf("cancelled after it ran: %v", err)
	}
	if n := len(w.versions()); n != 1 {
		t.Errorf("%d versions", n)
	}
	lines, err := events.New(w.host.Catalog).After(ctx, region, 0)
	w.must(err)
	i := slices.IndexFunc(lines, func(e events.Event) bool { return e.Type == "version.published" })
	if i < 0 || lines[i].By != "user/a" || lines[i].Version != 1 {
		t.Errorf("%+v", lines)
	}
}

// TestPublishWhileNoServerRan: it is made at the next start, once, of the state
// then.
func TestPublishWhileNoServerRan(t *testing.T) {
	w := newSite(t)
	timer, err := w.s.Add(t.Context(), schedule.Timer{Region: region, At: w.now().Add(time.Hour), By: "user/a", Author: "the editor"})
	w.must(err)
	w.write("Krone")
	w.shut()
	w.turn(10 * time.Hour)
	w.open()
	if done := w.timer(timer.ID, ended); done.State != schedule.Done || done.Version != 1 {
		t.Errorf("%+v", done)
	}
	w.shut()
	w.open()
	w.turn(time.Hour)
	time.Sleep(20 * time.Millisecond)
	if n := len(w.versions()); n != 1 {
		t.Errorf("%d versions", n)
	}
}

// TestCrashWhilePublishing: what a crash cut off is made good, and not made
// twice.
func TestCrashWhilePublishing(t *testing.T) {
	for _, published := range []bool{true, false} {
		w := newSite(t)
		ctx := t.Context()
		timer, err := w.s.Add(ctx, schedule.Timer{Region: region, At: w.now().Add(time.Hour), Message: "x", By: "user/a", Author: "the editor"})
		w.must(err)
		w.write("Krone")
		w.end() // only the schedule stops
		w.s.Start(ctx, region, timer.ID)
		if published {
			_, err := w.host.PublishNow(ctx, region, publish.Note{Message: "x", Author: "the editor"})
			w.must(err)
		}
		w.end = func() {}
		w.write("Goldene Krone") // meanwhile
		w.shut()
		w.open()
		w.turn(2 * time.Hour)
		if done := w.timer(timer.ID, ended); done.State != schedule.Done || done.Version != 1 {
			t.Errorf("%+v", done)
		}
		if n := len(w.versions()); n != 1 {
			t.Errorf("%d versions", n)
		}
		w.shut()
	}
}

// TestStaleLook: a timer that ended since it was looked at is not run again.
func TestStaleLook(t *testing.T) {
	w := newSite(t)
	timer, err := w.s.Add(t.Context(), schedule.Timer{Region: region, At: w.now(), By: "user/a", Author: "the editor"})
	w.must(err)
	ran := w.timer(timer.ID, ended)
	w.write("Krone")
	for _, seen := range []schedule.State{schedule.Waiting, schedule.Running} {
		stale := timer
		stale.State = seen
		w.must(w.s.Fire(t.Context(), stale))
	}
	if now := w.timer(timer.ID, ended); now.State != ran.State || len(w.versions()) != 0 {
		t.Errorf("it ran again: %+v", now)
	}
}

func TestFailingPublish(t *testing.T) {
	w := newSite(t)
	timer, err := w.s.Add(t.Context(), schedule.Timer{Region: region, At: w.now(), By: "user/a", Author: "the editor"})
	w.must(err)
	if failed := w.timer(timer.ID, ended); failed.State != schedule.Failed || failed.Problem != publish.ErrEmpty.Error() {
		t.Errorf("an empty region: %+v", failed)
	}
	w.write("Krone")
	share, err := w.s.Add(t.Context(), schedule.Timer{Region: region, At: w.now(), Share: 10, By: "user/a", Author: "the editor"})
	w.must(err)
	if failed := w.timer(share.ID, ended); failed.Problem != publish.ErrFirst.Error() {
		t.Errorf("the first version to a share: %+v", failed)
	}
	for field, timer := range map[string]schedule.Timer{
		"at":      {At: w.now().Add(-time.Hour)},
		"share":   {At: w.now(), Share: 101},
		"message": {At: w.now(), Message: strings.Repeat("x", 501)},
	} {
		timer.Region = region
		_, err := w.s.Add(t.Context(), timer)
		if wrong := (*schedule.InvalidError)(nil); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	far := schedule.Timer{Region: region, At: w.now().Add(time.Hour), By: "user/a"}
	for range 20 {
		_, err := w.s.Add(t.Context(), far)
		w.must(err)
	}
	if _, err := w.s.Add(t.Context(), far); !errors.Is(err, schedule.ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
}
