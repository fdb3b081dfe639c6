package host

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// farmPlace is a place at so many 1e-2 degrees east.
func farmPlace(name string, east int32) *feature.Feature {
	return &feature.Feature{
		Kind: feature.POI, Category: "shop.farm", Names: map[string]string{"sl": name},
		Geometry:   feature.At(cell.Point{LonE7: 160000000 + east*100_000, LatE7: 466000000}),
		Provenance: feature.Provenance{Licence: "CC0-1.0"},
	}
}

func write(t *testing.T, h *Host, id string, f *feature.Feature) {
	t.Helper()
	w := editing.Write{Ref: catalog.Ref{Source: "farm", ID: id}, Feature: f}
	r, err := h.Catalog.Get(context.Background(), "test", w.Ref)
	if err != nil {
		t.Fatal(err)
	}
	w.Base = r.Hash()
	if _, err := h.Desk.Put(context.Background(), linearActor, "test", w); err != nil {
		t.Fatal(err)
	}
}

// objects lists a site with its objects' times.
func objects(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	all := make(map[string]int64)
	err := filepath.Walk(filepath.Join(dir, "public"), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			all[path] = info.ModTime().UnixNano()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPreview checks that a preview writes nothing, and tells just what the
// publish after it does.
func TestPreview(t *testing.T) {
	h, _ := newHost(t)
	ctx := t.Context()
	if p, err := h.Preview(ctx, "test", nil); err != nil || !p.Unchanged || len(p.Notes) != 1 {
		t.Errorf("of an empty region: %+v, %v", p, err)
	}
	for i, name := range []string{"Ena", "Dve", "Tri"} {
		write(t, h, linearID(i), farmPlace(name, int32(i)))
	}
	first, err := h.Preview(ctx, "test", nil)
	if err != nil || first.Version != 1 || first.Compared.New != 3 || first.Bytes == 0 || len(first.Deltas) != 0 {
		t.Fatalf("the first preview %+v, %v", first, err)
	}
	if _, _, err := h.Publish(ctx, "test", PublishOptions{}); err != nil {
		t.Fatal(err)
	}
	write(t, h, linearID(0), farmPlace("Ena Nova", 0))
	write(t, h, linearID(1), farmPlace("Dve", 200)) // to another cell
	write(t, h, linearID(2), nil)
	write(t, h, linearID(3), farmPlace("Štiri", 3))
	before := objects(t, h.Dir)
	p, err := h.Preview(ctx, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(before, objects(t, h.Dir)) {
		t.Error("a preview changed the site")
	}
	if left, _ := filepath.Glob(filepath.Join(h.Dir, ".preview-*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
	c := p.Compared
	if p.Version != 2 || p.Unchanged || c.New != 1 || c.Changed != 2 || c.Gone != 1 || len(c.First) != 4 {
		t.Errorf("preview %+v", p)
	}
	if d := c.First[0]; d.ID != "farm/0" || d.Name != "Ena Nova" || len(d.Fields) != 1 || d.Fields[0].Path != "names.sl" {
		t.Errorf("farm/0: %+v", d)
	}
	if d := c.First[1]; len(d.Fields) != 1 || d.Fields[0].Path != "geometry" {
		t.Errorf("farm/1: %+v", d)
	}
	result, _, err := h.Publish(ctx, "test", PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := result.Version
	if v.Number != p.Version || v.Bytes != p.Bytes || !slices.Equal(v.Deltas, p.Deltas) || len(v.Deltas) != 1 {
		t.Errorf("published %d, %d bytes, deltas %v; the preview said %d, %d, %v", v.Number, v.Bytes, v.Deltas, p.Version, p.Bytes, p.Deltas)
	}
	versions, err := h.Catalog.Ledger().Versions(ctx, "test")
	if err != nil {
		t.Fatal(err)
	}
	back, err := h.Compare(ctx, "test", versions[1], versions[0])
	if err != nil || back.New != 1 || back.Gone != 1 || back.Changed != 2 {
		t.Errorf("2 to 1: %+v, %v", back, err)
	}
	if p, err := h.Preview(ctx, "test", nil); err != nil || !p.Unchanged || p.Version != 2 || p.Compared.Changed != 0 {
		t.Errorf("with nothing to publish: %+v, %v", p, err)
	}
}
