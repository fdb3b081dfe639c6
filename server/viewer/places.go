package viewer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/hours"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// What one answer lists, at most.
const (
	maxPlaces      = 50_000
	maxPlacesBytes = 32 << 20
)

// listingBytes bounds the listings that are kept.
const listingBytes = 64 << 20

// listing is what a version has, in the order of its cells, and where.
type listing struct {
	document *document
	where    []located // by the hash of the id, rising
}

// listed names a listing.
type listed struct {
	manifest blob.Hash
	language string
}

// located says which cell has a feature.
type located struct {
	id    uint64
	entry uint32 // of the manifest
}

// seed makes the hashes of ids: nobody outside knows which ones are alike.
var seed = maphash.MakeSeed()

func (l *listing) size() int { return l.document.size() + 16*len(l.where) }

// entries returns where a feature may be: in one place as a rule.
func (l *listing) entries(id string) []located {
	sum := maphash.String(seed, id)
	from, _ := slices.BinarySearchFunc(l.where, sum, func(at located, sum uint64) int {
		return cmp.Compare(at.id, sum)
	})
	to := from
	for to < len(l.where) && l.where[to].id == sum {
		to++
	}
	return l.where[from:to]
}

// places sends the listing of a region.
func (v *Viewer) places(w http.ResponseWriter, r *http.Request) {
	m, err := v.cells.current(r.Context(), mux.Vars(r)["region"])
	if err != nil {
		v.fail(w, r, err)
		return
	}
	l, err := v.listing(r.Context(), m, firstOf(r.FormValue("languages"), taxonomy.Languages()))
	if err != nil {
		v.fail(w, r, err)
		return
	}
	l.document.send(w, r, follows)
}

// place sends one whole record, and its opening hours in words as well.
func (v *Viewer) place(w http.ResponseWriter, r *http.Request) {
	m, err := v.cells.current(r.Context(), mux.Vars(r)["region"])
	if err != nil {
		v.fail(w, r, err)
		return
	}
	l, err := v.listing(r.Context(), m, "")
	if err != nil {
		v.fail(w, r, err)
		return
	}
	id, language := mux.Vars(r)["id"], cmp.Or(firstOf(r.FormValue("languages"), hours.Languages()), "en")
	v.answer(w, r, fmt.Sprintf("place %s %s %s", m.name, language, id), "application/json", follows, func(ctx context.Context) ([]byte, error) {
		for _, at := range l.entries(id) {
			record, err := v.cells.item(ctx, m.Entries[at.entry], []byte(id))
			if record != nil {
				return withWords(record, language), nil
			}
			if err != nil {
				return nil, err
			}
		}
		return nil, fs.ErrNotExist
	})
}

// firstOf returns the first of the languages that somebody reads which is known,
// "" if none is.
func firstOf(read string, known []string) string {
	for l := range strings.SplitSeq(read, ",") {
		if plain, _, _ := strings.Cut(l, "-"); slices.Contains(known, plain) {
			return plain
		}
	}
	return ""
}

// withWords adds to a record what its opening hours are in words, if they can be
// read.
func withWords(record []byte, language string) []byte {
	var has struct {
		Hours string `json:"opening_hours"`
	}
	if json.Unmarshal(record, &has) != nil || has.Hours == "" {
		return record
	}
	schedule, err := hours.Parse(has.Hours)
	if err != nil {
		return record
	}
	words, err := json.Marshal(schedule.Words(language))
	if err != nil {
		return record
	}
	return slices.Concat(record[:len(record)-1], []byte(`,"opening_words":`), words, []byte("}"))
}

// listing returns what a version has, told in a language, else in the region's
// first.
func (v *Viewer) listing(ctx context.Context, m *version, language string) (*listing, error) {
	if own := m.Meta.Languages; language == "" && len(own) > 0 {
		language = own[0]
	}
	return v.listings.get(ctx, listed{m.name, language}, func(ctx context.Context) (*listing, error) { return v.list(ctx, m.Manifest, language) })
}

