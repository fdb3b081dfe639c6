package build_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/build"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

func Example() {
	dir, err := os.MkdirTemp("", "example-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "base")
	err = osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		return h.Nodes([]osm.Node{{
			ID:    1,
			Point: cell.Point{LonE7: 95209000, LatE7: 471410000},
			Tags:  osm.Tags{{Key: "name", Value: "Vaduz"}, {Key: "place", Value: "town"}},
		}})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	base, err := osm.OpenBase(path, 1<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer base.Close()

	stats, err := build.Tiles(context.Background(), base, build.Options{}, func(key cell.Key, raw []byte) error {
		fmt.Println(key)
		return nil
	})
	fmt.Println(stats.Cells, "cells", err)
	// Output:
	// tiles 7/67/44
	// tiles 11/1078/719
	// 2 cells <nil>
}
