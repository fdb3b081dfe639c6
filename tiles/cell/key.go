package cell

import (
	"cmp"
	"fmt"
)

// Layer says what kind of content a cell holds. The numbers are part of the
// format.
type Layer uint8

// The layers.
const (
	Features Layer = 1 // POIs, routes and notices, as records
	Graph    Layer = 2 // routing tiles
	Tiles    Layer = 3 // base map vector tiles
	Media    Layer = 4 // photos
	Assets   Layer = 5 // style, sprite, fonts
	Relief   Layer = 6 // heights, as tiles
)

// Layers lists them in rising order.
func Layers() []Layer { return []Layer{Features, Graph, Tiles, Media, Assets, Relief} }

var layerNames = map[Layer]string{
	Features: "features", Graph: "graph", Tiles: "tiles", Media: "media", Assets: "assets", Relief: "relief",
}

// String returns the layer's name.
func (l Layer) String() string {
	if s, ok := layerNames[l]; ok {
		return s
	}
	return fmt.Sprintf("layer %d", uint8(l))
}

// Valid reports whether l is a layer this version knows.
func (l Layer) Valid() bool { return layerNames[l] != "" }

// Key names a cell: one layer's content under one square.
type Key struct {
	Layer Layer
	ID    ID
}

// Compare orders keys by layer, then by square.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Layer, o.Layer), cmp.Compare(k.ID, o.ID))
}

// String returns "layer z/x/y".
func (k Key) String() string { return k.Layer.String() + " " + k.ID.String() }
