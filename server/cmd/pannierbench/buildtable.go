package main

import "fmt"

func (p *printer) builds(r *Report) {
	rows := [][]string{{"region and step", "wall s", "CPU s", "peak MiB"}}
	for _, b := range r.Builds {
		for _, s := range b.Steps {
			if s.Name == "tilemaker" {
				rows = append(rows, append([]string{b.Region + " all of ours"}, usage(b.whole())...))
			}
			rows = append(rows, append([]string{b.Region + " " + s.Name}, usage(s.Median)...))
		}
	}
	p.line("\nBUILD. Medians of %d runs. Each step is a process of its own; CPU is user and system; peak is its resident memory.", r.Runs)
	p.line("import: extract to the region's map data. publish: that to tiles, features and the signed first version. export: that to PMTiles.")
	p.line("tilemaker: extract to MBTiles, its OpenMapTiles profile without shapefile layers; another schema (LAYERS says what it has), so only roughly the same work.")
	p.table(rows)
	rows = [][]string{{"content of version 1", "extract B", "tiles", "distinct", "raw tiles B", "gzip tiles B", "POIs", "routes", "cells", "tile blobs B", "feature blobs B", "bundle B"}}
	for _, b := range r.Builds {
		c := b.Content
		rows = append(rows, numbers(b.Region, b.Bytes, int64(c.Tiles), int64(c.DistinctTiles), c.RawTileBytes, c.GzipTileBytes,
			int64(c.POIs), int64(c.Routes), int64(c.Cells), c.TilesBlobs, c.FeaturesBlobs, c.Bundle))
	}
	p.line("\nCONTENT. gzip tiles: each distinct tile by gzip -9, as in a PMTiles archive. bundle: manifest and all blobs (zstd), a first download.")
	p.table(rows)
}

// layers sets what is in our tiles beside what is in the other program's.
func (p *printer) layers(builds []Build) {
	rows := [][]string{{"tiles of", "tiles", "distinct", "raw B", "gzip -9 B", "of common", "archive B", "largest tile", "raw B", "gzip B"}}
	for _, b := range builds {
		for _, a := range b.Archives {
			row := numbers(b.Region+" "+a.Program, int64(a.Tiles), int64(a.Distinct), a.Raw, a.Gzip, a.Common, a.File)
			rows = append(rows, append(append(row, a.Largest.Tile), numbers("", a.Largest.Raw, a.Largest.Gzip)[1:]...))
		}
	}
	p.line("\nLAYERS. What the tiles of all zooms hold: ours and tilemaker's. By zoom and layer: in the JSON file. of common: gzip of the layers\nwith what both schemas have, without cycle routes and places of interest. archive: ours PMTiles, tilemaker's MBTiles.")
	p.table(rows)
	rows = [][]string{{"features / points / raw kB in tiles"}}
	for _, b := range builds {
		if len(b.Archives) > 1 {
			rows[0] = append(rows[0], b.Region, "tilemaker")
		}
	}
	if len(rows[0]) == 1 {
		return
	}
	for _, g := range groups {
		row := []string{g.Name}
		for _, b := range builds {
			if len(b.Archives) > 1 {
				row = append(row, amount(b.Archives[0].sum(g.Ours)), amount(b.Archives[1].sum(g.Theirs)))
			}
		}
		rows = append(rows, row)
	}
	p.line("")
	p.table(rows)
	for _, g := range groups {
		p.line("%s: %s", g.Name, g.Note)
	}
}

// amount tells how much of something is in tiles.
func amount(c LayerCount) string {
	if c.Features == 0 {
		return "-"
	}
	return fmt.Sprintf("%d / %d / %d", c.Features, c.Points, (c.Bytes+500)/1000)
}

func (p *printer) repeats(repeats []Repeat) {
	rows := [][]string{{"the same extract", "tiles", "tiles that differ", "version"}}
	for _, r := range repeats {
		version := "-"
		if r.Manifest != "" {
			version = r.Manifest[:12]
		}
		rows = append(rows, []string{r.Program + ", " + r.Way, fmt.Sprint(r.Tiles), fmt.Sprint(r.Differ), version})
	}
	p.line("\nREPEATS. How many tiles differ from the first time. version: the hash of all that is published, features too.")
	p.table(rows)
}

func (p *printer) days(days []Day) {
	rows := [][]string{{"change", "import CPU s", "publish CPU s", "all: import", "publish", "change ÷ all", "cells"}}
	for _, d := range days {
		rows = append(rows, []string{
			d.Name, fmt.Sprintf("%.3f", d.Import), fmt.Sprintf("%.3f", d.Publish), fmt.Sprintf("%.3f", d.FullImport), fmt.Sprintf("%.3f", d.FullPublish),
			fmt.Sprintf("%.3f", d.ratio()), fmt.Sprint(d.Cells),
		})
	}
	p.line("\nDAYS. Processor time of a change, beside that of the extract that it changes. Both inside a daemon that runs: no start of a program is in it.")
	p.table(rows)
}
