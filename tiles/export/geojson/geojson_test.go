package geojson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/export/geojson"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// spring returns a feature.
func spring() *feature.Feature {
	return &feature.Feature{
		ID: "osm/node/1", Kind: feature.POI, Collection: "osm", Category: "water.spring",
		Geometry:   feature.At(cell.Point{LonE7: 95209000, LatE7: 471410000}),
		Names:      map[string]string{feature.Und: "Quelle", "sl": "Izvir"},
		Provenance: feature.Provenance{Provider: "OpenStreetMap", Licence: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"},
	}
}

func Example() {
	w := geojson.NewWriter(os.Stdout, "sl")
	if err := w.Write(spring()); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"FeatureCollection","features":[
	// {"type":"Feature","id":"osm/node/1","geometry":{"coordinates":[9.5209,47.141],"type":"Point"},"properties":{"kind":"poi","collection":"osm","category":"water.spring","names":{"sl":"Izvir","und":"Quelle"},"provenance":{"provider":"OpenStreetMap","licence":"ODbL-1.0","attribution":"© OpenStreetMap contributors"},"name":"Izvir"}}
	// ]}
}

func TestWriterIsValidJSON(t *testing.T) {
	for n := range 3 {
		var out bytes.Buffer
		w := geojson.NewWriter(&out)
		for range n {
			if err := w.Write(spring()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var collection struct {
			Type     string            `json:"type"`
			Features []json.RawMessage `json:"features"`
		}
		if err := json.Unmarshal(out.Bytes(), &collection); err != nil || collection.Type != "FeatureCollection" || len(collection.Features) != n {
			t.Errorf("%d features: %v: %s", n, err, out.String())
		}
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterFails(t *testing.T) {
	w := geojson.NewWriter(full{})
	_ = w.Write(spring())
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}
