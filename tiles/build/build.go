// Package build turns a base of OpenStreetMap elements into the cells of the
// base map.
//
// Elements are read block by block by several workers. Each is classified by
// tiles/schema, projected, thinned out and cut to tiles by tiles/vector, zoom by
// zoom, which gives records: one geometry of one layer in one tile. Records are
// sorted in bounded memory, with sorted runs in a temporary file when they grow
// over it, merged by tile, and encoded tile by tile.
//
// The same base and options give the same bytes for every number of workers and
// every amount of memory: records have a total order in which only equal ones
// are equal. Inside a tile, geometry of one layer, rank and set of attributes
// becomes one feature of several parts, and lines among it that meet become one;
// rivers and one-way streets keep their direction from zoom 11 on, above which
// lines are a network without one. What is less than a pixel is left out. The
// sea, which is no element, is made of all coastline ways once they are read, or
// of ready polygons.
//
// Where the CPU time goes, from an extract to a region's first version, in percent
// (Liechtenstein 2019-11-18, 1.0 s; Delaware, 2.8 s; an AMD EPYC, 2026-11-23):
//
//	import of the extract                                16  17
//	features of the base                                 17   8
//	elements to records                                  24  31
//	  of these: reading and locating                      7  12
//	            classifying                               2   3
//	            simplifying                               7   4
//	            cutting to tiles                          5  11
//	sorting and merging records                           4   5
//	encoding tiles, writing the drawing                   5   5
//	packing cells (sync/blob)                            33  29
//	the rest: collecting garbage, store, signatures       1   5
//
// After a day's changes import, features and drawing take 1/12 to 1/17 of that
// without packing; what is left is packing the cells that changed and coding their
// deltas.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/paulmach/orb"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/water"
)

// Options of a build. The zero Options are ready.
type Options struct {
	// Languages (BCP 47) of the names beside the one on the spot.
	Languages []string

	// Bounds is the region, in degrees. What lies wholly outside its box is left
	// out, and so are tiles that do not touch it. Nil means everything.
	Bounds orb.MultiPolygon

	// Water is the sea, in place of what the coastline of the base gives; nil for
	// none.
	Water *water.Sea

	// Schema names the version of what tiles/schema and this package draw: a
	// drawing of another one is of no use.
	Schema int

	// Workers is the number of goroutines, 0 for one for each core.
	Workers int

	// MemoryBytes is about how much memory sorting may take, 0 for 512 MiB.
	MemoryBytes int64

	// TempDir is the folder for what does not fit in memory, "" for the system's.
	TempDir string

	// Progress is told how far a stage is; calls are never concurrent. Stages are
	// "elements", in blocks of the base, or "changes", in groups of elements, and
	// "tiles", in records.
	Progress func(stage string, done, total int64)
}

// Stats say what a build made.
type Stats struct {
	Tiles    int64            // tiles with content
	Bytes    int64            // of all tiles, uncompressed
	Cells    int64            // cells with them
	Changed  int64            // elements that Redraw looked at
	Spilled  int64            // bytes written to temporary files
	Features map[string]int64 // features in tiles, by layer
	Coast    []osm.Problem    // coastline that could not be drawn
	Broken   []Broken         // areas that could not be drawn as they are meant
}

// minMemory is the least that the sorting works with.
const minMemory = 1 << 20

func (o *Options) setDefaults() {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 512 << 20
	}
}

// Tiles makes the cells of the tiles layer and calls emit for each, keys rising,
// with the cell's canonical bytes, which are emit's to keep. It stops at the
// first error, of emit or its own, and when ctx ends; no temporary file stays
// behind.
func Tiles(ctx context.Context, base *osm.Base, opts Options, emit func(key cell.Key, raw []byte) error) (stats Stats, err error) {
	dir, err := os.MkdirTemp(opts.TempDir, "pannier-tiles-*")
	if err != nil {
		return Stats{}, fmt.Errorf("build tiles: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "drawing")
	if stats, err = Draw(ctx, base, opts, path); err != nil {
		return Stats{}, err
	}
	d, err := OpenDrawing(path, base, opts)
	if err != nil {
		return Stats{}, err
	}
	defer d.Close()
	for _, c := range d.Cells() {
		raw, err := d.Content(c)
		if err == nil {
			err = emit(cell.Key{Layer: cell.Tiles, ID: c.ID}, raw)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return Stats{}, err
		}
	}
	return stats, nil
}

// progress serialises the calls of Options.Progress.
type progress struct {
	mu    sync.Mutex
	tell  func(stage string, done, total int64)
	stage string
	done  int64
	total int64
}

func (p *progress) add(n int64) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.tell(p.stage, p.done, p.total)
}

// removeTemp closes and removes a temporary file.
func removeTemp(file *os.File) error {
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
