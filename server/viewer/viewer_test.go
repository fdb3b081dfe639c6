package viewer

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// site is a region with one tile and one place.
type site struct {
	t         *testing.T
	objects   *sitetest.Objects
	ledger    *sitetest.Ledger
	publisher *publish.Publisher
	viewer    *Viewer
}

var inTile = cell.New(14, 8632, 5760)

func newSite(t *testing.T) *site {
	s := &site{t: t, objects: sitetest.NewObjects(), ledger: sitetest.NewLedger(t, "test")}
	s.publisher = &publish.Publisher{Objects: s.objects, Ledger: s.ledger}
	s.viewer = New(s.objects, Origins{}, slog.New(slog.DiscardHandler))
	return s
}

func (s *site) publish(tile, name string) {
	s.t.Helper()
	place := feature.Feature{
		ID: "guide/1 a", Kind: feature.POI, Collection: "guide", Category: "food.cafe", Geometry: feature.At(cell.Point{LonE7: 96700000, LatE7: 470500000}),
		OpeningHours: "Tu-Su 09:00-18:00", Names: map[string]string{feature.Und: name}, Provenance: feature.Provenance{Provider: "guide", SourceID: "1 a", Licence: "CC0-1.0", Attribution: "guide"},
	}
	record, err := place.Canonical()
	if err != nil {
		s.t.Fatal(err)
	}
	c := sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Tiles, ID: cell.OfTile(inTile)}: cell.AppendItem(nil, cell.TileKey(inTile), []byte(tile)),
		{Layer: cell.Features, ID: place.Cell()}:     cell.AppendItem(nil, []byte(place.ID), record),
	})
	c.Meta.Languages = []string{"de", "en"}
	if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, c, publish.Note{Message: "m"}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if !s.viewer.Takes(r) {
		w.Code = 0
		return w
	}
	s.viewer.ServeHTTP(w, r)
	return w
}

const region = "/v1/regions/test/"

