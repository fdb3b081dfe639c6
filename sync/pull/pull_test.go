package pull_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// world is a site with one region, a server and the region's content over time.
type world struct {
	t         *testing.T
	objects   *sitetest.Objects
	ledger    *sitetest.Ledger
	publisher *publish.Publisher
	rand      *rand.Rand
	cells     map[cell.Key][]byte
	versions  []map[cell.Key][]byte
	dynamic   http.Handler // of the site as it was when first asked for
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, objects: sitetest.NewObjects(), ledger: sitetest.NewLedger(t, "test"),
		rand: rand.New(rand.NewPCG(1, 2)), cells: make(map[cell.Key][]byte),
	}
	w.publisher = &publish.Publisher{Objects: w.objects, Ledger: w.ledger}
	for i := range uint32(5) {
		w.cells[cell.Key{Layer: cell.Tiles, ID: cell.New(11, i, 7)}] = w.random(20000)
		w.cells[cell.Key{Layer: cell.Features, ID: cell.New(11, i, 7)}] = w.random(3000)
	}
	w.publish()
	return w
}

func (w *world) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.rand.IntN(40))
	}
	return b
}

func (w *world) publish() publish.Result {
	w.t.Helper()
	r, err := w.publisher.Publish(context.Background(), w.ledger.Region, sitetest.Content(w.cells), publish.Note{Message: "m"})
	if err != nil {
		w.t.Fatal(err)
	}
	if !r.Unchanged {
		w.versions = append(w.versions, maps.Clone(w.cells))
	}
	return r
}

// edit changes a few bytes here and there, adds a cell and removes one.
func (w *world) edit() {
	for key, raw := range w.cells {
		if w.rand.IntN(3) == 0 {
			raw = bytes.Clone(raw)
			raw[w.rand.IntN(len(raw))] ^= 0x55
			w.cells[key] = append(raw, w.random(5)...)
		}
	}
	n := uint32(len(w.versions))
	w.cells[cell.Key{Layer: cell.Media, ID: cell.New(7, n+2, 3)}] = w.random(500)
	delete(w.cells, cell.Key{Layer: cell.Media, ID: cell.New(7, n, 3)})
}

func (w *world) serve(dynamic bool) *httptest.Server {
	server := httptest.NewServer(w.handler(dynamic))
	w.t.Cleanup(server.Close)
	return server
}

func (w *world) handler(dynamic bool) http.Handler {
	updates := publish.NewUpdates(w.objects)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if before, from, ok := strings.Cut(r.URL.Path, "/update/"); ok && dynamic {
			from, part := strings.CutSuffix(from, "/part")
			body, tag, err := updates.Update(r.Context(), filepath.Base(before), from, strings.Trim(r.Header.Get("If-None-Match"), `"`), part)
			if err != nil {
				http.NotFound(rw, r)
				return
			}
			rw.Header().Set("ETag", `"`+tag+`"`)
			if r.Header.Get("If-None-Match") == `"`+tag+`"` {
				rw.WriteHeader(http.StatusNotModified)
				return
			}
			rw.Header().Set("Content-Type", layout.UpdateType)
			http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(body))
			return
		}
		w.objects.ServeHTTP(rw, r)
	})
}

func (w *world) pull(server *httptest.Server, d *sitetest.Device) (pull.Result, error) {
	c := pull.NewClient(server.URL)
	defer c.Close()
	return c.Pull(context.Background(), "test", d, pull.Options{Stage: filepath.Join(w.t.TempDir(), "stage")})
}

func (w *world) check(d *sitetest.Device, version int) {
	w.t.Helper()
	if !maps.EqualFunc(d.Cells(), w.versions[version-1], bytes.Equal) {
		w.t.Errorf("the device does not hold version %d", version)
	}
}

func TestEveryWayGivesTheSameBytes(t *testing.T) {
	for _, dynamic := range []bool{false, true} {
		w := newWorld(t)
		server := w.serve(dynamic)
		var devices []*sitetest.Device
		for range 5 {
			d := new(sitetest.Device)
			if _, err := w.pull(server, d); err != nil {
				t.Fatal(err)
			}
			w.check(d, len(w.versions))
			devices = append(devices, d)
			w.edit()
			w.publish()
		}
		for i, d := range devices {
			r, err := w.pull(server, d)
			if err != nil {
				t.Fatalf("dynamic %v, from version %d: %v", dynamic, i+1, err)
			}
			w.check(d, len(w.versions))
			if full := w.ledgerBytes(); r.Received > full {
				t.Errorf("dynamic %v, from version %d: received %d, a full download is %d", dynamic, i+1, r.Received, full)
			}
			if dynamic && r.Requests != 1 {
				t.Errorf("from version %d: %d requests, want 1", i+1, r.Requests)
			}
			again, err := w.pull(server, d)
			if err != nil || !again.Unchanged {
				t.Errorf("second pull: unchanged %v, error %v", again.Unchanged, err)
			}
		}
	}
}

