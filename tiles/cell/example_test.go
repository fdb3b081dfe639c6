package cell_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/pannier-maps/pannier/tiles/cell"
)

func ExampleAppendItem() {
	raw := cell.AppendItem(nil, cell.TileKey(cell.World), []byte("hi"))
	fmt.Printf("% x\n%x\n", raw, sha256.Sum256(raw))
	// Output:
	// 08 00 00 00 00 00 00 00 01 02 68 69
	// d445cf3ad613e35af943a3d605fd7083267140cfb7eb518deb8a06ef2240c3a3
}

func ExampleOfTile() {
	tile := cell.New(14, 8619, 5766)
	fmt.Println(tile, "belongs to", cell.OfTile(tile))
	// Output: 14/8619/5766 belongs to 11/1077/720
}
