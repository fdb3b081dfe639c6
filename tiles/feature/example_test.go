package feature_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func Example() {
	f := feature.Feature{
		ID: "osm/node/1", Kind: feature.POI, Collection: "osm", Category: "water.drinking",
		Geometry:   feature.At(cell.Point{LonE7: 95209000, LatE7: 471410000}),
		Names:      map[string]string{feature.Und: "Dorfbrunnen"},
		Provenance: feature.Provenance{Provider: "OpenStreetMap", Licence: "ODbL-1.0"},
	}
	if err := f.Validate(); err != nil {
		fmt.Println(err)
	}
	raw, err := f.Canonical()
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n%x\n", raw, sha256.Sum256(raw))
	f.Geometry = feature.Geometry{}
	fmt.Println(f.Validate())
	// Output:
	// {"category":"water.drinking","collection":"osm","geometry":{"coordinates":[9.5209,47.141],"type":"Point"},"id":"osm/node/1","kind":"poi","names":{"und":"Dorfbrunnen"},"provenance":{"licence":"ODbL-1.0","provider":"OpenStreetMap"}}
	// a5fcfb55e9d220cf768b0e08004b61a9756974f5422177c114ad742c79bd7ade
	// geometry: missing
}
