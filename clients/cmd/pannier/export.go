package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
)

func (a *app) exportCommand() *cobra.Command {
	formats := slices.Sorted(maps.Keys(exporters))
	var output string
	c := a.fromRegion(&cobra.Command{
		Use:   "export (" + strings.Join(formats, "|") + ") -o FILE",
		Short: "Write a region as a file for other programs",
		Long: "Write the base map (pmtiles, mbtiles), heights (relief: PMTiles of PNG in Terrarium\n" +
			"encoding), all places and routes (geojson), places as waypoints and routes as tracks\n" +
			"(gpx), or everything for another pannier (bundle).",
		Example:   "  pannier export mbtiles -o andorra.mbtiles\n  pannier export gpx -o andorra.gpx --region andorra",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: formats,
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				err := writeFile(output, func(path string) error { return exporters[args[0]](c.Context(), a, r, path) })
				if err != nil {
					return fmt.Errorf("export %s: %w", name, err)
				}
				info, err := os.Stat(output)
				if err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(map[string]any{"region": name, "format": args[0], "file": output, "bytes": info.Size()})
				}
				fmt.Fprintf(a.out, "Wrote %s, %s.\n", output, size(info.Size()))
				attribution, err := r.Attribution(c.Context())
				if err != nil {
					return err
				}
				return a.credit(attribution)
			})
		},
	})
	c.Flags().StringVarP(&output, "output", "o", "", "file to write; one that exists is replaced")
	c.MarkFlagRequired("output")
	return c
}

// writeFile lets write make a new file beside path, and puts it in the place of
// path when it is complete.
func writeFile(path string, write func(path string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".pannier-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	temporary := filepath.Join(dir, "file")
	if err := write(temporary); err != nil {
		return err
	}
	f, err := os.OpenFile(temporary, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
