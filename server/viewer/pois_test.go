package viewer

import (
	"context"
	"fmt"
	"testing"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/schema/pois"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// TestPlacesInTiles adds the layer of places to tiles of zoom 14 of our own maps.
func TestPlacesInTiles(t *testing.T) {
	var e vector.Encoder
	g := vector.Tile{}
	g.Add([]vector.TilePoint{{X: 1, Y: 1}})
	drawn := e.AppendLayer(nil, "water", []vector.Feature{{Type: vector.Points, Geometry: g}})
	place := feature.Feature{
		ID: "guide/1", Kind: feature.POI, Collection: "guide", Category: "food.bar", Geometry: feature.At(cell.Point{LonE7: 96700000, LatE7: 470500000}),
		Names: map[string]string{feature.Und: "Löwen", "de": "Zum Löwen"}, Details: map[string]string{feature.TagDetail: "amenity=nightclub"},
		Provenance: feature.Provenance{Provider: "guide", SourceID: "1", Licence: "CC0-1.0", Attribution: "guide"},
	}
	record, err := place.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	home := cell.At(place.Anchor(), pois.Zoom)
	beside := cell.New(14, home.X()+1, home.Y())
	about, err := archive.EncodeBasemap(archive.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		tiles  map[cell.ID][]byte
		assets bool
		want   string // layers of the tile that has the place
		beside string
	}{
		{"drawn", map[cell.ID][]byte{home: drawn, beside: drawn}, false, "water pois ", "water "},
		{"nothing but places", nil, false, "pois ", ""},
		{"an archive", map[cell.ID][]byte{home: drawn}, true, "water ", ""},
		{"nothing of an archive", nil, true, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			content := map[cell.Key][]byte{{Layer: cell.Features, ID: place.Cell()}: cell.AppendItem(nil, []byte(place.ID), record)}
			for _, id := range []cell.ID{home, beside} {
				if data := test.tiles[id]; data != nil {
					key := cell.Key{Layer: cell.Tiles, ID: cell.OfTile(id)}
					content[key] = cell.AppendItem(content[key], cell.TileKey(id), data)
				}
			}
			if test.assets {
				content[cell.Key{Layer: cell.Assets, ID: cell.World}] = cell.AppendItem(nil, []byte(archive.BasemapItem), about)
			}
			c := sitetest.Content(content)
			c.Meta.Languages = []string{"de"}
			if _, err := s.publisher.Publish(context.Background(), s.ledger.Region, c, publish.Note{Message: "m"}); err != nil {
				t.Fatal(err)
			}
			for id, want := range map[cell.ID]string{home: test.want, beside: test.beside} {
				w := s.get(fmt.Sprintf("%stiles/%s", region, id))
				layers, err := vector.Decode(w.Body.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, l := range layers {
					got += l.Name + " "
				}
				if got != want || (w.Code == 204) != (want == "") {
					t.Errorf("tile %s: %d with layers %q, want %q", id, w.Code, got, want)
				}
				if want := "map[amenity:nightclub category:food.bar name:Löwen name_de:Zum Löwen]"; len(layers) == 2 {
					if got := fmt.Sprint(layers[1].Attrs(&layers[1].Features[0])); got != want {
						t.Errorf("the place is %s, want %s", got, want)
					}
				}
			}
		})
	}
}
