package vectors

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// expectedCover is a selection and what it holds.
type expectedCover struct {
	About     string          `json:"about"`
	Selection json.RawMessage `json:"selection"`
	Among     []string        `json:"among"` // squares z/x/y
	Features  []string        `json:"features"`
	Media     []string        `json:"media"`
	Relief    []string        `json:"relief"`
}

// around returns squares at both sides of the border that the vectors lie on,
// and where their world ends.
func around() (ids []cell.ID) {
	ids = append(ids, cell.World, cell.New(7, 69, 45), cell.New(7, 69, 46), cell.New(7, 127, 45), cell.New(7, 0, 45))
	for x := uint32(1112); x <= 1118; x++ {
		for y := uint32(721); y <= 727; y++ {
			ids = append(ids, cell.New(11, x, y))
		}
	}
	return append(ids, cell.New(11, 2047, 724), cell.New(11, 0, 724))
}

func covers(t *testing.T) (all []expectedCover) {
	t.Helper()
	ride := []cell.Point{{LonE7: 160000000, LatE7: 466000000}, {LonE7: 161500000, LatE7: 466500000}, {LonE7: 164000000, LatE7: 465500000}}
	for _, s := range []struct {
		about string
		cover.Selection
	}{
		{"everything", cover.Selection{}},
		{"no media and no relief", cover.Selection{Layers: []cell.Layer{cell.Features, cell.Tiles, cell.Graph, cell.Assets}}},
		{"all layers but media", cover.Selection{Layers: []cell.Layer{cell.Features, cell.Tiles, cell.Graph, cell.Assets, cell.Relief}}},
		{"a box", cover.Selection{Boxes: []cover.Box{{West: 160000000, South: 465000000, East: 162000000, North: 467000000}}}},
		{"a box across 180 degrees", cover.Selection{Boxes: []cover.Box{{West: 1799000000, South: 465000000, East: -1799000000, North: 467000000}}}},
		{"five kilometres along a ride", cover.Along(5000, ride)},
		{"features and tiles within 100 metres, and a box", cover.Selection{
			Layers: []cell.Layer{cell.Features, cell.Tiles}, Lines: cover.Along(100, ride).Lines, Meters: 100,
			Boxes: []cover.Box{{West: 163000000, South: 463000000, East: 163000001, North: 463000001}},
		}},
	} {
		slices.Sort(s.Layers)
		text, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		e := expectedCover{About: s.about, Selection: json.RawMessage(text)}
		for _, id := range around() {
			e.Among = append(e.Among, id.String())
		}
		e.Features, e.Media, e.Relief = held(s.Selection, cell.Features), held(s.Selection, cell.Media), held(s.Selection, cell.Relief)
		all = append(all, e)
	}
	return all
}

func held(s cover.Selection, layer cell.Layer) (squares []string) {
	squares = []string{}
	c := s.Cover()
	for _, id := range around() {
		if c.Holds(cell.Key{Layer: layer, ID: id}) {
			squares = append(squares, id.String())
		}
	}
	return squares
}

func TestCovers(t *testing.T) {
	want, _ := load(t)
	if len(want.Covers) == 0 {
		t.Fatal("no covers")
	}
	for _, c := range want.Covers {
		s, err := cover.Parse([]byte(c.Selection))
		if err != nil {
			t.Fatalf("%s: %v", c.About, err)
		}
		if got := held(s, cell.Features); !slices.Equal(got, c.Features) {
			t.Errorf("%s holds features %v, want %v", c.About, got, c.Features)
		}
		if got := held(s, cell.Media); !slices.Equal(got, c.Media) {
			t.Errorf("%s holds media %v, want %v", c.About, got, c.Media)
		}
		if got := held(s, cell.Relief); !slices.Equal(got, c.Relief) {
			t.Errorf("%s holds relief %v, want %v", c.About, got, c.Relief)
		}
	}
}
