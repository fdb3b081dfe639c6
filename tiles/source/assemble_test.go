package source_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// TestAssembleLikeOsmium compares the areas of all multipolygons. Not the rings:
// osmium merges holes that share a line, we leave them as they were drawn.
func TestAssembleLikeOsmium(t *testing.T) {
	for _, name := range []string{"liechtenstein-2024-03-04.osm.pbf", "andorra-2021-04-14.osm.pbf", "monaco-2021-08-01.osm.pbf"} {
		t.Run(name, func(t *testing.T) {
			path := shared(t, name)
			want := osmiumAreas(t, path)
			b := load(t, path)
			known := 0
			for i := range b.RelationBlocks() {
				relations, err := b.ReadRelations(i)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range relations {
					if kind := r.Tags.Get("type"); kind != "multipolygon" && kind != "boundary" {
						continue
					}
					ways, err := b.MemberWays(r)
					if err != nil {
						t.Fatal(err)
					}
					polygons, problems := osm.AssembleMultipolygon(ways)
					area, ok := want[r.ID]
					if !ok {
						continue
					}
					known++
					got := 0.0
					for _, polygon := range polygons {
						for _, ring := range polygon {
							got += shoelace(ring)
						}
					}
					if math.Abs(got-area) > 1e-9*area {
						t.Errorf("relation %d: area %v, want %v; %v", r.ID, got, area, problems)
					}
				}
			}
			t.Logf("%d multipolygons", known)
			if known != len(want) || known == 0 {
				t.Errorf("%d multipolygons compared, osmium has %d", known, len(want))
			}
		})
	}
}

// osmiumAreas returns the area of each multipolygon relation by osmium.
func osmiumAreas(t *testing.T, path string) map[int64]float64 {
	t.Helper()
	if _, err := exec.LookPath("osmium"); err != nil {
		t.Skip("no osmium tool")
	}
	out := filepath.Join(t.TempDir(), "areas")
	cmd := exec.Command("osmium", "export", "-f", "geojsonseq", "--geometry-types=polygon", "-u", "type_id", "-o", out, path)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	areas := map[int64]float64{}
	for line := range bytes.Lines(data) {
		var f struct {
			ID       string
			Geometry struct{ Coordinates [][][][2]float64 }
		}
		if err := json.Unmarshal(bytes.Trim(line, "\x1e\n"), &f); err != nil {
			t.Fatal(err)
		}
		id := number(t, f.ID[1:])
		if id%2 == 0 {
			continue // of a way
		}
		for _, polygon := range f.Geometry.Coordinates {
			for _, ring := range polygon {
				points := make([]cell.Point, len(ring))
				for i, p := range ring {
					points[i] = cell.Point{LonE7: int32(math.Round(p[0] * 1e7)), LatE7: int32(math.Round(p[1] * 1e7))}
				}
				areas[id/2] += shoelace(points)
			}
		}
	}
	return areas
}

// shoelace is twice the area of a closed ring, positive when counter-clockwise.
func shoelace(ring []cell.Point) (sum float64) {
	for i := range ring[:len(ring)-1] {
		a, b, o := ring[i], ring[i+1], ring[0]
		sum += float64(a.LonE7-o.LonE7)*float64(b.LatE7-o.LatE7) - float64(b.LonE7-o.LonE7)*float64(a.LatE7-o.LatE7)
	}
	return sum
}
