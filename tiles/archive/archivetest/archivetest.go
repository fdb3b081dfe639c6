// Package archivetest has tiles for tests of archives. They are no vector tiles:
// writers and readers of archives do not look at them.
package archivetest

import (
	"fmt"
	"iter"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// All yields tiles as writers take them.
func All(tiles []archive.Tile) iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		for _, t := range tiles {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// World returns all tiles up to a zoom; those of the south are alike.
func World(zoom uint8) []archive.Tile {
	var tiles []archive.Tile
	for z := uint8(0); z <= zoom; z++ {
		for x := range uint32(1) << z {
			for y := range uint32(1) << z {
				data := fmt.Appendf([]byte{0x1a}, "%d/%d/%d", z, x, y)
				if z > 0 && y >= 1<<z/2 {
					data = []byte{0x1a, 's'}
				}
				tiles = append(tiles, archive.Tile{ID: cell.New(z, x, y), Data: data})
			}
		}
	}
	return tiles
}
