package offline

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/paulmach/protoscan"
)

// vectorLayers says what the tiles hold, by layer name, as the member
// vector_layers of an MBTiles file does.
type vectorLayers map[string]*vectorLayer

type vectorLayer struct {
	ID      string            `json:"id"`
	Fields  map[string]string `json:"fields"` // to "String", "Number" or "Boolean"
	MinZoom uint8             `json:"minzoom"`
	MaxZoom uint8             `json:"maxzoom"`
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

// scan adds the layers of one tile. What cannot be read is left out: the list
// helps other programs and nothing of ours depends on it.
func (v vectorLayers) scan(zoom uint8, tile []byte) {
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

func scanLayer(data []byte) *vectorLayer {
	l := &vectorLayer{Fields: map[string]string{}}
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
	for pair := range used {
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
func (l *vectorLayer) field(key, kind string) {
	if was, ok := l.Fields[key]; ok && was != kind {
		kind = "String"
	}
	l.Fields[key] = kind
}

// add joins a layer with what is known of it.
func (v vectorLayers) add(l *vectorLayer) {
	known, ok := v[l.ID]
	if !ok {
		v[l.ID] = l
		return
	}
	known.MinZoom, known.MaxZoom = min(known.MinZoom, l.MinZoom), max(known.MaxZoom, l.MaxZoom)
	for key, kind := range l.Fields {
		known.field(key, kind)
	}
}

func (v vectorLayers) merge(o vectorLayers) {
	for _, l := range o {
		v.add(l)
	}
}

// vectorJSON is the member json of an MBTiles file.
type vectorJSON struct {
	Layers []*vectorLayer `json:"vector_layers"`
}

func (v vectorLayers) encode() (string, error) {
	out := vectorJSON{Layers: []*vectorLayer{}}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		out.Layers = append(out.Layers, v[name])
	}
	data, err := json.Marshal(out)
	return string(data), err
}

func decodeVectorLayers(text string) vectorLayers {
	var in vectorJSON
	v := vectorLayers{}
	if json.Unmarshal([]byte(text), &in) == nil {
		for _, l := range in.Layers {
			if l != nil && l.Fields != nil {
				v.add(l)
			}
		}
	}
	return v
}
