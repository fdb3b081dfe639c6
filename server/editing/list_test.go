package editing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// at places a POI in 1e-3 degrees.
func at(f *feature.Feature, lon, lat int32) *feature.Feature {
	f.Geometry = feature.At(cell.Point{LonE7: lon * 10_000, LatE7: lat * 10_000})
	return f
}

func listed(t *testing.T, d *Desk, f Filter, limit int) (ids []string) {
	t.Helper()
	for cursor := ""; ; {
		page, err := d.List(ctx, "mura", f, cursor, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			ids = append(ids, e.Ref.ID)
			if !f.Gone && len(e.Raw) == 0 {
				t.Errorf("%s has no content", e.Ref)
			}
		}
		if cursor = page.Next; cursor == "" {
			return ids
		}
	}
}

func TestList(t *testing.T) {
	d := desk(t, t.TempDir())
	for i, name := range []string{"Čebelarstvo Žižek", "Vinotoč Đurđa", "Gasthof Süß"} {
		put(t, d, museum, fmt.Sprint("museum/", i), "", at(place(name), int32(i), 0))
	}
	german := place("Sir")
	german.Names["de"], german.Category = "Käse", "food.cafe"
	put(t, d, museum, "museum/3", "", at(german, 9, 9))
	put(t, d, museum, "osm/node/1", "", &feature.Feature{OpeningHours: "24/7"})
	route := place("Pot")
	route.Kind, route.Category = feature.Route, "route.bicycle"
	route.Geometry = feature.Along(feature.Line{Points: []cell.Point{{LonE7: -50_000, LatE7: 90_000}, {LonE7: 50_000, LatE7: 90_000}}})
	put(t, d, museum, "museum/4", "", route)
	if _, err := d.Put(ctx, editor, "mura", Write{Ref: farmRef(1), Feature: at(place("Kmetija"), 3, 3)}); err != nil {
		t.Fatal(err)
	}
	box := func(w, s, e, n int32) *Box {
		return &Box{cell.Point{LonE7: w * 10_000, LatE7: s * 10_000}, cell.Point{LonE7: e * 10_000, LatE7: n * 10_000}}
	}
	tests := []struct {
		name   string
		filter Filter
		want   string
	}{
		{"all", Filter{}, "farm/1 museum/0 museum/1 museum/2 museum/3 museum/4 osm/node/1"},
		{"a box", Filter{Box: box(1, 0, 2, 0)}, "museum/1 museum/2"},
		{"a box on a line", Filter{Box: box(0, 8, 1, 9)}, "museum/4"},
		{"nowhere", Filter{Box: box(20, 20, 30, 30)}, ""},
		{"marks", Filter{Text: "cebelarstvo ZIZEK"}, "museum/0"},
		{"no marks in the name", Filter{Text: "đurđa"}, "museum/1"},
		{"d for đ", Filter{Text: "durda"}, "museum/1"},
		{"ss for ß", Filter{Text: "suss"}, "museum/2"},
		{"an id", Filter{Text: "farm/"}, "farm/1"},
		{"a category", Filter{Category: "food.cafe"}, "museum/3"},
		{"a group", Filter{Category: "shop"}, "farm/1 museum/0 museum/1 museum/2"},
		{"no part of a word", Filter{Category: "sho"}, ""},
		{"a language", Filter{Language: "de"}, "museum/3"},
		{"without one", Filter{Without: "de", Kind: feature.POI}, "farm/1 museum/0 museum/1 museum/2"},
		{"a kind", Filter{Kind: feature.Route}, "museum/4"},
		{"a source", Filter{Source: "farm"}, "farm/1"},
		{"an organisation", Filter{Organisation: "farm"}, "farm/1"},
		{"gone", Filter{Gone: true}, ""},
		{"later", Filter{Since: time.Now().Add(time.Hour)}, ""},
	}
	for _, test := range tests {
		for _, limit := range []int{1, 2, 100} {
			if got := strings.Join(listed(t, d, test.filter, limit), " "); got != test.want {
				t.Errorf("%s by %d: %s, want %s", test.name, limit, got, test.want)
			}
		}
		if n, err := d.Count(ctx, "mura", test.filter); err != nil || n != len(strings.Fields(test.want)) {
			t.Errorf("%s: counted %d, %v", test.name, n, err)
		}
	}
	// The index follows: a feature moves, one goes.
	if _, err := d.Put(ctx, museum, "mura", Write{Ref: catalog.Ref{ID: "museum/0"}, Base: Any, Feature: at(place("Drugje"), 25, 25)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(ctx, museum, "mura", Write{Ref: catalog.Ref{ID: "museum/1"}, Base: Any}); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, d, Filter{Box: box(20, 20, 30, 30)}, 9); !slices.Equal(got, []string{"museum/0"}) {
		t.Errorf("after it moved: %q", got)
	}
	if got := listed(t, d, Filter{Gone: true}, 9); !slices.Equal(got, []string{"museum/1"}) {
		t.Errorf("gone: %q", got)
	}
	for _, cursor := range []string{"%", "bm9uZQ"} {
		if _, err := d.List(ctx, "mura", Filter{}, cursor, 1); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %s: %v", cursor, err)
		}
	}
}

// TestPaging writes between pages: what was there from start to end shows
// exactly once.
func TestPaging(t *testing.T) {
	d := desk(t, t.TempDir())
	for i := range 30 {
		put(t, d, museum, fmt.Sprintf("museum/%03d", 10*i), "", place("x"))
	}
	var got []string
	for cursor, n := "", 1; ; n++ {
		page, err := d.List(ctx, "mura", Filter{}, cursor, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if strings.HasSuffix(e.Ref.ID, "0") {
				got = append(got, e.Ref.ID)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		put(t, d, museum, fmt.Sprintf("museum/%03d", 47*n%300/10*10+1), "", place("y"))
		put(t, d, museum, fmt.Sprintf("museum/%03d", 10*n), Any, place("z"))
	}
	if len(got) != 30 || !slices.IsSorted(got) {
		t.Errorf("paged over %d: %q", len(got), got)
	}
}

// many fills a region with features on a grid.
func many(b *testing.B, d *Desk, n int) {
	b.Helper()
	var all []feature.Feature
	for i := range n {
		f := at(place(fmt.Sprint("Kmetija ", i)), int32(i%250), int32(i/250))
		f.ID, f.Collection = fmt.Sprint("farm/", i), "farm"
		f.Provenance.Provider = "farm"
		all = append(all, *f)
	}
	if _, err := d.catalog.ImportFeatures(context.Background(), "mura", catalog.Source{Name: "farm"}, all); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkList(b *testing.B) {
	d := desk(b, b.TempDir())
	start := time.Now()
	many(b, d, 50_000)
	b.Logf("import of 50,000: %v", time.Since(start))
	start = time.Now()
	if _, err := d.List(ctx, "mura", Filter{}, "", 1); err != nil {
		b.Fatal(err)
	}
	b.Logf("index of 50,000: %v", time.Since(start))
	for name, f := range map[string]Filter{
		"box":  {Box: &Box{cell.Point{LonE7: 100 * 10_000, LatE7: 100 * 10_000}, cell.Point{LonE7: 109 * 10_000, LatE7: 109 * 10_000}}},
		"text": {Text: "kmetija 4999"},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				page, err := d.List(ctx, "mura", f, "", 100)
				if err != nil || len(page.Entries) == 0 {
					b.Fatal(len(page.Entries), err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
		})
	}
}
