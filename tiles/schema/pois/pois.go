// Package pois makes the layer pois of the Shortbread schema
// (https://shortbread-tiles.org/schema/1.0/#layer-pois) of features.
//
// Bundles hold places as features, so their tiles go without the layer; exports and
// the online endpoint add it. It lies at zoom 14 alone, one point a place, places in
// the order of their ids. SCHEMA.md beside the tables of the schema lists its fields.
//
// Equal features give equal bytes. Places serve one goroutine while features are
// added, and any number afterwards.
package pois

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/feature/fromosm"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// Name is the layer's name, and Zoom its only zoom.
const (
	Name = "pois"
	Zoom = cell.MaxTileZoom
)

// Places are places by the tile that they lie in.
type Places map[cell.ID][]place

type place struct {
	id    string
	at    vector.TilePoint
	attrs vector.Attrs
}

// Add adds a feature, if it is a place; languages are those of names.
func (p Places) Add(f *feature.Feature, languages []string) {
	if f.Kind != feature.POI || f.Geometry.IsZero() {
		return
	}
	fields := fieldsOf(f, languages)
	if fields == nil {
		return
	}
	var attrs []byte
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		attrs = vector.AppendAttr(attrs, key, fields[key])
	}
	var cutter vector.Cutter
	cutter.Point(Zoom, vector.Project(f.Anchor()), func(tile cell.ID, g *vector.Tile) {
		p[tile] = append(p[tile], place{f.ID, g.Points[0], vector.Attrs(attrs)})
	})
}

// Size is how many bytes of memory the places take, about.
func (p Places) Size() (bytes int) {
	const each = 80 // of a place, and its share of the map
	for _, there := range p {
		for _, one := range there {
			bytes += each + len(one.id) + len(one.attrs)
		}
	}
	return bytes
}

// Append adds the layer to the bytes of a tile, with the places of all.
func Append(dst []byte, tile cell.ID, all ...Places) []byte {
	var there []place
	for _, p := range all {
		there = append(there, p[tile]...)
	}
	slices.SortFunc(there, func(a, b place) int { return cmp.Compare(a.id, b.id) })
	features := make([]vector.Feature, len(there))
	for i, p := range there {
		features[i] = vector.Feature{Type: vector.Points, Attrs: p.attrs}
		features[i].Geometry.Add([]vector.TilePoint{p.at})
	}
	var e vector.Encoder
	return e.AppendLayer(slices.Clip(dst), Name, features)
}

// Into adds the layer to the tiles of a map; tiles that hold nothing but places
// come last, in their order.
func (p Places) Into(tiles iter.Seq2[archive.Tile, error]) iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		seen := make(map[cell.ID]bool)
		for t, err := range tiles {
			if err == nil && p[t.ID] != nil {
				seen[t.ID] = true
				t.Data = Append(t.Data, t.ID, p)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
		for _, id := range slices.Sorted(maps.Keys(p)) {
			if !seen[id] && !yield(archive.Tile{ID: id, Data: Append(nil, id, p)}, nil) {
				return
			}
		}
	}
}

// keys are the tags that become fields of their own name.
var keys = []string{"amenity", "leisure", "tourism", "shop", "man_made", "historic", "emergency", "highway", "office"}

// elsewhere are tags of places that the layer public_transport has.
func elsewhere(key, value string) bool {
	switch key + "=" + value {
	case "highway=bus_stop", "amenity=bus_station", "amenity=ferry_terminal":
		return true
	}
	return key == "railway" || key == "aeroway" || key == "aerialway"
}

// further are fields that some places have: texts by the tags that they belong to.
var further = map[string][]string{
	"cuisine":      {"amenity=restaurant", "amenity=fast_food", "amenity=pub", "amenity=bar", "amenity=cafe"},
	"sport":        {"leisure=pitch", "leisure=sports_centre"},
	"vending":      {"amenity=vending_machine"},
	"information":  {"tourism=information"},
	"tower:type":   {"man_made=tower"},
	"religion":     {"amenity=place_of_worship"},
	"denomination": {"amenity=place_of_worship"},
}

// yes are those that are true where the detail says yes.
var yes = map[string]string{
	"recycling:glass_bottles": "amenity=recycling", "recycling:paper": "amenity=recycling",
	"recycling:clothes": "amenity=recycling", "recycling:scrap_metal": "amenity=recycling", "atm": "amenity=bank",
}

// fieldsOf returns a place's fields; nil for one that lies in another layer.
func fieldsOf(f *feature.Feature, languages []string) map[string]vector.Value {
	tag := tagOf(f)
	key, value, _ := strings.Cut(tag, "=")
	if f.Collection == fromosm.Collection && elsewhere(key, value) {
		return nil
	}
	fields := make(map[string]vector.Value)
	set := func(name, text string) {
		if text != "" {
			fields[name] = vector.String(text)
		}
	}
	if slices.Contains(keys, key) {
		set(key, value)
	}
	set("category", f.Category)
	for name, tags := range further {
		if slices.Contains(tags, tag) {
			set(name, f.Details[name])
		}
	}
	for name, of := range yes {
		if of == tag && f.Details[name] == "yes" {
			fields[name] = vector.Bool(true)
		}
	}
	set("housename", f.Details["addr:housename"])
	if f.Address != nil {
		set("housenumber", f.Address.Number)
	}
	name := f.Names[feature.Und]
	for i := 0; name == "" && i < len(languages); i++ {
		name = f.Names[languages[i]]
	}
	set("name", name)
	for _, l := range languages {
		if other := f.Names[l]; other != name {
			set("name_"+l, other)
		}
	}
	return fields
}

// tagOf returns the tag of OpenStreetMap that a place has or stands for, "" for none.
func tagOf(f *feature.Feature) string {
	if tag := f.Details[feature.TagDetail]; taxonomy.Makes(tag, f.Category) {
		return tag
	}
	return taxonomy.Tag(f.Category)
}

// Describe returns the layer for lists of a map's layers.
func Describe(languages []string) *archive.Layer {
	l := &archive.Layer{ID: Name, Fields: map[string]string{"category": "String", "name": "String", "housename": "String", "housenumber": "String"}, MinZoom: Zoom, MaxZoom: Zoom}
	for _, key := range keys {
		l.Fields[key] = "String"
	}
	for name := range further {
		l.Fields[name] = "String"
	}
	for name := range yes {
		l.Fields[name] = "Boolean"
	}
	for _, language := range languages {
		l.Fields["name_"+language] = "String"
	}
	return l
}
