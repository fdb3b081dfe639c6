package compose

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestParking parks the items of several cells, some of them more than once, and
// gets all back; nothing stays in the folder.
func TestParking(t *testing.T) {
	dir := t.TempDir()
	p := parking{dir: dir}
	cells := map[cell.ID]*shelved{1: {}, 4: {}, 5: {}, 6: {}}
	var want []item
	for round := range 3 {
		for i := range 100 {
			it := item{fmt.Sprintf("osm/node/%d", 7*i%100*10+round), fmt.Appendf(nil, `{"round":%d}`, round)}
			want = append(want, it)
			for id, c := range cells {
				if id < 6 || round == 2 { // one cell has items that are never parked
					c.items = append(c.items, it)
				}
			}
		}
		if p.waiting = 1; round < 2 {
			if err := p.park(cells); err != nil {
				t.Fatal(err)
			}
			if p.waiting != 0 || cells[1].items != nil || len(cells[1].parked) != round+1 || cells[6].parked != nil {
				t.Errorf("after round %d: %d waiting, %d items, %d parked", round, p.waiting, len(cells[1].items), len(cells[1].parked))
			}
		}
	}
	sorted := func(items []item) []item {
		return slices.SortedFunc(slices.Values(items), func(a, b item) int { return cmp.Compare(a.id, b.id) })
	}
	for id, c := range cells {
		got, err := p.all(c)
		if err != nil {
			t.Fatal(err)
		}
		all := want
		if id == 6 {
			all = want[200:]
		}
		same := func(a, b item) bool { return a.id == b.id && string(a.raw) == string(b.raw) }
		if !slices.EqualFunc(sorted(got), sorted(all), same) {
			t.Errorf("cell %v: %d items, want %d", id, len(got), len(all))
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("%d files stay, %v", len(files), err)
	}
	if err := new(parking).close(); err != nil {
		t.Errorf("one that nothing was parked in: %v", err)
	}
}
