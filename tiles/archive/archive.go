// Package archive holds what files of map tiles have in common: a tile, what a
// file says of itself, and the list of its layers. The packages below it read and
// write the formats.
//
// Tiles are Mapbox Vector Tiles where nothing else is said. Bounds are in units of
// 1e-7 degrees. Values may be read concurrently.
package archive

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Errors of all readers and writers.
var (
	ErrCorrupt     = errors.New("damaged archive")
	ErrUnsupported = errors.New("unsupported archive")
	ErrNotFound    = errors.New("no such tile")
	ErrNoTiles     = errors.New("no tiles to write")
	ErrTile        = errors.New("unfit tile") // twice in the input, too large, or outside the zooms
)

// MaxTileBytes bounds a tile, compressed or not.
const MaxTileBytes = 16 << 20

// Types of maps, as both formats name them.
const (
	Base    = "baselayer"
	Overlay = "overlay"
)

// Tile is one tile of a map.
type Tile struct {
	ID   cell.ID
	Data []byte
}

// Format is a kind of tiles.
type Format string

// The formats that are written.
const (
	MVT Format = "Mapbox vector tiles"
	PNG Format = "PNG pictures"
)

// Metadata is what a file says of its map.
type Metadata struct {
	Format                         Format   // what its tiles are, "" unknown; writers write MVT, but for PNG in PMTiles
	Name, Description, Attribution string   // the attribution may be HTML
	Version                        string   // of the content
	Type                           string   // Base when empty
	Bounds                         [4]int32 // west, south, east, north in 1e-7 degrees
	MinZoom, MaxZoom               uint8
	VectorLayers                   json.RawMessage // as in TileJSON 3.0; none when empty
	Encoding                       string          // of heights in pictures, such as "terrarium"
}

// Limits of texts that are read; longer ones are cut.
const (
	maxText    = 4096 // bytes
	maxVersion = 100
)

// Clean bounds the texts and drops a list of layers that is none, of what others
// wrote.
func (m *Metadata) Clean() {
	for _, s := range []*string{&m.Name, &m.Description, &m.Attribution} {
		*s = cut(*s, maxText)
	}
	m.Version, m.Encoding = cut(m.Version, maxVersion), cut(m.Encoding, maxVersion)
	if m.Type != Overlay {
		m.Type = Base
	}
	if layers := ParseLayers(m.VectorLayers); len(layers) > 0 {
		m.VectorLayers, _ = layers.List() // texts and numbers cannot fail
	} else {
		m.VectorLayers = nil
	}
}

// cut bounds a text, which becomes valid UTF-8.
func cut(s string, limit int) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd"))
	for limit < len(s) && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:min(limit, len(s))]
}

// Center is the place that a map is shown at first: the middle of its bounds, at
// a zoom in the middle of its zooms.
func (m *Metadata) Center() (lonE7, latE7 int32, zoom uint8) {
	west, south, east, north := int64(m.Bounds[0]), int64(m.Bounds[1]), int64(m.Bounds[2]), int64(m.Bounds[3])
	return int32((west + east) / 2), int32((south + north) / 2), uint8((int(m.MinZoom) + int(m.MaxZoom) + 1) / 2)
}

// Follow yields tiles and makes the zooms those of the tiles that passed, so that a
// writer, which reads them at the end, says what is there.
func (m *Metadata) Follow(tiles iter.Seq2[Tile, error]) iter.Seq2[Tile, error] {
	return func(yield func(Tile, error) bool) {
		first := true
		for t, err := range tiles {
			if err == nil && len(t.Data) > 0 {
				zoom := t.ID.Zoom()
				if first {
					m.MinZoom, m.MaxZoom, first = zoom, zoom, false
				}
				m.MinZoom, m.MaxZoom = min(m.MinZoom, zoom), max(m.MaxZoom, zoom)
			}
			if !yield(t, err) {
				return
			}
		}
	}
}
