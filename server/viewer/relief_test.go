package viewer

import (
	"bytes"
	"encoding/json"
	"image/png"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
	"github.com/pannier-maps/pannier/tiles/relief/contour"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// flat is a tile at one height, as an item of its cell.
func flat(raw []byte, tile cell.ID, metres int32) []byte { return slope(raw, tile, metres, 0) }

// slope is a tile that rises by so many metres with each pixel to the east.
func slope(raw []byte, tile cell.ID, metres, rise int32) []byte {
	var heights [relief.Side * relief.Side]int32
	for i := range heights {
		heights[i] = (metres + int32(i%relief.Side)*rise) * relief.Unit
	}
	return cell.AppendItem(raw, cell.TileKey(tile), relief.Encode(&heights, tile.Zoom()))
}

func TestRelief(t *testing.T) {
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	if w := s.get(region + "relief.json"); w.Code != 404 {
		t.Errorf("without heights: %d", w.Code)
	}
	if w := s.get(region + "relief/11/1079/720"); w.Code != 204 {
		t.Errorf("without heights: %d", w.Code)
	}
	if w := s.get(region + "style.json"); strings.Contains(w.Body.String(), "hillshade") {
		t.Error("without heights, hills are shaded")
	}

	deep, beside := cell.New(11, 1079, 720), cell.New(11, 1080, 720)
	c := sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Relief, ID: deep.Ancestor(7)}: flat(flat(nil, deep.Ancestor(9), 400), deep.Ancestor(10), 450),
		{Layer: cell.Relief, ID: deep}:             flat(nil, deep, 455),
		{Layer: cell.Relief, ID: beside}:           cell.AppendItem(nil, cell.TileKey(beside), []byte("no heights")),
	})
	if _, err := s.publisher.Publish(t.Context(), s.ledger.Region, c, publish.Note{Message: "m"}); err != nil {
		t.Fatal(err)
	}
	var about struct {
		Tiles            []string
		MinZoom, MaxZoom int
		Bounds           [4]float64
		Encoding         string
		TileSize         int
	}
	w := s.get(region + "relief.json")
	if err := json.Unmarshal(w.Body.Bytes(), &about); err != nil || w.Code != 200 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if about.MinZoom != 9 || about.MaxZoom != 11 || about.Encoding != "terrarium" || about.TileSize != 256 {
		t.Errorf("%+v", about)
	}
	west, south, _, north := deep.Bounds()
	_, _, east, _ := beside.Bounds()
	if about.Bounds != [4]float64{west, south, east, north} {
		t.Errorf("bounds %v", about.Bounds)
	}
	if len(about.Tiles) != 1 || about.Tiles[0] != "http://example.com/v1/regions/test/relief/{z}/{x}/{y}" {
		t.Errorf("tiles at %q", about.Tiles)
	}
	w = s.get(region+"relief/11/1079/720", "Accept-Encoding", "gzip")
	img, err := png.Decode(bytes.NewReader(w.Body.Bytes()))
	if err != nil || w.Header().Get("Content-Type") != "image/png" || w.Header().Get("Content-Encoding") != "" {
		t.Fatalf("%v, %v", err, w.Header())
	}
	if r, g, b, _ := img.At(9, 9).RGBA(); int(r>>8)*256+int(g>>8)-32768 != 455 || b != 0 {
		t.Errorf("a pixel of %d %d %d", r>>8, g>>8, b>>8)
	}
	if again := s.get(region+"relief/11/1079/720", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
		t.Errorf("with the tag: %d", again.Code)
	}
	if w := s.get(region + "style.json"); !strings.Contains(w.Body.String(), "http://example.com/v1/regions/test/relief.json") {
		t.Error("with heights, no hills are shaded")
	}
	for path, want := range map[string]int{
		"relief/10/539/360": 200, "relief/11/1079/725": 204, "relief/15/0/0": 400, "relief/11/2048/0": 400, "relief/11/-1/0": 0, "relief/11/1079/720.png": 0,
		"relief/" + beside.String(): 500,
	} {
		if w := s.get(region + path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// TestContours goes on with a line in the next tile, that of another cell.
func TestContours(t *testing.T) {
	s := newSite(t)
	s.publish("tile", "Zum Löwen")
	if w := s.get(region + "contours.json"); w.Code != 404 {
		t.Errorf("without heights: %d", w.Code)
	}
	west, east := cell.New(11, 1079, 720), cell.New(11, 1080, 720)
	c := sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Relief, ID: west}: slope(nil, west, 100, 2),
		{Layer: cell.Relief, ID: east}: slope(nil, east, 612, 2),
	})
	if _, err := s.publisher.Publish(t.Context(), s.ledger.Region, c, publish.Note{Message: "m"}); err != nil {
		t.Fatal(err)
	}
	var about struct {
		MinZoom, MaxZoom int
		VectorLayers     []struct{ ID string } `json:"vector_layers"`
	}
	w := s.get(region + "contours.json")
	if err := json.Unmarshal(w.Body.Bytes(), &about); err != nil || about.MinZoom != 11 || about.MaxZoom != 11 || len(about.VectorLayers) != 1 || about.VectorLayers[0].ID != contour.Layer {
		t.Errorf("%s: %v", w.Body, err)
	}
	if w := s.get(region + "relief/11/1079/720"); w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("heights are %q", w.Header().Get("Content-Type"))
	}
	seen := make(map[int64]bool) // heights of lines
	for _, path := range []string{"contours/11/1079/720", "contours/11/1080/720"} {
		w := s.get(region + path)
		layers, err := vector.Decode(w.Body.Bytes())
		if err != nil || w.Code != 200 || len(layers) != 1 || w.Header().Get("Content-Type") != vectorTile {
			t.Fatalf("%s: %d, %v", path, w.Code, err)
		}
		for _, f := range layers[0].Features {
			ele := layers[0].Attrs(&f)["ele"].(int64)
			if seen[ele] {
				t.Errorf("two lines at %d m", ele)
			}
			seen[ele] = true
		}
	}
	for ele := int64(120); ele <= 1120; ele += contour.StepMetres {
		if !seen[ele] {
			t.Errorf("no line at %d m", ele)
		}
	}
	for path, want := range map[string]int{"contours/11/1081/720": 204, "contours/11/5/5": 204, "contours/12/2158/1440": 204, "contours/15/0/0": 400} {
		if w := s.get(region + path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
