package pull_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/powertest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// stall is what counts as one here.
const stall = 40 * time.Millisecond

// network leads to a world's site, without sockets and without waiting between
// tries. It lets spoil change each answer.
type network struct {
	site  http.Handler
	spoil func(r *http.Request, answer *http.Response) (*http.Response, error) // nil: nothing
	asked func(r *http.Request)                                                // nil: nothing

	mu       sync.Mutex
	requests int
	waited   time.Duration
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests++
	if n.asked != nil {
		n.asked(r)
	}
	rec := httptest.NewRecorder()
	n.site.ServeHTTP(rec, r)
	answer := rec.Result()
	answer.Request = r
	answer.ContentLength = int64(rec.Body.Len())
	if n.spoil == nil {
		return answer, nil
	}
	return n.spoil(r, answer)
}

func (n *network) pull(w *world, d *sitetest.Device, stage string) (pull.Result, error) {
	return n.pullAt(w, d, stage, time.Now)
}

func (n *network) pullAt(w *world, d *sitetest.Device, stage string, now func() time.Time) (pull.Result, error) {
	c := pull.NewClient("http://maps.example.org").Hurried(n, stall, func(d time.Duration) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.waited += d
	})
	defer c.Close()
	return c.Pull(context.Background(), "test", d, pull.Options{Stage: stage, Now: now})
}

// smallWorld has two cells, so that its objects are short.
func smallWorld(t *testing.T) *world {
	w := &world{
		t: t, objects: sitetest.NewObjects(), ledger: sitetest.NewLedger(t, "test"),
		rand: rand.New(rand.NewPCG(1, 2)), cells: make(map[cell.Key][]byte),
	}
	w.publisher = &publish.Publisher{Objects: w.objects, Ledger: w.ledger}
	for i := range uint32(2) {
		w.cells[cell.Key{Layer: cell.Features, ID: cell.New(11, i, 7)}] = w.random(300)
	}
	w.publish()
	w.edit()
	w.publish()
	return w
}

// object is a kind of object.
type object struct {
	part    string // of its path
	update  bool   // the device holds version 1 before it is asked for
	resumes bool   // a download goes on where it stopped
}

var (
	fresh   = []object{{"/roots/", false, false}, {"/head", false, false}, {"/manifests/", false, true}, {"/blobs/", false, true}}
	updates = []object{{"/update/", true, false}, {"/head", true, false}, {"/deltas/", true, true}}
	objects = slices.Concat(fresh, updates)
)

// attack pulls from a network of which the answers for one kind of object are
// spoilt. Whatever happens, the device holds what it held, or the new version;
// the latter if the pull succeeds. Then the network is fine again, and so is the
// next pull.
func (w *world) attack(name string, o object, spoil func(r *http.Request, answer *http.Response) (*http.Response, error)) error {
	w.t.Helper()
	n := &network{site: w.objects}
	if o.part == "/update/" {
		if w.dynamic == nil {
			w.dynamic = w.handler(true) // one for all, as coding an update takes long
		}
		n.site = w.dynamic
	}
	d := new(sitetest.Device)
	if o.update {
		w.installOld(d)
	}
	before := d.Cells()
	stage := filepath.Join(w.t.TempDir(), "stage")
	n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
		if !strings.Contains(r.URL.Path, o.part) {
			return answer, nil
		}
		return spoil(r, answer)
	}
	r, err := n.pull(w, d, stage)
	if err == nil && !r.Unchanged {
		w.check(d, len(w.versions))
	} else if !maps.EqualFunc(before, d.Cells(), bytes.Equal) {
		w.t.Errorf("%s, %s: the pull says %v, but the device changed", name, o.part, err)
	}
	n.spoil = nil
	if _, err := n.pull(w, d, stage); err != nil {
		w.t.Errorf("%s, %s: afterwards: %v", name, o.part, err)
	}
	w.check(d, len(w.versions))
	return err
}

// body replaces an answer's body.
func body(answer *http.Response, b io.Reader, length int64) *http.Response {
	answer.Body, answer.ContentLength = io.NopCloser(b), length
	answer.Header.Set("Content-Length", strconv.FormatInt(length, 10))
	return answer
}

func readAll(answer *http.Response) []byte {
	data, _ := io.ReadAll(answer.Body)
	return data
}

// broken is what a connection that was reset gives.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }

