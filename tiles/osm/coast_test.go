package osm

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// seaside is a box ABCD with a headland p-r-s across it, an island jkl in the
// east and a straight line bc in the west.
var seaside = draw(`
   d   t
 D c   s       C

           k
       r   j l
 A b   p       B
   a   o
`)

func TestAssembleCoast(t *testing.T) {
	tests := []struct{ name, ways, want, problems string }{
		{"sea in the east", "or rt", "BCsrp", ""},
		{"sea in the west", "tr ro", "AprsD", ""},
		{"ways out of order", "rt or", "BCsrp", ""},
		{"island", "or rt jlkj", "BCsrp jkl", ""},
		{"island in two ways", "lkj or jl rt", "BCsrp jkl", ""},
		{"island the wrong way round", "or rt jklj", "BCsrp jkl", ""},
		{"islands only", "jlkj", "ABCD jkl", ""},
		{"inner sea", "jklj", "jlk", ""},
		{"land between two seas", "dcba or rt", "BCsrp / AbcD", ""},
		{"sound", "abcd tr ro", "bprsc", ""},
		{"island beyond the box", "orstdcbao", "BCsrp / AbcD", ""},
		{"island on land", "tr ro jlkj", "AprsD", "island that no sea is around: ways [3]"},
		{"broken", "rt", "", "coastline is broken: ways [1]"},
		{"broken, with an island", "rt jlkj", "", "coastline is broken: ways [1]; island that no sea is around: ways [2]"},
		{"contradiction", "abcd or rt", "BCsrp", "part of the coastline contradicts another: ways [1]"},
		{"against each other", "or tr", "", "coastline is broken: ways [1]; coastline is broken: ways [2]"},
		{"outside the box", "oa", "", ""},
		{"no coast", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			polygons, problems := AssembleCoast(seaside.ways(t, test.ways), Box{seaside['A'].at, seaside['C'].at})
			var got []string
			for _, polygon := range polygons {
				var rings []string
				for _, r := range polygon {
					rings = append(rings, seaside.ringName(r))
				}
				got = append(got, strings.Join(rings, " "))
			}
			if s := strings.Join(got, " / "); s != test.want {
				t.Errorf("sea %q, want %q", s, test.want)
			}
			var told []string
			for _, p := range problems {
				told = append(told, p.Error())
			}
			if strings.Join(told, "; ") != test.problems {
				t.Errorf("problems %v, want %q", problems, test.problems)
			}
		})
	}
}

// TestCoastEndsInside: an extract that is cut along another line than its box has
// a coast that ends short of the box.
func TestCoastEndsInside(t *testing.T) {
	box := Box{cell.Point{LonE7: 0, LatE7: 0}, cell.Point{LonE7: 1000, LatE7: 800}}
	coast := func(points ...cell.Point) []MemberWay {
		w := MemberWay{ID: 7, Points: points}
		for i := range points {
			w.Nodes = append(w.Nodes, int64(i))
		}
		return []MemberWay{w}
	}
	sea, problems := AssembleCoast(coast(cell.Point{LonE7: 300, LatE7: 50}, cell.Point{LonE7: 500, LatE7: 700}), box)
	want := "[[[{300 0} {1000 0} {1000 800} {500 800} {500 700} {300 50} {300 0}]]]"
	if got := fmt.Sprint(sea); got != want || len(problems) > 0 {
		t.Errorf("sea %v, problems %v, want %s", got, problems, want)
	}
	sea, problems = AssembleCoast(coast(cell.Point{LonE7: 300, LatE7: 50}, cell.Point{LonE7: 500, LatE7: 690}), box)
	if len(sea) > 0 || len(problems) != 1 {
		t.Errorf("the coast ends far inside: sea %v, problems %v", sea, problems)
	}
	// Cut where a slanted line meets the edges: exactly on them.
	sea, _ = AssembleCoast(coast(cell.Point{LonE7: -100, LatE7: 33}, cell.Point{LonE7: 333, LatE7: 1001}), box)
	for _, p := range sea[0][0] {
		if p.LonE7 != 0 && p.LonE7 != 1000 && p.LatE7 != 0 && p.LatE7 != 800 {
			t.Errorf("%v lies on no edge", p)
		}
	}
}
