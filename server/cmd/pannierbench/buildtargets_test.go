package main

import (
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// made is a report with one build of each program.
func made() *Report {
	return &Report{
		Builds: []Build{{
			Region: "andorra",
			Steps: []Step{
				{Name: "import", Median: Usage{WallSeconds: 1, CPUSeconds: 1, PeakBytes: 50}},
				{Name: "publish", Median: Usage{WallSeconds: 2, CPUSeconds: 1.5, PeakBytes: 100}},
				{Name: "tilemaker", Median: Usage{WallSeconds: 4, CPUSeconds: 5, PeakBytes: 400}},
			},
			Archives: []Archive{
				{Program: "pannier", File: 90, Common: 110, Largest: LargestTile{Gzip: 500_000}, Layers: []LayerCount{{Zoom: 14, Layer: "streets", Features: 7, Points: 30, Bytes: 2600}}},
				{Program: "tilemaker", File: 100, Common: 100},
			},
		}},
		Repeats: []Repeat{{Program: "pannier", Way: "again", Tiles: 9, Manifest: "0123456789abcdef"}, {Program: "tilemaker", Way: "again", Tiles: 9, Differ: 8}},
		Days:    []Day{{Name: "a day", Import: 0.25, Publish: 0.25, FullImport: 1, FullPublish: 4, Cells: 3}},
	}
}

func TestBuildTargets(t *testing.T) {
	got := made().buildTargets()
	want := []Target{
		{Row: "andorra", Promise: "CPU ÷ tilemaker", Got: 0.5, Limit: 0.5, Met: true},
		{Row: "andorra", Promise: "wall ÷ tilemaker", Got: 0.75, Limit: 0.5},
		{Row: "andorra", Promise: "memory ÷ tilemaker", Got: 0.25, Limit: 0.25, Met: true},
		{Row: "andorra", Promise: "bytes of the archive ÷ tilemaker", Got: 0.9, Limit: 1, Met: true},
		{Row: "andorra", Promise: "gzip bytes of what both schemas have ÷ tilemaker", Got: 1.1, Limit: 1},
		{Row: "andorra", Promise: "largest tile, gzip bytes", Got: 500_000, Limit: 500_000, Met: true},
		{Row: "again", Promise: "tiles that differ", Met: true},
		{Row: "a day", Promise: "CPU ÷ the whole map's", Got: 0.1, Limit: 0.1, Met: true},
	}
	if len(got) != len(want) {
		t.Fatalf("%d targets, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("target %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestPrintBuilds(t *testing.T) {
	r := made()
	r.Targets = r.buildTargets()
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"andorra all of ours 3.00 2.50 0", "streets, rails, ferries 7 / 30 / 3 -", "pannier, again 9 0 0123456789ab", "tilemaker, again 9 8 -",
		"a day 0.250 0.250 1.000 4.000 0.100 3", "andorra: wall ÷ tilemaker 0.75 0.5 NOT MET",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestPrintsDiffer(t *testing.T) {
	set := func(tiles ...archive.Tile) tileset {
		return func(yield func(archive.Tile, error) bool) {
			for _, tile := range tiles {
				if !yield(tile, nil) {
					return
				}
			}
		}
	}
	first, err := printsOf(set(archive.Tile{ID: 1, Data: []byte("a")}, archive.Tile{ID: 4, Data: []byte("b")}, archive.Tile{ID: 5, Data: []byte("c")}))
	if err != nil || first[cell.World] != blob.Sum([]byte("a")) {
		t.Fatalf("%v, %v", first, err)
	}
	second, err := printsOf(set(archive.Tile{ID: 1, Data: []byte("a")}, archive.Tile{ID: 4, Data: []byte("B")}, archive.Tile{ID: 6, Data: []byte("c")}))
	if err != nil {
		t.Fatal(err)
	}
	if n := first.differ(second); n != 3 { // one is changed, one is gone, one is new
		t.Errorf("%d differ, want 3", n)
	}
	if n := first.differ(first); n != 0 {
		t.Errorf("%d differ from themselves", n)
	}
}

func TestScaleCopies(t *testing.T) {
	for _, c := range []struct {
		size, one int64
		want      int
	}{{3e6, 3e6, 1}, {3e6, 9e6, 1}, {30e6, 3e6, 10}, {30e6, 2_900_000, 10}, {44e6, 30e6, 1}, {46e6, 30e6, 2}} {
		if got := copies(c.size, c.one); got != c.want {
			t.Errorf("copies(%d, %d) = %d, want %d", c.size, c.one, got, c.want)
		}
	}
}

func TestPrintScale(t *testing.T) {
	row := func(bytes int64, cpu float64, peak int64) Scale {
		return Scale{Copies: 1, Bytes: bytes, Import: Usage{CPUSeconds: cpu / 4, PeakBytes: 10 << 20}, Publish: Usage{CPUSeconds: cpu * 3 / 4, PeakBytes: peak}}
	}
	for _, c := range []struct {
		cpu  float64
		want string
	}{{40, "1.33 times the CPU of one of the 30 MB extract (at most 1.25: not linear)"}, {30, "1.00 times the CPU of one of the 30 MB extract (at most 1.25: linear)"}} {
		r := ScaleReport{Rows: []Scale{row(3e6, 2, 20<<20), row(30e6, 9, 100<<20), row(100e6, c.cpu, 150<<20)}}
		var b strings.Builder
		if err := r.print(&b); err != nil {
			t.Fatal(err)
		}
		if !containsAll(b.String(), c.want, "are 1.00 (import) and 1.50 (publish) times as high") {
			t.Errorf("%q is missing in:\n%s", c.want, b.String())
		}
	}
}
