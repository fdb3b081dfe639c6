package compose

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// town is many cafés and lanes, routes along them, boundaries, woods and a park.
func town(t *testing.T, path string) {
	t.Helper()
	header := osm.Header{Bounds: osm.Box{Min: cell.Point{LonE7: 160000000, LatE7: 465000000}, Max: cell.Point{LonE7: 163000000, LatE7: 467000000}}}
	var nodes []osm.Node
	var ways []osm.Way
	for i := range int64(120) {
		n := osm.Node{ID: i, Point: cell.Point{LonE7: 160100000 + int32(i%12)*200_000, LatE7: 465100000 + int32(i/12)*150_000}, Meta: osm.Meta{Version: 1}}
		if i%3 == 0 {
			n.Tags = osm.Tags{{Key: "amenity", Value: "cafe"}, {Key: "name", Value: fmt.Sprint("Kavarna ", i)}}
		}
		nodes = append(nodes, n)
		if i%2 == 1 {
			ways = append(ways, osm.Way{ID: i, Nodes: []int64{i - 1, i}, Tags: osm.Tags{{Key: "highway", Value: "residential"}}, Meta: osm.Meta{Version: 1}})
		}
	}
	// Squares that are woods, with one that is a hole in another, and relations that
	// share their members.
	for i := range int64(4) {
		at := i*24 + 2
		ways = append(ways, osm.Way{ID: 200 + i, Nodes: []int64{at, at + 3, at + 15, at + 12, at}, Meta: osm.Meta{Version: 1}})
	}
	ways = append(ways, osm.Way{ID: 210, Nodes: []int64{3, 4, 16, 3}, Meta: osm.Meta{Version: 1}})
	relation := func(id int64, tags osm.Tags, ways ...int64) osm.Relation {
		r := osm.Relation{ID: id, Tags: osm.SortTags(tags), Meta: osm.Meta{Version: 1}}
		for _, way := range ways {
			r.Members = append(r.Members, osm.Member{Kind: osm.WayKind, Ref: way})
		}
		return r
	}
	tag := func(key, value string) osm.Tag { return osm.Tag{Key: key, Value: value} }
	relations := []osm.Relation{
		relation(1, osm.Tags{tag("name", "Pot"), tag("route", "bicycle"), tag("type", "route")}, 1, 3, 5),
		relation(2, osm.Tags{tag("name", "Dolga"), tag("network", "ncn"), tag("route", "bicycle"), tag("type", "route")}, 3, 5, 7, 9),
		relation(3, osm.Tags{tag("name", "Peš"), tag("route", "hiking"), tag("type", "route")}, 5, 7, 31),
		relation(4, osm.Tags{tag("admin_level", "8"), tag("boundary", "administrative"), tag("name", "Mesto"), tag("type", "boundary")}, 200, 203),
		relation(5, osm.Tags{tag("admin_level", "6"), tag("boundary", "administrative"), tag("type", "boundary")}, 203, 202),
		relation(6, osm.Tags{tag("landuse", "forest"), tag("type", "multipolygon")}, 200, 210),
		relation(7, osm.Tags{tag("leisure", "park"), tag("name", "Vrt"), tag("type", "multipolygon")}, 201),
	}
	err := osm.Collect(context.Background(), path, 1<<20, func(h osm.Handler) error {
		return errors.Join(h.Header(header), h.Nodes(nodes), h.Ways(ways), h.Relations(relations))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cellsOf returns what a draft holds, up to a number of cells that are made.
func cellsOf(t *testing.T, d *Draft, most int) *manifest.Manifest {
	t.Helper()
	enough := errors.New("enough")
	m := &manifest.Manifest{Entries: slices.Clone(d.Content.Kept)}
	err := d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		if most--; most < 0 {
			return enough
		}
		m.Entries = append(m.Entries, manifest.Entry{Key: key, Hash: blob.Sum(raw), Raw: uint32(len(raw)), Stored: 1})
		return nil
	})
	if err != nil && !errors.Is(err, enough) {
		t.Fatal(err)
	}
	slices.SortFunc(m.Entries, func(a, b manifest.Entry) int { return a.Key.Compare(b.Key) })
	return m
}

// TestInAnyOrder publishes, previews, is killed, rolls back, imports, floods and
// puts older files into the cache, in any order: what is published next is what it
// would be from scratch.
func TestInAnyOrder(t *testing.T) {
	for seed := range uint64(4) {
		inAnyOrder(t, rand.New(rand.NewPCG(seed, 5)))
	}
}

func inAnyOrder(t *testing.T, random *rand.Rand) {
	c, r := composer(t, "")
	ctx := context.Background()
	im := &importer{T: t, c: c, file: "x.osm"}
	im.install(func(path string) error { town(t, path); return nil })
	var kept []*manifest.Manifest // versions
	var older []string            // copies of the cache
	var last *manifest.Manifest
	draft := func(c *Composer, last *manifest.Manifest) *Draft {
		d, err := c.Compose(ctx, r, last)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	done := ""
	for range 60 {
		step := random.IntN(10)
		done += fmt.Sprint(" ", step)
		switch step {
		case 0, 1:
			im.apply(im.random(random))
		case 2:
			im.install(func(path string) error { town(t, path); return nil })
		case 3: // a preview, or a publish that is killed
			d := draft(c, last)
			cellsOf(t, d, random.IntN(30))
			d.Close()
		case 4: // back to an earlier version, published as a new one
			if len(kept) > 0 {
				last = kept[random.IntN(len(kept))]
			}
		case 5:
			box := osm.Box{Min: cell.Point{LonE7: 160000000, LatE7: 465000000}, Max: cell.Point{LonE7: 163000000 + random.Int32N(3)*10 - 10, LatE7: 467000000}}
			flood(t, c, box)
		case 6: // files of another time, some or all
			if copies, _ := os.ReadDir(c.Cache); len(copies) > 0 {
				folder := t.TempDir()
				if err := os.CopyFS(folder, os.DirFS(c.Cache)); err != nil {
					t.Fatal(err)
				}
				older = append(older, folder)
			}
		case 7:
			if len(older) == 0 {
				break
			}
			from := older[random.IntN(len(older))]
			there, err := os.ReadDir(from)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range there {
				if random.IntN(2) == 0 {
					continue
				}
				data, err := os.ReadFile(filepath.Join(from, f.Name()))
				os.Remove(filepath.Join(c.Cache, f.Name())) // it may be the base's second name
				if err = errors.Join(err, os.WriteFile(filepath.Join(c.Cache, f.Name()), data, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
		default:
			c.Rebuild = random.IntN(8) == 0
			d := draft(c, last)
			m := cellsOf(t, d, 1<<30)
			d.Close()
			afresh := *c
			afresh.Cache = t.TempDir()
			full := draft(&afresh, nil)
			want := cellsOf(t, full, 1<<30)
			full.Close()
			if !slices.Equal(m.Entries, want.Entries) || d.POIs != full.POIs || d.Routes != full.Routes || !slices.Equal(d.Warnings, full.Warnings) {
				t.Fatalf("after%s: %d cells, %d places, %d routes, %q; from scratch %d, %d, %d, %q", done,
					len(m.Entries), d.POIs, d.Routes, d.Warnings, len(want.Entries), full.POIs, full.Routes, full.Warnings)
			}
			last, kept = m, append(kept, m)
			if random.IntN(4) > 0 { // else it is killed before
				if err := c.Remember(ctx, "mura", d, m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
