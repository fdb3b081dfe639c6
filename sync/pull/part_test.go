package pull_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// around selects layers (none: all) near the middle of some of the world's squares.
func around(layers []cell.Layer, columns ...uint32) *cover.Selection {
	s := cover.Selection{Layers: layers}
	for _, x := range columns {
		w, south, e, n := cell.New(11, x, 7).Bounds()
		lon, lat := int32((w+e)/2*1e7), int32((south+n)/2*1e7)
		s.Boxes = append(s.Boxes, cover.Box{West: lon - 1, South: lat - 1, East: lon + 1, North: lat + 1})
	}
	return &s
}

// counting counts the bytes of bodies by the kind of object.
type counting struct {
	http.Handler
	deltas, blobs atomic.Int64
	noRanges      bool
}

type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n.Add(int64(n))
	return n, err
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.noRanges {
		r.Header.Del("Range")
	}
	switch {
	case strings.Contains(r.URL.Path, "/deltas/"), strings.Contains(r.URL.Path, "/update/"):
		w = countingWriter{w, &c.deltas}
	case strings.Contains(r.URL.Path, "/blobs/"):
		w = countingWriter{w, &c.blobs}
	}
	c.Handler.ServeHTTP(w, r)
}

func (w *world) counted(dynamic bool) (*httptest.Server, *counting) {
	c := &counting{Handler: w.serve(dynamic).Config.Handler}
	server := httptest.NewServer(c)
	w.t.Cleanup(server.Close)
	return server, c
}

func (w *world) pullPart(server *httptest.Server, d *sitetest.Device, s *cover.Selection, stage string) (pull.Result, error) {
	c := pull.NewClient(server.URL)
	defer c.Close()
	return c.Pull(context.Background(), "test", d, pull.Options{Stage: stage, Selection: s})
}

// checkPart checks that a device holds what a selection needs of a version, and
// nothing else.
func (w *world) checkPart(d *sitetest.Device, s *cover.Selection, version int) {
	w.t.Helper()
	want := maps.Clone(w.versions[version-1])
	c := s.Cover()
	maps.DeleteFunc(want, func(key cell.Key, _ []byte) bool { return !c.Holds(key) })
	if !maps.EqualFunc(d.Cells(), want, bytes.Equal) {
		w.t.Errorf("the device has %d cells, not the %d of its part of version %d", len(d.Cells()), len(want), version)
	}
}

// rewrite gives every cell of z11 new content, so that segments are large.
func (w *world) rewrite() {
	for key, raw := range w.cells {
		if key.ID.Zoom() == 11 {
			w.cells[key] = w.random(len(raw))
		}
	}
}

func TestPartFetchesOnlyItsCells(t *testing.T) {
	for _, dynamic := range []bool{false, true} {
		w := newWorld(t)
		server, served := w.counted(dynamic)
		stage := filepath.Join(t.TempDir(), "stage")
		d := new(sitetest.Device)
		one := around(nil, 2)
		if _, err := w.pullPart(server, d, one, stage); err != nil {
			t.Fatal(err)
		}
		w.checkPart(d, one, 1)
		full := w.ledgerBytes()
		if n := served.blobs.Load(); n > full/4 {
			t.Errorf("%d bytes of blobs for a fifth of %d", n, full)
		}
		w.rewrite()
		r := w.publish()
		if _, err := w.pullPart(server, d, nil, stage); err != nil {
			t.Fatal(err)
		}
		w.checkPart(d, one, 2)
		var whole int64
		for _, name := range w.objects.Names() {
			if strings.Contains(name, "/deltas/") {
				data, _ := w.objects.Get(context.Background(), name)
				whole += int64(len(data))
			}
		}
		if n := served.deltas.Load(); n > whole/5+9000 {
			t.Errorf("dynamic %v: %d bytes of a delta of %d for a fifth of the region", dynamic, n, whole)
		}
		if n := served.blobs.Load(); n > full/4 {
			t.Errorf("the update fetched blobs: %d bytes, %+v", n, r)
		}
		// Grow, shrink to a layer, take everything, and shrink again.
		for _, s := range []*cover.Selection{
			around(nil, 1, 2), around([]cell.Layer{cell.Features}, 1, 2, 3), {}, around([]cell.Layer{cell.Tiles}, 4),
		} {
			if _, err := w.pullPart(server, d, s, stage); err != nil {
				t.Fatal(err)
			}
			w.checkPart(d, s, 2)
		}
		before := served.blobs.Load()
		if r, err := w.pullPart(server, d, nil, stage); err != nil || !r.Unchanged || r.Cells != 1 || r.AllCells < 10 {
			t.Errorf("pull of the same: %+v, %v", r, err)
		}
		if n := served.blobs.Load(); n != before {
			t.Errorf("a pull of the same fetched %d bytes", n-before)
		}
	}
}

