package viewer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/style"
)

// follows is what caches are told of what follows the head.
const follows = "no-cache"

// vectorTile is the media type of a tile.
const vectorTile = "application/vnd.mapbox-vector-tile"

// tileParts are what a tile is made of: cells of a version, and how.
type tileParts struct {
	kind  string // tells what else is made of the same cells
	cells []manifest.Entry
	fresh func(ctx context.Context) (*document, error) // errNothing for an empty one
}

func (v *Viewer) tile(w http.ResponseWriter, r *http.Request) { v.sendTile(w, r, v.mapTile) }

// one is a tile that lies in a cell as it is, but for what body makes of it.
func (v *Viewer) one(m *version, layer cell.Layer, id cell.ID, body func(data []byte) (*document, error)) tileParts {
	e, ok := m.Find(cell.Key{Layer: layer, ID: cell.OfTile(id)})
	if !ok {
		return tileParts{}
	}
	return tileParts{cells: []manifest.Entry{e}, fresh: func(ctx context.Context) (*document, error) {
		data, err := v.cells.item(ctx, e, cell.TileKey(id))
		if data == nil || err != nil {
			return nil, cmp.Or(err, errNothing)
		}
		return body(data)
	}}
}

// sendTile answers with a tile of the version that its region has.
func (v *Viewer) sendTile(w http.ResponseWriter, r *http.Request, of func(m *version, id cell.ID) tileParts) {
	vars := mux.Vars(r)
	number := func(name string) uint32 {
		n, _ := strconv.ParseUint(vars[name], 10, 32) // the route lets only short ones through
		return uint32(n)
	}
	z, x, y := number("z"), number("x"), number("y")
	if z > schema.MaxZoom || x>>z > 0 || y>>z > 0 {
		v.fail(w, r, problem.Detail(problem.ErrBadRequest, "There is no such tile: zooms are 0 to 14, x and y below 2 to the power of the zoom."))
		return
	}
	m, err := v.cells.current(r.Context(), vars["region"])
	if err != nil {
		v.fail(w, r, err)
		return
	}
	parts := of(m, cell.New(uint8(z), x, y))
	if len(parts.cells) == 0 {
		nothing(w)
		return
	}
	name := fmt.Sprintf("%s %d/%d/%d %v", parts.kind, z, x, y, m.Meta.Languages) // of places
	for _, e := range parts.cells {
		name += fmt.Sprintf(" %s %s", e.Key.Layer, e.Hash)
	}
	d, err := v.documents.get(r.Context(), name, parts.fresh)
	switch {
	case errors.Is(err, errNothing):
		nothing(w)
	case err != nil:
		v.fail(w, r, err)
	default:
		d.send(w, r, follows)
	}
}

// errNothing says that a tile is empty.
var errNothing = errors.New("nothing is there")

func nothing(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", follows)
	w.WriteHeader(http.StatusNoContent)
}

// tileJSON is a description of tiles (https://github.com/mapbox/tilejson-spec,
// 3.0.0), with what MapLibre takes from it beyond that for heights.
type tileJSON struct {
	TileJSON     string          `json:"tilejson"`
	Name         string          `json:"name"`
	Tiles        []string        `json:"tiles"`
	MinZoom      uint8           `json:"minzoom"`
	MaxZoom      uint8           `json:"maxzoom"`
	Bounds       [4]float64      `json:"bounds"`
	Attribution  string          `json:"attribution"`
	VectorLayers json.RawMessage `json:"vector_layers,omitempty"`
	Encoding     string          `json:"encoding,omitempty"`
	TileSize     int             `json:"tileSize,omitempty"`
}

// describe begins the description of what a region has in a folder of its own.
func describe(m *version, at, region, folder string) tileJSON {
	return tileJSON{TileJSON: "3.0.0", Name: m.Meta.Name, Attribution: attribution(m), Tiles: []string{at + "/v1/regions/" + region + "/" + folder + "/{z}/{x}/{y}"}}
}

