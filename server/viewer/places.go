package viewer

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// maxPlaces bounds what one answer lists.
const maxPlaces = 50_000

// listed is a feature of places.json.
type listed struct {
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
	Name     string       `json:"name,omitempty"`
	Ref      string       `json:"ref,omitempty"`
}

// places lists what a region has, in the order of its cells.
func (v *Viewer) places(w http.ResponseWriter, r *http.Request) {
	m, err := v.cells.current(r.Context(), mux.Vars(r)["region"])
	if err != nil {
		v.fail(w, r, err)
		return
	}
	out := struct {
		Type     string   `json:"type"`
		Features []listed `json:"features"`
	}{"FeatureCollection", []listed{}}
	for _, e := range m.Entries {
		if e.Key.Layer != cell.Features {
			continue
		}
		raw, err := v.cells.read(r.Context(), e)
		if err != nil {
			v.fail(w, r, err)
			return
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				v.fail(w, r, fmt.Errorf("cell %s: %w", e.Key, err))
				return
			}
			f, err := feature.Parse(item.Value)
			if err == nil && len(out.Features) < maxPlaces {
				out.Features = append(out.Features, listing(f, m.Meta.Languages[:min(1, len(m.Meta.Languages))]))
			}
		}
	}
	v.sendJSON(w, r, out)
}

// listing tells of a feature in a language, else as it stands on the spot.
func listing(f *feature.Feature, languages []string) listed {
	p := properties{ID: f.ID, Kind: f.Kind, Category: f.Category, Name: f.Name(languages...), Ref: f.Details["ref"], Icon: "maki/marker"}
	for _, id := range []string{taxonomy.Group(f.Category), f.Category} {
		if c, ok := taxonomy.Lookup(id); ok {
			p.Label, p.Icon = c.Label(languages...), c.Icon
		}
	}
	at := f.Anchor()
	var geometry any = map[string]any{"type": "Point", "coordinates": [2]float64{float64(at.LonE7) / 1e7, float64(at.LatE7) / 1e7}}
	if f.Kind == feature.Route {
		geometry = f.Geometry
	}
	return listed{"Feature", geometry, p}
}

// place sends one whole record, which lies in one of the features' cells.
func (v *Viewer) place(w http.ResponseWriter, r *http.Request) {
	m, err := v.cells.current(r.Context(), mux.Vars(r)["region"])
	if err != nil {
		v.fail(w, r, err)
		return
	}
	for _, e := range m.Entries {
		if e.Key.Layer != cell.Features {
			continue
		}
		record, err := v.cells.item(r.Context(), m, e.Key, []byte(mux.Vars(r)["id"]))
		if err != nil {
			v.fail(w, r, err)
			return
		}
		if record != nil {
			v.sendJSON(w, r, json.RawMessage(record))
			return
		}
	}
	v.fail(w, r, fs.ErrNotExist)
}
