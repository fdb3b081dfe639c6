package vector

import (
	"slices"
	"testing"
)

func TestSimplifyLine(t *testing.T) {
	line := []WorldPoint{{0, 0}, {100, 3}, {200, -3}, {300, 50}, {400, 0}}
	var s Simplifier
	tests := []struct {
		tolerance int64
		want      []WorldPoint
	}{
		{0, line},
		{20, []WorldPoint{{0, 0}, {200, -3}, {300, 50}, {400, 0}}},
		{60, []WorldPoint{{0, 0}, {400, 0}}},
	}
	for _, test := range tests {
		if got := s.Line(nil, line, test.tolerance); !slices.Equal(got, test.want) {
			t.Errorf("tolerance %d: %v, want %v", test.tolerance, got, test.want)
		}
	}
	if got := s.Line(nil, line[:2], 1000); len(got) != 2 {
		t.Errorf("two points became %v", got)
	}
}

func TestSimplifyPolygon(t *testing.T) {
	square := []WorldPoint{{0, 0}, {50, 1}, {100, 0}, {100, 100}, {0, 100}}
	hole := []WorldPoint{{40, 40}, {40, 60}, {60, 60}}
	tests := []struct {
		name      string
		rings     [][]WorldPoint
		tolerance int64
		want      [][]WorldPoint
	}{
		{"flat corner", [][]WorldPoint{square}, 5, [][]WorldPoint{{{0, 0}, {100, 0}, {100, 100}, {0, 100}}}},
		{"hole stays", [][]WorldPoint{square, hole}, 5, [][]WorldPoint{{{0, 0}, {100, 0}, {100, 100}, {0, 100}}, hole}},
		{"hole goes", [][]WorldPoint{square, hole}, 30, [][]WorldPoint{{{0, 0}, {100, 0}, {100, 100}, {0, 100}}}},
		{"all goes", [][]WorldPoint{square, hole}, 500, nil},
	}
	var s Simplifier
	for _, test := range tests {
		var g, got World
		for _, ring := range test.rings {
			g.Add(ring)
		}
		s.Polygon(&got, &g, 14, test.tolerance)
		if got.Len() != len(test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
			continue
		}
		for i, want := range test.want {
			if !slices.Equal(got.Part(i), want) {
				t.Errorf("%s: ring %d is %v, want %v", test.name, i, got.Part(i), want)
			}
		}
	}
}

// TestSimplifyPolygonStaysApart thins out a ring with a bay in which an island
// lies: without the bay the island would lie outside.
func TestSimplifyPolygonStaysApart(t *testing.T) {
	var g, got World
	g.Add([]WorldPoint{{0, 0}, {1000, 0}, {1000, 1000}, {600, 1000}, {500, 1040}, {400, 1000}, {0, 1000}})
	g.Add([]WorldPoint{{450, 900}, {500, 1030}, {550, 900}})
	var s Simplifier
	s.Polygon(&got, &g, 14, 50)
	if got.Len() != 2 || !slices.Contains(got.Part(0), WorldPoint{500, 1040}) {
		t.Errorf("got %v, want the bulge around the hole kept", got)
	}
}
