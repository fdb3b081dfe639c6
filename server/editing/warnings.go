package editing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Kinds of warnings.
const (
	Untranslated   = "translation" // no name or no description in a language of the region
	Expired        = "expired"     // its last day is over
	UnknownLicence = "licence"     // not one that we know
	Restricted     = "restricted"  // may not be passed on freely
	LicenceClash   = "clash"       // with the object that it amends
	BrokenLink     = "link"        // broken the last two times that it was looked at
)

// Warning is what an editor should know of a feature before publishing.
type Warning struct {
	Kind string      `json:"kind"`
	Ref  catalog.Ref `json:"ref"`
	Text string      `json:"text"`
}

// Warnings is the first of them, and how many there are of each kind.
type Warnings struct {
	Totals map[string]int `json:"totals"`
	First  []Warning      `json:"first"` // at most MaxWarnings of each kind
}

// brokenLooks is how often in a row a link has to be broken: servers have bad
// days.
const brokenLooks = 2

// MaxWarnings is how many warnings of a kind are listed.
const MaxWarnings = 50

// osmLicence is what the objects of OpenStreetMap stand under.
const osmLicence = "ODbL-1.0"

// Warnings looks through the features that a region's sources gave. Today is the
// day that counts for periods.
func (d *Desk) Warnings(ctx context.Context, region string, today time.Time) (Warnings, error) {
	w := Warnings{Totals: make(map[string]int), First: []Warning{}}
	r, err := d.catalog.Region(ctx, region)
	if err != nil {
		return w, err
	}
	links, err := d.looked(ctx, region)
	if err != nil {
		return w, err
	}
	day := today.Format(time.DateOnly)
	err = d.catalog.Features(ctx, region, func(g catalog.Given) error {
		ref := catalog.Ref{Source: g.Source, ID: g.Feature.ID}
		w.look(ref, g.Feature, r.Languages, day)
		for _, link := range linksOf(g.Feature) {
			if l := links[linkDigest(link)]; l.Failed >= brokenLooks {
				w.add(BrokenLink, ref, "%.200s: %s", link, l.Why)
			}
		}
		return nil
	})
	return w, err
}

func (w *Warnings) add(kind string, ref catalog.Ref, format string, args ...any) {
	if w.Totals[kind]++; w.Totals[kind] <= MaxWarnings {
		w.First = append(w.First, Warning{kind, ref, fmt.Sprintf(format, args...)})
	}
}

func (w *Warnings) look(ref catalog.Ref, f *feature.Feature, languages []string, today string) {
	if f.Valid != nil && f.Valid.Until != "" && f.Valid.Until < today {
		w.add(Expired, ref, "it ended on %s", f.Valid.Until)
	}
	w.licence(ref, f.Provenance.Licence)
	for _, m := range f.Media {
		w.licence(ref, m.Licence)
	}
	if Amends(ref) {
		if why := clash(osmLicence, f.Provenance.Licence); why != "" && strings.HasPrefix(ref.ID, "osm/") {
			w.add(LicenceClash, ref, "%s", why)
		}
		return // its texts are there beside those of the object
	}
	for _, texts := range []struct {
		what string
		in   map[string]string
	}{{"name", f.Names}, {"description", f.Descriptions}} {
		if missing := missing(texts.in, languages); len(missing) > 0 {
			w.add(Untranslated, ref, "no %s in %s", texts.what, strings.Join(missing, ", "))
		}
	}
}

func (w *Warnings) licence(ref catalog.Ref, id string) {
	switch licence(id) {
	case restricted:
		w.add(Restricted, ref, "%s does not let everybody pass it on", id)
	case unknown:
		if id != "" {
			w.add(UnknownLicence, ref, "%.80q is not the SPDX id of a licence that we know; riders may not be allowed to have it", id)
		}
	}
}

// missing lists the languages that texts lack, if there are texts at all. A name
// on the spot is one for everybody.
func missing(texts map[string]string, languages []string) []string {
	if len(texts) == 0 || texts[feature.Und] != "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(languages), func(l string) bool {
		plain, _, _ := strings.Cut(l, "-")
		return texts[l] != "" || texts[plain] != ""
	})
}
