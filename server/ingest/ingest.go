// Package ingest brings files into a region: OpenStreetMap extracts and
// changes, archives of map tiles, height models, polygons of the sea, and features
// of providers.
//
// Each file is told apart by its content, read to its end and checked before
// anything of the region changes; then it takes effect in one step. A file that
// fails leaves the region as it was. Errors name the file and the place in it.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Errors that a caller acts on.
var (
	// ErrNoBase is returned for changes to map data that the region lacks.
	ErrNoBase = errors.New("the map data that these changes start from is missing")
	// ErrNothing is returned for an extract that would leave a region empty.
	ErrNothing = errors.New("there are no elements in this file; is it cut off?")
	// ErrTooLarge is returned for a file with more changes than memory is for.
	ErrTooLarge = errors.New("file too large")
)

// Importer brings files into regions, several at once. Changes to map data that
// another import replaced meanwhile fail.
type Importer struct {
	Catalog *catalog.Catalog
	Folder  string // of bases of maps, height models and water polygons: {Folder}/{region}/{file}
	// Memory bounds what an import of map data sorts and holds in memory, in
	// bytes; 0 is 256 MiB. The rest, some blocks for each core, does not grow.
	Memory int
	// Progress, if set, is told how many bytes of a file are read.
	Progress func(stage string, done, total int64)
}

// Options of an import.
type Options struct {
	// Source names where features come from; "" takes the file's name. A
	// feature is replaced by one of the same source and id.
	Source string
	// Provider, Licence and Attribution go into the provenance of features that
	// do not bring their own. A height model is credited when Attribution is given,
	// an archive of tiles in its own words when it is not.
	Provider, Licence, Attribution string
	// Strict refuses a file of features with an object that cannot be read;
	// else the others are imported.
	Strict bool
}

// Result tells what a file brought.
type Result struct {
	File string      `json:"file"`
	Kind source.Kind `json:"kind"`
	// Of map data: elements now in the region, and what changes did to them.
	Elements int64 `json:"elements,omitempty"`
	Created  int64 `json:"created,omitempty"`
	Modified int64 `json:"modified,omitempty"`
	Deleted  int64 `json:"deleted,omitempty"`
	Skipped  int64 `json:"skipped,omitempty"`
	// Of an archive: its tiles.
	Tiles int `json:"tiles,omitempty"`
	// Of a height model: its points; Notes tell of voids.
	Heights int `json:"heights,omitempty"`
	// Of a shapefile: the polygons of the sea that the region has now.
	Water int `json:"water,omitempty"`
	// Of features.
	New       int `json:"new,omitempty"`
	Changed   int `json:"changed,omitempty"`
	Unchanged int `json:"unchanged,omitempty"`
	// Rejected are objects that cannot be read, and Omitted how many further ones
	// are not listed; Notes are about the file as a whole.
	Rejected []records.Rejected `json:"rejected,omitempty"`
	Omitted  int                `json:"omitted,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
}

// Import brings files into a region, in the order given. Extracts of
// OpenStreetMap that are given together are merged and take the place of the
// region's map data. On an error, the results so far tell what took effect.
func (im *Importer) Import(ctx context.Context, region string, files []string, opts Options) ([]Result, error) {
	if _, err := im.Catalog.Region(ctx, region); err != nil {
		return nil, err
	}
	kinds := make([]source.Kind, len(files))
	var extracts, archives []string
	for i, file := range files {
		kind, err := detect(file)
		if err != nil {
			return nil, err
		}
		if kinds[i] = kind; kind == source.OSMPBF || kind == source.OSMXML {
			extracts = append(extracts, file)
		}
		if kind.Archive() {
			archives = append(archives, file)
		}
	}
	if len(archives) > 1 || len(archives) == 1 && len(extracts) > 0 {
		return nil, fmt.Errorf("%w: %s cannot be the region's base map beside %s; import one of them", ErrArchive, archives[0], slices.Concat(archives[1:], extracts)[0])
	}
	var results []Result
	for i, file := range files {
		var r Result
		var err error
		switch kinds[i] {
		case source.OSMPBF, source.OSMXML:
			if file != extracts[0] {
				continue // merged with the first
			}
			r, err = im.extracts(ctx, region, extracts)
		case source.OSMChange:
			r, err = im.changes(ctx, region, file)
		case dem.HGT, dem.GeoTIFF:
			r, err = im.heights(ctx, region, file, opts)
		case source.Shapefile:
			r, err = im.water(ctx, region, file)
		case source.PMTiles, source.MBTiles:
			r, err = im.archive(ctx, region, file, kinds[i], opts)
		default:
			r, err = im.features(ctx, region, file, kinds[i], opts)
		}
		if err != nil {
			return results, err
		}
		r.File, r.Kind = file, kinds[i]
		results = append(results, r)
	}
	return results, nil
}

// open opens a file and reports its progress until it is closed.
func (im *Importer) open(file string) (*source.File, func(), error) {
	f, _, err := source.Open(file)
	if err != nil {
		return nil, nil, err
	}
	stop := make(chan struct{})
	if im.Progress != nil {
		stage := "read " + filepath.Base(file)
		go func() {
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for {
				done, total := f.Progress()
				im.Progress(stage, done, total)
				select {
				case <-stop:
					return
				case <-tick.C:
				}
			}
		}()
	}
	return f, func() {
		close(stop)
		f.Close()
	}, nil
}

var (
	notName = regexp.MustCompile(`[^a-z0-9]+`)
	packing = regexp.MustCompile(`(?i)\.(gz|bz2|geojson|geojsonl|json|jsonld|gpx|kml|kmz|fit|tcx|csv|tsv|txt|xlsx|zip|html?)$`)
)

// SourceName makes a source's name of a file's: lower case, without endings,
// with hyphens for what is neither letter nor digit.
func SourceName(file string) string {
	name := filepath.Base(file)
	for packing.MatchString(name) {
		name = packing.ReplaceAllString(name, "")
	}
	name = strings.Trim(notName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(name) > 64 {
		name = strings.TrimRight(name[:64], "-")
	}
	if name == "" {
		return "import"
	}
	return name
}

// temp returns a path for a file in the making, in the region's folder.
func (im *Importer) temp(region, name string) (string, error) {
	dir := filepath.Join(im.Folder, region)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".new-*-"+name)
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}
