package build

import (
	"reflect"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

func TestPlaceOrder(t *testing.T) {
	// As cells and their items are emitted: by cell, then by tile.
	names := []string{"0/0/0", "6/33/22", "7/67/45", "10/538/360", "7/68/45", "11/1077/720", "14/8619/5766", "11/1079/720"}
	var last place
	for _, name := range names {
		id, err := cell.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		p := placeOf(id)
		if p <= last {
			t.Errorf("%s does not follow", name)
		}
		if p.tile() != id || p.cell() != cell.OfTile(id) {
			t.Errorf("%s: tile %s, cell %s", name, p.tile(), p.cell())
		}
		last = p
	}
}

func TestRecordRoundTrip(t *testing.T) {
	attrs := vector.Attrs(vector.AppendAttr(nil, "kind", vector.String("forest")))
	records := []record{
		{place: placeOf(cell.World), geometry: []byte{1, 2}},
		{place: placeOf(cell.New(14, 8619, 5766)), id: 1<<63 + 7, rank: -9, layer: 3, attrs: attrs, geometry: []byte{3}},
		{place: placeOf(cell.New(14, 8619, 5766)), id: 5, rank: 1 << 30, layer: 4, attrs: attrs, geometry: []byte{3, 4}},
	}
	var raw []byte
	var last record
	for i := range records {
		raw = appendRecord(raw, &last, &records[i])
		last = records[i]
	}
	rest, got := raw, record{}
	for i := range records {
		var err error
		if rest, err = parseRecord(rest, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, records[i]) {
			t.Errorf("record %d is %v, want %v", i, got, records[i])
		}
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes left", len(rest))
	}
	for cut := range raw {
		rest, r := raw[:cut], record{}
		for len(rest) > 0 {
			var err error
			if rest, err = parseRecord(rest, &r); err != nil {
				break
			}
		}
	}
}

func TestJoin(t *testing.T) {
	var j joiner
	checkLines(t, j.join, []lineTest{
		{"apart", [][]vector.TilePoint{line(0, 0, 1, 1), line(2, 2, 3, 3)}, [][]vector.TilePoint{line(0, 0, 1, 1), line(2, 2, 3, 3)}},
		{"in order", [][]vector.TilePoint{line(0, 0, 1, 1), line(1, 1, 3, 0)}, [][]vector.TilePoint{line(0, 0, 1, 1, 3, 0)}},
		{"backwards", [][]vector.TilePoint{line(1, 1, 3, 0), line(0, 0, 1, 1)}, [][]vector.TilePoint{line(0, 0, 1, 1, 3, 0)}},
		{"head to head", [][]vector.TilePoint{line(0, 0, 1, 1), line(3, 0, 1, 1)}, [][]vector.TilePoint{line(0, 0, 1, 1), line(3, 0, 1, 1)}},
		{"fork", [][]vector.TilePoint{line(0, 0, 1, 1), line(1, 1, 3, 0), line(1, 1, 3, 3)}, [][]vector.TilePoint{line(0, 0, 1, 1, 3, 0), line(1, 1, 3, 3)}},
		{"circle", [][]vector.TilePoint{line(0, 0, 5, 0), line(5, 5, 0, 0), line(5, 0, 5, 5)}, [][]vector.TilePoint{line(0, 0, 5, 0, 5, 5, 0, 0)}},
		{"closed alone", [][]vector.TilePoint{line(0, 0, 5, 0, 5, 5, 0, 0), line(7, 7, 8, 8)}, [][]vector.TilePoint{line(7, 7, 8, 8), line(0, 0, 5, 0, 5, 5, 0, 0)}},
	})
}

func TestNetwork(t *testing.T) {
	var n network
	checkLines(t, n.draw, []lineTest{
		{"two carriageways", [][]vector.TilePoint{line(0, 0, 20, 0, 40, 0), line(40, 0, 20, 0), line(20, 0, 0, 0)}, [][]vector.TilePoint{line(0, 0, 20, 0, 40, 0)}},
		{"head to head", [][]vector.TilePoint{line(0, 0, 20, 0), line(40, 0, 20, 0)}, [][]vector.TilePoint{line(0, 0, 20, 0, 40, 0)}},
		{"fork", [][]vector.TilePoint{line(0, 0, 20, 0, 40, 0), line(20, 0, 20, 20)}, [][]vector.TilePoint{line(0, 0, 20, 0), line(20, 0, 40, 0), line(20, 0, 20, 20)}},
		{"circle", [][]vector.TilePoint{line(0, 0, 20, 0, 20, 20), line(0, 0, 20, 20)}, [][]vector.TilePoint{line(0, 0, 20, 0, 20, 20, 0, 0)}},
		{"within a pixel", [][]vector.TilePoint{line(0, 0, 15, 15, 15, 0), line(50, 0, 66, 0)}, [][]vector.TilePoint{line(50, 0, 66, 0)}},
		{"short, but a part", [][]vector.TilePoint{line(0, 0, 20, 0), line(20, 0, 21, 0)}, [][]vector.TilePoint{line(0, 0, 20, 0, 21, 0)}},
		{"a point", [][]vector.TilePoint{line(3, 3, 3, 3)}, nil},
	})
}

// lineTest is lines in a tile, and what becomes of them.
type lineTest struct {
	name        string
	lines, want [][]vector.TilePoint
}

func checkLines(t *testing.T, do func(*vector.Tile), tests []lineTest) {
	t.Helper()
	for _, test := range tests {
		var g vector.Tile
		for _, l := range test.lines {
			g.Add(l)
		}
		do(&g)
		var got [][]vector.TilePoint
		for i := range g.Len() {
			got = append(got, slices.Clone(g.Part(i)))
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// line makes a line of x, y, x, y …
func line(coordinates ...int32) (points []vector.TilePoint) {
	for c := range slices.Chunk(coordinates, 2) {
		points = append(points, vector.TilePoint{X: c[0], Y: c[1]})
	}
	return points
}