// TestPartsFollow pulls parts at random through a history of random edits: each
// device has what a fresh pull of its part has.
func TestPartsFollow(t *testing.T) {
	for _, test := range []struct{ dynamic, noRanges bool }{{false, false}, {true, false}, {false, true}} {
		w := newWorld(t)
		server, served := w.counted(test.dynamic)
		served.noRanges = test.noRanges
		random := rand.New(rand.NewPCG(7, 8))
		devices := make([]*sitetest.Device, 3)
		parts := make([]*cover.Selection, len(devices))
		for i := range devices {
			devices[i], parts[i] = new(sitetest.Device), &cover.Selection{}
		}
		for step := range 7 {
			for i, d := range devices {
				if random.IntN(3) == 0 {
					continue // this one stays behind
				}
				var s *cover.Selection
				if random.IntN(3) == 0 {
					var layers []cell.Layer
					if random.IntN(2) == 0 {
						layers = []cell.Layer{cell.Features, cell.Media}
					}
					s = around(layers, random.Uint32N(5), random.Uint32N(5))
					parts[i] = s
				}
				stage := filepath.Join(t.TempDir(), "stage")
				if _, err := w.pullPart(server, d, s, stage); err != nil {
					t.Fatalf("%+v, step %d: %v", test, step, err)
				}
				w.checkPart(d, parts[i], len(w.versions))
			}
			if w.edit(); step%3 == 2 {
				w.rewrite()
			}
			w.publish()
		}
	}
}

// TestPartResumes cuts answers short and gives up at random in the middle of an
// update by ranges: nothing is sent twice but what was on its way.
func TestPartResumes(t *testing.T) {
	w := newWorld(t)
	d := new(sitetest.Device)
	part := around(nil, 0, 2, 4)
	if _, err := w.pullPart(w.serve(false), d, part, filepath.Join(t.TempDir(), "first")); err != nil {
		t.Fatal(err)
	}
	w.rewrite()
	w.publish()
	random := &dice{rand: rand.New(rand.NewPCG(3, 4))}
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		w.objects.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		maps.Copy(rw.Header(), rec.Header())
		rw.WriteHeader(rec.Code)
		cut := strings.Contains(r.URL.Path, "/deltas/") && random.IntN(2) == 0
		if cut {
			body = body[:random.IntN(len(body))]
		}
		rw.Write(body)
		if strings.Contains(r.URL.Path, "/deltas/") {
			sent.Add(int64(len(body)))
		}
		if cut {
			rw.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	stage := filepath.Join(t.TempDir(), "stage")
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		c := pull.NewClient(server.URL)
		_, err := c.Pull(ctx, "test", d, pull.Options{Stage: stage, Progress: func(stage string, _, _ int64) {
			if stage == "download" && random.IntN(8) == 0 {
				cancel()
			}
		}})
		cancel()
		c.Close()
		if err == nil {
			break
		}
	}
	w.checkPart(d, part, 2)
	var whole int64
	for _, name := range w.objects.Names() {
		if strings.Contains(name, "/deltas/") {
			data, _ := w.objects.Get(context.Background(), name)
			whole += int64(len(data))
		}
	}
	if n := sent.Load(); n > whole {
		t.Errorf("%d bytes sent of a delta of %d, of which three fifths are needed", n, whole)
	}
}

