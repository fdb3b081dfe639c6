package compose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// place is what the words of one id come to.
type place struct {
	in      cell.ID // where it lies
	raw     []byte  // its canonical bytes; nil when it is left out, and has no place
	licence manifest.Licence
	box     osm.Box
	photos  []string // hashes of the first of them

	amends   bool    // an object of the shelf
	from     cell.ID // where that lies
	counts   counts  // that are more than those of the shelf
	beyond   bool    // a route that reaches beyond the height model
	unsound  bool    // a route that the height model contradicts
	warnings []string
}

// placer finds the places of words. It may be used concurrently.
type placer struct {
	shelf   *shelf  // nil without a base
	heights *survey // nil without a height model
	area    orb.MultiPolygon
	bounded bool   // what lies outside the area is left out
	day     string // the last one that is over everywhere
	print   string // of all of this

	climbing sync.Mutex // a height model is for one at a time
}

// said is a word as it was understood.
type said struct {
	word
	*feature.Feature
}

// place returns what words of one id, the oldest first, come to: they add to what
// is on the shelf or, under the same id, amend it, the word given last having the
// last say.
func (p *placer) place(id string, words []word) (to place, err error) {
	all := make([]said, len(words))
	for i, w := range words {
		all[i].word = w
		if all[i].Feature, err = feature.Parse(w.raw); err != nil {
			return to, fmt.Errorf("feature %s of %s: %w", id, w.source, err)
		}
	}
	var own *feature.Feature
	if p.shelf != nil && strings.HasPrefix(id, fromosm.Collection+"/") {
		if own, to.from, err = p.shelf.find(id); err != nil {
			return to, err
		}
	}
	switch {
	case own != nil:
		to.amends = true
		to.counts.add(own.Kind, -1)
		p.heights.forget(own)
	default:
		whole := slices.IndexFunc(all, func(s said) bool { return s.Validate() == nil })
		if whole < 0 {
			to.warn("the change of %s by %s is left out: the region has no such object", id, all[0].Provenance.Provider)
			return to, nil
		}
		own = all[whole].Feature
		if len(all) == 1 {
			to.raw = all[0].raw // as it was given
		}
		all = slices.Delete(all, whole, whole+1)
	}
	given := to.raw
	to.raw = nil
	own = to.amend(own, all)
	if p.bounded && !inside(p.area, own) {
		to.warn("%s lies outside the region's boundary and is left out", id)
		return to, nil
	}
	if own.Over(p.day) {
		to.warn("%s ended on %s and is left out", id, own.Valid.Until)
		return to, nil
	}
	climbed, err := p.climb(own, &to)
	if err != nil {
		return to, fmt.Errorf("heights of %s: %w", id, err)
	}
	if climbed != own || given == nil {
		if given, err = climbed.Canonical(); err != nil {
			return to, fmt.Errorf("feature %s: %w", id, err)
		}
	}
	to.in, to.raw = climbed.Cell(), given
	to.counts.add(climbed.Kind, 1)
	to.licence = manifest.Licence{ID: climbed.Provenance.Licence, Attribution: climbed.Provenance.Attribution}
	to.box.Min, to.box.Max = climbed.Bounds()
	to.photos = photosOf(climbed)
	return to, nil
}

func (p *placer) climb(f *feature.Feature, to *place) (*feature.Feature, error) {
	if p.heights == nil {
		return f, nil
	}
	p.climbing.Lock()
	defer p.climbing.Unlock()
	alone := &survey{model: p.heights.model}
	climbed, err := alone.climb(f)
	to.beyond, to.unsound = alone.beyond > 0, len(alone.unsound) > 0
	return climbed, err
}

// amend applies amendments in order. One that changes nothing leaves no trace,
// and one that would spoil the feature is left out with a warning.
func (to *place) amend(base *feature.Feature, amendments []said) *feature.Feature {
	for _, a := range amendments {
		merged := feature.Merge(*base, *a.Feature)
		unsigned := merged
		unsigned.Provenance.AmendedBy = base.Provenance.AmendedBy
		if same(base, &unsigned) {
			continue
		}
		if err := merged.Validate(); err != nil {
			to.warn("the change of %s by %s is left out: %v", base.ID, a.Provenance.Provider, err)
			continue
		}
		base = &merged
	}
	return base
}

func (to *place) warn(format string, args ...any) {
	to.warnings = append(to.warnings, fmt.Sprintf(format, args...))
}

// yesterday is the day that is over everywhere: what ended before it is over for
// all riders.
func yesterday() string { return time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) }

// same reports whether two features have the same bytes.
func same(a, b *feature.Feature) bool {
	rawA, errA := a.Canonical()
	rawB, errB := b.Canonical()
	return errA == nil && errB == nil && bytes.Equal(rawA, rawB)
}

// inside reports whether a point of the feature lies within the area; no area
// holds everything.
func inside(area orb.MultiPolygon, o *feature.Feature) bool {
	if len(area) == 0 {
		return true
	}
	for _, line := range o.Geometry.Lines {
		for _, p := range line.Points {
			if planar.MultiPolygonContains(area, orb.Point{float64(p.LonE7) / 1e7, float64(p.LatE7) / 1e7}) {
				return true
			}
		}
	}
	return false
}
