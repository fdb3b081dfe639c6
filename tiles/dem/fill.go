package dem

// Voids are filled across at most fillMetres on each side.
const (
	fillMetres   = 2_000
	degreeMetres = 111_195 // of latitude
)

// Filled tells what Fill did.
type Filled struct {
	Points int // of the grid
	Voids  int // there were
	Filled int // of them
}

// Fill closes voids that lie within heights. A void is measured along the four
// lines through it (west to east, north to south, both diagonals): each that
// meets a known height within 2 km on both sides is interpolated, and they count
// by how short they are. Where there is no such line, the void stays: nothing is
// made up beyond the edge of what was surveyed.
func (g *Grid) Fill() Filled {
	f := Filled{Points: len(g.Levels)}
	for _, l := range g.Levels {
		if l == Void {
			f.Voids++
		}
	}
	if f.Voids == 0 || f.Voids == f.Points {
		return f
	}
	reach := max(1, min(100, int(fillMetres/(g.StepLat*degreeMetres))))
	known := g.Levels
	g.Levels = append([]Level(nil), known...)
	for i, l := range known {
		if l != Void {
			continue
		}
		if level, ok := g.across(known, i%g.Cols, i/g.Cols, reach); ok {
			g.Levels[i] = level
			f.Filled++
		}
	}
	return f
}

// across interpolates a void, in whole numbers.
func (g *Grid) across(known []Level, col, row, reach int) (Level, bool) {
	const unit = 1 << 20
	var sum, weights int64
	for _, d := range [4][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
		a, before := g.look(known, col, row, -d[0], -d[1], reach)
		if before == 0 {
			continue
		}
		b, after := g.look(known, col, row, d[0], d[1], reach)
		if after == 0 {
			continue
		}
		gap := int64(before + after)
		weight := unit / gap
		sum += weight * (int64(a)*int64(after) + int64(b)*int64(before)) / gap
		weights += weight
	}
	if weights == 0 {
		return Void, false
	}
	return Level((sum + weights/2) / weights), true
}

// look returns the next known height in a direction and how many steps away it
// is; 0 when there is none within reach.
func (g *Grid) look(known []Level, col, row, right, down, reach int) (Level, int) {
	for n := 1; n <= reach; n++ {
		x, y := col+n*right, row+n*down
		if x < 0 || y < 0 || x >= g.Cols || y >= g.Rows {
			return Void, 0
		}
		if l := known[y*g.Cols+x]; l != Void {
			return l, n
		}
	}
	return Void, 0
}
