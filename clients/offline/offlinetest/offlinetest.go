// Package offlinetest makes versions of a region out of a few features and
// tiles, for tests. Times and bytes are the same in every run; keys are made
// anew.
package offlinetest

import (
	"crypto/rand"
	"errors"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Site is the operator's name in the heads.
const Site = "maps.example.org"

// Content is what a version holds.
type Content struct {
	Features []*feature.Feature
	Tiles    map[cell.ID][]byte
	Other    map[cell.Key][]byte // cells of other layers
}

// Cells returns the canonical bytes of each cell.
func (c Content) Cells(tb testing.TB) map[cell.Key][]byte {
	tb.Helper()
	items := map[cell.Key]map[string][]byte{}
	add := func(key cell.Key, item string, value []byte) {
		if items[key] == nil {
			items[key] = map[string][]byte{}
		}
		items[key][item] = value
	}
	for _, f := range c.Features {
		record, err := f.Canonical()
		if err != nil {
			tb.Fatalf("feature %s: %v", f.ID, err)
		}
		add(cell.Key{Layer: cell.Features, ID: f.Cell()}, f.ID, record)
	}
	for id, data := range c.Tiles {
		add(cell.Key{Layer: cell.Tiles, ID: cell.OfTile(id)}, string(cell.TileKey(id)), data)
	}
	cells := maps.Clone(c.Other)
	if cells == nil {
		cells = map[cell.Key][]byte{}
	}
	for key, values := range items {
		var raw []byte
		for _, item := range slices.Sorted(maps.Keys(values)) {
			raw = cell.AppendItem(raw, []byte(item), values[item])
		}
		cells[key] = raw
	}
	return cells
}

// Version makes a version of content that follows the installed state, which
// may be the zero State.
func Version(tb testing.TB, region string, number uint64, content Content, installed pull.State) pull.Version {
	tb.Helper()
	cells := content.Cells(tb)
	m := &manifest.Manifest{Meta: manifest.Meta{
		Region: region, Name: "Test region " + region, Languages: []string{"sl", "de"},
		Bounds: [4]int32{138000000, 460000000, 166000000, 476000000}, TileFormat: "mvt", MinReader: 1,
		Licences: []manifest.Licence{{ID: "ODbL-1.0", Attribution: "© OpenStreetMap contributors"}},
	}}
	for _, key := range slices.SortedFunc(maps.Keys(cells), cell.Key.Compare) {
		raw := cells[key]
		m.Meta.MinReader = max(m.Meta.MinReader, manifest.MinReader(key.Layer))
		m.Entries = append(m.Entries, manifest.Entry{Key: key, Hash: blob.Sum(raw), Raw: uint32(len(raw)), Stored: uint32(len(raw))})
	}
	encoded, err := m.Encode()
	if err != nil {
		tb.Fatal(err)
	}
	secret, roots := keys(tb, region)
	h := head.Head{
		Origin: head.Origin(Site, region), Root: 1, Epoch: 1, Version: number,
		Issued:   time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		Expires:  time.Date(2126, 5, 1, 12, 0, 0, 0, time.UTC),
		Manifest: blob.Sum(encoded), ManifestRaw: uint32(len(encoded)), ManifestStored: uint32(len(encoded)),
	}
	note, err := h.Sign(secret)
	if err != nil {
		tb.Fatal(err)
	}
	var old *manifest.Manifest
	if installed.Manifest != nil {
		if old, err = manifest.Decode(installed.Manifest); err != nil {
			tb.Fatal(err)
		}
	}
	next := pull.Version{
		State: pull.State{
			Origin:   pull.Origin{Server: "https://maps.example.org", Roots: roots},
			HeadNote: note, Manifest: encoded,
		},
		Decoded: m,
	}
	var changed []cell.Key
	for _, c := range manifest.Diff(old, m) {
		if c.Removed() {
			next.Removed = append(next.Removed, c.Old.Key)
		} else {
			changed = append(changed, c.New.Key)
		}
	}
	next.Changed = Changed(cells, changed...)
	return next
}

// keys returns what signs a region's heads, and the roots that say so. They are
// made once for each region.
func keys(tb testing.TB, region string) (secret string, roots [][]byte) {
	tb.Helper()
	made.Lock()
	defer made.Unlock()
	if k, ok := made.keys[region]; ok {
		return k.secret, k.roots
	}
	rootSecret, rootPublic, err1 := signed.GenerateKey(rand.Reader, Site+"/root")
	secret, public, err2 := signed.GenerateKey(rand.Reader, Site+"/"+region)
	issued := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r := root.Root{
		Site: Site, Version: 1, Issued: issued, Expires: issued.AddDate(100, 0, 0), Threshold: 1, Keys: []string{rootPublic},
		Heads: []root.HeadKey{{Region: region, Epoch: 1, Key: public}},
	}
	text, err3 := r.Text()
	note, err4 := signed.Sign(text, rootSecret)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		tb.Fatal(err)
	}
	made.keys[region] = regionKeys{secret, [][]byte{note}}
	return secret, [][]byte{note}
}

type regionKeys struct {
	secret string
	roots  [][]byte
}

var made = struct {
	sync.Mutex
	keys map[string]regionKeys
}{keys: make(map[string]regionKeys)}

// Changed yields the named cells.
func Changed(cells map[cell.Key][]byte, keys ...cell.Key) iter.Seq2[pull.ChangedCell, error] {
	return func(yield func(pull.ChangedCell, error) bool) {
		for _, key := range keys {
			if !yield(pull.ChangedCell{Key: key, Raw: cells[key]}, nil) {
				return
			}
		}
	}
}

// POI makes a point of interest; names are pairs of language and name.
func POI(id, category string, lon, lat float64, names ...string) *feature.Feature {
	f := &feature.Feature{
		ID: id, Kind: feature.POI, Collection: "osm", Category: category,
		Geometry: feature.At(cell.Point{LonE7: int32(math.Round(lon * 1e7)), LatE7: int32(math.Round(lat * 1e7))}),
		Names:    map[string]string{},
		Provenance: feature.Provenance{
			Provider: "OpenStreetMap", SourceID: id, Licence: "ODbL-1.0", Attribution: "© OpenStreetMap contributors",
		},
	}
	for pair := range slices.Chunk(names, 2) {
		f.Names[pair[0]] = pair[1]
	}
	return f
}
