package dem

import (
	"math"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// How a climb is measured. Heights are taken every sampleMetres, since a survey
// knows no more between its points, and averaged over smoothMetres to each side.
// Then a rise or fall counts, in full, once it is thresholdMetres: what is less
// is noise of the survey and of where exactly the way runs. 10 m is also
// BRouter's buffer (elevationmaxbuffer).
const (
	sampleMetres    = 25
	smoothMetres    = 75
	thresholdMetres = 10
	maxSamples      = 200_000 // of a route; a longer one is sampled further apart
	maxProfile      = 200     // heights
)

// SoundMetres is how far the heights of a recording may lie from the model's, in
// the median. Receivers that count from the ellipsoid are 40 to 50 m off in
// Europe.
const SoundMetres = 40

// Climb is what a route is like that goes up and down.
type Climb struct {
	Ascent, Descent int                    // metres
	Profile         *feature.HeightProfile // whole metres, at most 200; nil for a route too short
	// Recorded: it was made of the heights in the geometry; Unsound: those are
	// there, but cannot be true.
	Recorded, Unsound bool
}

// Climb measures a route: by its own heights where they are sound, else by the
// model. ok is false when the model does not know the height all along it.
func (m *Model) Climb(g feature.Geometry) (c Climb, ok bool, err error) {
	spacing := max(sampleMetres, g.Length()/maxSamples)
	ground := make([][]int, len(g.Lines))
	all := len(g.Lines) > 0
	for i, l := range g.Lines {
		known := true
		if ground[i], known, err = m.sample(l, spacing); err != nil {
			return Climb{}, false, err
		}
		all = all && known
	}
	if recorded, has := recordedHeights(g, spacing); has {
		if sound(recorded, ground, all) {
			c = measure(recorded, g, spacing)
			c.Recorded = true
			return c, true, nil
		}
		c.Unsound = true
	}
	if !all {
		return c, false, nil
	}
	unsound := c.Unsound
	c = measure(ground, g, spacing)
	c.Unsound = unsound
	return c, true, nil
}

// sample returns the model's decimetres along a line.
func (m *Model) sample(l feature.Line, spacing float64) (heights []int, ok bool, err error) {
	ok = true
	walk(l.Points, spacing, func(i int, t float64) {
		p := l.Points[i]
		if t > 0 {
			q := l.Points[i+1]
			p = cell.Point{LonE7: onWay(p.LonE7, q.LonE7, t), LatE7: onWay(p.LatE7, q.LatE7, t)}
		}
		if !ok || err != nil {
			return
		}
		var metres float64
		if metres, ok, err = m.Height(p); ok {
			heights = append(heights, int(math.Round(metres*10)))
		}
	})
	return heights, ok && err == nil, err
}

// recordedHeights returns the decimetres that the geometry itself has along its
// lines, if all have them and they are not all the same.
func recordedHeights(g feature.Geometry, spacing float64) (lines [][]int, has bool) {
	for _, l := range g.Lines {
		if len(l.Heights) != len(l.Points) || len(l.Points) == 0 {
			return nil, false
		}
		has = has || slices.Min(l.Heights) != slices.Max(l.Heights)
		var heights []int
		walk(l.Points, spacing, func(i int, t float64) {
			h := l.Heights[i]
			if t > 0 {
				h = onWay(h, l.Heights[i+1], t)
			}
			heights = append(heights, int(h))
		})
		lines = append(lines, heights)
	}
	return lines, has
}

// onWay returns the whole number at a share of the way from a to b. The
// conversion keeps machines from fusing operations: all get the same bits.
func onWay(a, b int32, share float64) int32 {
	return int32(math.Round(float64(a) + float64((float64(b)-float64(a))*share)))
}

// sound reports whether recorded heights can be true.
func sound(recorded, ground [][]int, known bool) bool {
	if !known {
		return true // nothing speaks against them
	}
	var apart []int
	for i, line := range recorded {
		for k, h := range line {
			apart = append(apart, max(h-ground[i][k], ground[i][k]-h))
		}
	}
	slices.Sort(apart)
	return apart[len(apart)/2] <= SoundMetres*10
}

// walk visits a line's start, each further point at a multiple of spacing along
// it, and its end, as the vertex before and how much of the way to the next.
func walk(points []cell.Point, spacing float64, visit func(i int, t float64)) {
	if len(points) == 0 {
		return
	}
	visit(0, 0)
	next, gone := spacing, 0.0
	for i := 1; i < len(points); i++ {
		d := feature.Distance(points[i-1], points[i])
		for ; next < gone+d; next += spacing {
			visit(i-1, (next-gone)/d)
		}
		gone += d
	}
	visit(len(points)-1, 0)
}

// measure makes a climb of decimetres along the lines.
func measure(lines [][]int, g feature.Geometry, spacing float64) Climb {
	var c Climb
	side := int(smoothMetres / spacing)
	for i, heights := range lines {
		lines[i] = smooth(heights, side)
		up, down := climb(lines[i], thresholdMetres*10)
		c.Ascent, c.Descent = c.Ascent+up, c.Descent+down
	}
	c.Ascent, c.Descent = (c.Ascent+5)/10, (c.Descent+5)/10
	c.Profile = profile(lines, g, spacing)
	return c
}

// smooth averages each height with up to side neighbours on each side, fewer
// towards the ends, so that the ends stay as they are.
func smooth(heights []int, side int) []int {
	sums := make([]int, len(heights)+1)
	for i, h := range heights {
		sums[i+1] = sums[i] + h
	}
	out := make([]int, len(heights))
	for i := range heights {
		n := min(side, i, len(heights)-1-i)
		out[i] = int(math.Round(float64(sums[i+n+1]-sums[i-n]) / float64(2*n+1)))
	}
	return out
}

// climb adds up rises and falls of at least the threshold, from turning point to
// turning point.
func climb(heights []int, threshold int) (up, down int) {
	if len(heights) == 0 {
		return 0, 0
	}
	low, high := heights[0], heights[0] // since the last turning point
	var rising, falling bool
	for _, h := range heights {
		switch {
		case rising && h <= high-threshold:
			up += high - low
			rising, falling, low = false, true, h
		case falling && h >= low+threshold:
			down += high - low
			rising, falling, high = true, false, h
		case rising:
			high = max(high, h)
		case falling:
			low = min(low, h)
		default:
			low, high = min(low, h), max(high, h)
			rising, falling = h >= low+threshold, h <= high-threshold
		}
	}
	switch {
	case rising:
		up += high - low
	case falling:
		down += high - low
	}
	return up, down
}

// profile takes heights in equal steps from samples along the lines, one line
// after the other. It ends less than a step before the route does.
func profile(lines [][]int, g feature.Geometry, spacing float64) *feature.HeightProfile {
	length := g.Length()
	step := max(sampleMetres, int(math.Ceil(length/(maxProfile-1))))
	p := &feature.HeightProfile{Step: step}
	var gone float64
	for i, l := range g.Lines {
		d := feature.Length(l.Points)
		for next := float64(len(p.Heights) * step); next < gone+d || i == len(g.Lines)-1 && next <= gone+d; next += float64(step) {
			p.Heights = append(p.Heights, int32(wholeMetres(lines[i], (next-gone)/spacing)))
		}
		gone += d
	}
	if len(p.Heights) < 2 {
		return nil
	}
	return p
}

// wholeMetres returns the height, in decimetres, between two samples.
func wholeMetres(heights []int, at float64) int {
	i := min(int(at), len(heights)-1)
	h := int32(heights[i])
	if i+1 < len(heights) {
		h = onWay(h, int32(heights[i+1]), at-float64(i))
	}
	return int(math.Round(float64(h)/10)) * 10
}
