package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/boundary"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/ingest"
	"github.com/pannier-maps/pannier/tiles/progress"
)

// maxBoundary is the largest boundary, in bytes, that one record can hold.
const maxBoundary = 200 << 10

func (p *program) regionCommand() *cobra.Command {
	region := &cobra.Command{Use: "region", Short: "Create and list regions"}
	region.AddCommand(p.regionCreateCommand(), p.regionListCommand())
	return region
}

func (p *program) regionCreateCommand() *cobra.Command {
	var r catalog.Region
	var boundary string
	var by signers
	var later bool
	cmd := &cobra.Command{
		Use:   "create REGION",
		Short: "Create a region and its signing key",
		Long: `Create a region and the key that signs its versions. The first region of a data
folder also makes the site's root and its key, which is left in root.key in the
data folder: move it off the machine. For further regions name it with --key.
See "pannierd keys --help".`,
		Example: `  pannierd region create mura-drava --name "Mura – Drava" --languages sl,hr,de,en --boundary area.geojson`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.ID = args[0]
			if boundary != "" {
				data, err := p.readBoundary(boundary)
				if err != nil {
					return err
				}
				r.Boundary = data
			}
			return p.with(cmd.Context(), func(h *host.Host) error {
				made, err := h.Catalog.CreateRegion(cmd.Context(), r)
				if err != nil {
					return err
				}
				var advice string
				if !later {
					if advice, err = p.trustRegion(cmd.Context(), h, by); err != nil {
						return fmt.Errorf("%s is created, but no root lists its key yet: %w", made.ID, err)
					}
				}
				return p.answer(made, func() {
					p.printf("Created %s (%s).\n", made.ID, made.Name)
					p.printf("%s", advice)
				})
			})
		},
	}
	cmd.Flags().StringArrayVar(&by.keys, "key", nil, "file of a root key to sign the new root with; may be repeated (default: root.key in the data folder)")
	cmd.Flags().BoolVar(&later, "root-later", false, "make no root now: one will be drafted by keys root-draft")
	cmd.Flags().StringVar(&r.Name, "name", "", "name for people (default: the region's id)")
	cmd.Flags().StringSliceVar(&r.Languages, "languages", nil, "languages of names, such as sl,hr,de,en; the first is the default")
	cmd.Flags().StringVar(&boundary, "boundary", "", "GeoJSON file with the region's area (default: all that is imported)")
	return cmd
}

// readBoundary reads and checks the file of a boundary.
func (p *program) readBoundary(name string) (json.RawMessage, error) {
	info, err := os.Stat(p.path(name))
	switch {
	case err != nil:
		return nil, err
	case info.Size() == 0:
		return nil, fmt.Errorf("%s: the file is empty", name)
	case info.Size() > maxBoundary:
		return nil, fmt.Errorf("%s: %d bytes, allowed are %d; simplify the boundary", name, info.Size(), maxBoundary)
	}
	data, err := os.ReadFile(p.path(name))
	if err != nil {
		return nil, err
	}
	if _, err := boundary.Parse(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

func (p *program) regionListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List regions", Example: "  pannierd region list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error {
				all, err := h.Catalog.AllRegions(cmd.Context())
				if err != nil {
					return err
				}
				return p.answer(all, func() {
					for _, r := range all {
						p.printf("%-20s %-24s %s\n", r.ID, r.Name, strings.Join(r.Languages, ","))
					}
				})
			})
		},
	}
}

