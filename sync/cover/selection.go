// Package cover holds which part of a region a device keeps, and tells the cells
// that this part needs.
//
// A Selection names layers and an area: everything, boxes, or all that lies
// within a distance of lines. A Cover is the selection worked out: it holds a
// cell when the layer is selected and the cell's square touches the area. A
// feature that crosses squares lies in an ancestor, so ancestors that touch are
// held as well; whatever lies in the area is therefore in a cell that is held.
//
// Positions are in 1e-7 degrees and distances in metres. A Selection's JSON form
// is what a device keeps (Parse, Encode). All functions are pure and safe for
// concurrent use.
package cover

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Limits of a selection.
const (
	MaxMeters = 100_000
	MaxPoints = 20_000 // of all lines; Along thins out what it is given
	MaxBoxes  = 100
	MaxBytes  = 1 << 20 // encoded
)

// ErrInvalid is wrapped by all errors about a selection.
var ErrInvalid = errors.New("invalid selection")

// Selection says which part of a region is kept. The zero Selection is all of it.
type Selection struct {
	Layers []cell.Layer   // in rising order; none: all
	Boxes  []Box          // with no Lines either: everywhere
	Lines  [][]cell.Point // with Meters, the corridor
	Meters int            // on either side of Lines
}

// Box is bounds in 1e-7 degrees. West is greater than east when it crosses 180°.
type Box struct{ West, South, East, North int32 }

// IsAll reports whether the selection is the whole region.
func (s Selection) IsAll() bool { return len(s.Layers) == 0 && s.everywhere() }

func (s Selection) everywhere() bool { return len(s.Boxes) == 0 && len(s.Lines) == 0 }

// Equal reports whether two selections say the same.
func (s Selection) Equal(o Selection) bool {
	return slices.Equal(s.Layers, o.Layers) && slices.Equal(s.Boxes, o.Boxes) && s.Meters == o.Meters &&
		slices.EqualFunc(s.Lines, o.Lines, slices.Equal[[]cell.Point])
}

// Along returns the corridor within so many metres of lines. The lines are
// thinned out: what is left lies within 1 % of the distance from what was given.
func Along(meters int, lines ...[]cell.Point) Selection {
	s := Selection{Meters: meters}
	for _, line := range lines {
		if len(line) > 0 {
			s.Lines = append(s.Lines, thin(line, float64(meters)/100))
		}
	}
	return s
}

// Validate reports what is wrong with a selection.
func (s Selection) Validate() error {
	for i, l := range s.Layers {
		if !l.Valid() {
			return fmt.Errorf("%w: there is no %s", ErrInvalid, l)
		}
		if i > 0 && s.Layers[i-1] >= l {
			return fmt.Errorf("%w: layers out of order", ErrInvalid)
		}
	}
	if len(s.Boxes) > MaxBoxes {
		return fmt.Errorf("%w: %d boxes, more than %d", ErrInvalid, len(s.Boxes), MaxBoxes)
	}
	for _, b := range s.Boxes {
		if b.South > b.North || !onEarth(cell.Point{LonE7: b.West, LatE7: b.South}) || !onEarth(cell.Point{LonE7: b.East, LatE7: b.North}) {
			return fmt.Errorf("%w: %v is no box of west, south, east, north", ErrInvalid, b)
		}
	}
	if s.Meters < 0 || s.Meters > MaxMeters {
		return fmt.Errorf("%w: a distance of %d m is not within 0 and %d km", ErrInvalid, s.Meters, MaxMeters/1000)
	}
	points := 0
	for _, line := range s.Lines {
		if points += len(line); len(line) == 0 || points > MaxPoints {
			return fmt.Errorf("%w: a line without points, or more than %d in all", ErrInvalid, MaxPoints)
		}
		for _, p := range line {
			if !onEarth(p) {
				return fmt.Errorf("%w: %v is no place", ErrInvalid, p)
			}
		}
	}
	return nil
}

func onEarth(p cell.Point) bool {
	return p.LonE7 >= -180e7 && p.LonE7 <= 180e7 && p.LatE7 >= -90e7 && p.LatE7 <= 90e7
}

// document is the JSON form.
type document struct {
	Layers []string     `json:"layers,omitempty"`
	Boxes  [][4]int32   `json:"boxes,omitempty"`  // west, south, east, north
	Lines  [][][2]int32 `json:"along,omitempty"`  // longitude, latitude
	Meters int          `json:"meters,omitempty"` // on either side of along
}

// Encode returns the JSON form of a valid selection.
func (s Selection) Encode() ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s.MarshalJSON()
}

// MarshalJSON implements json.Marshaler.
func (s Selection) MarshalJSON() ([]byte, error) {
	d := document{Meters: s.Meters}
	for _, l := range s.Layers {
		d.Layers = append(d.Layers, l.String())
	}
	for _, b := range s.Boxes {
		d.Boxes = append(d.Boxes, [4]int32{b.West, b.South, b.East, b.North})
	}
	for _, line := range s.Lines {
		points := make([][2]int32, len(line))
		for i, p := range line {
			points[i] = [2]int32{p.LonE7, p.LatE7}
		}
		d.Lines = append(d.Lines, points)
	}
	return json.Marshal(d)
}

// Parse reads what Encode wrote.
func Parse(data []byte) (Selection, error) {
	if len(data) > MaxBytes {
		return Selection{}, fmt.Errorf("%w: %d bytes, more than %d", ErrInvalid, len(data), MaxBytes)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return Selection{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	s := Selection{Meters: d.Meters}
	for _, name := range d.Layers {
		l, err := ParseLayer(name)
		if err != nil {
			return Selection{}, err
		}
		s.Layers = append(s.Layers, l)
	}
	for _, b := range d.Boxes {
		s.Boxes = append(s.Boxes, Box{b[0], b[1], b[2], b[3]})
	}
	for _, points := range d.Lines {
		line := make([]cell.Point, len(points))
		for i, p := range points {
			line[i] = cell.Point{LonE7: p[0], LatE7: p[1]}
		}
		s.Lines = append(s.Lines, line)
	}
	if err := s.Validate(); err != nil {
		return Selection{}, err
	}
	return s, nil
}

// Layers lists the layers that a selection can name.
func Layers() []cell.Layer {
	return cell.Layers()
}

// ParseLayer reads a layer's name.
func ParseLayer(name string) (cell.Layer, error) {
	for _, l := range Layers() {
		if l.String() == name {
			return l, nil
		}
	}
	return 0, fmt.Errorf("%w: there is no layer %q", ErrInvalid, name)
}

// thin leaves out points of a line without moving it by more than so many metres
// (Douglas and Peucker, 1973).
func thin(line []cell.Point, meters float64) []cell.Point {
	keep := make([]bool, len(line))
	keep[0], keep[len(line)-1] = true, true
	flat := make([]point, len(line))
	for i, p := range line {
		flat[i] = project(p)
		if i > 0 { // go on the short way round
			flat[i].x = flat[i-1].x + math.Remainder(flat[i].x-flat[i-1].x, 1)
		}
	}
	type span struct{ from, to int }
	for todo := []span{{0, len(line) - 1}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		far, at := meters, -1
		for i := s.from + 1; i < s.to; i++ {
			q := flat[i].closest(flat[s.from], flat[s.to])
			if d := metersBetween(flat[i], q); d > far {
				far, at = d, i
			}
		}
		if at >= 0 {
			keep[at] = true
			todo = append(todo, span{s.from, at}, span{at, s.to})
		}
	}
	var kept []cell.Point
	for i, p := range line {
		if keep[i] {
			kept = append(kept, p)
		}
	}
	return kept
}
