package archive

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"
)

// BasemapItem is the key of the item in the assets cell of the world that
// describes a base map that was not drawn by the schema of tiles/schema: a JSON
// object (RFC 8785) as EncodeBasemap writes it. Without it the map follows that
// schema. Readers that do not know it draw what layers they know.
const BasemapItem = "basemap"

// basemap is that object.
type basemap struct {
	Name         string          `json:"name,omitempty"`
	Description  string          `json:"description,omitempty"`
	Type         string          `json:"type"`
	MinZoom      uint8           `json:"minzoom"`
	MaxZoom      uint8           `json:"maxzoom"`
	VectorLayers json.RawMessage `json:"vector_layers"`
}

// EncodeBasemap returns the canonical JSON of an archive's metadata, without what
// stands in the manifest: bounds and attribution.
func EncodeBasemap(m Metadata) ([]byte, error) {
	m.Clean()
	if m.VectorLayers == nil {
		m.VectorLayers = json.RawMessage("[]")
	}
	plain, err := json.Marshal(basemap{m.Name, m.Description, m.Type, m.MinZoom, m.MaxZoom, m.VectorLayers})
	if err == nil {
		plain, err = jcs.Transform(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("describe base map: %w", err)
	}
	return plain, nil
}

// ParseBasemap reads what EncodeBasemap wrote.
func ParseBasemap(data []byte) (Metadata, error) {
	var b basemap
	if err := json.Unmarshal(data, &b); err != nil {
		return Metadata{}, fmt.Errorf("base map's description: %w", errors.Join(ErrCorrupt, err))
	}
	m := Metadata{Name: b.Name, Description: b.Description, Type: b.Type, MinZoom: b.MinZoom, MaxZoom: b.MaxZoom, VectorLayers: b.VectorLayers}
	m.Clean()
	return m, nil
}
