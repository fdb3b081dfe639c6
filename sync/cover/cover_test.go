package cover_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// A map shows squares of z11, a character each: '.' is not held, '#' is held,
// and so are letters and digits, which are the middles of squares through which
// a line leads, in their order. A square is 19.6 km wide at the equator.
type drawing struct {
	x, y uint32 // of the first square; columns go round at 180°
	rows []string
}

func (d drawing) at(row, column int) cell.ID {
	return cell.New(11, (d.x+uint32(column))%2048, d.y+uint32(row))
}

func (d drawing) line() []cell.Point {
	var line []cell.Point
	for _, mark := range "123456789" {
		for row, text := range d.rows {
			if column := strings.IndexRune(text, mark); column >= 0 {
				w, s, e, n := d.at(row, column).Bounds()
				line = append(line, cell.Point{LonE7: int32((w + e) / 2 * 1e7), LatE7: int32((s + n) / 2 * 1e7)})
			}
		}
	}
	return line
}

// got draws what a cover holds, with the marks of d.
func (d drawing) got(c *cover.Cover) []string {
	var rows []string
	for row, text := range d.rows {
		var b strings.Builder
		for column, mark := range text {
			switch held := c.Holds(cell.Key{Layer: cell.Tiles, ID: d.at(row, column)}); {
			case !held:
				b.WriteByte('.')
			case mark == '.':
				b.WriteByte('#')
			default:
				b.WriteRune(mark)
			}
		}
		rows = append(rows, b.String())
	}
	return rows
}

func TestCorridor(t *testing.T) {
	tests := []struct {
		name   string
		meters int
		want   drawing
	}{
		{"a point", 5000, drawing{1000, 1023, []string{
			"...",
			".1.",
			"...",
		}}},
		{"a point, as far as the edges", 9900, drawing{1000, 1023, []string{
			".#.",
			"#1#",
			".#.",
		}}},
		{"a point, as far as the corners", 14000, drawing{1000, 1023, []string{
			".....",
			".###.",
			".#1#.",
			".###.",
			".....",
		}}},
		{"along a row", 5000, drawing{1000, 1023, []string{
			".......",
			".1###2.",
			".......",
		}}},
		{"two legs", 100, drawing{1000, 1000, []string{
			"1###2.",
			"....#.",
			"....3.",
			"......",
		}}},
		{"slanting", 100, drawing{1000, 1023, []string{
			"1#....",
			".#2...",
			"......",
		}}},
		{"slanting, wider", 5000, drawing{1000, 1023, []string{
			"1##...",
			"##2...",
			"......",
		}}},
		{"across 180°", 5000, drawing{2045, 1023, []string{
			"......",
			".1##2.",
			"......",
		}}},
		{"beside 180°", 9900, drawing{2046, 1023, []string{
			".#..",
			"#1#.",
			".#..",
		}}},
		{"squares are smaller in the north", 9900, drawing{1000, 600, []string{ // 55° north: 11 km
			".....",
			".###.",
			".#1#.",
			".###.",
			".....",
		}}},
		{"the northern edge", 200, drawing{1000, 0, []string{
			".1.",
			"...",
		}}},
	}
	for _, test := range tests {
		got := test.want.got(cover.Along(test.meters, test.want.line()).Cover())
		if !slices.Equal(got, test.want.rows) {
			t.Errorf("%s, %d m: got\n%s\nwant\n%s", test.name, test.meters, strings.Join(got, "\n"), strings.Join(test.want.rows, "\n"))
		}
	}
}