// TestTruncated cuts each kind of object at every byte (unless asked for all, at
// some): the connection breaks once, or each time; or the server says that this
// is all.
func TestTruncated(t *testing.T) {
	w := smallWorld(t)
	step := func() int {
		if powertest.All() {
			return 1
		}
		return 1 + rand.IntN(80)
	}
	trials := 0
	for _, o := range objects {
		length := 0
		for at := 0; at <= length && !t.Failed(); at += step() {
			answers := 0
			reset := func(_ *http.Request, answer *http.Response) (*http.Response, error) {
				data := readAll(answer)
				answers, length = answers+1, max(length, len(data)-1)
				return body(answer, io.MultiReader(bytes.NewReader(data[:min(at, len(data))]), broken{}), int64(len(data))), nil
			}
			if err := w.attack(fmt.Sprintf("broken once at byte %d", at), o, func(r *http.Request, answer *http.Response) (*http.Response, error) {
				if answers > 0 {
					return answer, nil
				}
				return reset(r, answer)
			}); err != nil {
				t.Errorf("%s broken once at byte %d: %v", o.part, at, err)
			}
			w.attack(fmt.Sprintf("broken at byte %d", at), o, reset)
			err := w.attack(fmt.Sprintf("%d bytes only", at), o, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
				data := readAll(answer)
				data = data[:min(at, len(data))]
				return body(answer, bytes.NewReader(data), int64(len(data))), nil
			})
			if err == nil && at < length && (at == 0 || !o.resumes) && o.part != "/update/" {
				t.Errorf("%s with %d of %d bytes was taken", o.part, at, length)
			}
			trials += 3
		}
		if length == 0 {
			t.Errorf("%s was not asked for", o.part)
		}
	}
	t.Logf("%d trials", trials)
}

// TestSpoilt spoils each kind of object in each way.
func TestSpoilt(t *testing.T) {
	w := smallWorld(t)
	page := []byte("<!DOCTYPE html><html><title>Welcome to our hotel</title>Please log in</html>")
	html := func(answer *http.Response) *http.Response {
		answer.StatusCode, answer.Status = http.StatusOK, "200 OK"
		answer.Header.Set("Content-Type", "text/html; charset=utf-8")
		return body(answer, bytes.NewReader(page), int64(len(page)))
	}
	status := func(answer *http.Response, code int) *http.Response {
		answer.StatusCode, answer.Status = code, fmt.Sprint(code, " ", http.StatusText(code))
		return body(answer, strings.NewReader("sorry"), 5)
	}
	for _, test := range []struct {
		name  string
		want  error // nil: any
		spoil func(r *http.Request, answer *http.Response) (*http.Response, error)
	}{
		{"a portal's page", pull.ErrPortal, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return html(answer), nil
		}},
		{"a redirect to a portal", pull.ErrPortal, func(r *http.Request, answer *http.Response) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/login") {
				return html(answer), nil
			}
			answer.Header.Set("Location", r.URL.Path+"/login")
			return status(answer, http.StatusFound), nil
		}},
		{"a portal's page that says it is data", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return body(answer, bytes.NewReader(page), int64(len(page))), nil
		}},
		{"a redirect in circles", nil, func(r *http.Request, answer *http.Response) (*http.Response, error) {
			answer.Header.Set("Location", r.URL.Path)
			return status(answer, http.StatusFound), nil
		}},
		{"reset at once", syscall.ECONNRESET, func(*http.Request, *http.Response) (*http.Response, error) {
			return nil, syscall.ECONNRESET
		}},
		{"server error", pull.ErrServer, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return status(answer, http.StatusBadGateway), nil
		}},
		{"asked to wait too long", pull.ErrServer, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			answer.Header.Set("Retry-After", "86400")
			return status(answer, http.StatusServiceUnavailable), nil
		}},
		{"forbidden", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return status(answer, http.StatusForbidden), nil
		}},
		{"range not satisfiable", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return status(answer, http.StatusRequestedRangeNotSatisfiable), nil
		}},
		{"nothing new", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return body(status(answer, http.StatusNotModified), strings.NewReader(""), 0), nil
		}},
		{"no content", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return body(answer, strings.NewReader(""), 0), nil
		}},
		{"stalls at once", pull.ErrStalled, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			answer.Body = newSlow(nil, 0)
			return answer, nil
		}},
		{"stalls half-way", pull.ErrStalled, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			data := readAll(answer)
			answer.Body = newSlow(data[:len(data)/2], 0)
			return answer, nil
		}},
		{"endless", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return body(answer, io.LimitReader(rand.NewChaCha8([32]byte{}), 1<<40), -1), nil
		}},
		{"a tebibyte", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			return body(answer, io.LimitReader(rand.NewChaCha8([32]byte{}), 1<<40), 1<<40), nil
		}},
		{"one byte more", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			data := append(readAll(answer), 'x')
			return body(answer, bytes.NewReader(data), int64(len(data))), nil
		}},
		{"other content", nil, func(_ *http.Request, answer *http.Response) (*http.Response, error) {
			data := readAll(answer)
			slices.Reverse(data)
			return body(answer, bytes.NewReader(data), int64(len(data))), nil
		}},
	} {
		for _, o := range objects {
			t.Run(test.name+strings.ReplaceAll(o.part, "/", " ")+map[bool]string{true: " of an update"}[o.update], func(t *testing.T) {
				w.t = t
				start := time.Now()
				err := w.attack(test.name, o, test.spoil)
				if took := time.Since(start); took > 30*time.Second {
					t.Errorf("gave up after %s", took)
				}
				switch {
				case o.part == "/update/", o.part == "/deltas/": // there may be another way
				case test.name == "nothing new" && o.update: // just what an old server says
				case err == nil:
					t.Error("it was taken")
				case test.want != nil && !errors.Is(err, test.want):
					t.Errorf("error %v, want %v", err, test.want)
				}
			})
		}
	}
}

