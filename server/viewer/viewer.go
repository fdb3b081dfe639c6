// Package viewer shows the published regions on a map in a browser, straight
// from the site's objects: whoever runs the server sees at once what riders get.
//
// It serves one page with its scripts, fonts and icons, which `make build` puts
// into the binary from web/, and for each region what the page, or any other
// program that reads vector tiles, asks for:
//
//	/                                            the page
//	/viewer/{file}                               what belongs to it
//	/v1/regions/{region}/tiles.json              TileJSON 3.0.0
//	/v1/regions/{region}/style.json              a MapLibre style; ?theme=dark, ?languages=sl,en
//	/v1/regions/{region}/tiles/{z}/{x}/{y}       a tile, gzipped where that is understood; 204 when empty
//	/v1/regions/{region}/relief.json             TileJSON of heights, where the region has some
//	/v1/regions/{region}/relief/{z}/{x}/{y}      heights as a PNG in Terrarium encoding; 204 where none are known
//	/v1/regions/{region}/contours.json           TileJSON of contour lines, drawn of the heights
//	/v1/regions/{region}/contours/{z}/{x}/{y}    contour lines as a vector tile; 204 where there are none
//	/v1/regions/{region}/places.json             GeoJSON of places, routes and notices: id, kind, category, icon, name; ?languages=de,en
//	/v1/regions/{region}/places/{id}             a place's whole record, with opening_words in one of ?languages=de,en
//
// All of it follows the current head; nothing else is kept than bounded caches of
// what was unpacked, listed and answered last, named by the hashes of what they
// come from. The page asks no other host for anything. A Viewer is safe for
// concurrent use.
package viewer

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/server/problem"
)

// all: the folder is there, with a hidden file, before the page is built.
//
//go:embed all:dist
var built embed.FS

// Objects reads the site's objects; an absent one is fs.ErrNotExist.
type Objects interface {
	Get(ctx context.Context, name string) ([]byte, error)
}

// Viewer answers for the regions of one site.
type Viewer struct {
	origins   Origins
	log       *slog.Logger
	cells     *cells
	listings  *kept[listed, *listing]
	documents *kept[string, *document]
	texts     *kept[string, *document] // apart: callers can ask for them under any host's name
	router    *mux.Router
}

// New returns the viewer of a site that is seen at origins.
func New(objects Objects, origins Origins, log *slog.Logger) *Viewer {
	v := &Viewer{
		origins: origins, log: log, cells: newCells(objects, cellBytes),
		listings:  newKept[listed](listingBytes, (*listing).size),
		documents: newKept[string](documentBytes, (*document).size),
		texts:     newKept[string](textBytes, (*document).size),
	}
	const region = `/v1/regions/{region:[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?}`
	v.router = mux.NewRouter().SkipClean(true)
	for path, handler := range map[string]http.HandlerFunc{
		"/":                    v.page,
		"/viewer/{file}":       v.file,
		region + `/tiles.json`: v.tileJSON,
		region + `/style.json`: v.style,
		region + `/tiles/{z:[0-9]{1,2}}/{x:[0-9]{1,5}}/{y:[0-9]{1,5}}`: v.tile,
		region + `/relief.json`: v.reliefJSON,
		region + `/relief/{z:[0-9]{1,2}}/{x:[0-9]{1,5}}/{y:[0-9]{1,5}}`: v.relief,
		region + `/contours.json`: v.contoursJSON,
		region + `/contours/{z:[0-9]{1,2}}/{x:[0-9]{1,5}}/{y:[0-9]{1,5}}`: v.contours,
		region + `/places.json`:    v.places,
		region + `/places/{id:.+}`: v.place,
	} {
		v.router.Path(path).Methods("GET", "HEAD").HandlerFunc(handler)
	}
	return v
}

// Takes reports whether a request is the viewer's.
func (v *Viewer) Takes(r *http.Request) bool {
	var match mux.RouteMatch
	return v.router.Match(r, &match) && match.MatchErr == nil
}

// ServeHTTP implements http.Handler.
func (v *Viewer) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.router.ServeHTTP(w, r) }

// policy lets the page ask this site only, and run and style nothing but its own
// files. MapLibre's buttons are pictures that stand in the style sheet.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (v *Viewer) page(w http.ResponseWriter, r *http.Request) {
	if _, err := fs.Stat(built, "dist/index.html"); err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("This is a Pannier site. Its map page was not built in: run \"make build\".\nThe regions are listed at /v1/regions.json.\n"))
		return
	}
	v.send(w, r, "index.html")
}

func (v *Viewer) file(w http.ResponseWriter, r *http.Request) { v.send(w, r, mux.Vars(r)["file"]) }

// mediaTypes of the files that belong to the page.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

func (v *Viewer) send(w http.ResponseWriter, r *http.Request, name string) {
	mediaType := mediaTypes[path.Ext(name)]
	if mediaType == "" || strings.HasPrefix(name, ".") {
		v.fail(w, r, fs.ErrNotExist)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	v.answer(w, r, "file "+name, mediaType, "no-cache", func(context.Context) ([]byte, error) { return built.ReadFile("dist/" + name) })
}

func (v *Viewer) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	problem.Write(w, r, v.log, err)
}
