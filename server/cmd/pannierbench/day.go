package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

// days measures changes of one or two days.
func (b *bench) days(ctx context.Context) error {
	osm := func(name string) string { return filepath.Join(b.osm, name) }
	// The daily changes of Monaco have gaps, which an import refuses by the number
	// in the name: here only the size of the change matters.
	unnumbered := filepath.Join(b.temp, "monaco-day.osc.gz")
	if data, err := os.ReadFile(osm("monaco-003052.osc.gz")); err == nil {
		if err := os.WriteFile(unnumbered, data, 0o600); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		region, languages, extract string
		changes, names             []string
	}{
		{"liechtenstein", "de,en", osm(autumnExtract), []string{osm("liechtenstein-002435.osc.gz"), osm("liechtenstein-002436.osc.gz")}, []string{"liechtenstein, day 2435 (.osc)", "liechtenstein, day 2436 (.osc)"}},
		{"liechtenstein", "de,en", osm("liechtenstein-2019-06-16.osm.pbf"), []string{osm("liechtenstein-2019-06-18.osm.pbf")}, []string{"liechtenstein, 2 days by extract"}},
		{"monaco", "fr,en", osm("monaco-2021-08-01.osm.pbf"), []string{unnumbered}, []string{"monaco, 5 days later, day 3052 (.osc)"}},
	} {
		var rows []Day
		for i := range b.runs {
			say("%s: changes of days, run %d of %d", c.region, i+1, b.runs)
			got, err := b.daysOf(ctx, c.region, c.languages, append([]string{c.extract}, c.changes...))
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				b.absent("%s: %v", c.names[0], err)
				rows = nil
				break
			}
			rows = append(rows, got...)
		}
		for i, name := range c.names {
			var runs []Day
			for n := i; n < len(rows); n += len(c.names) {
				runs = append(runs, rows[n])
			}
			if len(runs) > 0 {
				b.report.Days = append(b.report.Days, medianDay(name, runs))
			}
		}
	}
	return nil
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
