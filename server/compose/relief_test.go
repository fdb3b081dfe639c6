package compose

import (
	"context"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// only returns a version's cells of one layer.
func only(m *manifest.Manifest, layer cell.Layer) (entries []manifest.Entry) {
	for _, e := range m.Entries {
		if e.Key.Layer == layer {
			entries = append(entries, e)
		}
	}
	return entries
}

// drawnRelief composes and returns the heights that were drawn, by tile.
func drawnRelief(t *testing.T, c *Composer, r catalog.Region, last *manifest.Manifest) map[cell.ID]*relief.Heights {
	t.Helper()
	d, err := c.Compose(context.Background(), r, last)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tiles := make(map[cell.ID]*relief.Heights)
	err = d.Content.Cells(context.Background(), func(key cell.Key, raw []byte) error {
		for item, err := range cell.Items(raw) {
			if err != nil || key.Layer != cell.Relief {
				return err
			}
			id, err := cell.TileOfKey(item.Key)
			if err != nil {
				return err
			}
			if tiles[id], err = relief.Decode(item.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tiles
}

// strip is a boundary from one longitude to another.
func strip(west, east string) string {
	return `{"type":"Polygon","coordinates":[[[` + west + `,46.59],[` + east + `,46.59],[` + east + `,46.61],[` + west + `,46.61],[` + west + `,46.59]]]}`
}

func TestRelief(t *testing.T) {
	c, r := composer(t, strip("16.1", "16.2"))
	give(t, c, "town", museum("town/1", 161500000))
	flat, before := compose(t, c, r, nil)
	if len(only(before, cell.Relief)) != 0 || flat.Content.Meta.MinReader != 1 {
		t.Errorf("without a model there is relief, or reader %d is asked for", flat.Content.Meta.MinReader)
	}
	raise(t, c)
	d, hilly := compose(t, c, r, before)
	cells := only(hilly, cell.Relief)
	if len(cells) < 5 || d.Content.Meta.MinReader != 2 {
		t.Errorf("%d cells for reader %d", len(cells), d.Content.Meta.MinReader)
	}
	if rest := slices.DeleteFunc(slices.Clone(hilly.Entries), func(e manifest.Entry) bool { return e.Key.Layer == cell.Relief }); !slices.Equal(rest, before.Entries) {
		t.Error("relief changes other layers")
	}

	// Nothing is drawn again while nothing is another.
	give(t, c, "town", museum("town/1", 161600000))
	d, third := compose(t, c, r, hilly)
	if !slices.Equal(only(third, cell.Relief), cells) || len(drawnRelief(t, c, r, third)) != 0 {
		t.Error("the same model was drawn again")
	}
	if kept := d.Content.Kept; len(kept) < len(cells) || len(manifest.Diff(hilly, third)) == 0 {
		t.Errorf("%d cells were kept", len(kept))
	}
	// What the cache has lost is made again, the same.
	if err := os.RemoveAll(c.Cache); err != nil {
		t.Fatal(err)
	}
	if _, again := compose(t, c, r, third); !slices.Equal(only(again, cell.Relief), cells) {
		t.Error("drawn again, heights have other bytes")
	}
	// So is what the version before does not have.
	if tiles := drawnRelief(t, c, r, before); len(tiles) == 0 {
		t.Error("nothing is drawn over a version without relief")
	}
	afresh := *c
	afresh.Rebuild = true
	if tiles := drawnRelief(t, &afresh, r, third); len(tiles) == 0 {
		t.Error("nothing is drawn anew when asked for")
	}
}

// TestReliefHeights compares heights with the model: 100 m at 16° east, rising by
// 1,000 m to each degree.
func TestReliefHeights(t *testing.T) {
	c, r := composer(t, strip("16.1", "16.2"))
	raise(t, c)
	tiles := drawnRelief(t, c, r, nil)
	if len(tiles) < 5 {
		t.Fatalf("%d tiles", len(tiles))
	}
	for id, heights := range tiles {
		for i, metres := range heights {
			n := float64(int(relief.Side) << id.Zoom())
			lon, _ := cell.Unproject((float64(id.X())*relief.Side+float64(i%relief.Side)+0.5)/n, 0.5)
			_, lat := cell.Unproject(0.5, (float64(id.Y())*relief.Side+float64(i/relief.Side)+0.5)/n)
			if lon < 16.1 || lon > 16.2 || lat < 46.59 || lat > 46.61 {
				continue
			}
			// Up to half a step, and half of the 0.2 m that the model keeps.
			if want, off := 100+1000*(lon-16), 0.7*math.Pow(2, max(0, 11-float64(id.Zoom()))); math.Abs(float64(metres)-want) > off {
				t.Fatalf("%s: %d m at %.4f° east, want %.1f", id, metres, lon, want)
			}
		}
	}
}

// TestReliefFollowsTheRegion gives the region other bounds, the last of them
// beyond the model.
func TestReliefFollowsTheRegion(t *testing.T) {
	c, r := composer(t, strip("16.05", "16.30"))
	raise(t, c)
	_, all := compose(t, c, r, nil)
	r.Boundary = []byte(strip("16.05", "16.06"))
	_, part := compose(t, c, r, all)
	if few, many := len(only(part, cell.Relief)), len(only(all, cell.Relief)); few == 0 || few >= many {
		t.Errorf("%d cells of a part, %d of all", few, many)
	}
	r.Boundary = []byte(strip("17.05", "17.10"))
	if d, m := compose(t, c, r, part); len(only(m, cell.Relief)) != 0 || d.Content.Meta.MinReader != 1 {
		t.Errorf("%d cells beyond the model, for reader %d", len(only(m, cell.Relief)), d.Content.Meta.MinReader)
	}
}
