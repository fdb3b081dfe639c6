package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/tiles/progress"
)

// ScaleReport is what a run over sizes finds.
type ScaleReport struct {
	Date     time.Time `json:"date"`
	Machine  Machine   `json:"machine"`
	Revision string    `json:"revision,omitempty"`
	Extract  string    `json:"extract"`                  // that the mosaics are of
	Memory   int64     `json:"memory_setting,omitempty"` // bytes; 0: the program's own
	Rows     []Scale   `json:"rows"`
}

// Scale is an extract of one size, from the file to the first version. Sizes are
// bytes.
type Scale struct {
	Copies  int   `json:"copies"`
	Bytes   int64 `json:"extract_bytes"`
	Import  Usage `json:"import"`
	Publish Usage `json:"publish"`
	Base    int64 `json:"base_bytes"` // what an import keeps
	Site    int64 `json:"site_bytes"` // what is published
	Data    int64 `json:"data_bytes"` // the whole data folder
	Disk    int64 `json:"disk_bytes"` // at most, with temporary files; looked at now and then
	Cells   int   `json:"cells"`
	Cell    int64 `json:"largest_cell_bytes"` // uncompressed
	POIs    int   `json:"pois"`
}

// scaleSizes are the sizes of mosaics, in bytes.
var scaleSizes = []int64{3e6, 30e6, 100e6, 500e6}

// Disk that a mosaic takes at most, as a multiple of its size: itself, the base
// twice, sorted runs, and what is published.
const scaleDisk = 8

// runScale measures import and first publish of mosaics of rising size.
func runScale(ctx context.Context, args []string) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("pannierbench scale", flag.ContinueOnError)
	out := b.flags(flags, "out/bench-scale.json")
	largest := flags.Int64("mb", 100, "megabytes of the largest extract; 500 takes a quarter of an hour")
	name := flags.String("extract", "liechtenstein-2024-03-04.osm.pbf", "file in the folder of extracts that mosaics are made of")
	memory := flags.Int64("memory", 0, "megabytes that import and publish may take for sorting and the like; 0 for the program's own setting")
	write := flags.String("write", "", "only write the largest mosaic, to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var sizes []int64
	for _, size := range scaleSizes {
		if size <= *largest*1e6 {
			sizes = append(sizes, size)
		}
	}
	if len(sizes) == 0 || *memory < 0 {
		return fmt.Errorf("-mb %d: the smallest extract has %d MB", *largest, scaleSizes[0]/1e6)
	}
	m, err := readMosaic(ctx, filepath.Join(b.osm, *name))
	if err != nil {
		return err
	}
	one, err := m.size(ctx)
	if err != nil {
		return err
	}
	if *write != "" {
		_, err := m.file(ctx, *write, copies(sizes[len(sizes)-1], one))
		return err
	}
	done, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if need, free := sizes[len(sizes)-1]*scaleDisk, freeDisk(b.temp); free > 0 && free < need {
		return fmt.Errorf("%s: %s free, %s needed: set TMPDIR to another disk, or -mb to less", b.temp, progress.FormatBytes(free), progress.FormatBytes(need))
	}
	report := &ScaleReport{Date: b.report.Date, Machine: b.report.Machine, Revision: b.report.Revision, Extract: *name, Memory: *memory << 20}
	for _, size := range sizes {
		row, err := b.scale(ctx, m, copies(size, one), *memory)
		if err != nil {
			return fmt.Errorf("extract of %d MB: %w", size/1e6, err)
		}
		report.Rows = append(report.Rows, row)
		if err := writeReport(*out, report); err != nil { // after each: the next may take long
			return err
		}
	}
	return report.print(os.Stdout)
}

// copies returns how many copies of so many bytes come nearest to a size.
func copies(size, one int64) int { return int(max(1, (size+one/2)/one)) }

// scale measures one size.
func (b *bench) scale(ctx context.Context, m *mosaic, copies int, memory int64) (row Scale, err error) {
	dir, err := os.MkdirTemp(b.temp, "scale-*")
	if err != nil {
		return row, err
	}
	defer os.RemoveAll(dir)
	const region = "mosaic"
	file := filepath.Join(dir, "mosaic.osm.pbf")
	row.Copies = copies
	say("writing %d copies", copies)
	if row.Bytes, err = m.file(ctx, file, copies); err != nil {
		return row, err
	}
	d := daemon{b.pannierd, filepath.Join(dir, "data")}
	if err := d.create(ctx, region, "de,en"); err != nil {
		return row, err
	}
	most := watchDisk(dir)
	defer func() { row.Disk = most() }()
	say("%s: import", progress.FormatBytes(row.Bytes))
	if row.Import, err = d.call(ctx, new(any), d.bounded(memory, "import", region, file)...); err != nil {
		return row, err
	}
	say("%s: imported in %.0f s; publish", progress.FormatBytes(row.Bytes), row.Import.WallSeconds)
	var p published
	if row.Publish, err = d.call(ctx, &p, d.bounded(memory, "publish", region)...); err != nil {
		return row, err
	}
	say("%s: published in %.0f s", progress.FormatBytes(row.Bytes), row.Publish.WallSeconds)
	row.POIs, row.Cells = p.POIs, p.Cells
	all, _, err := d.site().manifests(ctx, region)
	if err != nil {
		return row, err
	}
	for _, e := range all[0].Entries {
		row.Cell = max(row.Cell, int64(e.Raw))
	}
	row.Base, row.Site, row.Data = folderSize(filepath.Join(d.data, "osm")), folderSize(filepath.Join(d.data, "public")), folderSize(d.data)
	return row, nil
}

// size returns the length of one copy.
func (m *mosaic) size(ctx context.Context) (int64, error) {
	var n counter
	err := m.write(ctx, &n, 1)
	return int64(n), err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// file writes a mosaic to a file, and returns its length.
func (m *mosaic) file(ctx context.Context, path string, copies int) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(m.write(ctx, f, copies), f.Close()); err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// folderSize returns what the files in a folder take on disk. They may come and go.
func folderSize(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				n += taken(info)
			}
		}
		return nil
	})
	return n
}

// watchDisk looks how large a folder is, now and then. The function that it
// returns ends that, and tells the largest size.
func watchDisk(dir string) func() int64 {
	stop, most := make(chan struct{}), make(chan int64, 1)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for n := int64(0); ; {
			n = max(n, folderSize(dir))
			select {
			case <-stop:
				most <- max(n, folderSize(dir))
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}

// perMB is a number for each 10^6 bytes of a row's extract.
func (s Scale) perMB(n float64) float64 { return n / (float64(s.Bytes) / 1e6) }

// cpu is the processor time of both steps.
func (s Scale) cpu() float64 { return s.Import.CPUSeconds + s.Publish.CPUSeconds }

// field joins numbers of one kind.
func field(format string, values ...float64) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprintf(format, v)
	}
	return strings.Join(words, " + ")
}