func TestPreviewInstallsNothingAndIsReused(t *testing.T) {
	for _, test := range []struct {
		dynamic bool
		part    *cover.Selection
	}{{false, nil}, {true, nil}, {false, around(nil, 1, 3)}, {true, around(nil, 1, 3)}} {
		name := fmt.Sprintf("dynamic %v, part %v", test.dynamic, test.part != nil)
		w := newWorld(t)
		server, served := w.counted(test.dynamic)
		ctx, stage := context.Background(), filepath.Join(t.TempDir(), "stage")
		preview := func(d pull.Installed, s *cover.Selection, see func(pull.CellChange) error) pull.Preview {
			c := pull.NewClient(server.URL)
			defer c.Close()
			p, err := c.Preview(ctx, "test", d, pull.Options{Stage: stage, Selection: s}, cell.Features, see)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return p
		}
		p := preview(pull.Nothing, test.part, nil)
		d := new(sitetest.Device)
		if _, err := w.pullPart(server, d, test.part, stage); err != nil {
			t.Fatal(err)
		}
		if got := served.blobs.Load(); p.Bytes() != got || len(p.Layers) != 2 || p.Layers[0].Layer != cell.Features {
			t.Errorf("%s: announced %d bytes in %+v, fetched %d", name, p.Bytes(), p.Layers, got)
		}
		if p := preview(d, nil, nil); !p.Unchanged || p.Bytes() != 0 {
			t.Errorf("%s: preview of nothing new: %+v", name, p)
		}
		w.rewrite()
		w.edit()
		w.publish()
		before, seen := d.Cells(), 0
		p = preview(d, nil, func(c pull.CellChange) error {
			if !bytes.Equal(c.Old, before[c.Key]) || !bytes.Equal(c.New, w.cells[c.Key]) || c.Key.Layer != cell.Features {
				t.Errorf("%s: preview shows cell %s as %d bytes, then %d", name, c.Key, len(c.Old), len(c.New))
			}
			seen++
			return nil
		})
		if want := 5; seen != want && test.part == nil || seen == 0 {
			t.Errorf("%s: preview shows %d cells, want %d", name, seen, want)
		}
		if !maps.EqualFunc(d.Cells(), before, bytes.Equal) {
			t.Errorf("%s: preview changed the device", name)
		}
		already := served.deltas.Load() + served.blobs.Load()
		if _, err := w.pullPart(server, d, nil, stage); err != nil {
			t.Fatal(err)
		}
		if test.part == nil {
			w.check(d, 2)
		} else {
			w.checkPart(d, test.part, 2)
		}
		if got := served.deltas.Load() + served.blobs.Load() - already; got > p.Bytes()+5000 {
			t.Errorf("%s: announced %d bytes, fetched %d", name, p.Bytes(), got)
		}
	}
}

func TestInvalidSelection(t *testing.T) {
	w := newWorld(t)
	d := new(sitetest.Device)
	bad := &cover.Selection{Meters: -1}
	if _, err := w.pullPart(w.serve(false), d, bad, filepath.Join(t.TempDir(), "stage")); !errors.Is(err, cover.ErrInvalid) {
		t.Errorf("pull of an invalid selection: %v, want ErrInvalid", err)
	}
}

func TestDamagedPartRepairsItself(t *testing.T) {
	w := newWorld(t)
	server, _ := w.counted(true)
	d, part := new(sitetest.Device), around(nil, 0, 2)
	if _, err := w.pullPart(server, d, part, filepath.Join(t.TempDir(), "stage")); err != nil {
		t.Fatal(err)
	}
	key := cell.Key{Layer: cell.Tiles, ID: cell.New(11, 0, 7)}
	w.cells[key] = append(bytes.Clone(w.cells[key]), 'x')
	w.publish()
	d.Damage(key)
	if _, err := w.pullPart(server, d, nil, filepath.Join(t.TempDir(), "stage")); err != nil {
		t.Fatal(err)
	}
	w.checkPart(d, part, 2)
}
