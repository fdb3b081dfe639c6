package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/foldertest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func open(t *testing.T) *Catalog { return openAt(t, t.TempDir()) }

func openAt(t testing.TB, dir string) *Catalog {
	t.Helper()
	meta, private := foldertest.Open(t, dir)
	c, err := Open(context.Background(), meta, private)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t *testing.T, c *Catalog, id string) Region {
	t.Helper()
	r, err := c.CreateRegion(context.Background(), Region{ID: id, Languages: []string{"sl", "HR"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func cafe(id, hours string) feature.Feature {
	return feature.Feature{
		ID: id, Kind: feature.POI, Collection: "cafes", Category: "food.cafe", OpeningHours: hours,
		Geometry:   feature.At(cell.Point{LonE7: 161000000, LatE7: 466000000}),
		Names:      map[string]string{feature.Und: "Kavarna"},
		Provenance: feature.Provenance{Provider: "cafes", SourceID: id, Licence: "CC0-1.0", Attribution: "cafes"},
	}
}

func ids(t *testing.T, c *Catalog, region string) (all []string) {
	t.Helper()
	err := c.Features(context.Background(), region, func(g Given) error {
		all = append(all, g.Source+": "+g.Feature.ID+" "+g.Feature.OpeningHours)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRegions(t *testing.T) {
	c, ctx := open(t), context.Background()
	r := create(t, c, "mura")
	if r.Name != "mura" || !slices.Equal(r.Languages, []string{"sl", "hr"}) {
		t.Errorf("CreateRegion = %+v", r)
	}
	if other := create(t, c, "drava"); other.Site != r.Site {
		t.Errorf("two regions: sites %q and %q", r.Site, other.Site)
	}
	if _, err := c.CreateRegion(ctx, Region{ID: "mura"}); !errors.Is(err, ErrExists) {
		t.Errorf("second mura: %v, want ErrExists", err)
	}
	if _, err := c.CreateRegion(ctx, Region{ID: "Mura"}); !errors.Is(err, layout.ErrName) {
		t.Errorf("capital letter: %v, want ErrName", err)
	}
	if _, err := c.CreateRegion(ctx, Region{ID: "x", Languages: []string{"no such"}}); err == nil {
		t.Error("bad language: no error")
	}
	if _, err := c.Region(ctx, "sava"); !errors.Is(err, ErrNoRegion) {
		t.Errorf("Region(sava): %v, want ErrNoRegion", err)
	}
	if all, err := c.AllRegions(ctx); err != nil || len(all) != 2 || all[0].ID != "drava" {
		t.Errorf("AllRegions = %+v, %v", all, err)
	}
}

func TestImportFeatures(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	s := Source{Name: "cafes", File: "cafes.geojson", Kind: "GeoJSON"}
	want := []Imported{{New: 2}, {Changed: 1, Unchanged: 1}, {New: 1}}
	imports := [][]feature.Feature{
		{cafe("cafes/1", "24/7"), cafe("cafes/2/b", "Mo 10:00-12:00")}, {cafe("cafes/1", "off"), cafe("cafes/2/b", "Mo 10:00-12:00")}, {cafe("cafes/3", "24/7")},
	}
	for i, features := range imports {
		if got, err := c.ImportFeatures(ctx, "mura", s, features); err != nil || got != want[i] {
			t.Errorf("import %d: %+v, %v, want %+v", i, got, err, want[i])
		}
	}
	if got, want := ids(t, c, "mura"), []string{"cafes: cafes/1 off", "cafes: cafes/2/b Mo 10:00-12:00", "cafes: cafes/3 24/7"}; !slices.Equal(got, want) {
		t.Errorf("features %q, want %q", got, want)
	}
	if _, err := c.ImportFeatures(ctx, "sava", s, imports[0]); !errors.Is(err, ErrNoRegion) {
		t.Errorf("import into an absent region: %v, want ErrNoRegion", err)
	}
}

// TestLargeImport goes over the limits of one transaction, and of one value.
func TestLargeImport(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	var features []feature.Feature
	for i := range 12_000 {
		features = append(features, cafe(fmt.Sprintf("cafes/%05d", i), ""))
	}
	long := cafe("cafes/long", "")
	long.Kind, long.Category = feature.Route, "route.bicycle"
	var line feature.Line
	for i := range int32(30_000) {
		line.Points = append(line.Points, cell.Point{LonE7: 161000000 + 7919*i%100003, LatE7: 466000000 + i})
	}
	long.Geometry = feature.Along(line)
	features = append(features, long)
	got, err := c.ImportFeatures(ctx, "mura", Source{Name: "cafes"}, features)
	if err != nil || got.New != len(features) {
		t.Fatalf("import: %+v, %v", got, err)
	}
	if n := len(ids(t, c, "mura")); n != len(features) {
		t.Errorf("%d features, want %d", n, len(features))
	}
}

// TestCrashInImport leaves an import noted but not carried through, as a crash
// does, and opens the catalog again.
func TestCrashInImport(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	f := cafe("cafes/1", "24/7")
	raw, err := f.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	p := pending{Source: Source{Name: "cafes"}, Blob: "imports/" + blob.Sum(raw).String()}
	if err := c.private.Put(ctx, p.Blob, append(raw, '\n')); err != nil {
		t.Fatal(err)
	}
	if err := c.meta.Update(ctx, func(txn store.Txn) error { return set(txn, key("import", "mura", "cafes"), p) }); err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, c.meta, c.private)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(t, again, "mura"); !slices.Equal(got, []string{"cafes: cafes/1 24/7"}) {
		t.Errorf("after the crash: %q", got)
	}
	if _, err := c.private.Open(ctx, p.Blob); err == nil {
		t.Error("the import's blob is still there")
	}
}

func TestLedger(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	l := c.Ledger()
	for n := uint64(1); n <= 20; n++ {
		if err := l.Append(ctx, "mura", publish.Version{Number: n, Head: []byte("note")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []uint64{20, 22} {
		if err := l.Append(ctx, "mura", publish.Version{Number: n}); !errors.Is(err, publish.ErrConflict) {
			t.Errorf("Append(%d): %v, want ErrConflict", n, err)
		}
	}
	versions, err := l.Versions(ctx, "mura")
	if err != nil || len(versions) != 20 || versions[9].Number != 10 || versions[19].Number != 20 {
		t.Errorf("Versions: %d, %v", len(versions), err)
	}
}

func TestBuilt(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	var many Built
	many.Fingerprint = "a"
	for i := range uint32(2500) {
		many.Entries = append(many.Entries, manifest.Entry{Key: cell.Key{Layer: cell.Tiles, ID: cell.New(14, i, 0)}, Raw: i})
	}
	for _, want := range []Built{many, {Fingerprint: "b", Entries: many.Entries[:3]}, {}} {
		if err := c.SetBuilt(ctx, "mura", want); err != nil {
			t.Fatal(err)
		}
		got, err := c.Built(ctx, "mura")
		if err != nil || got.Fingerprint != want.Fingerprint || !slices.Equal(got.Entries, want.Entries) {
			t.Errorf("Built = %q with %d entries, %v; want %q with %d", got.Fingerprint, len(got.Entries), err, want.Fingerprint, len(want.Entries))
		}
	}
}
