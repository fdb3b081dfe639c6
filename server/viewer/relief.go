package viewer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
	"github.com/pannier-maps/pannier/tiles/relief/contour"
)

// relief answers with a tile of heights, for shaded hills.
func (v *Viewer) relief(w http.ResponseWriter, r *http.Request) {
	v.sendTile(w, r, func(m *version, id cell.ID) tileParts {
		return v.one(m, cell.Relief, id, func(data []byte) (*document, error) {
			png, err := relief.Terrarium(data)
			if err != nil {
				return nil, err
			}
			return newDocument("image/png", png), nil
		})
	})
}

// contours answers with a tile of contour lines, drawn of its heights and of those
// around it.
func (v *Viewer) contours(w http.ResponseWriter, r *http.Request) {
	v.sendTile(w, r, func(m *version, id cell.ID) tileParts {
		p := tileParts{kind: "contours"}
		near := make(map[[2]int]manifest.Entry)
		for i := range 9 {
			right, down := i%3-1, i/3-1
			if e, ok := m.Find(cell.Key{Layer: cell.Relief, ID: cell.OfTile(id.Beside(right, down))}); ok {
				near[[2]int{right, down}] = e
				if !slices.Contains(p.cells, e) {
					p.cells = append(p.cells, e)
				}
			}
		}
		p.fresh = func(ctx context.Context) (*document, error) {
			data, err := contour.Tile(func(right, down int) (*relief.Heights, error) {
				e, ok := near[[2]int{right, down}]
				if !ok {
					return nil, nil
				}
				data, err := v.cells.item(ctx, e, cell.TileKey(id.Beside(right, down)))
				if data == nil || err != nil {
					return nil, err
				}
				return relief.Decode(data)
			})
			if data == nil || err != nil {
				return nil, cmp.Or(err, errNothing)
			}
			return newDocument(vectorTile, data), nil
		}
		return p
	})
}

// reliefJSON describes the tiles of heights.
func (v *Viewer) reliefJSON(w http.ResponseWriter, r *http.Request) {
	v.describeRelief(w, r, "relief", func(about *tileJSON) { about.Encoding, about.TileSize = "terrarium", relief.Side })
}

// contoursJSON describes the tiles of contour lines, which are all of one zoom:
// viewers enlarge them.
func (v *Viewer) contoursJSON(w http.ResponseWriter, r *http.Request) {
	v.describeRelief(w, r, "contours", func(about *tileJSON) {
		about.MinZoom = about.MaxZoom
		about.VectorLayers = fmt.Appendf(nil, `[{"id":%q,"fields":{"ele":"Number","index":"Boolean"},"minzoom":%d,"maxzoom":%d}]`, contour.Layer, about.MinZoom, about.MaxZoom)
	})
}

// describeRelief answers with the description of tiles that are made of heights.
func (v *Viewer) describeRelief(w http.ResponseWriter, r *http.Request, folder string, more func(about *tileJSON)) {
	m, at, ok := v.look(w, r)
	if !ok {
		return
	}
	entries := reliefCells(m)
	if len(entries) == 0 {
		v.fail(w, r, fs.ErrNotExist)
		return
	}
	region := mux.Vars(r)["region"]
	v.answer(w, r, fmt.Sprintf("%s.json %s %s", folder, m.name, at), "application/json", follows, func(ctx context.Context) ([]byte, error) {
		about := describe(m, at, region, folder)
		deepest := entries[len(entries)-1]
		about.Bounds = [4]float64{180, 90, -180, -90} // of the cells: heights reach a little beyond the region
		for _, e := range entries {
			if e.Key.ID.Zoom() == deepest.Key.ID.Zoom() {
				west, south, east, north := e.Key.ID.Bounds()
				b := &about.Bounds
				b[0], b[1], b[2], b[3] = min(b[0], west), min(b[1], south), max(b[2], east), max(b[3], north)
			}
		}
		var err, failed error
		about.MinZoom, _, err = v.tileZooms(ctx, entries[0])
		_, about.MaxZoom, failed = v.tileZooms(ctx, deepest)
		if err := cmp.Or(err, failed); err != nil {
			return nil, err
		}
		more(&about)
		return json.Marshal(about)
	})
}

// reliefCells returns the cells of heights. The first has tiles of the first zoom,
// the last of the last.
func reliefCells(m *version) (entries []manifest.Entry) {
	for _, e := range m.Entries {
		if e.Key.Layer == cell.Relief {
			entries = append(entries, e)
		}
	}
	return entries
}

// tileZooms returns the first and the last zoom of a cell's tiles.
func (v *Viewer) tileZooms(ctx context.Context, e manifest.Entry) (first, last uint8, err error) {
	raw, err := v.cells.read(ctx, e)
	if err != nil {
		return 0, 0, err
	}
	first = cell.MaxZoom
	for item, err := range cell.Items(raw) {
		if err != nil {
			return 0, 0, fmt.Errorf("cell %s: %w", e.Key, err)
		}
		id, err := cell.TileOfKey(item.Key)
		if err != nil {
			return 0, 0, fmt.Errorf("cell %s: %w", e.Key, err)
		}
		first, last = min(first, id.Zoom()), max(last, id.Zoom())
	}
	return first, last, nil
}
