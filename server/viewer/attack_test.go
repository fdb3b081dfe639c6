package viewer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// counted counts what is read of each kind of object.
type counted struct {
	Objects
	mu    sync.Mutex
	reads map[string]int
}

func (c *counted) Get(ctx context.Context, name string) ([]byte, error) {
	kind := "head"
	for _, k := range []string{"/manifests/", "/blobs/"} {
		if strings.Contains(name, k) {
			kind = strings.Trim(k, "/")
		}
	}
	c.mu.Lock()
	c.reads[kind]++
	c.mu.Unlock()
	return c.Objects.Get(ctx, name)
}

func (c *counted) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.reads
	c.reads = make(map[string]int)
	return was
}

// spread publishes n places, each in a cell of its own.
func (s *site) spread(n int) *counted {
	s.t.Helper()
	content := make(map[cell.Key][]byte)
	for i := range n {
		f := feature.Feature{
			ID: fmt.Sprintf("guide/%d", i), Kind: feature.POI, Collection: "guide", Category: "food.cafe",
			Geometry:   feature.At(cell.Point{LonE7: 96700000 + int32(i)*5_000_000, LatE7: 470500000}),
			Provenance: feature.Provenance{Provider: "guide", SourceID: fmt.Sprint(i), Licence: "CC0-1.0"},
		}
		record, err := f.Canonical()
		if err != nil {
			s.t.Fatal(err)
		}
		content[cell.Key{Layer: cell.Features, ID: f.Cell()}] = cell.AppendItem(nil, []byte(f.ID), record)
	}
	if len(content) != n {
		s.t.Fatalf("%d cells for %d places", len(content), n)
	}
	if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, sitetest.Content(content), publish.Note{}); err != nil {
		s.t.Fatal(err)
	}
	objects := &counted{Objects: s.objects, reads: make(map[string]int)}
	s.viewer = New(objects, Origins{}, slog.New(slog.DiscardHandler))
	return objects
}

// TestMadeOnce asks for the same things many times at once, and again: all but
// the head is read once, and nothing is listed or packed twice.
func TestMadeOnce(t *testing.T) {
	s := newSite(t)
	objects := s.spread(6)
	for round, want := range []map[string]int{{"head": 40, "manifests": 1, "blobs": 6}, {"head": 40}} {
		var wg sync.WaitGroup
		for range 20 {
			for _, path := range []string{"places.json", "places/guide/3"} {
				wg.Go(func() {
					if w := s.get(region+path, "Accept-Encoding", "gzip"); w.Code != 200 || w.Body.Len() == 0 {
						t.Errorf("%s: %d", path, w.Code)
					}
				})
			}
		}
		wg.Wait()
		if got := objects.take(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("round %d: read %v, want %v", round, got, want)
		}
	}
	if n := s.viewer.listings.used.Len(); n != 1 {
		t.Errorf("%d listings", n)
	}
	l := s.viewer.listings.used.Front().Value.(*thing[listed, *listing]).value
	if len(l.where) != 6 || l.document.packed == nil {
		t.Errorf("%d places, packed %d bytes", len(l.where), len(l.document.packed))
	}
}

// TestPlaceLooksInOneCell looks up places, there and not there, with no cell kept.
func TestPlaceLooksInOneCell(t *testing.T) {
	s := newSite(t)
	objects := s.spread(6)
	if w := s.get(region + "places.json"); w.Code != 200 {
		t.Fatal(w.Code)
	}
	for id, want := range map[string]int{"guide/2": 1, "guide/5": 1, "guide/6": 0, "other": 0} {
		s.viewer.cells.raw = newKept[blob.Hash](0, func([]byte) int { return 1 })
		objects.take()
		w := s.get(region + "places/" + id)
		if got := objects.take()["blobs"]; got != want || (w.Code == 200) != (want == 1) {
			t.Errorf("%s: %d, %d cells read, want %d", id, w.Code, got, want)
		}
	}
}

