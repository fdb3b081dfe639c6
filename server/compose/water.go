package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/server/boundary"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/water"
)

// waterFile is the path of a region's polygons of the sea, named by their content;
// "" of a region that has none.
type waterFile string

// openWater returns a region's polygons of the sea; none, with a warning, when they
// were chosen for a smaller area.
func (c *Composer) openWater(ctx context.Context, region string, area orb.MultiPolygon) (file waterFile, warning string, err error) {
	w, ok, err := c.Catalog.Water(ctx, region)
	if err != nil || !ok {
		return "", "", err
	}
	chosen := osm.Box{Min: cell.Point{LonE7: w.Box[0], LatE7: w.Box[1]}, Max: cell.Point{LonE7: w.Box[2], LatE7: w.Box[3]}}
	if len(area) == 0 || !chosen.Holds(boundary.Box(area)) {
		return "", fmt.Sprintf("sea: %s was imported for a smaller region; import it again; until then the sea is made of the coastline", w.Source), nil
	}
	return waterFile(filepath.Join(c.Folder, region, w.File)), "", nil
}

// sign adds the polygons to the fingerprint of a map.
func (f waterFile) sign(fingerprint string) string {
	if f == "" {
		return fingerprint
	}
	sum := sha256.Sum256([]byte(fingerprint + filepath.Base(string(f))))
	return hex.EncodeToString(sum[:])
}

// read returns the polygons; nil when there are none.
func (f waterFile) read() (*water.Sea, error) {
	if f == "" {
		return nil, nil
	}
	return water.Open(string(f))
}
