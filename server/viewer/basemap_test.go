package viewer

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/style"
)

// TestBasemap shows a map that was taken from an archive with its own layers.
func TestBasemap(t *testing.T) {
	s := newSite(t)
	about, err := archive.EncodeBasemap(archive.Metadata{MinZoom: 2, MaxZoom: 9, VectorLayers: json.RawMessage(`[{"id":"seas","fields":{"name":"String"}}]`)})
	if err != nil {
		t.Fatal(err)
	}
	c := sitetest.Content(map[cell.Key][]byte{
		{Layer: cell.Tiles, ID: cell.OfTile(inTile)}: cell.AppendItem(nil, cell.TileKey(inTile), []byte("tile")),
		{Layer: cell.Assets, ID: cell.World}:         cell.AppendItem(nil, []byte(archive.BasemapItem), about),
	})
	if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, c, publish.Note{Message: "m"}); err != nil {
		t.Fatal(err)
	}
	tiles := s.get(region + "tiles.json").Body.String()
	want := `"vector_layers":[{"id":"seas","fields":{"name":"String"},"minzoom":0,"maxzoom":29}]`
	if !strings.Contains(tiles, want) || !strings.Contains(tiles, `"minzoom":2,"maxzoom":9`) {
		t.Errorf("tiles.json: %s, want %s", tiles, want)
	}
	style := s.get(region + "style.json").Body.String()
	if !strings.Contains(style, `"source-layer":"seas"`) || strings.Contains(style, `"source-layer":"streets"`) {
		t.Errorf("style.json: %s", style)
	}
}

// TestGenericStyleIsValid checks the styles of a map with layers of all kinds.
func TestGenericStyleIsValid(t *testing.T) {
	check := styleChecker(t)
	layers := archive.ParseLayers([]byte(`[{"id":"earth","fields":{}},{"id":"landuse","fields":{"class":"String"}},{"id":"water","fields":{"name":"String"}},
		{"id":"buildings","fields":{"height":"Number"}},{"id":"boundary","fields":{}},{"id":"roads","fields":{"highway":"String","kind":"String","name":"String","name:it":"String"}},
		{"id":"transit","fields":{}},{"id":"place","fields":{"name":"String","population":"Number"}},{"id":"pois","fields":{"name":"String"}},{"id":"@ \"x\"","fields":{"kind":"Boolean"}}]`))
	for _, theme := range []style.Theme{style.Light, style.Dark} {
		data, err := style.Generic(style.Options{Theme: theme, Languages: []string{"it"}, Tiles: "https://example.com/tiles.json", Sprite: "https://example.com/sprite"}, layers)
		if err != nil {
			t.Fatal(err)
		}
		if wrong := check(string(data)); wrong != "" {
			t.Error(wrong)
		}
	}
}