func TestTiles(t *testing.T) {
	s := newSite(t)
	if w := s.get(region + "tiles/14/8632/5760"); w.Code != 404 {
		t.Errorf("before the first version: %d", w.Code)
	}
	for _, tile := range []string{strings.Repeat("first", 200), strings.Repeat("second", 200)} {
		s.publish(tile, "Zum Löwen")
		w := s.get(region + "tiles/14/8632/5760")
		if w.Code != 200 || w.Body.String() != tile || w.Header().Get("Content-Type") != vectorTile {
			t.Errorf("%d, %d bytes of %q", w.Code, w.Body.Len(), w.Header().Get("Content-Type"))
		}
		if again := s.get(region+"tiles/14/8632/5760", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
			t.Errorf("with the tag: %d", again.Code)
		}
		zipped := s.get(region+"tiles/14/8632/5760", "Accept-Encoding", "br, gzip")
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(r); err != nil || string(data) != tile || zipped.Header().Get("ETag") == w.Header().Get("ETag") {
			t.Errorf("gzipped: %d bytes, %v, tag %s", len(data), err, zipped.Header().Get("ETag"))
		}
	}
	for path, want := range map[string]int{
		"tiles/14/8633/5760": 204, "tiles/0/0/0": 204, "tiles/15/0/0": 400, "tiles/3/8/0": 400, "tiles/3/0/8": 400, "tiles/99/0/0": 400,
		"tiles/-1/0/0": 0, "tiles/14/8632/5760.png": 0, "tiles/14/123456/0": 0,
	} {
		if w := s.get(region + path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := s.get("/v1/regions/other/tiles/0/0/0"); w.Code != 404 {
		t.Errorf("another region: %d", w.Code)
	}
}

// TestAttribution has a provider who calls himself by markup, which programs that
// draw TileJSON would take for such.
func TestAttribution(t *testing.T) {
	s := newSite(t)
	c := sitetest.Content(map[cell.Key][]byte{{Layer: cell.Tiles, ID: cell.OfTile(inTile)}: cell.AppendItem(nil, cell.TileKey(inTile), []byte("tile"))})
	c.Meta.Licences = []manifest.Licence{{ID: "CC0-1.0", Attribution: `<a href="https://elsewhere.example">sign in</a>`}, {ID: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"}}
	if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, c, publish.Note{}); err != nil {
		t.Fatal(err)
	}
	var about struct{ Attribution string }
	if err := json.Unmarshal(s.get(region+"tiles.json").Body.Bytes(), &about); err != nil || strings.Contains(about.Attribution, "<") || !strings.Contains(about.Attribution, "© OpenStreetMap contributors") {
		t.Errorf("%v: %s", err, about.Attribution)
	}
}

// TestOwnHostOnly looks for addresses of other hosts in what a map asks for.
func TestOwnHostOnly(t *testing.T) {
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	addresses := regexp.MustCompile(`https?://[^"/]*`)
	for _, path := range []string{"style.json", "style.json?theme=dark&languages=en,xx", "tiles.json"} {
		w := s.get(region + path)
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		for _, a := range addresses.FindAllString(w.Body.String(), -1) {
			if a != "http://example.com" {
				t.Errorf("%s asks %s", path, a)
			}
		}
	}
	if w := s.get(region + "style.json?theme=neon"); w.Code != 400 {
		t.Errorf("any theme will do: %d", w.Code)
	}
}

func TestPlaces(t *testing.T) {
	s := newSite(t)
	s.publish("tile", "<b>Zum Löwen</b>")
	var all struct {
		Features []struct{ Properties properties }
	}
	w := s.get(region + "places.json")
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all.Features) != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	want := properties{ID: "guide/1 a", Kind: feature.POI, Category: "food.cafe", Label: "Café", Icon: "maki/cafe", Name: "<b>Zum Löwen</b>"}
	if got := all.Features[0].Properties; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if w := s.get(region + "places.json?languages=xx,sl"); !strings.Contains(w.Body.String(), `"label":"Kavarna"`) {
		t.Errorf("in Slovene: %s", w.Body)
	}
	if w := s.get(region + "places/guide/1%20a"); w.Code != 200 || !strings.Contains(w.Body.String(), `"licence":"CC0-1.0"`) {
		t.Errorf("the record: %d %s", w.Code, w.Body)
	}
	for languages, want := range map[string]string{"": "Tuesday", "xx,de-AT,en": "Dienstag", "sl": "torek"} {
		var record struct {
			ID    string `json:"id"`
			Hours string `json:"opening_hours"`
			Words string `json:"opening_words"`
		}
		w := s.get(region + "places/guide/1%20a?languages=" + languages)
		if err := json.Unmarshal(w.Body.Bytes(), &record); err != nil || record.ID != "guide/1 a" || record.Hours != "Tu-Su 09:00-18:00" || !strings.Contains(record.Words, want) {
			t.Errorf("%q: %v %+v", languages, err, record)
		}
	}
	if w := s.get(region + "places/guide/2"); w.Code != 404 {
		t.Errorf("no such record: %d", w.Code)
	}
}

// TestCoarse rounds routes for drawing.
func TestCoarse(t *testing.T) {
	at := func(lon, lat int32) cell.Point { return cell.Point{LonE7: lon, LatE7: lat} }
	got := coarse(feature.Along(
		feature.Line{Points: []cell.Point{at(95000049, 471000051), at(95000012, 471000098), at(95000251, -471000051)}, Heights: []int32{4500, 4510, 4520}},
		feature.Line{Points: []cell.Point{at(95000001, 2), at(95000003, 4)}},
	))
	data, err := json.Marshal(got)
	if want := `{"coordinates":[[[9.5,47.10001],[9.50003,-47.10001]],[[9.5,0],[9.5,0]]],"type":"MultiLineString"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
}

func TestPage(t *testing.T) {
	s := newSite(t)
	if w := s.get("/"); w.Code != 200 {
		t.Errorf("the page: %d", w.Code)
	}
	for _, path := range []string{"/viewer/.gitkeep", "/viewer/nothing.js", "/viewer/..%2fviewer.go"} {
		if w := s.get(path); w.Code != 404 && w.Code != 0 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := s.get("/other"); w.Code != 0 {
		t.Error("the viewer takes what is not its own")
	}
}

// TestCacheIsBounded reads more cells than the cache holds.
func TestCacheIsBounded(t *testing.T) {
	s := newSite(t)
	content := make(map[cell.Key][]byte)
	for x := range uint32(20) {
		tile := cell.New(14, x*8, 0)
		content[cell.Key{Layer: cell.Tiles, ID: cell.OfTile(tile)}] = cell.AppendItem(nil, cell.TileKey(tile), []byte(strings.Repeat(string(rune('a'+x)), 1000)))
	}
	if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, sitetest.Content(content), publish.Note{}); err != nil {
		t.Fatal(err)
	}
	s.viewer.cells = newCells(s.objects, 5000)
	m, err := s.viewer.cells.current(context.Background(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, e := range m.Entries {
			if _, err := s.viewer.cells.read(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := s.viewer.cells.raw; c.bytes > 5000 || c.used.Len() != len(c.things) {
		t.Errorf("%d bytes in %d cells, %d known", c.bytes, c.used.Len(), len(c.things))
	}
}
