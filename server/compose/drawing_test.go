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

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

const shared = "../../../shared/data/osm"

// importer brings map data into a region as an import does: the base before is
// gone.
type importer struct {
	*testing.T
	c    *Composer
	base *osm.Base
	file string
	n    int
}

func (im *importer) install(make func(path string) error) {
	im.Helper()
	im.n++
	file := fmt.Sprintf("%d.osm", im.n)
	path := filepath.Join(im.c.Folder, "mura", file)
	err := make(path)
	if err == nil {
		err = im.c.Catalog.SetBase(context.Background(), "mura", im.file, catalog.Base{File: file})
	}
	if err == nil {
		err = os.Remove(filepath.Join(im.c.Folder, "mura", im.file))
	}
	if err == nil {
		im.file = file
		im.base, err = osm.OpenBase(path, 64<<20)
	}
	if err != nil {
		im.Fatal(err)
	}
	im.Cleanup(func() { im.base.Close() })
}

func (im *importer) extract(name string) {
	im.Helper()
	f, err := os.Open(filepath.Join(shared, name))
	if err != nil {
		im.Skipf("no test data: %v", err)
	}
	defer f.Close()
	ctx := context.Background()
	im.install(func(path string) error {
		return osm.Collect(ctx, path, 64<<20, func(h osm.Handler) error { return osmpbf.Read(ctx, f, h) })
	})
}

func (im *importer) apply(changes []osm.Change) {
	im.Helper()
	im.install(func(path string) error {
		_, err := osm.Apply(context.Background(), im.base, changes, path, im.base.Header())
		return err
	})
}

func (im *importer) changes(name string) {
	im.Helper()
	f, _, err := source.Open(filepath.Join(shared, name))
	if err != nil {
		im.Skipf("no test data: %v", err)
	}
	defer f.Close()
	var changes []osm.Change
	if err := osmxml.ReadChanges(context.Background(), f, func(c osm.Change) error { changes = append(changes, c); return nil }); err != nil {
		im.Fatal(err)
	}
	im.apply(changes)
}

// random makes changes such as mappers make.
func (im *importer) random(r *rand.Rand) (changes []osm.Change) {
	for range 1 + r.IntN(15) {
		nodes, err1 := im.base.ReadNodes(r.IntN(im.base.NodeBlocks()))
		ways, err2 := im.base.ReadWays(r.IntN(im.base.WayBlocks()))
		relations, err3 := im.base.ReadRelations(r.IntN(im.base.RelationBlocks()))
		if err := errors.Join(err1, err2, err3); err != nil {
			im.Fatal(err)
		}
		n, w, rel := nodes[r.IntN(len(nodes))], ways[r.IntN(len(ways))], relations[r.IntN(len(relations))]
		n.Meta.Version++
		w.Meta.Version++
		rel.Meta.Version++
		switch r.IntN(7) {
		case 0:
			n.Point.LonE7 += r.Int32N(60_000) - 30_000
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Node: &n})
		case 1:
			n.Tags = osm.Tags{{Key: "amenity", Value: "cafe"}, {Key: "name", Value: fmt.Sprint("Café ", r.IntN(99))}}
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Node: &n})
		case 2:
			changes = append(changes, osm.Change{Action: osm.DeleteAction, Way: &w})
		case 3:
			w.Tags = osm.Tags{{Key: "leisure", Value: "park"}, {Key: "name", Value: "Jardin"}}
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Way: &w})
		case 4:
			rel.Tags = osm.Tags{{Key: "name", Value: "Tour"}, {Key: "network", Value: "rcn"}, {Key: "route", Value: "bicycle"}, {Key: "type", Value: "route"}}
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Relation: &rel})
		case 5:
			rel.Members = rel.Members[:r.IntN(1+len(rel.Members))]
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Relation: &rel})
		default:
			w.Meta.Timestamp++
			changes = append(changes, osm.Change{Action: osm.ModifyAction, Way: &w})
		}
	}
	return changes
}

