package pull_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestLayerByLayer pulls a region whose layers become usable one after the
// other, cuts it off at each of them, and goes on with a plain pull.
func TestLayerByLayer(t *testing.T) {
	w := newWorld(t)
	server := w.serve(true)
	steps := []string{"[features]", "[features graph]", "[features graph tiles assets]", "[features graph tiles assets relief]", ""}
	present := make(map[cell.Layer]bool)
	for key := range w.cells {
		present[key.Layer] = true
	}
	for _, l := range cell.Layers() {
		if !present[l] {
			w.cells[cell.Key{Layer: l, ID: cell.New(11, 1, 7)}] = w.random(300)
		}
	}
	w.publish()
	for stop := range steps {
		d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
		c := pull.NewClient(server.URL)
		ctx, cancel := context.WithCancel(context.Background())
		var told []string
		_, err := c.Pull(ctx, "test", d, pull.Options{Stage: stage, Ready: func(layers []cell.Layer) {
			told = append(told, fmt.Sprint(layers))
			w.checkPart(d, &cover.Selection{Layers: layers}, len(w.versions))
			if len(told) == stop+1 {
				cancel()
			}
		}})
		cancel()
		c.Close()
		if last := stop == len(steps)-1; last != (err == nil) || !last && !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d: %v", stop+1, err)
		}
		if want := strings.TrimSpace(strings.Join(steps[:min(stop+1, 4)], " ")); strings.Join(told, " ") != want {
			t.Errorf("told %v, want %v", told, want)
		}
		if _, err := w.pullPart(server, d, nil, stage); err != nil {
			t.Fatal(err)
		}
		w.check(d, len(w.versions))
	}
}

// TestLayerByLayerNeedsNoMore compares the requests with those of a pull in one.
func TestLayerByLayerNeedsNoMore(t *testing.T) {
	w := newWorld(t)
	var requests [2]int64
	for i, ready := range []func([]cell.Layer){nil, func([]cell.Layer) {}} {
		c := pull.NewClient(w.serve(true).URL)
		r, err := c.Pull(context.Background(), "test", new(sitetest.Device), pull.Options{Stage: filepath.Join(t.TempDir(), "stage"), Ready: ready})
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		requests[i] = r.Requests
	}
	if requests[0] != requests[1] {
		t.Errorf("%d requests in one, %d layer by layer", requests[0], requests[1])
	}
}

// TestCutOffSelection goes on to the part that was chosen for a pull which failed.
func TestCutOffSelection(t *testing.T) {
	w := newWorld(t)
	server := w.serve(true)
	d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
	one, two := around(nil, 1), around(nil, 1, 3)
	if _, err := w.pullPart(server, d, one, stage); err != nil {
		t.Fatal(err)
	}
	blobless := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			http.NotFound(rw, r)
			return
		}
		server.Config.Handler.ServeHTTP(rw, r)
	}))
	defer blobless.Close()
	if _, err := w.pullPart(blobless, d, two, stage); !errors.Is(err, pull.ErrNotFound) {
		t.Fatalf("pulled without blobs: %v", err)
	}
	w.checkPart(d, one, 1)
	if _, err := w.pullPart(server, d, nil, stage); err != nil {
		t.Fatal(err)
	}
	w.checkPart(d, two, 1)
}
