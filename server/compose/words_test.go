package compose

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Words that follow the journal are those that all records give, after whatever
// was written.
func TestWordsFollow(t *testing.T) {
	c, r := composer(t, "")
	kept := *c
	kept.Words = new(Words)
	told := func(c *Composer) (all []string) {
		t.Helper()
		given, err := c.given(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range slices.Sorted(maps.Keys(given)) {
			for _, w := range given[id] {
				all = append(all, w.source+string(w.raw))
			}
		}
		return all
	}
	for round := range 30 {
		for range rand.IntN(4) {
			source := fmt.Sprint("s", rand.IntN(3))
			ref := catalog.Ref{Source: source, ID: fmt.Sprint("s0/", rand.IntN(20))}
			var content catalog.Content
			if rand.IntN(4) > 0 {
				f := feature.Feature{
					ID: ref.ID, Kind: feature.POI, Collection: "s0", Category: "food.cafe", Names: map[string]string{"sl": fmt.Sprint(round)},
					Geometry:   feature.At(cell.Point{LonE7: 161000000, LatE7: 466000000}),
					Provenance: feature.Provenance{Provider: "x", Licence: "CC0-1.0", Attribution: "x"},
				}
				raw, err := f.Canonical()
				if err != nil {
					t.Fatal(err)
				}
				if content, err = c.Catalog.Keep(t.Context(), raw); err != nil {
					t.Fatal(err)
				}
			}
			err := c.Catalog.Edit(t.Context(), r.ID, catalog.Stamp{At: r.Created}, content.Size(), func(j *catalog.Journal) error {
				_, err := j.Put(ref, content)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, want := told(&kept), told(c); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d words, want %d", round, len(got), len(want))
		}
	}
}
