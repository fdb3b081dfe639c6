package viewer

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/schema/pois"
)

// mapTile is a tile of the map. At the zoom of places it has their layer, which
// bundles lack, unless the map was taken from an archive: that stays as it is.
func (v *Viewer) mapTile(m *version, id cell.ID) tileParts {
	drawn := v.one(m, cell.Tiles, id, func(data []byte) (*document, error) { return newDocument(vectorTile, data), nil })
	if id.Zoom() != pois.Zoom {
		return drawn
	}
	keys := []cell.Key{{Layer: cell.Tiles, ID: cell.OfTile(id)}, {Layer: cell.Assets, ID: cell.World}}
	for _, zoom := range cell.Zooms {
		keys = append(keys, cell.Key{Layer: cell.Features, ID: id.Ancestor(zoom)})
	}
	var parts tileParts
	for _, key := range keys {
		if e, ok := m.Find(key); ok {
			parts.cells = append(parts.cells, e)
		}
	}
	parts.fresh = func(ctx context.Context) (*document, error) {
		switch _, foreign, err := v.basemap(ctx, m); {
		case err != nil:
			return nil, err
		case foreign && drawn.fresh == nil:
			return nil, errNothing
		case foreign:
			return drawn.fresh(ctx)
		}
		var data []byte
		var places []pois.Places
		for _, e := range parts.cells {
			switch e.Key.Layer {
			case cell.Tiles:
				item, err := v.cells.item(ctx, e, cell.TileKey(id))
				if err != nil {
					return nil, err
				}
				data = item
			case cell.Features:
				p, err := v.cells.placesOf(ctx, e, m.Meta.Languages)
				if err != nil {
					return nil, err
				}
				places = append(places, p)
			}
		}
		if data = pois.Append(data, id, places...); len(data) == 0 {
			return nil, errNothing
		}
		return newDocument(vectorTile, data), nil
	}
	return parts
}

// isPOI is in the canonical bytes of every place; texts escape their quotes.
var isPOI = []byte(`"kind":"poi"`)

// placesOf returns the places in a cell of features.
func (c *cells) placesOf(ctx context.Context, e manifest.Entry, languages []string) (pois.Places, error) {
	name := fmt.Sprintf("%s %s", e.Hash, strings.Join(languages, " "))
	return c.places.get(ctx, name, func(ctx context.Context) (pois.Places, error) {
		raw, err := c.read(ctx, e)
		if err != nil {
			return nil, err
		}
		places := make(pois.Places)
		for item, err := range cell.Items(raw) {
			if err != nil {
				return nil, fmt.Errorf("cell %s: %w", e.Key, err)
			}
			if !bytes.Contains(item.Value, isPOI) {
				continue
			}
			f, err := feature.Parse(item.Value)
			if err != nil {
				return nil, fmt.Errorf("feature %s: %w", item.Key, err)
			}
			places.Add(f, languages)
		}
		return places, nil
	})
}
