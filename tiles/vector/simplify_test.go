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

func TestSimplifyRing(t *testing.T) {
	var s Simplifier
	square := []WorldPoint{{0, 0}, {50, 1}, {100, 0}, {100, 100}, {0, 100}}
	want := []WorldPoint{{0, 0}, {100, 0}, {100, 100}, {0, 100}}
	if got := s.Ring(nil, square, 5); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := s.Ring(nil, square, 500); len(got) != 0 {
		t.Errorf("a ring smaller than the tolerance became %v", got)
	}
}