func (p *program) importCommand() *cobra.Command {
	var opts ingest.Options
	var memory int
	cmd := &cobra.Command{
		Use:   "import REGION FILE...",
		Short: "Bring files into a region",
		Long: `Bring files into a region: OpenStreetMap extracts (.osm.pbf, .osm, packed with
gzip or bzip2), changes to them (.osc), archives of ready vector tiles in place of
those (PMTiles, MBTiles), places and routes (GeoJSON, GPX, KML, KMZ, FIT, TCX, CSV,
XLSX, DATAtourisme, Open Data Hub, schema.org; see inspect), height
models (.hgt, GeoTIFF; routes get their ascent and profile of them), and water
polygons of osmdata.openstreetmap.de (shapefile, as its zip or unpacked), of which
the region's are kept and drawn as its sea in place of the extract's coastline. Files
are told apart by their content. Nothing reaches riders before "publish". Objects
that cannot be read are told with their lines, and the others are imported, unless
--strict refuses the file for them.

A GeoJSON feature with the id of an object that is there, such as
"osm/node/123", changes only the members it has.`,
		Example: `  pannierd import andorra andorra.osm.pbf
  pannierd import andorra andorra-002941.osc.gz guesthouses.geojson tour.gpx
  pannierd import firenze firenze-2022-10-22.pmtiles
  pannierd import andorra N42E001.hgt.zip
  pannierd import coast coast.osm.pbf water-polygons-split-4326.zip`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.spare(memory); err != nil {
				return err
			}
			files := make([]string, len(args)-1)
			for i, name := range args[1:] {
				files[i] = p.path(name)
			}
			return p.with(cmd.Context(), func(h *host.Host) error {
				meter := p.meter(progress.Bytes)
				im := h.Importer(meter.Report)
				im.Memory = memory << 20
				results, err := im.Import(cmd.Context(), args[0], files, opts)
				meter.Done()
				if err == nil || len(results) > 0 {
					if results == nil {
						results = []ingest.Result{}
					}
					if err := p.answer(results, func() { p.printImported(results) }); err != nil {
						return err
					}
				}
				return err
			})
		},
	}
	cmd.Flags().IntVar(&memory, "memory", 256, "megabytes that map data may take while it is sorted; what does not fit goes to disk")
	cmd.Flags().StringVar(&opts.Source, "source", "", "name of the source of features (default: the file's name)")
	cmd.Flags().StringVar(&opts.Provider, "provider", "", "who gives the features (default: the source's name)")
	cmd.Flags().BoolVar(&opts.Strict, "strict", false, "refuse a file of features when one of its objects cannot be read")
	cmd.Flags().StringVar(&opts.Licence, "licence", "", "SPDX id of the features' licence, where they do not say (default CC-BY-4.0), or that of an archive's data")
	cmd.Flags().StringVar(&opts.Attribution, "attribution", "", "how the provider, the survey of a height model or the source of an archive wants to be named (default: the provider; no survey; what the archive says)")
	return cmd
}

func (p *program) printImported(results []ingest.Result) {
	for _, r := range results {
		p.printf("%s (%s): ", r.File, r.Kind)
		switch {
		case r.Created+r.Modified+r.Deleted+r.Skipped > 0:
			p.printf("%d created, %d modified, %d deleted, %d known already\n", r.Created, r.Modified, r.Deleted, r.Skipped)
		case r.Elements > 0:
			p.printf("%d elements\n", r.Elements)
		case r.Tiles > 0:
			p.printf("%d tiles\n", r.Tiles)
		case r.Water > 0:
			p.printf("%s of the sea\n", plural(r.Water, "polygon"))
		case r.Heights > 0:
			p.printf("%d heights\n", r.Heights)
		default:
			p.printf("%d new, %d changed, %d unchanged", r.New, r.Changed, r.Unchanged)
			if n := len(r.Rejected) + r.Omitted; n > 0 {
				p.printf(", %d rejected", n)
			}
			p.printf("\n")
			p.printRejected(r.Rejected, r.Omitted)
		}
		for _, note := range r.Notes {
			p.printf("  %s\n", note)
		}
	}
}

// answer writes a result as JSON or in words.
func (p *program) answer(value any, words func()) error {
	if !p.json {
		words()
		return nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", data)
	return err
}

func (p *program) printf(format string, args ...any) {
	io.WriteString(p.stdout, printable(fmt.Sprintf(format, args...)))
}

// printable takes what would command a terminal from a text, of which parts may
// come from anybody's files.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, text)
}