// TestOrigins tries what callers may say of themselves.
func TestOrigins(t *testing.T) {
	public, err := url.Parse("https://maps.example.org")
	if err != nil {
		t.Fatal(err)
	}
	told := Origins{Public: public, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	untold := Origins{Proxies: told.Proxies}
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	for _, test := range []struct {
		origins           Origins
		host, proto, from string
		want              string // "": refused
	}{
		{told, "maps.example.org", "", "198.51.100.7:4711", "https://maps.example.org"},
		{told, "MAPS.example.org", "http", "10.1.2.3:4711", "https://maps.example.org"},
		{told, "elsewhere.example", "", "198.51.100.7:4711", "https://maps.example.org"},
		{told, `x"><script>`, "", "198.51.100.7:4711", "https://maps.example.org"},
		{told, "127.0.0.1:8080", "", "127.0.0.1:4711", "http://127.0.0.1:8080"},
		{told, "localhost:8080", "", "127.0.0.1:4711", "http://localhost:8080"},
		{told, "[::1]:8080", "", "[::1]:4711", "http://[::1]:8080"},
		{untold, "maps.example.org", "", "198.51.100.7:4711", "http://maps.example.org"},
		{untold, "maps.example.org", "https", "198.51.100.7:4711", "http://maps.example.org"}, // nobody vouches for that
		{untold, "maps.example.org", "https", "10.1.2.3:4711", "https://maps.example.org"},
		{untold, "maps.example.org", "https", "[::ffff:10.1.2.3]:4711", "https://maps.example.org"},
		{untold, "maps.example.org", "javascript", "10.1.2.3:4711", "http://maps.example.org"},
		{untold, `x"><script>`, "", "198.51.100.7:4711", ""},
		{untold, "maps.example.org/evil", "", "198.51.100.7:4711", ""},
		{untold, "user@maps.example.org", "", "198.51.100.7:4711", ""},
		{untold, strings.Repeat("a", 300), "", "198.51.100.7:4711", ""},
		{untold, "", "", "198.51.100.7:4711", ""},
	} {
		s.viewer = New(s.objects, test.origins, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest("GET", region+"style.json", nil)
		r.Host, r.RemoteAddr = test.host, test.from
		if test.proto != "" {
			r.Header.Set("X-Forwarded-Proto", test.proto)
		}
		w := httptest.NewRecorder()
		s.viewer.ServeHTTP(w, r)
		switch {
		case test.want == "" && w.Code != 400:
			t.Errorf("host %q: %d %s", test.host, w.Code, w.Body)
		case test.want != "" && !strings.Contains(w.Body.String(), `"`+test.want+`/viewer/sprite"`):
			t.Errorf("host %q, %q from %s: want %s in %d %s", test.host, test.proto, test.from, test.want, w.Code, w.Body)
		}
	}
}

// TestManyHosts asks for a style under more names than are kept; tiles stay.
func TestManyHosts(t *testing.T) {
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	if w := s.get(region + "tiles/14/8632/5760"); w.Code != 200 {
		t.Fatal(w.Code)
	}
	s.viewer.texts.limit = 100_000
	for i := range 20 {
		r := httptest.NewRequest("GET", region+"style.json", nil)
		r.Host = fmt.Sprintf("host%d.example", i)
		s.viewer.ServeHTTP(httptest.NewRecorder(), r)
	}
	if v := s.viewer; v.texts.bytes > 100_000 || v.texts.used.Len() == 0 || v.documents.used.Len() != 1 {
		t.Errorf("%d bytes in %d texts, %d documents", v.texts.bytes, v.texts.used.Len(), v.documents.used.Len())
	}
}

// TestKept makes things that fail, panic, and are too large.
func TestKept(t *testing.T) {
	ctx := context.Background()
	k := newKept[string](10, func(s string) int { return len(s) })
	give := func(s string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return s, nil }
	}
	broken := errors.New("broken")
	if _, err := k.get(ctx, "a", func(context.Context) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	begun := make(chan struct{})
	waited := make(chan error)
	go func() {
		<-begun
		left, leave := context.WithCancel(ctx)
		leave()
		if _, err := k.get(left, "a", give("")); !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		go func() {
			_, err := k.get(ctx, "a", give("again")) // waits, or comes after
			waited <- err
		}()
		begun <- struct{}{}
	}()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		k.get(ctx, "a", func(context.Context) (string, error) {
			begun <- struct{}{}
			<-begun
			panic("a fault")
		})
	}()
	if err := <-waited; err != nil && !errors.Is(err, errUnmade) {
		t.Errorf("who waits for a panic gets %v", err)
	}
	for _, s := range []string{"1234", "5678", "90ab", strings.Repeat("c", 20)} {
		if got, err := k.get(ctx, s, give(s)); got != s || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if k.bytes != 20 || k.used.Len() != 1 || len(k.things) != 1 || len(k.making) != 0 || len(k.turn) != 0 {
		t.Errorf("%d bytes in %d things; %d in work, %d turns taken", k.bytes, k.used.Len(), len(k.making), len(k.turn))
	}
}
