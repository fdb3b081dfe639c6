// Package water keeps ready-made polygons of the sea for a region, in place of the
// coastline of its extract: those that osmdata.openstreetmap.de makes of the
// coastline of the whole world, checked and cut along a grid.
//
// Read takes of a shapefile the polygons that meet a box; Write and Open keep them
// in a small file (FORMAT.md). The same polygons give the same bytes, in whatever
// order and packing they came. A Sea may be read by many at once.
package water

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
)

// Errors that a caller acts on.
var (
	// ErrCorrupt is a file that is not as it was written.
	ErrCorrupt = errors.New("damaged file of water polygons")
	// ErrNone is a shapefile without any polygon in the box.
	ErrNone = errors.New("no water polygon meets the region's box")
	// ErrTooLarge is more than is kept in memory.
	ErrTooLarge = errors.New("too many water polygons")
)

// MaxPoints is how many places the polygons of a region have at most.
const MaxPoints = 32_000_000

// Sea is polygons of the sea.
type Sea struct {
	// Box is what they were chosen for: in it, none is missing.
	Box osm.Box
	// Name is that of the file, which names its content; Write and Open set it.
	Name string
	// Polygons are as those of osm.AssembleMultipolygon, in the order of their bytes.
	Polygons [][][]cell.Point
}

// Ending is how the name of a file ends; what is before it is the beginning of the
// SHA-256 of its bytes.
const Ending = ".sea"

// Read reads the polygons of a shapefile that meet a box.
func Read(f *shapefile.File, box osm.Box) (*Sea, error) {
	s := &Sea{Box: box}
	points := 0
	for rings, err := range f.Polygons(box.Meets) {
		if err != nil {
			return nil, err
		}
		for _, polygon := range osm.NestRings(rings) {
			for _, ring := range polygon {
				points += len(ring)
			}
			s.Polygons = append(s.Polygons, polygon)
		}
		if points > MaxPoints {
			return nil, fmt.Errorf("%w: over %d points in the region's box; divide the region", ErrTooLarge, MaxPoints)
		}
	}
	if len(s.Polygons) == 0 {
		return nil, ErrNone
	}
	return s, nil
}

// Write writes the polygons into a file in a folder that has nothing of that name,
// or the same, and returns the name for its content.
func (s *Sea) Write(path string) (name string, err error) {
	data := s.encode()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	s.Name = nameOf(data)
	_, err = f.Write(data)
	return s.Name, errors.Join(err, f.Sync(), f.Close())
}

func nameOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16]) + Ending
}

// Open reads a file that Write wrote, under the name that it returned. Errors name
// the file.
func Open(path string) (*Sea, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Sea{Name: filepath.Base(path)}
	if nameOf(data) != s.Name {
		err = fmt.Errorf("%w: it is not what its name says", ErrCorrupt)
	} else {
		err = s.decode(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// sorted returns the polygons in their bytes, rising, each once.
func (s *Sea) sorted() [][]byte {
	all := make([][]byte, len(s.Polygons))
	for i, p := range s.Polygons {
		all[i] = appendPolygon(nil, p)
	}
	slices.SortFunc(all, bytes.Compare)
	return slices.CompactFunc(all, bytes.Equal)
}