// check makes the next version and compares it with one made from scratch.
func (im *importer) check(r catalog.Region, last *manifest.Manifest, what string) *manifest.Manifest {
	im.Helper()
	before, _ := os.ReadFile(filepath.Join(im.c.Cache, "mura.shelf"))
	d, m := compose(im.T, im.c, r, last)
	shelf, err1 := os.ReadFile(filepath.Join(im.c.Cache, "mura.shelf"))
	drawing, err2 := os.ReadFile(filepath.Join(im.c.Cache, "mura.drawing"))
	if err := errors.Join(err1, err2); err != nil {
		im.Fatal(err)
	}
	afresh := *im.c
	afresh.Cache, afresh.Progress = im.TempDir(), nil
	full, want := compose(im.T, &afresh, r, nil)
	if !slices.Equal(m.Entries, want.Entries) || d.POIs != full.POIs || d.Routes != full.Routes || !slices.Equal(d.Warnings, full.Warnings) {
		im.Fatalf("%s: %d cells, %d places, %d routes, %q; from scratch %d, %d, %d, %q", what,
			len(m.Entries), d.POIs, d.Routes, d.Warnings, len(want.Entries), full.POIs, full.Routes, full.Warnings)
	}
	wantShelf, err1 := os.ReadFile(filepath.Join(afresh.Cache, "mura.shelf"))
	wantDrawing, err2 := os.ReadFile(filepath.Join(afresh.Cache, "mura.drawing"))
	if err := errors.Join(err1, err2); err != nil {
		im.Fatal(err)
	}
	if string(shelf) != string(wantShelf) || string(drawing) != string(wantDrawing) {
		im.Errorf("%s: other files than from scratch: shelf %t, drawing %t", what, string(shelf) != string(wantShelf), string(drawing) != string(wantDrawing))
	}
	im.Logf("%s: %d of %d cells made, shelf of %d bytes (before %d)", what, len(m.Entries)-len(d.Content.Kept), len(m.Entries), len(shelf), len(before))
	return m
}

// TestOnlyWhatImportsChangedIsMade publishes after imports, several between two
// versions at times, with a height model that some routes leave.
func TestOnlyWhatImportsChangedIsMade(t *testing.T) {
	c, r := composer(t, "")
	g := &dem.Grid{Shape: dem.Shape{West: 7.40, North: 43.80, StepLon: 0.001, StepLat: 0.01, Cols: 21, Rows: 11}}
	for i := range g.Cols * g.Rows {
		g.Levels = append(g.Levels, dem.LevelOf(float64(i%97)))
	}
	f, err := os.Create(filepath.Join(c.Folder, "mura", "hill.dem"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(g.Write(f), f.Close(), c.Catalog.AddHeights(context.Background(), "mura", catalog.Heights{File: "hill.dem", Grid: g.Shape.String()})); err != nil {
		t.Fatal(err)
	}
	im := &importer{T: t, c: c, file: "x.osm"}
	im.extract("monaco-2021-08-01.osm.pbf")
	last := im.check(r, nil, "first")
	random := rand.New(rand.NewPCG(1, 2))
	var stages []string
	c.Progress = func(stage string, _, _ int64) { stages = append(stages, stage) }
	for i := range 3 {
		for range 1 + random.IntN(3) {
			im.apply(im.random(random))
		}
		last = im.check(r, last, fmt.Sprint("edits ", i))
	}
	if slices.Contains(stages, "elements") || !slices.Contains(stages, "changes") {
		t.Error("all was drawn, not only what changed")
	}
	c.Progress = nil
	im.extract("monaco-2021-08-01.osm.pbf")
	im.changes("monaco-003052.osc.gz")
	last = im.check(r, last, "all edits undone, and a day")
	im.extract("monaco-2021-04-21.osm.pbf")
	last = im.check(r, last, "an older extract")

	// Anything may be missing or of something else.
	for _, name := range []string{"mura.base", "mura.shelf", "mura.drawing"} {
		im.apply(im.random(random))
		if err := os.WriteFile(filepath.Join(c.Cache, name), []byte("spoilt"), 0o600); err != nil {
			t.Fatal(err)
		}
		last = im.check(r, last, name+" spoilt")
	}
	im.apply(im.random(random))
	if err := os.RemoveAll(c.Cache); err != nil {
		t.Fatal(err)
	}
	im.check(r, last, "all missing")
	left, err := filepath.Glob(filepath.Join(c.Cache, ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestDamagedDrawing damages the drawing where it is not noticed before cells are
// asked for.
func TestDamagedDrawing(t *testing.T) {
	c, r := composer(t, "")
	_, want := compose(t, c, r, nil)
	path := filepath.Join(c.Cache, "mura.drawing")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 1 + len(good)/60 {
		bad := slices.Clone(good)
		bad[at] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, m := compose(t, c, r, nil); !slices.Equal(m.Entries, want.Entries) {
			t.Fatalf("drawing damaged at %d: other cells", at)
		}
	}
}
