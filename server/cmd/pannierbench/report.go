package main

import "time"

// Report is what a run finds, as in the JSON file. Sizes are bytes.
type Report struct {
	Date     time.Time `json:"date"`
	Machine  Machine   `json:"machine"`
	Revision string    `json:"revision,omitempty"`
	Runs     int       `json:"runs"` // behind each median
	Builds   []Build   `json:"builds,omitempty"`
	Groups   []group   `json:"groups,omitempty"` // which layers of both schemas correspond
	Repeats  []Repeat  `json:"repeats,omitempty"`
	Days     []Day     `json:"days,omitempty"`
	Updates  []Update  `json:"updates,omitempty"`
	Syncs    []Sync    `json:"syncs,omitempty"`
	Targets  []Target  `json:"targets,omitempty"`
	Absent   []string  `json:"absent,omitempty"` // what was not measured, and why
}

// Machine is where it ran.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"`
	OS     string `json:"os"`
	Go     string `json:"go"`
}

// Build is one region, from an extract to its first version.
type Build struct {
	Region  string  `json:"region"`
	Extract string  `json:"extract"`
	Bytes   int64   `json:"extract_bytes"`
	Steps   []Step  `json:"steps"`
	Content Content `json:"content"`
	// Archives are ours and that of the other program.
	Archives []Archive `json:"archives,omitempty"`
}

// step returns a step by its name, nil when it was not measured.
func (b *Build) step(name string) *Step {
	for i := range b.Steps {
		if b.Steps[i].Name == name {
			return &b.Steps[i]
		}
	}
	return nil
}

// whole is all that ours takes from the extract to an archive: the steps follow on
// each other, so that the highest peak is the whole's.
func (b *Build) whole() (u Usage) {
	for _, s := range b.Steps {
		if s.Name != "tilemaker" {
			u.WallSeconds += s.Median.WallSeconds
			u.CPUSeconds += s.Median.CPUSeconds
			u.PeakBytes = max(u.PeakBytes, s.Median.PeakBytes)
		}
	}
	return u
}

// Step is one program's run, measured several times.
type Step struct {
	Name   string  `json:"name"`
	Median Usage   `json:"median"`
	Runs   []Usage `json:"runs"`
}

// Content is what a version holds.
type Content struct {
	Tiles         int   `json:"tiles"`
	RawTileBytes  int64 `json:"raw_tile_bytes"`
	DistinctTiles int   `json:"distinct_tiles"`
	GzipTileBytes int64 `json:"gzip_tile_bytes"` // of the distinct tiles
	POIs          int   `json:"pois"`
	Routes        int   `json:"routes"`
	Cells         int   `json:"cells"`
	TilesBlobs    int64 `json:"tiles_blob_bytes"`
	FeaturesBlobs int64 `json:"features_blob_bytes"`
	Bundle        int64 `json:"bundle_bytes"` // manifest and all blobs
}

// Update is the way from one version to another.
type Update struct {
	Name     string           `json:"name"`
	Cells    int              `json:"changed_cells"`
	Delta    int64            `json:"delta_bytes"`
	Manifest int64            `json:"delta_manifest_bytes"` // with the list of segments
	Features int64            `json:"delta_features_bytes"`
	Tiles    int64            `json:"delta_tiles_bytes"`
	Content  int64            `json:"content_bytes"` // of the new version's cells, uncompressed
	Peers    map[string]int64 `json:"peers"`         // the absent are left out
	Full     int64            `json:"full_bytes"`
	// Import and Publish made the new version; once, without a median. Nil
	// where the update spans several versions.
	Import  *Usage `json:"import,omitempty"`
	Publish *Usage `json:"publish,omitempty"`
}

// best returns the smallest of the peers, 0 when there is none.
func (u Update) best() (n int64) {
	for _, size := range u.Peers {
		if n == 0 || size < n {
			n = size
		}
	}
	return n
}
