package publish_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/site"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestDetour takes a random history of edits that meet in few cells and are
// taken back now and then, and updates from each version to the last: on a
// server, on a static site as it is published, and after Direct.
func TestDetour(t *testing.T) {
	const count = 28
	ctx := context.Background()
	random := rand.New(rand.NewPCG(3, 4))
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	p := &publish.Publisher{Objects: objects, Ledger: ledger}
	cells := make(map[cell.Key][]byte)
	for i := range uint32(4) {
		raw := make([]byte, 16000)
		for j := range raw {
			raw[j] = byte(random.IntN(60))
		}
		cells[cell.Key{Layer: cell.Features, ID: cell.New(11, i, 7)}] = raw
	}
	first := cell.Key{Layer: cell.Features, ID: cell.New(11, 0, 7)}
	untouched := cells[first]
	var devices []*sitetest.Device
	static := httptest.NewServer(objects)
	defer static.Close()
	for v := range count {
		if _, err := p.Publish(ctx, ledger.Region, sitetest.Content(cells), publish.Note{}); err != nil {
			t.Fatal(err)
		}
		d := new(sitetest.Device)
		take(t, static.URL, d)
		devices = append(devices, d)
		for i := range 4 {
			key := cell.Key{Layer: cell.Features, ID: cell.New(11, uint32(i), 7)}
			if random.IntN(2) == 0 || i == 1+v%3 {
				raw := bytes.Clone(cells[key])
				copy(raw[random.IntN(15000):], fmt.Sprint("edit ", v, random.Uint64()))
				cells[key] = raw
			}
		}
		if v%4 == 0 {
			cells[first] = untouched
		}
	}
	versions, err := ledger.Versions(ctx, "test")
	if err != nil {
		t.Fatal(err)
	}
	last, err := publish.ReadManifest(ctx, objects, "test", versions[count-1].Manifest, versions[count-1].Raw)
	if err != nil {
		t.Fatal(err)
	}
	direct := make([]int64, count) // what the direct deltas take
	for v := range count - 1 {
		from, err := publish.ReadManifest(ctx, objects, "test", versions[v].Manifest, versions[v].Raw)
		if err != nil {
			t.Fatal(err)
		}
		data, err := delta.Encode(ctx, from, last, func(ctx context.Context, name blob.Hash) ([]byte, error) { return objects.Get(ctx, layout.Blob(name)) })
		if err != nil {
			t.Fatal(err)
		}
		direct[v] = int64(len(data))
	}

	// update brings copies of all devices to the last version and returns how
	// many took more than the detour allows, and the most hops.
	update := func(handler http.Handler) (over int, hops int64) {
		t.Helper()
		var received, deltas, blobs atomic.Int64
		var asked sync.Map // deltas come in pieces
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := &counted{ResponseWriter: w}
			handler.ServeHTTP(c, r)
			switch {
			case c.status >= 300:
			case strings.Contains(r.URL.Path, "/deltas/"):
				if _, again := asked.Swap(r.URL.Path, true); !again {
					deltas.Add(1)
				}
				received.Add(c.bytes)
			case strings.Contains(r.URL.Path, "/update/"):
				deltas.Add(1)
				way, _ := strconv.ParseInt(c.Header().Get("Way"), 10, 64)
				received.Add(way)
			case strings.Contains(r.URL.Path, "/blobs/"):
				blobs.Add(1)
			}
		}))
		defer server.Close()
		for v := range count - 1 {
			d := devices[v].Clone()
			received.Store(0)
			asked.Clear()
			deltas.Store(0)
			blobs.Store(0)
			take(t, server.URL, d)
			if !maps.EqualFunc(d.Cells(), devices[count-1].Cells(), bytes.Equal) {
				t.Fatalf("from version %d: other cells", v+1)
			}
			hops = max(hops, deltas.Load())
			if blobs.Load() == 0 && received.Load()*10 > direct[v]*publish.Detour {
				over++
			}
		}
		return over, hops
	}
	over, hops := update(objects)
	if over == 0 || hops > site.MaxHops || hops < 2 {
		t.Errorf("as published, %d ways are too long, at most %d hops: there is nothing to mend", over, hops)
	}
	t.Logf("as published: %d of %d ways take more than 1.3 of the direct delta, at most %d hops", over, count-1, hops)
	made, err := p.Direct(ctx, "test", 400)
	if err != nil || made < over {
		t.Errorf("Direct = %d, %v", made, err)
	}
	over, hops = update(objects)
	if over > 0 || hops > site.MaxHops {
		t.Errorf("after Direct, %d ways are too long, at most %d hops", over, hops)
	}
	t.Logf("after Direct: %d direct deltas, at most %d hops", made, hops)
	if again, err := p.Direct(ctx, "test", 400); again != made || err != nil {
		t.Errorf("Direct again = %d, %v; want %d", again, err, made)
	}
	updates := publish.NewUpdates(objects)
	over, hops = update(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, ok := strings.CutPrefix(r.URL.Path, "/v1/regions/test/update/"); ok {
			body, _, err := updates.Update(r.Context(), "test", from, "", true)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			_, way, err := delta.ReadPart(nil, body[1:], head.MaxBytes)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Way", strconv.Itoa(len(way))) // without the head
			w.Header().Set("Content-Type", layout.UpdateType)
			w.Write(body)
			return
		}
		objects.ServeHTTP(w, r)
	}))
	if over > 0 || hops != 1 {
		t.Errorf("on a server, %d ways are too long, at most %d hops", over, hops)
	}
	if report, err := fsck.Check(ctx, folder{objects}, fsck.Options{}); err != nil || len(report.Problems) > 0 || report.Unused > 0 {
		t.Errorf("fsck: %+v, %v", report, err)
	}
}

func take(t *testing.T, url string, d *sitetest.Device) {
	t.Helper()
	c := pull.NewClient(url)
	defer c.Close()
	if _, err := c.Pull(context.Background(), "test", d, pull.Options{Stage: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
}

// counted counts the bytes of an answer.
type counted struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return c.ResponseWriter.Write(p)
}
