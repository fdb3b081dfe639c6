package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// Day is what a small change takes, beside the whole map. Both are measured inside
// a daemon that runs: a start of the program is no part of the work.
type Day struct {
	Name    string  `json:"name"`
	Import  float64 `json:"import_cpu_seconds"`
	Publish float64 `json:"publish_cpu_seconds"`
	// Of the extract that it changes, and its first version.
	FullImport  float64 `json:"full_import_cpu_seconds"`
	FullPublish float64 `json:"full_publish_cpu_seconds"`
	Cells       int     `json:"changed_cells"`
}

// ratio is the change's processor time as a part of the whole map's.
func (d Day) ratio() float64 {
	if full := d.FullImport + d.FullPublish; full > 0 {
		return (d.Import + d.Publish) / full
	}
	return 0
}

// change is an extract, and what follows on it.
type change struct {
	region, languages string
	files             []string // the extract first
	names             []string // of the others, as rows
	runs              int
}

// days measures changes of one or two days.
func (b *bench) days(ctx context.Context) error {
	osm := func(name string) string { return filepath.Join(b.osm, name) }
	// The daily changes of Monaco have gaps, which an import refuses by the number
	// in the name: here only the size of the change matters.
	unnumbered := filepath.Join(b.temp, "monaco-day.osc.gz")
	if err := copyFile(unnumbered, osm("monaco-003052.osc.gz")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	changes := []change{
		{"liechtenstein", "de,en", []string{osm(autumnExtract), osm("liechtenstein-002435.osc.gz"), osm("liechtenstein-002436.osc.gz")}, []string{"liechtenstein, day 2435 (.osc)", "liechtenstein, day 2436 (.osc)"}, b.runs},
		{"liechtenstein", "de,en", []string{osm("liechtenstein-2019-06-16.osm.pbf"), osm("liechtenstein-2019-06-18.osm.pbf")}, []string{"liechtenstein, 2 days by extract"}, b.runs},
		{"monaco", "fr,en", []string{osm("monaco-2021-08-01.osm.pbf"), unnumbered}, []string{"monaco, 5 days later, day 3052 (.osc)"}, b.runs},
	}
	for _, copies := range []int{10, 30} {
		files, err := b.mosaicDay(ctx, copies)
		if errors.Is(err, fs.ErrNotExist) {
			break // the first row tells
		}
		if err != nil {
			return err
		}
		changes = append(changes, change{"mosaic", "de,en", files, []string{fmt.Sprintf("liechtenstein × %d, day 2435 in one (once)", copies), fmt.Sprintf("liechtenstein × %d, day 2436 in one (once)", copies)}, 1})
	}
	for _, c := range changes {
		if err := b.change(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// change adds the rows of a change.
func (b *bench) change(ctx context.Context, c change) error {
	var runs [][]Day
	for i := range c.runs {
		say("%s: run %d of %d", c.names[0], i+1, c.runs)
		rows, err := b.daysOf(ctx, c.region, c.languages, c.files)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			b.absent("%s: %v", c.names[0], err)
			return nil
		}
		runs = append(runs, rows)
	}
	for i, name := range c.names {
		var same []Day
		for _, rows := range runs {
			same = append(same, rows[i])
		}
		b.report.Days = append(b.report.Days, medianDay(name, same))
	}
	return nil
}

// mosaicDay writes copies of an extract, and the changes of two days in one of them.
func (b *bench) mosaicDay(ctx context.Context, copies int) (files []string, err error) {
	m, err := readMosaic(ctx, filepath.Join(b.osm, autumnExtract))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.temp, fmt.Sprintf("mosaic-%d.osm.pbf", copies))
	if _, err := m.file(ctx, file, copies); err != nil {
		return nil, err
	}
	files = append(files, file)
	for _, day := range []string{"liechtenstein-002435.osc.gz", "liechtenstein-002436.osc.gz"} {
		packed, err := os.ReadFile(filepath.Join(b.osm, day))
		if err != nil {
			return nil, err
		}
		document, err := archive.Gunzip(packed, archive.MaxTileBytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", day, err)
		}
		file := filepath.Join(b.temp, fmt.Sprintf("mosaic-%d-day-%d.osc", copies, len(files)))
		if err := os.WriteFile(file, m.middle(copies).change(document), 0o600); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// medianDay takes the median of each number.
func medianDay(name string, runs []Day) Day {
	of := func(number func(Day) float64) float64 { return middle(runs, number) }
	return Day{
		Name: name, Cells: runs[0].Cells,
		Import: of(func(d Day) float64 { return d.Import }), Publish: of(func(d Day) float64 { return d.Publish }),
		FullImport: of(func(d Day) float64 { return d.FullImport }), FullPublish: of(func(d Day) float64 { return d.FullPublish }),
	}
}

// daysOf imports and publishes files, one after the other, in a daemon that runs.
// It tells of all but the first.
func (b *bench) daysOf(ctx context.Context, region, languages string, files []string) (rows []Day, err error) {
	d, done, err := b.fresh(ctx, region, languages)
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := d.start(ctx)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	took := func(do func() error) (float64, error) {
		before := processCPU(s.pid)
		err := do()
		return processCPU(s.pid) - before, err
	}
	var full Day
	for i, file := range files {
		var row Day
		if row.Import, err = took(func() error { _, err := d.load(ctx, region, file); return err }); err != nil {
			return nil, err
		}
		var p published
		if row.Publish, err = took(func() error { p, _, err = d.publish(ctx, region); return err }); err != nil {
			return nil, err
		}
		if i == 0 {
			full = row
			continue
		}
		row.FullImport, row.FullPublish = full.Import, full.Publish
		all, _, err := d.site().manifests(ctx, region)
		if err != nil {
			return nil, err
		}
		if int(p.Version) != len(all) {
			return nil, fmt.Errorf("version %d is not the last of %d", p.Version, len(all))
		}
		row.Cells = changedCells(all[len(all)-2], all[len(all)-1])
		rows = append(rows, row)
	}
	return rows, nil
}
