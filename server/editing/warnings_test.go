package editing

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func TestWarnings(t *testing.T) {
	d := desk(t, t.TempDir()) // in Slovene and German
	good := place("Kavarna")
	good.Names["de-AT"], good.Names["de"] = "Kaffeehaus", "Café"
	put(t, d, museum, "museum/1", "", good)
	notice := place("Zapora")
	notice.Kind, notice.Category = feature.Notice, "notice.closure"
	notice.Names["de"] = "Sperre"
	notice.Valid = &feature.Period{Until: "2026-11-21"}
	put(t, d, museum, "museum/2", "", notice)
	odd := place("Sl")
	odd.Names[feature.Und] = "Sl"
	odd.Provenance.Licence = "Mine"
	odd.Media = []feature.Media{{URL: "https://example.org/a.jpg", Licence: "CC-BY-NC-4.0"}}
	put(t, d, museum, "museum/3", "", odd)
	put(t, d, museum, "museum/4", "", place("Samo slovensko"))
	put(t, d, museum, "osm/node/1", "", &feature.Feature{OpeningHours: "24/7", Provenance: feature.Provenance{Licence: "CC-BY-4.0"}})
	w, err := d.Warnings(ctx, "mura", time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range w.First {
		got = append(got, fmt.Sprintf("%s %s: %s", one.Ref.ID, one.Kind, one.Text))
	}
	want := []string{
		"museum/2 expired: it ended on 2026-11-21",
		`museum/3 licence: "Mine" is not the SPDX id of a licence that we know; riders may not be allowed to have it`,
		"museum/3 restricted: CC-BY-NC-4.0 does not let everybody pass it on",
		"museum/4 translation: no name in de",
		"osm/node/1 clash: CC-BY-4.0 content may go into an object under ODbL-1.0 only with its author's consent; take CC0-1.0 or ODbL-1.0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings\n%q, want\n%q", got, want)
	}
	for i := range MaxWarnings + 5 {
		if _, err := d.Put(ctx, museum, "mura", Write{Ref: catalog.Ref{ID: fmt.Sprint("museum/x", i)}, Feature: place("x")}); err != nil {
			t.Fatal(err)
		}
	}
	w, err = d.Warnings(ctx, "mura", time.Now())
	if err != nil || w.Totals[Untranslated] != MaxWarnings+6 || len(w.First) != MaxWarnings+4 {
		t.Errorf("%v, %d listed, %v", w.Totals, len(w.First), err)
	}
}

func TestClash(t *testing.T) {
	tests := []struct {
		into, from string
		want       bool
	}{
		{"ODbL-1.0", "ODbL-1.0", false}, {"ODbL-1.0", "CC0-1.0", false}, {"ODbL-1.0", "CC-BY-4.0", true}, {"ODbL-1.0", "CC-BY-SA-4.0", true},
		{"ODbL-1.0", "CC-BY-NC-4.0", true}, {"CC-BY-4.0", "CC0-1.0", false}, {"ODbL-1.0", "Mine", false}, {"ODbL-1.0", "etalab-2.0", false},
	}
	for _, test := range tests {
		if got := clash(test.into, test.from); (got != "") != test.want {
			t.Errorf("%s into %s: %q", test.from, test.into, got)
		}
	}
}
