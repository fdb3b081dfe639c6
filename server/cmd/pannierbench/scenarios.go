package main

import (
	"os"
	"path/filepath"
)

// scenario is a region's way from one version to the next.
type scenario struct {
	name              string
	class             Class
	region, languages string
	options           []string // of each import
	before, after     []string // files; each group is imported, then published
}

// scenarios returns the rows in the order of the report.
func (b *bench) scenarios() []scenario {
	osmFile := func(name string) string { return filepath.Join(b.osm, name) }
	feed := func(name string) string {
		return filepath.Join(b.osm, "..", "routes-history", "radlkarte-klagenfurt-"+name+".geojson")
	}
	made := func(name string) []string { return []string{filepath.Join(b.temp, name)} }
	autumn := []string{osmFile(autumnExtract)}
	liechtenstein := func(name string, class Class, before, after []string) scenario {
		return scenario{name: name, class: class, region: "liechtenstein", languages: "de,en", before: before, after: after}
	}
	return []scenario{
		liechtenstein("one POI's opening hours", onePOI, autumn, made(hoursFile)),
		liechtenstein("one POI renamed (OSM)", onePOI, autumn, made(renameFile)),
		liechtenstein("20 POIs added", small, autumn, made(placesFile)),
		liechtenstein("100 ways retagged", small, autumn, made(surfaceFile)),
		liechtenstein("2019-06-16 to 06-18, by extract", days,
			[]string{osmFile("liechtenstein-2019-06-16.osm.pbf")}, []string{osmFile("liechtenstein-2019-06-18.osm.pbf")}),
		liechtenstein("2019-11-18 + 2 daily changes", days, autumn,
			[]string{osmFile("liechtenstein-002435.osc.gz"), osmFile("liechtenstein-002436.osc.gz")}),
		{
			name: "Andorra 2021-04-14 to 06-22", class: months, region: "andorra", languages: "ca,es,fr,en",
			before: []string{osmFile("andorra-2021-04-14.osm.pbf")}, after: []string{osmFile("andorra-2021-06-22.osm.pbf")},
		},
		liechtenstein("2019-11-18 to 2024-03-04", months, autumn, []string{osmFile("liechtenstein-2024-03-04.osm.pbf")}),
		{
			name: "Klagenfurt routes 2023-07 to 2024-02", class: feedPast, region: "klagenfurt", languages: "de",
			options: []string{"--source", "radlkarte"},
			before:  []string{feed("2023-07-16-9e00592")}, after: []string{feed("2024-02-02-9a622e7")},
		},
		liechtenstein("nothing changed", nothing, autumn, nil),
	}
}

// autumnExtract is what most rows begin with, and what is edited.
const autumnExtract = "liechtenstein-2019-11-18.osm.pbf"

// missing returns the first file that a scenario lacks, "" when all are there.
func (s scenario) missing() string {
	for _, group := range [][]string{s.before, s.after} {
		for _, file := range group {
			if _, err := os.Stat(file); err != nil {
				return file
			}
		}
	}
	return ""
}