func (w *world) ledgerBytes() int64 {
	v, _ := w.ledger.Versions(context.Background(), "")
	return v[len(v)-1].Bytes
}

func TestRollbackAndUnchanged(t *testing.T) {
	w := newWorld(t)
	server := w.serve(true)
	d := new(sitetest.Device)
	if _, err := w.pull(server, d); err != nil {
		t.Fatal(err)
	}
	if r := w.publish(); !r.Unchanged || r.Version.Number != 1 {
		t.Errorf("publishing the same again: %+v", r)
	}
	w.edit()
	w.publish()
	r, err := w.publisher.Rollback(context.Background(), w.ledger.Region, 1, publish.Note{})
	if err != nil || r.Version.Number != 3 {
		t.Fatalf("rollback: version %d, %v", r.Version.Number, err)
	}
	res, err := w.pull(server, d)
	if err != nil || res.Head.Version != 3 {
		t.Fatalf("pull after rollback: %+v, %v", res, err)
	}
	w.check(d, 1)
	if res, err = w.pull(server, d); err != nil || !res.Unchanged {
		t.Errorf("pull again: %+v, %v", res, err)
	}
	_, err = w.publisher.Rollback(context.Background(), w.ledger.Region, 9, publish.Note{})
	if !errors.Is(err, publish.ErrNoVersion) {
		t.Errorf("rollback to version 9: %v, want ErrNoVersion", err)
	}
}

// TestInterrupted cuts each answer short at random and goes on until done. No
// body byte may be sent twice.
func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	var sent atomic.Int64
	random := &dice{rand: rand.New(rand.NewPCG(3, 4))}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.objects.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		maps.Copy(rw.Header(), rec.Header())
		rw.WriteHeader(rec.Code)
		if strings.Contains(r.URL.Path, "/blobs/") && random.IntN(2) == 0 {
			n := random.IntN(len(body))
			rw.Write(body[:n])
			rw.(http.Flusher).Flush()
			sent.Add(int64(n))
			panic(http.ErrAbortHandler)
		}
		rw.Write(body)
		if strings.Contains(r.URL.Path, "/blobs/") {
			sent.Add(int64(len(body)))
		}
	}))
	defer server.Close()
	d := new(sitetest.Device)
	stage := filepath.Join(t.TempDir(), "stage")
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		c := pull.NewClient(server.URL)
		_, err := c.Pull(ctx, "test", d, pull.Options{Stage: stage, Progress: func(stage string, _, _ int64) {
			if stage == "download" && random.IntN(8) == 0 {
				cancel() // the user gives up
			}
		}})
		cancel()
		if err == nil {
			break
		}
	}
	w.check(d, 1)
	m, err := publish.ReadManifest(context.Background(), w.objects, "test", w.lastVersion().Manifest, w.lastVersion().Raw)
	if err != nil {
		t.Fatal(err)
	}
	if over := sent.Load() - m.StoredBytes(); over > m.StoredBytes()/2 {
		t.Errorf("%d bytes sent for blobs of %d", sent.Load(), m.StoredBytes())
	}
	if _, err := os.Stat(stage); !os.IsNotExist(err) {
		t.Errorf("the staging folder is still there: %v", err)
	}
}

// dice is randomness for several goroutines.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (d *dice) IntN(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(n)
}

func (w *world) lastVersion() publish.Version {
	v, _ := w.ledger.Versions(context.Background(), "")
	return v[len(v)-1]
}

