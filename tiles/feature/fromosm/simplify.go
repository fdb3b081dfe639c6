package fromosm

import (
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Tolerance is how far, in metres, a thinned route may lie from the mapped one:
// less than the error of a phone's position. It takes away about half the points.
const Tolerance = 2

// simplify thins a line by Douglas and Peucker's rule, in the plane that touches
// the Earth at its first point. It counts in whole numbers and single
// floating-point steps, so that every machine keeps the same points.
func simplify(line []cell.Point) []cell.Point {
	if len(line) < 3 {
		return line
	}
	const unitsPerMetre = 1e7 / 111_195.0 // 1e-7 degrees of latitude
	shrink := int64(math.Round(math.Cos(float64(line[0].LatE7)/1e7*math.Pi/180) * 1024))
	limit := int64(math.Round(Tolerance * unitsPerMetre))

	keep := make([]bool, len(line))
	keep[0], keep[len(line)-1] = true, true
	stack := [][2]int{{0, len(line) - 1}}
	for len(stack) > 0 {
		from, to := stack[len(stack)-1][0], stack[len(stack)-1][1]
		stack = stack[:len(stack)-1]
		far, most := 0, limit
		for i := from + 1; i < to; i++ {
			if d := offset(line[i], line[from], line[to], shrink); d > most {
				far, most = i, d
			}
		}
		if far > 0 {
			keep[far] = true
			stack = append(stack, [2]int{from, far}, [2]int{far, to})
		}
	}
	out := line[:0:0]
	for i, p := range line {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// offset returns how far p lies from the stretch between a and b, in units of
// 1e-7 degrees of latitude; shrink is the length of a degree of longitude beside
// one of latitude, in 1024ths.
func offset(p, a, b cell.Point, shrink int64) int64 {
	bx, by := (int64(b.LonE7)-int64(a.LonE7))*shrink/1024, int64(b.LatE7)-int64(a.LatE7)
	px, py := (int64(p.LonE7)-int64(a.LonE7))*shrink/1024, int64(p.LatE7)-int64(a.LatE7)
	along := float64(px*bx) + float64(py*by)
	if span := float64(bx*bx) + float64(by*by); along >= span && span > 0 {
		return length(px-bx, py-by)
	} else if along > 0 {
		across := math.Abs(float64(px*by) - float64(py*bx))
		return int64(across / math.Sqrt(span))
	}
	return length(px, py)
}

func length(x, y int64) int64 {
	return int64(math.Sqrt(float64(x*x) + float64(y*y)))
}
