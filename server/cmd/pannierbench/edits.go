package main

import (
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// The edits that the benchmark makes itself, as files below its temporary folder.
const (
	hoursFile   = "hours.geojson"
	renameFile  = "rename.osc"
	placesFile  = "places.geojson"
	surfaceFile = "surface.osc"
)

// museum is the node that is amended and renamed.
const museum = 315636837

// makeEdits writes the edits of an extract, the same in every run. When there is
// no extract, none are written.
func (b *bench) makeEdits(ctx context.Context, extract string) error {
	s, err := newSurvey(ctx, extract)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rename, err1 := xml.Marshal(s.rename())
	surface, err2 := xml.Marshal(s.surface(100))
	places, err3 := json.Marshal(s.places(20))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		hoursFile: []byte(amendment), renameFile: rename, placesFile: places, surfaceFile: surface,
	} {
		if err := os.WriteFile(filepath.Join(b.temp, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// survey holds the objects of an extract that are edited, by rising id.
type survey struct {
	museum    osm.Node
	amenities []osm.Node
	bare      []osm.Way // residential ways and tracks that tell no surface
}

func newSurvey(ctx context.Context, extract string) (*survey, error) {
	f, err := os.Open(extract)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &survey{}
	err = osmpbf.Read(ctx, f, osm.Handler{
		Nodes: func(nodes []osm.Node) error {
			for _, n := range nodes {
				if n.ID == museum {
					s.museum = n
				}
				if n.Tags.Get("amenity") != "" {
					s.amenities = append(s.amenities, n)
				}
			}
			return nil
		},
		Ways: func(ways []osm.Way) error {
			for _, w := range ways {
				if road := w.Tags.Get("highway"); (road == "residential" || road == "track") && w.Tags.Get("surface") == "" {
					s.bare = append(s.bare, w)
				}
			}
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", extract, err)
	}
	slices.SortFunc(s.amenities, func(a, b osm.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.bare, func(a, b osm.Way) int { return cmp.Compare(a.ID, b.ID) })
	return s, nil
}

// rename gives the museum another name.
func (s *survey) rename() osmChange {
	n := s.museum
	return osmChange{Version: "0.6", Nodes: []osmNode{{
		ID: n.ID, Lat: float64(n.Point.LatE7) / 1e7, Lon: float64(n.Point.LonE7) / 1e7,
		Version: n.Meta.Version + 1, Timestamp: editTime, Tags: retagged(n.Tags, "name", "Museum am Platz"),
	}}}
}

// surface tells the surface of the first ways that lack it.
func (s *survey) surface(count int) osmChange {
	c := osmChange{Version: "0.6"}
	for _, w := range s.bare[:min(count, len(s.bare))] {
		way := osmWay{ID: w.ID, Version: w.Meta.Version + 1, Timestamp: editTime, Tags: retagged(w.Tags, "surface", "asphalt")}
		for _, ref := range w.Nodes {
			way.Nodes = append(way.Nodes, osmRef{ref})
		}
		c.Ways = append(c.Ways, way)
	}
	return c
}

// places returns a GeoJSON collection of new POIs, each 20 m or so from an
// amenity; these are taken at equal steps from all of the region.
func (s *survey) places(count int) any {
	categories := []string{"cycling.repair", "food.cafe", "water.drinking", "lodging.guest_house"}
	features := []any{}
	for i := range min(count, len(s.amenities)) {
		at := s.amenities[i*len(s.amenities)/count].Point
		features = append(features, map[string]any{
			"type": "Feature", "id": fmt.Sprintf("place-%d", i+1),
			"geometry": map[string]any{"type": "Point", "coordinates": []float64{float64(at.LonE7+2000) / 1e7, float64(at.LatE7+1000) / 1e7}},
			"properties": map[string]any{
				"category": categories[i%len(categories)], "name": fmt.Sprintf("Place %d", i+1),
				"opening_hours": fmt.Sprintf("Mo-Sa %02d:00-18:00", 7+i%4), "website": fmt.Sprintf("https://example.org/place/%d", i+1),
			},
		})
	}
	return map[string]any{"type": "FeatureCollection", "features": features}
}

// editTime is that of all edits of OpenStreetMap data.
var editTime = time.Date(2019, 11, 19, 12, 0, 0, 0, time.UTC)

// osmChange is an OsmChange document with modified objects.
type osmChange struct {
	XMLName xml.Name  `xml:"osmChange"`
	Version string    `xml:"version,attr"`
	Nodes   []osmNode `xml:"modify>node"`
	Ways    []osmWay  `xml:"modify>way"`
}

type osmNode struct {
	ID        int64     `xml:"id,attr"`
	Lat       float64   `xml:"lat,attr"`
	Lon       float64   `xml:"lon,attr"`
	Version   int32     `xml:"version,attr"`
	Timestamp time.Time `xml:"timestamp,attr"`
	Tags      []osmTag  `xml:"tag"`
}

type osmWay struct {
	ID        int64     `xml:"id,attr"`
	Version   int32     `xml:"version,attr"`
	Timestamp time.Time `xml:"timestamp,attr"`
	Nodes     []osmRef  `xml:"nd"`
	Tags      []osmTag  `xml:"tag"`
}

type osmRef struct {
	Ref int64 `xml:"ref,attr"`
}

type osmTag struct {
	Key   string `xml:"k,attr"`
	Value string `xml:"v,attr"`
}

// retagged returns tags with one of them set.
func retagged(tags osm.Tags, key, value string) (out []osmTag) {
	for _, t := range tags {
		if t.Key != key {
			out = append(out, osmTag{t.Key, t.Value})
		}
	}
	return append(out, osmTag{key, value})
}
