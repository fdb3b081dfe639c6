package dem_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/dem"
)

func Example() {
	folder, err := os.MkdirTemp("", "dem")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)

	// A survey's file becomes one that can be read a block at a time.
	grid, err := dem.Read("testdata/float32_deflate3.tif")
	if err != nil {
		panic(err)
	}
	filled := grid.Fill()
	fmt.Printf("filled %d of %d voids among %d points\n", filled.Filled, filled.Voids, filled.Points)
	kept := filepath.Join(folder, "heights.dem")
	f, err := os.Create(kept)
	if err != nil {
		panic(err)
	}
	if err := grid.Write(f); err != nil {
		panic(err)
	}
	f.Close()

	model, err := dem.OpenModel(kept)
	if err != nil {
		panic(err)
	}
	defer model.Close()
	metres, ok, err := model.Height(cell.Point{LonE7: 16_2000000, LatE7: 46_1500000})
	fmt.Printf("%.0f m, %v, %v\n", metres, ok, err)
	// Output:
	// filled 2 of 2 voids among 1200 points
	// 468 m, true, <nil>
}
