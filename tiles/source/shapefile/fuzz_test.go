package shapefile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile/shapetest"
)

func FuzzRead(f *testing.F) {
	square := [][]cell.Point{{{LonE7: 1e7, LatE7: 1e7}, {LonE7: 2e7, LatE7: 1e7}, {LonE7: 2e7, LatE7: 2e7}, {LonE7: 1e7, LatE7: 1e7}}}
	for _, projection := range []string{shapetest.Degrees, shapetest.Mercator} {
		f.Add(shapetest.Shapes([][][]cell.Point{square, square}, projection), projection)
	}
	f.Add(shapetest.Shapes(nil, shapetest.Degrees), shapetest.Degrees)
	f.Fuzz(func(t *testing.T, data []byte, projection string) {
		data = bytes.Clone(data)
		if len(data) >= 28 {
			binary.BigEndian.PutUint32(data[24:], uint32(len(data)/2)) // or little else would be tried
		}
		file := &File{in: bufio.NewReader(bytes.NewReader(data)), size: int64(len(data))}
		var err error
		if file.Projection, err = parseProjection(projection); err == nil {
			err = file.readHead()
		}
		points := 0
		for rings, fault := range file.Polygons(func(osm.Box) bool { return err == nil }) {
			err = errors.Join(err, fault)
			for _, polygon := range osm.NestRings(rings) {
				for _, ring := range polygon {
					points += len(ring)
				}
			}
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("an error of no kind: %v", err)
		}
		if points > len(data) {
			t.Errorf("%d points of %d bytes", points, len(data))
		}
	})
}