// slow is a body that gives a byte each so often, and then nothing.
type slow struct {
	data   []byte
	every  time.Duration
	closed chan struct{}
	once   sync.Once
}

func newSlow(data []byte, every time.Duration) *slow {
	return &slow{data: data, every: every, closed: make(chan struct{})}
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		<-s.closed
		return 0, io.ErrClosedPipe
	}
	select {
	case <-time.After(s.every):
	case <-s.closed:
		return 0, io.ErrClosedPipe
	}
	n := copy(p[:1], s.data)
	s.data = s.data[n:]
	return n, nil
}

func (s *slow) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// TestOneByteASecond pulls over a line that is too slow to be of use. The pull
// gives up in the end, and goes on where it was.
func TestOneByteASecond(t *testing.T) {
	w := newWorld(t)
	n := &network{site: w.handler(false)}
	n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			answer.Body = newSlow(readAll(answer), time.Millisecond)
		}
		return answer, nil
	}
	d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
	start := time.Now()
	if _, err := n.pull(w, d, stage); !errors.Is(err, pull.ErrStalled) {
		t.Errorf("error %v, want ErrStalled", err)
	}
	if took := time.Since(start); took < pull.Tries*stall || took > 30*time.Second {
		t.Errorf("gave up after %s", took)
	}
	n.spoil = nil
	resumed := 0
	n.asked = func(r *http.Request) {
		if r.Header.Get("Range") != "" {
			resumed++
		}
	}
	if _, err := n.pull(w, d, stage); err != nil {
		t.Fatal(err)
	}
	w.check(d, 1)
	if resumed == 0 {
		t.Error("nothing was resumed")
	}
}

// TestStorm lets the server fail more and more often before it answers.
func TestStorm(t *testing.T) {
	for failures := range pull.Tries + 1 {
		for _, after := range []string{"", "20", "date"} {
			t.Run("", func(t *testing.T) {
				w := smallWorld(t)
				failed := make(map[string]int)
				n := &network{site: w.handler(false)}
				n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
					if failed[r.URL.Path]++; failed[r.URL.Path] > failures {
						return answer, nil
					}
					answer.StatusCode, answer.Status = http.StatusServiceUnavailable, "503 Service Unavailable"
					switch after {
					case "":
					case "date":
						answer.Header.Set("Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
					default:
						answer.Header.Set("Retry-After", after)
					}
					return answer, nil
				}
				d := new(sitetest.Device)
				_, err := n.pull(w, d, filepath.Join(t.TempDir(), "stage"))
				if failures >= pull.Tries {
					if !errors.Is(err, pull.ErrServer) || failed["/v1/roots/1"] != pull.Tries {
						t.Errorf("%d failures: %v after %d requests", failures, err, n.requests)
					}
					return
				}
				if err != nil {
					t.Fatalf("%d failures: %v", failures, err)
				}
				w.check(d, 2)
				if after != "" && n.waited < time.Duration(failures)*4*19*time.Second {
					t.Errorf("%d failures, told to wait for 20 s each: waited %s", failures, n.waited)
				}
			})
		}
	}
}

// TestResets breaks connections at random, again and again.
func TestResets(t *testing.T) {
	w := newWorld(t)
	n := &network{site: w.handler(false)}
	n.spoil = func(_ *http.Request, answer *http.Response) (*http.Response, error) {
		switch data := readAll(answer); w.rand.IntN(3) {
		case 0:
			return nil, syscall.ECONNRESET
		case 1:
			at := w.rand.IntN(len(data) + 1)
			return body(answer, io.MultiReader(bytes.NewReader(data[:at]), broken{}), int64(len(data))), nil
		default:
			return body(answer, bytes.NewReader(data), int64(len(data))), nil
		}
	}
	d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
	for version := 1; version <= 20; version++ {
		pulls := 1
		for ; pulls < 100; pulls++ {
			if _, err := n.pull(w, d, stage); err == nil {
				break
			}
		}
		w.check(d, version)
		w.edit()
		w.publish()
	}
	t.Logf("20 versions in %d requests", n.requests)
}