// list reads all of a version's features.
func (v *Viewer) list(ctx context.Context, m *manifest.Manifest, language string) (*listing, error) {
	l := new(listing)
	var out bytes.Buffer
	out.WriteString(`{"type":"FeatureCollection","features":[`)
	for i, e := range m.Entries {
		if e.Key.Layer != cell.Features {
			continue
		}
		raw, err := v.cells.read(ctx, e)
		if err != nil {
			return nil, err
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				return nil, fmt.Errorf("cell %s: %w", e.Key, err)
			}
			l.where = append(l.where, located{maphash.Bytes(seed, item.Key), uint32(i)})
			if len(l.where) > maxPlaces || out.Len() > maxPlacesBytes {
				continue
			}
			f, err := feature.Parse(item.Value)
			if err != nil {
				continue
			}
			line, err := json.Marshal(lineOf(f, m.Meta.Languages[:min(1, len(m.Meta.Languages))], language))
			if err != nil {
				return nil, fmt.Errorf("feature %s: %w", f.ID, err)
			}
			if out.Bytes()[out.Len()-1] != '[' {
				out.WriteByte(',')
			}
			out.WriteByte('\n')
			out.Write(line)
		}
	}
	out.WriteString("\n]}\n")
	slices.SortFunc(l.where, func(a, b located) int { return cmp.Compare(a.id, b.id) })
	l.document = newDocument("application/geo+json", out.Bytes())
	return l, nil
}

// line is a feature of places.json.
type line struct {
	Type       string     `json:"type"`
	Geometry   any        `json:"geometry"`
	Properties properties `json:"properties"`
}

type properties struct {
	ID       string       `json:"id"`
	Kind     feature.Kind `json:"kind"`
	Category string       `json:"category"`
	Label    string       `json:"label"` // of the category
	Icon     string       `json:"icon"`
	Name     string       `json:"name,omitempty"` // in the region's first language, else on the spot
	Also     string       `json:"also,omitempty"` // the name in the language that was asked for
	Ref      string       `json:"ref,omitempty"`
}

// lineOf tells of a feature of a region that speaks own to somebody who reads
// language.
func lineOf(f *feature.Feature, own []string, language string) line {
	p := properties{ID: f.ID, Kind: f.Kind, Category: f.Category, Name: f.Name(own...), Ref: f.Details["ref"], Icon: "maki/marker"}
	if also := f.Names[language]; also != p.Name {
		p.Also = also
	}
	for _, id := range []string{taxonomy.Group(f.Category), f.Category} {
		if c, ok := taxonomy.Lookup(id); ok {
			p.Label, p.Icon = c.Label(language), c.Icon
		}
	}
	at := f.Anchor()
	var geometry any = map[string]any{"type": "Point", "coordinates": [2]float64{float64(at.LonE7) / 1e7, float64(at.LatE7) / 1e7}}
	if f.Kind == feature.Route {
		geometry = coarse(f.Geometry)
	}
	return line{"Feature", geometry, p}
}

// coarse returns a geometry to be drawn: to about a metre, without heights. The
// record has all of it.
func coarse(g feature.Geometry) feature.Geometry {
	out := feature.Geometry{Shape: g.Shape, Rings: g.Rings, Lines: make([]feature.Line, len(g.Lines))}
	round := func(e7 int32) int32 { return int32(math.Round(float64(e7)/100)) * 100 }
	for i, l := range g.Lines {
		points := make([]cell.Point, len(l.Points))
		for j, p := range l.Points {
			points[j] = cell.Point{LonE7: round(p.LonE7), LatE7: round(p.LatE7)}
		}
		points = slices.Compact(points)
		if len(points) == 1 && len(l.Points) > 1 {
			points = append(points, points[0]) // a line has two ends
		}
		out.Lines[i].Points = points
	}
	return out
}
