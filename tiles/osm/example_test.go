package osm_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// A reader would call the handler; here two nodes and a way come out of order.
func Example() {
	folder, err := os.MkdirTemp("", "base")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "base")
	err = osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		if err := h.Ways([]osm.Way{{ID: 9, Nodes: []int64{2, 1}, Tags: osm.Tags{{Key: "highway", Value: "path"}}}}); err != nil {
			return err
		}
		return h.Nodes([]osm.Node{
			{ID: 1, Point: cell.Point{LonE7: 95209000, LatE7: 471410000}},
			{ID: 2, Point: cell.Point{LonE7: 95210000, LatE7: 471420000}},
		})
	})
	if err != nil {
		log.Fatal(err)
	}

	base, err := osm.OpenBase(path, 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()
	way, _, err := base.Way(9)
	if err != nil {
		log.Fatal(err)
	}
	points, err := base.Points(way.Nodes)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(way.Tags.Get("highway"), points)
	// Output: path [{95210000 471420000} {95209000 471410000}]
}
