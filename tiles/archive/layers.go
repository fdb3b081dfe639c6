package archive

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Limits of a list of layers; what goes beyond them is left out.
const (
	MaxLayers = 1000
	MaxFields = 1000 // of a layer
	MaxName   = 256  // bytes of a layer's or a field's
)

// Layers says what tiles hold, by the name of the layer.
type Layers map[string]*Layer

// Layer is a layer as the list vector_layers of TileJSON 3.0 has it.
type Layer struct {
	ID          string            `json:"id"`
	Description string            `json:"description,omitempty"`
	Fields      map[string]string `json:"fields"` // to "String", "Number" or "Boolean"
	MinZoom     uint8             `json:"minzoom"`
	MaxZoom     uint8             `json:"maxzoom"`
}

// Fields of the Mapbox Vector Tile format 2.1.
const (
	mvtTileLayer    = 3
	mvtLayerName    = 1
	mvtLayerFeature = 2
	mvtLayerKey     = 3
	mvtLayerValue   = 4
	mvtFeatureTags  = 2
	mvtValueString  = 1
	mvtValueBool    = 7
)

// Scan adds the layers of one tile. What cannot be read is left out: the list
// helps other programs and nothing of ours depends on it.
func (v Layers) Scan(zoom uint8, tile []byte) {
	msg := protoscan.New(tile)
	for msg.Next() {
		if msg.FieldNumber() != mvtTileLayer {
			msg.Skip()
			continue
		}
		data, err := msg.MessageData()
		if err != nil {
			return
		}
		if l := scanLayer(data); l != nil {
			l.MinZoom, l.MaxZoom = zoom, zoom
			v.add(l)
		}
	}
}

func scanLayer(data []byte) *Layer {
	l := &Layer{Fields: map[string]string{}}
	var keys, types []string
	used := map[[2]uint32]bool{}
	msg := protoscan.New(data)
	for msg.Next() {
		var err error
		switch msg.FieldNumber() {
		case mvtLayerName:
			l.ID, err = text(msg)
		case mvtLayerKey:
			var key string
			key, err = text(msg)
			keys = append(keys, key)
		case mvtLayerValue:
			var value []byte
			value, err = msg.MessageData()
			types = append(types, valueType(value))
		case mvtLayerFeature:
			var f []byte
			f, err = msg.MessageData()
			scanTags(f, used)
		default:
			msg.Skip()
		}
		if err != nil {
			return nil
		}
	}
	for _, pair := range slices.SortedFunc(maps.Keys(used), func(a, b [2]uint32) int { return slices.Compare(a[:], b[:]) }) {
		if int64(pair[0]) < int64(len(keys)) && int64(pair[1]) < int64(len(types)) {
			l.field(keys[pair[0]], types[pair[1]])
		}
	}
	if l.ID == "" || msg.Err() != nil {
		return nil
	}
	return l
}

// text reads a string; JSON has no place for what is not UTF-8.
func text(msg *protoscan.Message) (string, error) {
	s, err := msg.String()
	return strings.ToValidUTF8(s, "\ufffd"), err
}

// scanTags collects the pairs of key and value that a feature uses.
func scanTags(data []byte, used map[[2]uint32]bool) {
	msg := protoscan.New(data)
	for msg.Next() {
		if msg.FieldNumber() != mvtFeatureTags {
			msg.Skip()
			continue
		}
		tags, err := msg.RepeatedUint32(nil)
		if err != nil {
			return
		}
		for pair := range slices.Chunk(tags, 2) {
			if len(pair) == 2 {
				used[[2]uint32(pair)] = true
			}
		}
	}
}

func valueType(data []byte) string {
	msg := protoscan.New(data)
	if !msg.Next() {
		return "String"
	}
	switch msg.FieldNumber() {
	case mvtValueString:
		return "String"
	case mvtValueBool:
		return "Boolean"
	}
	return "Number"
}

// field notes a field's type; one of several types counts as String.
func (l *Layer) field(key, kind string) {
	was, known := l.Fields[key]
	switch {
	case !known && (len(l.Fields) == MaxFields || len(key) > MaxName):
		return
	case known && was != kind:
		kind = "String"
	}
	l.Fields[key] = kind
}

// add joins a layer with what is known of it.
func (v Layers) add(l *Layer) {
	known, ok := v[l.ID]
	if !ok {
		if len(v) < MaxLayers && len(l.ID) <= MaxName {
			v[l.ID] = l
		}
		return
	}
	known.MinZoom, known.MaxZoom = min(known.MinZoom, l.MinZoom), max(known.MaxZoom, l.MaxZoom)
	for key, kind := range l.Fields {
		known.field(key, kind)
	}
}

// Merge adds what is known of other tiles.
func (v Layers) Merge(o Layers) {
	for _, l := range o {
		v.add(l)
	}
}

// List returns the layers by name, as JSON.
func (v Layers) List() ([]byte, error) {
	all := make([]*Layer, 0, len(v))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		all = append(all, v[name])
	}
	return json.Marshal(all)
}

// ParseLayers reads a list of layers as others write it. What is not a layer is
// left out.
func ParseLayers(list []byte) Layers {
	v := Layers{}
	var all []json.RawMessage
	if json.Unmarshal(list, &all) != nil {
		return v
	}
	for _, raw := range all {
		var in struct {
			ID          string         `json:"id"`
			Description string         `json:"description"`
			Fields      map[string]any `json:"fields"` // their types, by others' words
			MinZoom     float64        `json:"minzoom"`
			MaxZoom     float64        `json:"maxzoom"`
		}
		in.MaxZoom = cell.MaxZoom
		if json.Unmarshal(raw, &in) != nil || in.ID == "" {
			continue
		}
		l := &Layer{ID: in.ID, Description: cut(in.Description, maxText), Fields: map[string]string{}, MinZoom: zoomOf(in.MinZoom), MaxZoom: zoomOf(in.MaxZoom)}
		for key, kind := range in.Fields {
			if kind != "Number" && kind != "Boolean" {
				kind = "String"
			}
			l.field(key, kind.(string))
		}
		v.add(l)
	}
	return v
}

func zoomOf(n float64) uint8 { return uint8(max(0, min(n, cell.MaxZoom))) }
