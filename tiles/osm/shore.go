package osm

import (
	"cmp"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// clip returns what of a line lies in the box.
func (s *shore) clip(line []cell.Point) [][]cell.Point {
	pieces := [][]cell.Point{line}
	for _, half := range []func(p cell.Point) int64{
		func(p cell.Point) int64 { return int64(p.LonE7) - int64(s.box.Min.LonE7) },
		func(p cell.Point) int64 { return int64(s.box.Max.LonE7) - int64(p.LonE7) },
		func(p cell.Point) int64 { return int64(p.LatE7) - int64(s.box.Min.LatE7) },
		func(p cell.Point) int64 { return int64(s.box.Max.LatE7) - int64(p.LatE7) },
	} {
		var kept [][]cell.Point
		for _, piece := range pieces {
			kept = clipHalf(kept, piece, half)
		}
		pieces = kept
	}
	return pieces
}

// clipHalf appends what of a line is not below zero, as inside says.
func clipHalf(pieces [][]cell.Point, line []cell.Point, inside func(cell.Point) int64) [][]cell.Point {
	var piece []cell.Point
	end := func() {
		if piece = slices.Compact(piece); len(piece) > 1 {
			pieces = append(pieces, piece)
		}
		piece = nil
	}
	for i, p := range line {
		now := inside(p)
		if i > 0 {
			if last := inside(line[i-1]); (last < 0) != (now < 0) {
				piece = append(piece, between(line[i-1], p, last, now))
			}
		}
		if now >= 0 {
			piece = append(piece, p)
		} else {
			end()
		}
	}
	end()
	return pieces
}

// between returns the point of the line from a to b at which what is da at a and
// db at b, one of them below zero, is zero.
func between(a, b cell.Point, da, db int64) cell.Point {
	if da > db { // the same point for both directions
		a, b, da, db = b, a, db, da
	}
	along := func(from, to int32) int32 {
		way := float64(int64(to)-int64(from)) * float64(-da) / float64(db-da)
		return int32(int64(from) + int64(math.Round(way)))
	}
	return cell.Point{LonE7: along(a.LonE7, b.LonE7), LatE7: along(a.LatE7, b.LatE7)}
}

// sides returns the width and the height of the box.
func (s *shore) sides() (width, height int64) {
	return int64(s.box.Max.LonE7) - int64(s.box.Min.LonE7), int64(s.box.Max.LatE7) - int64(s.box.Min.LatE7)
}

// perimeter returns the length of the box's edges.
func (s *shore) perimeter() int64 {
	width, height := s.sides()
	return 2 * (width + height)
}

// position returns where on the edges p lies: clockwise from the north-west.
func (s *shore) position(p cell.Point) int64 {
	width, height := s.sides()
	east, south := int64(p.LonE7)-int64(s.box.Min.LonE7), int64(s.box.Max.LatE7)-int64(p.LatE7)
	switch {
	case south == 0:
		return east
	case east == width:
		return width + south
	case south == height:
		return 2*width + height - east
	}
	return s.perimeter() - south
}

// corners returns the corners of the box that lie clockwise from one position on,
// before another. At the same position there are none.
func (s *shore) corners(from, to int64) (points []cell.Point) {
	if to < from {
		to += s.perimeter()
	}
	width, height := s.sides()
	low, high := s.box.Min, s.box.Max
	for turn := range int64(2) {
		for _, c := range []struct {
			at int64
			p  cell.Point
		}{
			{0, cell.Point{LonE7: low.LonE7, LatE7: high.LatE7}}, {width, high},
			{width + height, cell.Point{LonE7: high.LonE7, LatE7: low.LatE7}}, {2*width + height, low},
		} {
			if at := c.at + turn*s.perimeter(); at >= from && at < to {
				points = append(points, c.p)
			}
		}
	}
	return points
}

// event is where a piece begins or ends on the edge of the box.
type event struct {
	at    int64
	start bool
	piece int
}

// close joins the pieces to rings along the edges of the box. The water lies to
// their right, so from the end of one the ring goes clockwise to the next start.
func (s *shore) close() {
	events := make([]event, 0, 2*len(s.pieces))
	for i, p := range s.pieces {
		events = append(events, event{s.position(p.points[0]), true, i}, event{s.position(p.points[len(p.points)-1]), false, i})
	}
	slices.SortFunc(events, func(a, b event) int {
		if a.at == b.at && a.start != b.start {
			if a.start {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.piece, b.piece))
	})
	events = s.settle(events)
	follows := make(map[int]event) // by the piece that ends
	for i, e := range events {
		if !e.start {
			follows[e.piece] = events[(i+1)%len(events)]
		}
	}
	for first := range s.pieces {
		var r ring
		at := first
		for next, ok := follows[at]; ok; next, ok = follows[at] {
			delete(follows, at)
			p := s.pieces[at]
			r.points, r.ways = append(r.points, p.points...), append(r.ways, p.ways...)
			r.points = append(r.points, s.corners(s.position(p.points[len(p.points)-1]), next.at)...)
			at = next.piece
		}
		if r.points = slices.Compact(r.points); len(r.points) > 1 && r.points[0] == r.points[len(r.points)-1] {
			r.points = r.points[:len(r.points)-1]
		}
		s.ring(r.points, r.ways)
	}
}

// settle leaves out pieces until starts and ends take turns along the edge. Of two
// pieces that contradict each other, the shorter goes.
func (s *shore) settle(events []event) []event {
	for i := 0; i < len(events); {
		a, b := events[i], events[(i+1)%len(events)]
		if a.start != b.start {
			i++
			continue
		}
		gone := a.piece
		if len(s.pieces[b.piece].points) < len(s.pieces[gone].points) {
			gone = b.piece
		}
		s.problems = append(s.problems, Problem{"part of the coastline contradicts another", s.pieces[gone].ways})
		events = slices.DeleteFunc(events, func(e event) bool { return e.piece == gone })
		i = 0
	}
	return events
}