func TestPoles(t *testing.T) {
	row := func(c *cover.Cover, y uint32) (n int) {
		for x := range uint32(2048) {
			if c.Holds(cell.Key{Layer: cell.Features, ID: cell.New(11, x, y)}) {
				n++
			}
		}
		return n
	}
	for _, test := range []struct {
		name         string
		at           cell.Point
		meters       int
		north, south int // squares of the outermost rows
		far          int
	}{
		{"at the north pole", cell.Point{LatE7: 90e7}, 1000, 2048, 0, 0},
		{"at the south pole", cell.Point{LatE7: -90e7}, 1000, 0, 2048, 0},
		{"beyond the map's edge", cell.Point{LatE7: 86e7}, 1000, 2, 0, 0},
		{"beyond it, at 180°", cell.Point{LonE7: 180e7, LatE7: 86e7}, 1000, 2, 0, 0},
		{"far from both", cell.Point{}, 100_000, 0, 0, 0},
	} {
		c := cover.Along(test.meters, []cell.Point{test.at}).Cover()
		if n, s := row(c, 0), row(c, 2047); n != test.north || s != test.south {
			t.Errorf("%s: %d squares in the north and %d in the south, want %d and %d", test.name, n, s, test.north, test.south)
		}
		if n := row(c, 100); n != test.far {
			t.Errorf("%s: %d squares far below the edge", test.name, n)
		}
		if !c.Holds(cell.Key{Layer: cell.Features, ID: cell.World}) {
			t.Errorf("%s: the world is not held", test.name)
		}
	}
}

func TestBoxesAndLayers(t *testing.T) {
	vaduz := cell.Point{LonE7: 95209000, LatE7: 471410000}
	square := cell.At(vaduz, 11)
	around := cover.Box{West: vaduz.LonE7 - 1000, South: vaduz.LatE7 - 1000, East: vaduz.LonE7 + 1000, North: vaduz.LatE7 + 1000}
	dateLine := cover.Box{West: 1799e6, South: -1e7, East: -1799e6, North: 1e7}
	tests := []struct {
		name string
		s    cover.Selection
		key  cell.Key
		want bool
	}{
		{"all", cover.Selection{}, cell.Key{Layer: cell.Media, ID: square}, true},
		{"its square", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: square}, true},
		{"an ancestor", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: square.Ancestor(7)}, true},
		{"the world", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: cell.World}, true},
		{"a neighbour", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: cell.New(11, square.X()+1, square.Y())}, false},
		{"another ancestor", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: cell.New(7, 0, 0)}, false},
		{"nothing valid", cover.Selection{Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Tiles, ID: 1 << 63}, false},
		{"a layer", cover.Selection{Layers: []cell.Layer{cell.Features}}, cell.Key{Layer: cell.Features, ID: square}, true},
		{"another layer", cover.Selection{Layers: []cell.Layer{cell.Features}}, cell.Key{Layer: cell.Tiles, ID: square}, false},
		{"layer and box", cover.Selection{Layers: []cell.Layer{cell.Features}, Boxes: []cover.Box{around}}, cell.Key{Layer: cell.Features, ID: cell.New(11, 0, 0)}, false},
		{"west of 180°", cover.Selection{Boxes: []cover.Box{dateLine}}, cell.Key{Layer: cell.Tiles, ID: cell.New(11, 2047, 1024)}, true},
		{"east of 180°", cover.Selection{Boxes: []cover.Box{dateLine}}, cell.Key{Layer: cell.Tiles, ID: cell.New(11, 0, 1023)}, true},
		{"far from 180°", cover.Selection{Boxes: []cover.Box{dateLine}}, cell.Key{Layer: cell.Tiles, ID: cell.New(11, 1024, 1023)}, false},
		{"box or line", cover.Selection{Boxes: []cover.Box{dateLine}, Lines: [][]cell.Point{{vaduz}}}, cell.Key{Layer: cell.Tiles, ID: square}, true},
	}
	for _, test := range tests {
		if got := test.s.Cover().Holds(test.key); got != test.want {
			t.Errorf("%s: Holds(%s) = %v, want %v", test.name, test.key, got, test.want)
		}
	}
	m := &manifest.Manifest{Entries: []manifest.Entry{{Key: tests[1].key}, {Key: tests[4].key}}}
	if part := tests[1].s.Cover().Of(m); len(part.Entries) != 1 || part.Entries[0] != m.Entries[0] {
		t.Errorf("Of: %v", part.Entries)
	}
	if whole := (cover.Selection{}).Cover().Of(m); whole != m {
		t.Error("Of everything is another manifest")
	}
}