// TestFlippedByte flips one byte of each kind of object. The pull must fail,
// name the object and leave the device as it was.
func TestFlippedByte(t *testing.T) {
	w := newWorld(t)
	w.edit()
	w.publish()
	kinds := []struct {
		part string
		want error
	}{
		{"/head$", head.ErrSignature}, {"/roots/", root.ErrSignature}, {"/manifests/", blob.ErrCorrupt}, {"/blobs/", blob.ErrCorrupt}, {"/deltas/", delta.ErrCorrupt},
	}
	for _, kind := range kinds {
		for _, name := range w.objects.Names() {
			if !strings.Contains(name+"$", kind.part) {
				continue
			}
			good, _ := w.objects.Get(context.Background(), name)
			bad := bytes.Clone(good)
			bad[w.rand.IntN(len(bad))] ^= 1 << w.rand.IntN(8)
			w.objects.Replace(context.Background(), name, bad)
			d := new(sitetest.Device)
			if kind.part == "/deltas/" {
				w.installOld(d)
			}
			before := d.Cells()
			_, err := w.pull(w.serve(false), d)
			current := w.currentUses(name)
			if current && (err == nil || !strings.Contains(err.Error(), name)) {
				t.Errorf("%s flipped: error %v, want one that names it", name, err)
			}
			if err != nil && !maps.EqualFunc(before, d.Cells(), bytes.Equal) {
				t.Errorf("%s flipped: the device changed", name)
			}
			w.objects.Replace(context.Background(), name, good)
		}
	}
}

// installOld puts version 1 on a device as if it had been pulled then.
func (w *world) installOld(d *sitetest.Device) {
	w.t.Helper()
	versions, _ := w.ledger.Versions(context.Background(), "")
	now, _ := w.objects.Get(context.Background(), layout.Head("test"))
	w.objects.Replace(context.Background(), layout.Head("test"), versions[0].Head)
	n := &network{site: w.handler(false)}
	if _, err := n.pull(w, d, filepath.Join(w.t.TempDir(), "stage")); err != nil {
		w.t.Fatal(err)
	}
	w.objects.Replace(context.Background(), layout.Head("test"), now)
}

// currentUses reports whether a fresh pull or the delta to the current version
// needs the object.
func (w *world) currentUses(name string) bool {
	if !strings.Contains(name, "/blobs/") && !strings.Contains(name, "/manifests/") {
		return true
	}
	m, err := publish.ReadManifest(context.Background(), w.objects, "test", w.lastVersion().Manifest, w.lastVersion().Raw)
	if err != nil {
		return true
	}
	for _, e := range m.Entries {
		if layout.Blob(e.Hash) == name {
			return true
		}
	}
	return false
}

func TestDamagedDeviceRepairsItself(t *testing.T) {
	w := newWorld(t)
	server := w.serve(true)
	d := new(sitetest.Device)
	if _, err := w.pull(server, d); err != nil {
		t.Fatal(err)
	}
	key := cell.Key{Layer: cell.Tiles, ID: cell.New(11, 0, 7)}
	w.cells[key] = append(bytes.Clone(w.cells[key]), 'x')
	w.publish()
	d.Damage(key)
	if _, err := w.pull(server, d); err != nil {
		t.Fatal(err)
	}
	w.check(d, 2)
}

func TestHostileHeads(t *testing.T) {
	w := newWorld(t)
	server := w.serve(false)
	d := new(sitetest.Device)
	w.edit()
	w.publish()
	if _, err := w.pull(server, d); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	versions, _ := w.ledger.Versions(ctx, "")
	other := sitetest.NewLedger(t, "test")
	h, err := head.Peek(versions[1].Head)
	if err != nil {
		t.Fatal(err)
	}
	foreign, equal := *h, *h
	foreign.Version = 3
	equal.Manifest[0] ^= 1
	tests := []struct {
		name string
		note []byte
		want error
	}{
		{"rollback", versions[0].Head, head.ErrRollback},
		{"another key", sign(t, &foreign, other.Region.Secret), head.ErrSignature},
		{"same version, other bytes", sign(t, &equal, w.ledger.Region.Secret), head.ErrEquivocal},
	}
	foreign.Origin = head.Origin("test", "elsewhere")
	tests = append(tests, struct {
		name string
		note []byte
		want error
	}{"another region", sign(t, &foreign, w.ledger.Region.Secret), head.ErrOrigin})
	for _, test := range tests {
		w.objects.Replace(ctx, layout.Head("test"), test.note)
		if _, err := w.pull(server, d); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		w.check(d, 2)
	}
}

func sign(t *testing.T, h *head.Head, secret string) []byte {
	t.Helper()
	note, err := h.Sign(secret)
	if err != nil {
		t.Fatal(err)
	}
	return note
}
