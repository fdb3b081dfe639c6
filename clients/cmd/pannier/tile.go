package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// tile is what tile writes as JSON.
type tile struct {
	Tile   string `json:"tile"`
	Format string `json:"format"`
	Bytes  int    `json:"bytes"`
	Data   []byte `json:"data"` // base64
}

func (a *app) tileCommand() *cobra.Command {
	var output string
	var heights, contours bool
	c := a.fromRegion(&cobra.Command{
		Use:   "tile Z/X/Y",
		Short: "Write one tile of the base map, or of heights",
		Long: "Write a base map tile as a Mapbox Vector Tile, uncompressed: to the file of -o, else\n" +
			"to the output. On a terminal only its size is shown. An empty tile is not stored.\n" +
			"With --relief, write a tile of heights as a PNG in Terrarium encoding, with --contours\n" +
			"the contour lines that are drawn of it, if the region has heights there.",
		Example: "  pannier tile 14/8259/6048 -o tile.mvt\n  pannier tile 10/516/378 > tile.mvt\n" +
			"  pannier tile 10/516/378 --relief -o heights.png",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := cell.Parse(args[0])
			if err != nil {
				return err
			}
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				read, what, format := r.Tile, "tile", "mvt"
				switch {
				case heights:
					read, what, format = r.Relief, "heights of tile", "png"
				case contours:
					read, what = r.Contours, "contour lines of tile"
				}
				data, err := read(c.Context(), id)
				switch {
				case errors.Is(err, fs.ErrNotExist):
					return fmt.Errorf("region %s has no %s %s", name, what, id)
				case err != nil:
					return err
				case output != "":
					return writeFile(output, func(path string) error { return os.WriteFile(path, data, 0o644) })
				case a.json:
					return a.writeJSON(tile{id.String(), format, len(data), data})
				case a.onTerminal():
					fmt.Fprintf(a.out, "Tile %s is there: %s. Write it to a file with -o FILE.\n", id, size(int64(len(data))))
					return nil
				}
				_, err = a.out.Write(data)
				return err
			})
		},
	})
	c.Flags().StringVarP(&output, "output", "o", "", "file to write")
	c.Flags().BoolVar(&heights, "relief", false, "write heights instead of the map")
	c.Flags().BoolVar(&contours, "contours", false, "write contour lines instead of the map")
	c.MarkFlagsMutuallyExclusive("relief", "contours")
	return c
}
