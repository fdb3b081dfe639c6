package offline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/pull"
)

func Example() {
	dir, _ := os.MkdirTemp("", "pannier-*")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "drava.mbtiles")

	region, err := offline.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer region.Close()
	// A pull.Client does this with what it has downloaded and checked.
	next := offlinetest.Version(&testing.T{}, "drava", 1, town(), pull.State{})
	if err := region.Apply(context.Background(), next); err != nil {
		fmt.Println(err)
		return
	}

	found, _ := region.Search(context.Background(), "djurdj", 5)
	fmt.Println(found[0].Name("sl"))
	near, _ := region.Near(context.Background(), 46.5580, 15.6480, "food", 1, 0)
	fmt.Printf("%s, %.0f m\n", near[0].Feature.Name("sl"), near[0].Meters)
	fmt.Println(region.Attribution(context.Background()))
	// Output:
	// Gostilna pri Đurđici
	// Čaj in Žganje, 0 m
	// © OpenStreetMap contributors (ODbL-1.0) <nil>
}
