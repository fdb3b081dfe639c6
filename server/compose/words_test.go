package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// write puts what a source says of an id; nil takes it back.
func write(t *testing.T, c *Composer, source, id string, f *feature.Feature) {
	t.Helper()
	var content catalog.Content
	if f != nil {
		raw, err := f.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if content, err = c.Catalog.Keep(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
	}
	err := c.Catalog.Edit(t.Context(), "mura", catalog.Stamp{}, content.Size(), func(j *catalog.Journal) error {
		_, err := j.Put(catalog.Ref{Source: source, ID: id}, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// anything is a random word of an id: a place, an amendment, a notice that is
// over or is not, one outside the boundary, or nothing.
func anything(rng *rand.Rand, id string) *feature.Feature {
	n := rng.IntN(100)
	point := feature.At(cell.Point{LonE7: 160000000 + rng.Int32N(8)*600_000, LatE7: 465000000 + rng.Int32N(5)*600_000})
	by := fmt.Sprint("Town ", rng.IntN(3))
	f := museum(id, 0)
	f.Geometry, f.Names = point, map[string]string{feature.Und: fmt.Sprint("Muzej ", rng.IntN(4))}
	f.Provenance.Provider, f.Provenance.Attribution, f.Provenance.Licence = by, by, []string{"CC0-1.0", "CC-BY-4.0"}[rng.IntN(2)]
	switch {
	case n < 20:
		return nil
	case n < 45 || id[:3] == "osm":
		f = feature.Feature{ID: id, OpeningHours: fmt.Sprintf("Mo 1%d:00-18:00", rng.IntN(5)), Provenance: feature.Provenance{Provider: by}}
		if rng.IntN(3) == 0 {
			f.Geometry = point
		}
		if rng.IntN(4) == 0 {
			f.Names = map[string]string{"sl": "Drugo"}
		}
	case n < 60:
		until := []string{"2020-05-31", "2999-12-31"}[rng.IntN(2)]
		f.Kind, f.Category, f.Valid = feature.Notice, "notice.closure", &feature.Period{Until: until}
	case n < 65:
		f.Geometry = feature.At(cell.Point{LonE7: 175000000, LatE7: 466000000})
	}
	return &f
}

// told is all that a draft says.
func told(t *testing.T, c *Composer, r catalog.Region, last *manifest.Manifest) (string, *manifest.Manifest) {
	t.Helper()
	d, m := compose(t, c, r, last)
	meta, err := json.Marshal(d.Content.Meta)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d %d %d %q\n", meta, d.POIs, d.Routes, d.Notices, d.Warnings)
	for _, e := range m.Entries {
		text += fmt.Sprintln(e.Key, e.Hash, e.Raw)
	}
	return text, m
}

// TestFollowsTheJournal makes random edits and compares each draft that follows
// the journal with one made afresh, in all that it says.
func TestFollowsTheJournal(t *testing.T) {
	const square = `{"type":"Polygon","coordinates":[[[16.05,46.5],[16.3,46.5],[16.3,46.7],[16.05,46.7],[16.05,46.5]]]}`
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			kept, r := composer(t, []string{"", square}[seed%2])
			kept.Words = new(Words)
			var last *manifest.Manifest
			for round := range 25 {
				ids := []string{"osm/node/1", "osm/node/2", "osm/node/404"}
				for i := range 25 {
					ids = append(ids, fmt.Sprint("s/", i))
				}
				var what string
				switch n := rng.IntN(12); {
				case n == 0:
					what = "a large import"
					var all []feature.Feature
					for i := range 1200 {
						all = append(all, museum(fmt.Sprint("many/", i), 160000000+rng.Int32N(2_000_000)))
					}
					give(t, kept, "many", all...)
				case n == 1:
					what = "other languages"
					r.Languages = []string{[]string{"sl", "de", "hu"}[round%3]}
				case n == 2:
					what = "another boundary"
					r.Boundary = [][]byte{nil, []byte(square)}[round%2]
				case n == 3:
					what = "a category"
					own := catalog.Category{ID: "food.x_vinotoc", Icon: "temaki/grapes", Labels: map[string]string{"sl": fmt.Sprint("Vinotoč ", round)}}
					if err := kept.Catalog.SetCategory(t.Context(), r.ID, catalog.Stamp{By: "user/a"}, own); err != nil {
						t.Fatal(err)
					}
				case n == 4:
					what = "another day"
					for _, w := range kept.Words.regions {
						w.sorting.print = "2020-01-01" + w.sorting.print[len("2020-01-01"):]
					}
				case n == 5:
					what = "a draft that was given up"
					ctx, cancel := context.WithCancel(t.Context())
					cancel()
					if d, err := kept.Compose(ctx, r, last); err == nil {
						d.Close()
					}
				default:
					what = "edits"
					for range rng.IntN(6) {
						id := ids[rng.IntN(len(ids))]
						write(t, kept, fmt.Sprint("source", rng.IntN(3)), id, anything(rng, id))
					}
				}
				afresh := *kept
				afresh.Words = nil
				want, _ := told(t, &afresh, r, nil)
				got, m := told(t, kept, r, last)
				if got != want {
					t.Fatalf("round %d, after %s: got\n%s\nwant\n%s", round, what, got, want)
				}
				if last = m; rng.IntN(8) == 0 {
					last = nil
				}
			}
		})
	}
}

// TestOneEditMakesOneCell looks at which cells are made anew after edits.
func TestOneEditMakesOneCell(t *testing.T) {
	c, r := composer(t, "")
	c.Words = new(Words)
	var all []feature.Feature
	for i := range 400 {
		all = append(all, museum(fmt.Sprint("town/", i), 160000000+int32(i)*100_000))
	}
	give(t, c, "town", all...)
	_, last := compose(t, c, r, nil)
	made := func(last *manifest.Manifest) (keys []cell.Key) {
		t.Helper()
		d, err := c.Compose(t.Context(), r, last)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Content.Cells(t.Context(), func(key cell.Key, raw []byte) error { keys = append(keys, key); return nil }); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	if keys := made(last); len(keys) != 0 {
		t.Errorf("nothing was edited, but %v were made", keys)
	}
	edited := all[7]
	edited.Names = map[string]string{feature.Und: "Drug muzej"}
	give(t, c, "town", edited)
	want := []cell.Key{{Layer: cell.Features, ID: edited.Cell()}}
	for range 2 { // the first is not published
		if keys := made(last); !slices.Equal(keys, want) {
			t.Errorf("made %v, want %v", keys, want)
		}
	}
	if keys := made(&manifest.Manifest{}); len(keys) < 10 {
		t.Errorf("made only %v for a site that has none", keys)
	}
}

// TestWordsAreBounded forgets other regions first.
func TestWordsAreBounded(t *testing.T) {
	k := new(Words)
	for _, step := range []struct {
		region string
		size   int
		want   []string
	}{
		{"a", maxWords / 2, []string{"a"}},
		{"b", maxWords / 2, []string{"a", "b"}},
		{"c", maxWords + 1, []string{"a", "b"}},
		{"d", 1, []string{"d"}},
	} {
		k.keep(step.region, &words{size: step.size})
		if got := slices.Sorted(maps.Keys(k.regions)); !slices.Equal(got, step.want) {
			t.Errorf("after %s: kept %v, want %v", step.region, got, step.want)
		}
	}
}

// TestDraftsAtOnce reads drafts while others are made after further edits.
func TestDraftsAtOnce(t *testing.T) {
	c, r := composer(t, "")
	c.Words = new(Words)
	_, last := compose(t, c, r, nil)
	var readers sync.WaitGroup
	for n := range 8 {
		f := museum("town/1", 161500000+int32(n%2)*500_000)
		f.Names = map[string]string{feature.Und: fmt.Sprint("Muzej ", n)}
		write(t, c, "town", f.ID, &f)
		d, err := c.Compose(t.Context(), r, last)
		if err != nil {
			t.Fatal(err)
		}
		readers.Go(func() {
			defer d.Close()
			held := 0
			err := d.Content.Cells(context.Background(), func(_ cell.Key, raw []byte) error {
				if bytes.Contains(raw, fmt.Appendf(nil, "%q", fmt.Sprint("Muzej ", n))) {
					held++
				}
				return nil
			})
			if err != nil || held != 1 {
				t.Errorf("draft %d has its museum in %d cells, %v", n, held, err)
			}
		})
	}
	readers.Wait()
}