// TestHoldsWhatLiesWithin takes random lines and places near them: the cell of a
// place within the distance is held.
func TestHoldsWhatLiesWithin(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var line []cell.Point
		lat, lon := random.Float64()*160-80, random.Float64()*360-180
		for range 1 + random.IntN(5) {
			line = append(line, cell.Point{LonE7: int32(lon * 1e7), LatE7: int32(lat * 1e7)})
			lat, lon = max(-80, min(80, lat+random.Float64()-0.5)), max(-180, min(180, lon+random.Float64()-0.5))
		}
		c := cover.Along(10_000, line).Cover()
		for _, p := range line {
			near := cell.Point{LonE7: p.LonE7, LatE7: p.LatE7 + int32(random.IntN(1_700_000)-850_000)} // within 9.5 km
			if key := (cell.Key{Layer: cell.Features, ID: cell.At(near, 11)}); !c.Holds(key) {
				t.Fatalf("%v lies within 10 km of %v, but %s is not held", near, p, key)
			}
		}
	}
}

func TestJSON(t *testing.T) {
	s := cover.Along(5000, []cell.Point{{LonE7: 1, LatE7: 2}, {LonE7: 30000000, LatE7: 40000000}})
	s.Layers = []cell.Layer{cell.Features, cell.Tiles}
	s.Boxes = []cover.Box{{West: 1, South: 2, East: 3, North: 4}}
	const want = `{"layers":["features","tiles"],"boxes":[[1,2,3,4]],"along":[[[1,2],[30000000,40000000]]],"meters":5000}`
	data, err := s.Encode()
	if err != nil || string(data) != want {
		t.Fatalf("Encode = %s, %v, want %s", data, err, want)
	}
	if got, err := cover.Parse(data); err != nil || !got.Equal(s) {
		t.Errorf("Parse = %+v, %v, want %+v", got, err, s)
	}
	if got, err := cover.Parse([]byte("{}")); err != nil || !got.IsAll() {
		t.Errorf("Parse of {} = %+v, %v", got, err)
	}
	for _, bad := range []string{
		``, `[]`, `{"layers":["sounds"]}`, `{"layers":["tiles","features"]}`, `{"boxes":[[1,5,2,4]]}`, `{"boxes":[[1,2]],"meters":-1}`,
		`{"along":[[]]}`, `{"along":[[[0,900000001]]]}`, `{"along":[[[0,0]]],"meters":100001}`, `{"boxes":[[1800000001,0,0,0]]}`,
	} {
		if s, err := cover.Parse([]byte(bad)); !errors.Is(err, cover.ErrInvalid) {
			t.Errorf("Parse(%s) = %+v, %v, want ErrInvalid", bad, s, err)
		}
	}
}

func TestAlongThinsOut(t *testing.T) {
	var line []cell.Point
	for i := range int32(10_000) { // a straight road, with a wobble of a metre
		line = append(line, cell.Point{LonE7: 95_000_000 + 1000*i, LatE7: 471_000_000 + i%2*100})
	}
	line = append(line, cell.Point{LonE7: 105_000_000, LatE7: 480_000_000})
	if got := cover.Along(5000, line); len(got.Lines[0]) != 3 || got.Validate() != nil {
		t.Errorf("%d points are left, %v; want 3", len(got.Lines[0]), got.Validate())
	}
}

// FuzzParse checks that what parses encodes to what parses to the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"layers":["features"],"boxes":[[1,2,3,4]],"along":[[[1,2]]],"meters":5}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := cover.Parse(data)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cover.Parse(again); err != nil || !got.Equal(s) {
			t.Errorf("%s became %s: %v", data, again, err)
		}
	})
}

func ExampleSelection_Cover() {
	road := []cell.Point{{LonE7: 95_209_000, LatE7: 471_410_000}, {LonE7: 95_300_000, LatE7: 472_000_000}}
	c := cover.Along(5000, road).Cover()
	for _, id := range []string{"11/1078/718", "11/1077/718", "11/1070/718", "7/67/44"} {
		square, _ := cell.Parse(id)
		fmt.Println(id, c.Holds(cell.Key{Layer: cell.Tiles, ID: square}))
	}
	// Output:
	// 11/1078/718 true
	// 11/1077/718 true
	// 11/1070/718 false
	// 7/67/44 true
}