// tileJSON describes the tiles of the map.
func (v *Viewer) tileJSON(w http.ResponseWriter, r *http.Request) {
	region := mux.Vars(r)["region"]
	m, at, ok := v.look(w, r)
	if !ok {
		return
	}
	about := describe(m, at, region, "tiles")
	for i, e7 := range m.Meta.Bounds {
		about.Bounds[i] = float64(e7) / 1e7
	}
	v.answer(w, r, fmt.Sprintf("tiles.json %s %s", m.name, at), "application/json", follows, func(ctx context.Context) ([]byte, error) {
		layers, first, last, err := v.layersOf(ctx, m)
		if err != nil {
			return nil, err
		}
		about.MinZoom, about.MaxZoom = first, last
		if about.VectorLayers, err = layers.List(); err != nil {
			return nil, err
		}
		return json.Marshal(about)
	})
}

// look returns what a request's region has, and the address at which the caller
// sees this site. It answers when there is neither.
func (v *Viewer) look(w http.ResponseWriter, r *http.Request) (m *version, at string, ok bool) {
	m, err := v.cells.current(r.Context(), mux.Vars(r)["region"])
	if err == nil {
		at, err = v.origins.of(r)
	}
	if err != nil {
		v.fail(w, r, err)
	}
	return m, at, err == nil
}

// attribution names those whose data the region holds. TileJSON takes it for HTML,
// and providers write what they like.
func attribution(m *version) string {
	var all []string
	for _, l := range m.Meta.Licences {
		if !slices.Contains(all, l.Attribution) {
			all = append(all, l.Attribution)
		}
	}
	return html.EscapeString(strings.Join(all, ", "))
}

func (v *Viewer) style(w http.ResponseWriter, r *http.Request) {
	region := mux.Vars(r)["region"]
	m, at, ok := v.look(w, r)
	if !ok {
		return
	}
	o := style.Options{
		Theme: style.Theme(r.FormValue("theme")), Languages: m.Meta.Languages,
		Tiles: at + "/v1/regions/" + region + "/tiles.json", Sprite: at + "/viewer/sprite",
	}
	if o.Theme != "" && o.Theme != style.Light && o.Theme != style.Dark {
		v.fail(w, r, problem.Detail(problem.ErrBadRequest, `"theme" is light or dark.`))
		return
	}
	if asked := r.FormValue("languages"); asked != "" {
		o.Languages = nil
		for l := range strings.SplitSeq(asked, ",") { // only those that names come in
			if slices.Contains(m.Meta.Languages, l) {
				o.Languages = append(o.Languages, l)
			}
		}
	}
	if len(reliefCells(m)) > 0 {
		o.Relief, o.Contours = at+"/v1/regions/"+region+"/relief.json", at+"/v1/regions/"+region+"/contours.json"
	}
	for _, f := range fonts {
		f.URL = at + "/viewer/" + f.URL
		o.Fonts = append(o.Fonts, f)
	}
	name := fmt.Sprintf("style.json %s %s %s %s", m.name, at, o.Theme, strings.Join(o.Languages[:min(1, len(o.Languages))], ",")) // the first counts
	v.answer(w, r, name, "application/json", follows, func(ctx context.Context) ([]byte, error) { return v.styleOf(ctx, m, o) })
}

// fonts are the files of web/build.mjs, with the characters that they hold.
var fonts = func() (all []style.Font) {
	scripts := map[string]string{
		"latin":     "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122,U+2190-2193,U+2212,U+2215",
		"latin-ext": "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2C60-2C7F,U+A720-A7FF",
		"greek":     "U+0370-0377,U+037A-037F,U+0384-038A,U+038C,U+038E-03A1,U+03A3-03FF",
		"cyrillic":  "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116",
	}
	faces := map[string]string{"Noto Sans Regular": "400-normal", "Noto Sans Bold": "700-normal", "Noto Sans Italic": "400-italic"}
	for name, face := range faces {
		for script, ranges := range scripts {
			all = append(all, style.Font{Name: name, URL: "noto-sans-" + script + "-" + face + ".woff2", Ranges: strings.Split(ranges, ",")})
		}
	}
	slices.SortFunc(all, func(a, b style.Font) int { return strings.Compare(a.URL, b.URL) })
	return all
}()