// TestRanges pulls what an earlier pull began from servers that know no ranges.
func TestRanges(t *testing.T) {
	for name, spoil := range map[string]func(*http.Request, *http.Response, []byte) *http.Response{
		"ignored": func(r *http.Request, answer *http.Response, whole []byte) *http.Response {
			answer.StatusCode = http.StatusOK
			return body(answer, bytes.NewReader(whole), int64(len(whole)))
		},
		"refused": func(_ *http.Request, answer *http.Response, _ []byte) *http.Response {
			answer.StatusCode, answer.Status = http.StatusRequestedRangeNotSatisfiable, "416 Range Not Satisfiable"
			return answer
		},
		"of another place": func(_ *http.Request, answer *http.Response, whole []byte) *http.Response {
			answer.Header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(whole)-1, len(whole)))
			return body(answer, bytes.NewReader(whole), int64(len(whole)))
		},
	} {
		for _, update := range []bool{false, true} {
			t.Run("", func(t *testing.T) {
				w := newWorld(t)
				w.edit()
				w.publish()
				n := &network{site: w.handler(false)}
				d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
				if update {
					w.installOld(d)
				}
				n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
					if strings.HasSuffix(r.Header.Get("Range"), "-") {
						return nil, syscall.ECONNRESET
					}
					data := readAll(answer)
					if strings.Contains(r.URL.Path, "/blobs/") || strings.Contains(r.URL.Path, "/deltas/") {
						return body(answer, io.MultiReader(bytes.NewReader(data[:min(100, len(data))]), broken{}), int64(len(data))), nil
					}
					return body(answer, bytes.NewReader(data), int64(len(data))), nil
				}
				n.pull(w, d, stage) // leaves beginnings
				ranges := 0
				n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
					if r.Header.Get("Range") == "" {
						return answer, nil
					}
					ranges++
					whole := r.Clone(r.Context())
					whole.Header.Del("Range")
					rec := httptest.NewRecorder()
					n.site.ServeHTTP(rec, whole)
					if rec.Code != http.StatusOK {
						return answer, nil
					}
					return spoil(r, answer, rec.Body.Bytes()), nil
				}
				if _, err := n.pull(w, d, stage); err != nil {
					t.Errorf("ranges %s, update %v: %v", name, update, err)
				}
				w.check(d, 2)
				if ranges == 0 {
					t.Errorf("ranges %s, update %v: none was asked for", name, update)
				}
			})
		}
	}
}

// TestChangingServer publishes the next version in the middle of a download, and
// takes the old one off the site or leaves it.
func TestChangingServer(t *testing.T) {
	for _, gone := range []bool{false, true} {
		for _, part := range []string{"/head", "/manifests/", "/blobs/", "/update/", "/deltas/"} {
			t.Run("", func(t *testing.T) {
				w := newWorld(t)
				w.edit()
				w.publish()
				n := &network{site: w.handler(part == "/update/")}
				d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
				if part == "/update/" || part == "/deltas/" {
					w.installOld(d)
				}
				n.spoil = func(r *http.Request, answer *http.Response) (*http.Response, error) {
					if !strings.Contains(r.URL.Path, part) || len(w.versions) > 2 {
						return answer, nil
					}
					old := w.objects.Names()
					w.edit()
					w.publish()
					for _, name := range old {
						if gone && (strings.Contains(name, "/manifests/") || strings.Contains(name, "/deltas/")) {
							w.objects.Delete(name)
						}
					}
					return answer, nil
				}
				if _, err := n.pull(w, d, stage); err != nil && !gone {
					t.Errorf("%s: %v", part, err)
				}
				if gone { // put back what the newest version needs
					w.edit()
					w.publish()
				}
				if _, err := n.pull(w, d, stage); err != nil {
					t.Errorf("%s, old objects gone: %v: next pull: %v", part, gone, err)
				}
				w.check(d, len(w.versions))
			})
		}
	}
}

// TestWrongClock pulls and updates with a clock that is ten years off.
func TestWrongClock(t *testing.T) {
	for _, years := range []int{-10, 0, 10} {
		w := smallWorld(t)
		n := &network{site: w.handler(true)}
		d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
		now := func() time.Time { return time.Now().AddDate(years, 0, 0) }
		for range 3 {
			r, err := n.pullAt(w, d, stage, now)
			if err != nil || r.Stale != (years > 0) {
				t.Errorf("%d years off: stale %v, %v", years, r.Stale, err)
			}
			w.check(d, len(w.versions))
			w.edit()
			w.publish()
		}
	}
}
